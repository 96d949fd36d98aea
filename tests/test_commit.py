"""What an index rests on: commits that are whole or not there, one writer, files put in place, settings that stay."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxsearch.commit import (
    DAMAGE_FILE,
    SHARD_FILES,
    Commit,
    ShardEntry,
    hold_commit,
    holding,
    newest_commit,
    note_damage,
    read_commit,
    read_damage,
    shard_folders,
    tidy,
    write_commit,
)
from ctxsearch.digests import digest_bytes, digest_files, json_bytes
from ctxsearch.errors import FormatTooNew, IndexDamaged, IndexLocked, IndexNotFound, SettingsMismatch
from ctxsearch.lock import writer_lock
from ctxsearch.settings import FORMAT_VERSION, SETTINGS_FILE, Settings, read_settings, write_settings
from ctxsearch.storage import put_bytes_if_absent

FILES = dict.fromkeys(SHARD_FILES, (952, "ab" * 32))
ENTRY = ShardEntry("shard-0123456789abcdef", 7, 3, 2, FILES, (1,))
FIRST, SECOND = Commit(1, (ENTRY,), unfinished=True), Commit(2, (ENTRY, replace(ENTRY, shard_id="shard-" + "f" * 16)))
SETTINGS = Settings("tiny", "d" * 64, "last", "mean", 128, 64, "en", False, "fp16", FORMAT_VERSION)

counts = st.integers(0, 2**62 - 1)
entries = st.builds(
    ShardEntry,
    st.from_regex(r"shard-[0-9a-f]{16}", fullmatch=True),
    counts,
    counts,
    counts,
    st.fixed_dictionaries(dict.fromkeys(SHARD_FILES, st.tuples(counts, st.text(st.characters(codec="utf-8"))))),
)

floats = st.floats(allow_nan=False, allow_infinity=False, width=32)
commits = st.builds(
    Commit,
    st.integers(1, 10**9),
    st.lists(entries).map(tuple),
    st.booleans(),
    st.none() | st.tuples(st.lists(floats, min_size=1).map(tuple), st.lists(floats, min_size=1).map(tuple)),
    st.none() | st.text(st.characters(codec="utf-8")),
)


def newest(folder: Path, *, allow_damaged: bool = False) -> Commit:
    return newest_commit(folder, allow_damaged=allow_damaged)[0]


def path_of(folder: Path, number: int) -> Path:
    return folder / f"commit-{number:08d}.json"


def sealed(body: dict[str, object]) -> bytes:
    """A commit file with a digest that is right, whatever is in it."""
    return json_bytes({**body, "digest": digest_bytes(json_bytes(body))})


# ------------------------------------------------------------------------------------------------------- commits


@given(commits, st.data())
def test_commit_read_is_commit_written(commit: Commit, data: st.DataObject) -> None:
    """A commit comes back from disk as it was, to the last bit of its ranges."""
    numbers = [
        st.sets(st.integers(0, shard.documents - 1), max_size=9 * bool(shard.documents)) for shard in commit.shards
    ]
    drawn = [
        tuple(sorted(data.draw(one))) if shard.documents else ()
        for one, shard in zip(numbers, commit.shards, strict=True)
    ]
    commit = replace(
        commit, shards=tuple(replace(shard, removed=out) for shard, out in zip(commit.shards, drawn, strict=True))
    )
    with TemporaryDirectory() as folder:
        write_commit(Path(folder), commit)
        assert newest(Path(folder)) == commit


def test_folder_without_commit_is_empty(tmp_path: Path) -> None:
    """An index without a commit holds nothing, and no other file passes for one."""
    for name in ("commit-1.json", "commit-00000001.json.old", ".tmp-9-commit-00000001.json", "xcommit-00000001.json"):
        (tmp_path / name).write_bytes(b"{}")
    assert newest_commit(tmp_path) == (Commit(0), None)


def test_newest_commit_counts(tmp_path: Path) -> None:
    """The commit with the greatest number is the index, also where numbers have outgrown their eight digits."""
    write_commit(tmp_path, replace(SECOND, number=99_999_999))
    write_commit(tmp_path, replace(FIRST, number=100_000_000))
    assert newest(tmp_path) == replace(FIRST, number=100_000_000)


def test_commit_is_never_overwritten(tmp_path: Path) -> None:
    """Of two writers that make the same commit the second fails, and what the first wrote stays."""
    write_commit(tmp_path, FIRST)
    with pytest.raises(FileExistsError):
        write_commit(tmp_path, replace(SECOND, number=1))
    assert newest(tmp_path) == FIRST
    assert len(list(tmp_path.glob("*.json"))) == 1


def test_torn_commit_is_told(tmp_path: Path) -> None:
    """Wherever the newest commit file is cut it is damage, and the commit before is read only by who allows that."""
    write_commit(tmp_path, FIRST)
    write_commit(tmp_path, SECOND)
    path = path_of(tmp_path, 2)
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        with pytest.raises(IndexDamaged, match="commit-00000002"):
            newest(tmp_path)
        assert newest(tmp_path, allow_damaged=True) == SECOND  # from the copy
    path_of(tmp_path, 2).with_suffix(".copy").unlink()
    assert newest(tmp_path, allow_damaged=True) == FIRST


def test_flipped_bit_is_told(tmp_path: Path) -> None:
    """Any flipped bit of a commit file, in white space too, is damage."""
    write_commit(tmp_path, FIRST)
    path = path_of(tmp_path, 1)
    content = path.read_bytes()
    for place in range(len(content)):
        for bit in range(8):
            path.write_bytes(content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :])
            with pytest.raises(IndexDamaged):
                read_commit(path)


def test_no_valid_commit_is_damage(tmp_path: Path) -> None:
    """Where there are commit files and none is valid, none is read whatever is allowed."""
    write_commit(tmp_path, FIRST)
    write_commit(tmp_path, SECOND)
    path_of(tmp_path, 1).write_bytes(b"")
    path_of(tmp_path, 2).write_bytes(b"null")
    for copy in tmp_path.glob("*.copy"):
        copy.write_bytes(b"{}")
    for allowed, number in ((False, 2), (True, 1)):
        with pytest.raises(IndexDamaged) as raised:
            newest(tmp_path, allow_damaged=allowed)
        assert raised.value.path == str(path_of(tmp_path, number))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rows", -1),
        ("rows", True),
        ("lemmas", 1.5),
        ("documents", "2"),
        ("documents", 2**64),
        ("removed", [1, 1]),
        ("removed", [2]),
        ("removed", 1),
        ("files", {}),
        ("files", {name: [1, "x"] for name in (*SHARD_FILES, "../escape")}),
    ],
)
def test_shard_of_a_commit_is_what_it_can_be(tmp_path: Path, field: str, value: object) -> None:
    """A stranger's commit with counts, numbers or file names that no writer makes is not valid, whatever its digest."""
    write_commit(tmp_path, FIRST)
    body = json.loads(path_of(tmp_path, 1).read_bytes())
    del body["digest"]
    body["shards"][0][field] = value
    path_of(tmp_path, 1).write_bytes(sealed(body))
    with pytest.raises(IndexDamaged):
        newest(tmp_path)


@pytest.mark.parametrize(
    "shard_id",
    ["../../elsewhere", "/shard-0123456789abcdef", "shard-0123456789abcdef/..", "shard-0123456789ABCDEF", ""],
)
def test_shard_lies_inside_its_index(tmp_path: Path, shard_id: str) -> None:
    """A commit whose shard is named like a path out of the index is not valid, even under a digest that is right."""
    write_commit(tmp_path, FIRST)
    body = json.loads(path_of(tmp_path, 1).read_bytes())
    del body["digest"]
    path_of(tmp_path, 1).write_bytes(sealed(body))
    assert newest(tmp_path) == FIRST
    body["shards"][0]["shard_id"] = shard_id
    path_of(tmp_path, 1).write_bytes(sealed(body))
    with pytest.raises(IndexDamaged):
        newest(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'"digest"',
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        sealed({}),
        sealed({"number": 2, "shards": {}, "ranges": 5, "unfinished": False}),
        sealed({"number": 2, "shards": [1], "ranges": None, "unfinished": False}),
    ],
    ids=["empty", "list", "string", "cut", "no-utf-8", "deep", "no-fields", "no-ranges", "no-shard"],
)
def test_garbage_is_no_commit(tmp_path: Path, content: bytes) -> None:
    """What is no commit is told, and the commit before is read where that is allowed."""
    write_commit(tmp_path, FIRST)
    path_of(tmp_path, 2).write_bytes(content)
    with pytest.raises(IndexDamaged, match="commit-00000002"):
        newest(tmp_path)
    assert newest(tmp_path, allow_damaged=True) == FIRST


def test_commit_under_another_number_is_not_valid(tmp_path: Path) -> None:
    """A copy of a commit under a later number is damage, and does not hide later commits from who allows it."""
    write_commit(tmp_path, FIRST)
    path_of(tmp_path, 9).write_bytes(path_of(tmp_path, 1).read_bytes())
    write_commit(tmp_path, SECOND)
    with pytest.raises(IndexDamaged, match="it holds commit 1"):
        newest(tmp_path)
    assert newest(tmp_path, allow_damaged=True) == SECOND


def test_old_commits_are_cleared_away_with_what_they_alone_need(tmp_path: Path) -> None:
    """The newest commit stays, and the one before as long as it needs nothing else; strangers' files stay too."""
    other = replace(ENTRY, shard_id="shard-" + "e" * 16)
    for number, shards in enumerate([(other,), (ENTRY, other), (ENTRY,), (ENTRY,)], start=1):
        write_commit(tmp_path, Commit(number, shards))
    for name in (ENTRY.shard_id, other.shard_id, ".tmp-shard", "notes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"")
    (tmp_path / ".tmp-7-commit-00000005.json").write_bytes(b"half")
    tidy(tmp_path, newest(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "commit-00000003.copy",
        "commit-00000003.json",
        "commit-00000004.copy",
        "commit-00000004.json",
        "notes",
        ENTRY.shard_id,
    ]
    write_commit(tmp_path, Commit(5, (other,)))
    tidy(tmp_path, newest(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["commit-00000005.copy", "commit-00000005.json", "notes"]


def test_what_is_read_is_not_cleared_away(tmp_path: Path) -> None:
    """A commit that a reader holds keeps its shards until the reader lets go, or is gone."""
    other = replace(ENTRY, shard_id="shard-" + "e" * 16)
    write_commit(tmp_path, Commit(1, (other,)))
    for name in (ENTRY.shard_id, other.shard_id):
        (tmp_path / name).mkdir()
    first, second = hold_commit(tmp_path), hold_commit(tmp_path)
    write_commit(tmp_path, Commit(2, (ENTRY,)))
    first.release()
    tidy(tmp_path, newest(tmp_path))
    assert shard_folders(tmp_path) == sorted([tmp_path / other.shard_id, tmp_path / ENTRY.shard_id])
    assert second.commit.number == 1
    del second
    tidy(tmp_path, newest(tmp_path))
    assert shard_folders(tmp_path) == [tmp_path / ENTRY.shard_id]


def test_who_waits_for_a_commit_does_not_spin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that a writer has locked, to clear it away, is waited for with pauses."""
    write_commit(tmp_path, FIRST)
    looked: list[Path] = []

    def counted(folder: Path, *, allow_damaged: bool) -> tuple[Commit, Path | None]:
        looked.append(folder)
        return newest_commit(folder, allow_damaged=allow_damaged)

    monkeypatch.setattr(holding, "newest_commit", counted)
    with path_of(tmp_path, 1).open() as file, ThreadPoolExecutor(1) as threads:
        fcntl.flock(file, fcntl.LOCK_EX)
        waiting = threads.submit(hold_commit, tmp_path)
        time.sleep(0.2)
        is_waiting, count = not waiting.done(), len(looked)
        fcntl.flock(file, fcntl.LOCK_UN)
        assert is_waiting
        assert 1 < count < 250
        assert waiting.result(timeout=10).commit == FIRST


def test_beside_a_damaged_commit_no_shard_is_cleared_away(tmp_path: Path) -> None:
    """As long as a commit cannot be read, what it may need stays."""
    write_commit(tmp_path, FIRST)
    path_of(tmp_path, 2).write_bytes(b"")
    lost = tmp_path / ("shard-" + "e" * 16)
    lost.mkdir()
    tidy(tmp_path, FIRST)
    assert lost.exists()


def test_damage_is_noted_until_it_is_mended(tmp_path: Path) -> None:
    """The note of damage comes back as it was, a broken one as empty, and it goes when nothing is damaged."""
    assert read_damage(tmp_path) == {}
    note_damage(tmp_path, {(ENTRY.shard_id, "lists.npy"): "a bit fell over"})
    assert read_damage(tmp_path) == {(ENTRY.shard_id, "lists.npy"): "a bit fell over"}
    (tmp_path / DAMAGE_FILE).write_text(json.dumps({ENTRY.shard_id: "noted long ago"}))
    assert read_damage(tmp_path) == {(ENTRY.shard_id, ""): "noted long ago"}
    (tmp_path / DAMAGE_FILE).write_bytes(b"[")
    assert read_damage(tmp_path) == {}
    note_damage(tmp_path, {})
    assert list(tmp_path.iterdir()) == []


def test_shard_folders_are_those_named_so(tmp_path: Path) -> None:
    """Only what is named like a shard is taken for one."""
    for name in ("shard-0123456789abcdef", "shard-old", ".tmp-shard", "senses.sqlite", "shard-0123456789abcdef0"):
        (tmp_path / name).mkdir()
    assert shard_folders(tmp_path) == [tmp_path / "shard-0123456789abcdef"]


# ---------------------------------------------------------------------------------------------------------- lock

HOLD_LOCK = """
import sys, time
from pathlib import Path
from ctxsearch.lock import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_lock_is_held_once(tmp_path: Path) -> None:
    """While the lock is held nobody else gets it, and the error names the process that has it; then it is free."""
    with writer_lock(tmp_path):
        for _ in range(2):
            with pytest.raises(IndexLocked, match=f"by process {os.getpid()} ") as raised, writer_lock(tmp_path):
                pass
        assert raised.value.holder == f"process {os.getpid()} (this one: another thread, or index object)"
        (tmp_path / "lock").write_bytes(b"")
        with pytest.raises(IndexLocked, match="by another process or thread;"), writer_lock(tmp_path):
            pass
    with writer_lock(tmp_path):
        pass


def test_lock_is_free_after_error(tmp_path: Path) -> None:
    """A writer that fails lets go of the lock."""
    with pytest.raises(KeyboardInterrupt), writer_lock(tmp_path):
        raise KeyboardInterrupt
    with writer_lock(tmp_path):
        pass


def test_lock_of_killed_process_is_free(tmp_path: Path) -> None:
    """Another process's lock holds us off, and is free as soon as that process is killed."""
    command = [sys.executable, "-c", HOLD_LOCK, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            with pytest.raises(IndexLocked, match=f"process {holder.pid};"), writer_lock(tmp_path):
                pass
        finally:
            holder.send_signal(signal.SIGKILL)
            holder.wait()
    with writer_lock(tmp_path):
        pass


# ------------------------------------------------------------------------------------------------------- storage


def test_file_is_put_whole(tmp_path: Path) -> None:
    """A file is there with all its bytes, and nothing lies beside it."""
    put_bytes_if_absent(tmp_path / "goal", b"\0content" * 100_000)
    assert (tmp_path / "goal").read_bytes() == b"\0content" * 100_000
    assert [path.name for path in tmp_path.iterdir()] == ["goal"]


def test_file_that_is_there_stays(tmp_path: Path) -> None:
    """A name that is taken is left as it is, and nothing lies beside it."""
    (tmp_path / "goal").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        put_bytes_if_absent(tmp_path / "goal", b"new")
    assert (tmp_path / "goal").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["goal"]


def test_leftover_is_in_nobodys_way(tmp_path: Path) -> None:
    """What a killed process left under the temporary name is overwritten."""
    (tmp_path / f".tmp-{os.getpid()}-goal").write_bytes(b"half of somethi")
    put_bytes_if_absent(tmp_path / "goal", b"new")
    assert (tmp_path / "goal").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["goal"]


def test_json_has_one_layout() -> None:
    """The same content gives the same bytes whatever the order it was made in, and they are UTF-8."""
    assert json_bytes({"b": "é", "a": [1.5]}) == json_bytes({"a": [1.5], "b": "é"})
    assert json_bytes({"b": "é", "a": None}) == '{\n "a": null,\n "b": "é"\n}\n'.encode()


def test_digests_are_sha256(tmp_path: Path) -> None:
    """Digests are SHA-256, and some files are digested as if they were one."""
    parts = [b"abc", b"", bytes(range(256)) * 8192]
    paths = [tmp_path / str(number) for number in range(len(parts))]
    for path, part in zip(paths, parts, strict=True):
        path.write_bytes(part)
    assert digest_bytes(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest_files(*paths) == hashlib.sha256(b"".join(parts)).hexdigest()


# ------------------------------------------------------------------------------------------------------ settings


def test_settings_read_are_settings_written(tmp_path: Path) -> None:
    """Settings come back as they were."""
    write_settings(tmp_path, SETTINGS)
    assert read_settings(tmp_path)[0] == SETTINGS


def test_settings_never_change(tmp_path: Path) -> None:
    """Settings that are there are not overwritten."""
    write_settings(tmp_path, SETTINGS)
    with pytest.raises(FileExistsError):
        write_settings(tmp_path, replace(SETTINGS, model="other"))
    assert read_settings(tmp_path)[0] == SETTINGS


def test_missing_settings_are_a_missing_index(tmp_path: Path) -> None:
    """A folder without settings, a path that is not there, and a file are no index; the error offers those known."""
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(IndexNotFound, match="indexes found: letters, novels") as raised:
            read_settings(path, ("letters", "novels"))
        assert raised.value.path == str(path)


def test_newer_format_is_told(tmp_path: Path) -> None:
    """An index of a later format is refused with both versions, whatever else its settings say."""
    (tmp_path / SETTINGS_FILE).write_bytes(json_bytes({"format_version": 7, "unheard_of": True}))
    with pytest.raises(FormatTooNew, match=f"version 7, and this ctxsearch reads up to {FORMAT_VERSION}") as raised:
        read_settings(tmp_path)
    assert (raised.value.found, raised.value.known) == (7, FORMAT_VERSION)


def changed(**changes: object) -> bytes:
    content = {**asdict(SETTINGS), **changes}
    return json_bytes({name: value for name, value in content.items() if value != "missing"})


WRONG_SETTINGS = {
    "empty": b"",
    "no fields": b"{}",
    "list": b"[1]",
    "no UTF-8": b"\xff",
    "deep": b"[" * 100_000,
    "cut": changed()[:-20],
    "no version": changed(format_version="missing"),
    "version as text": changed(format_version="1"),
    "version null": changed(format_version=None),
    "version 0": changed(format_version=0),
    "no dimension": changed(dimension="missing"),
    "dimension as text": changed(dimension="64"),
    "dimension 0": changed(dimension=0),
    "dimension -64": changed(dimension=-64),
    "dimension too large": changed(dimension=1 << 20),
    "dimension true": changed(dimension=True),
    "half a window": changed(window=128.5),
    "no model": changed(model=None),
    "punctuation as a number": changed(punctuation=0),
    "unknown codec": changed(codec="zip"),
    "unknown field": changed(more=1),
}


@pytest.mark.parametrize("content", WRONG_SETTINGS.values(), ids=WRONG_SETTINGS)
def test_wrong_settings_are_damage(tmp_path: Path, content: bytes) -> None:
    """Settings that no ctxsearch wrote are damage, and the error names the file."""
    (tmp_path / SETTINGS_FILE).write_bytes(content)
    with pytest.raises(IndexDamaged) as raised:
        read_settings(tmp_path)
    assert raised.value.path == str(tmp_path / SETTINGS_FILE)


def test_settings_asked_for_must_be_those_of_the_index(tmp_path: Path) -> None:
    """What is asked for is compared, what is not asked for (None) is not, and the error names both values."""
    SETTINGS.check_asked(tmp_path, model="tiny", window=128, layers=None, punctuation=False)
    with pytest.raises(SettingsMismatch, match="was made with window 128, not 256") as raised:
        SETTINGS.check_asked(tmp_path, model="tiny", window=256)
    assert (raised.value.setting, raised.value.index_has, raised.value.asked) == ("window", 128, 256)
