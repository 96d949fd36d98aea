"""Damage that is found, told and mended; and backups."""

from __future__ import annotations

import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import ctxsearch
from conftest import MakeIndex, WindowEncoder

from ctxsearch import Document, Index
from ctxsearch.commit import read_commit, write_commit
from ctxsearch.digests import digest_files
from ctxsearch.domain import ConcordanceLine
from ctxsearch.errors import (
    BackupError,
    DocumentNotFound,
    IndexDamaged,
    IndexExists,
    IndexNotFound,
    KeyNotFound,
    ModelError,
    WordNotFound,
)
from ctxsearch.lock import writer_lock
from ctxsearch.report import Problem, VerifyReport

RIVER = "They sat on the [bank] of the river."


@pytest.fixture
def many(make_index: MakeIndex, river_documents: list[Document]) -> Index:
    """An index of the river documents in several shards."""
    return make_index(river_documents, shard_tokens=20)


def verified(index: Index, *, quick: bool = False) -> VerifyReport:
    return Index.verify(index.path, quick=quick, encoder=WindowEncoder())


def opened(index: Index, *, allow_damaged: bool = False) -> Index:
    return Index.open(index.path, encoder=WindowEncoder(), allow_damaged=allow_damaged)


def everything(index: Index) -> list[ConcordanceLine]:
    return index.query(RIVER, k=None, any_word=True)


def flip(path: Path, place: int = -20) -> None:
    """Turns one bit over."""
    content = bytearray(path.read_bytes())
    content[place] ^= 16
    path.write_bytes(content)


def shard_file(index: Index, name: str, number: int = 0) -> Path:
    """A file of a shard, by the shard's place in the commit."""
    commit = read_commit(max(index.path.glob("commit-*.json")))
    return index.path / commit.shards[number].shard_id / name


# ------------------------------------------------------------------------------------------------------- verify


def test_sound_index_is_well(many: Index) -> None:
    """Nothing is wrong with an index that was added to, removed from and compacted, and all of it was read."""
    many.remove("reeds")
    many.add([Document("loan", "The bank \u200b lent\u00ad us more.")], replace=True)
    many.compact(shard_tokens=30)
    report = verified(many)
    assert (report.problems, report.notes) == ([], [])
    assert (report.shards, report.bytes) == (many.info().shards, many.info().bytes)
    assert verified(many, quick=True).bytes < 1000


class BesideEncoder(WindowEncoder):
    """Counts the words right beside a word alone: one component or two."""

    reach = 1


@pytest.mark.parametrize("encoder", [WindowEncoder(), BesideEncoder()], ids=["window", "beside"])
@pytest.mark.parametrize("codec", ["sq8", "sq6", "sq4"])
def test_vectors_that_the_ranges_cut_off_are_no_damage(
    make_index: MakeIndex, river_documents: list[Document], encoder: WindowEncoder, codec: str
) -> None:
    """Sparse vectors that are unlike the few words which trained the ranges are kept short, and that is no damage."""
    index = make_index([Document("first", "The tea.")], codec=codec, encoder=encoder)
    index.add(river_documents)
    assert verified(index).problems == []
    index.compact()
    assert verified(index).problems == []


def test_what_is_left_over_is_no_damage(many: Index) -> None:
    """What a run that broke off left is noted, and so is what readers still hold."""
    (many.path / ".tmp-shard").mkdir()
    assert verified(many).problems == []
    assert ".tmp-shard" in verified(many).notes[0]


@pytest.mark.parametrize("name", ["vectors.dat", "lists.npy", "catalog.sqlite", "shard.json"])
def test_damage_is_named_noted_and_left_out(many: Index, river_documents: list[Document], name: str) -> None:
    """A flipped bit is found; from then on the shard is an error, or left out and told by who allows it."""
    before = everything(many)
    path = shard_file(many, name, 1)
    flip(path)
    (problem,) = verified(many).problems
    assert (problem.path, problem.shard) == (str(path), path.parent.name)
    assert "Index.repair(INDEX), then Index.open(INDEX, encoder=...)" in problem.remedy
    with pytest.raises(IndexDamaged, match="not what was written"):
        everything(opened(many))
    with opened(many, allow_damaged=True) as rest:
        left = everything(rest)
        assert 0 < len(left) < len(before)
        assert [line for line in before if line in left] == left
        assert list(rest.left_out) == [path.parent.name]
    flip(path)
    assert [one.shard for one in verified(many, quick=True).problems] == [path.parent.name]
    with pytest.raises(IndexDamaged):
        everything(opened(many))
    assert verified(many).problems == []
    assert everything(opened(many)) == before


def test_damage_that_cannot_be_noted_is_told(many: Index) -> None:
    """While another writes the note is not made, and the report says so."""
    flip(shard_file(many, "vectors.dat"))
    with writer_lock(many.path):
        report = verified(many)
    assert len(report.problems) == 1
    assert "could not be noted" in report.notes[0]


def test_every_shard_damaged_is_an_error(index: Index) -> None:
    """Where nothing is left to answer from that is told, whatever is allowed."""
    flip(shard_file(index, "vectors.dat"))
    verified(index)
    with pytest.raises(IndexDamaged, match="every shard is"):
        everything(opened(index, allow_damaged=True))


def swap_ids(path: Path) -> None:
    content = np.fromfile(path / "vectors.dat", np.int64)
    content[-2:] = content[-2:][::-1]
    content.tofile(path / "vectors.dat")


def double_id(path: Path) -> None:
    content = np.fromfile(path / "vectors.dat", np.int64)
    content[-1] = content[-2]
    content.tofile(path / "vectors.dat")


def far_id(path: Path) -> None:
    content = np.fromfile(path / "vectors.dat", np.int64)
    content[-1] = 99 << 16
    content.tofile(path / "vectors.dat")


def long_vector(path: Path) -> None:
    content = np.fromfile(path / "vectors.dat", np.float16)
    content[:64] = 3
    content.tofile(path / "vectors.dat")


def longer_list(path: Path) -> None:
    lists = np.load(path / "lists.npy")
    lists[2] = lists[3]
    np.save(path / "lists.npy", lists)


def sql(statement: str) -> Callable[[Path], None]:
    def run(path: Path) -> None:
        connection = sqlite3.connect(path / "catalog.sqlite")
        connection.execute(statement)
        connection.commit()
        connection.close()

    return run


def view_for_table(path: Path) -> None:
    sql("drop view lemma_frequencies")(path)
    sql("alter table lemmas rename to hidden")(path)
    sql("create view lemmas as select * from hidden")(path)


def other_count(path: Path) -> None:
    content = json.loads((path / "shard.json").read_bytes())
    (path / "shard.json").write_text(json.dumps({**content, "words": 9}))


MISTAKES = {
    "ids out of order": (swap_ids, "is not in the order of its form|its row is one of"),
    "one token twice": (double_id, "not in the order|two rows stand for one token|its row is one of"),
    "no such segment": (far_id, "which is not there|not in the order"),
    "no unit vector": (long_vector, "has the length 24"),
    "lists of other lengths": (longer_list, "are not the frequencies"),
    "another word": (
        sql("update segments set text = replace(text, 'river', 'rival')"),
        "is 'rival', its row is one of",
    ),
    "a word less": (sql("update documents set words = words - 1 where document = 0"), "words"),
    "text missing": (sql("update segments set start = start + 1 where segment = 1"), "has a gap"),
    "text too short": (sql("update documents set characters = characters + 1 where document = 0"), "characters where"),
    "segments apart": (sql("update documents set first_segment = 3 where document = 1"), "do not follow"),
    "form elsewhere": (sql("update forms set first_row = first_row + 1 where form_no = 3"), "does not begin where"),
    "lemma too frequent": (sql("update lemmas set frequency = 9 where lemma_no = 0"), "frequencies|add up"),
    "words out of order": (sql("update lemmas set lemma = 'zzz' where lemma_no = 0"), "not in order"),
    "view for a table": (view_for_table, "not those of a catalog"),
    "a document less": (sql("delete from documents where document = 8"), "should hold 9 documents"),
    "a document far off": (sql("update documents set document = 99 where document = 8"), "should hold 9 documents"),
    "a document missing": (sql("delete from documents where document = 4"), "9 documents where there are 8"),
    "other count": (other_count, "it says 9 words"),
}


def commit_as_it_is(index: Index) -> None:
    """Writes the newest commit anew, with the digests that the files of its only shard have now."""
    path = shard_file(index, "vectors.dat").parent
    commit_path = max(index.path.glob("commit-*.json"))
    commit = read_commit(commit_path)
    (entry,) = commit.shards
    files = {name: ((path / name).stat().st_size, digest_files(path / name)) for name in entry.files}
    commit_path.unlink()
    write_commit(index.path, replace(commit, shards=(replace(entry, files=files),)))


@pytest.mark.parametrize(("mistake", "why"), MISTAKES.values(), ids=MISTAKES)
def test_what_was_written_wrong_is_found(index: Index, mistake: Callable[[Path], None], why: str) -> None:
    """Parts that contradict each other are found, though every digest fits."""
    path = shard_file(index, "vectors.dat").parent
    mistake(path)
    commit_as_it_is(index)
    problems = verified(index).problems
    assert any(re.search(why, problem.why) for problem in problems), problems


def test_codes_of_no_vector_are_found(make_index: MakeIndex, river_documents: list[Document]) -> None:
    """Codes that no vector of unit length has are a problem, whatever the ranges were trained on."""
    index = make_index(river_documents, codec="sq6")
    path = shard_file(index, "vectors.dat")
    content = np.fromfile(path, np.uint8)
    content[:48] = 0
    content.tofile(path)
    commit_as_it_is(index)
    (problem,) = verified(index).problems
    assert re.search(r"the vector of row 0 has the length [2-9]", problem.why)


def test_document_in_two_shards_is_found(many: Index) -> None:
    """A document id that two shards hold alive is a problem."""
    many.add([Document("reeds", "Reeds.")], replace=True)
    newest = max(many.path.glob("commit-*.json"))
    commit = read_commit(newest)
    newest.unlink()
    write_commit(many.path, replace(commit, shards=tuple(replace(entry, removed=()) for entry in commit.shards)))
    assert [problem.why for problem in verified(many).problems] == ["the document 'reeds' is there twice"]


def test_other_model_is_found(many: Index) -> None:
    """A model that is not the index's own any more is a problem, and no damage to a shard."""
    (problem,) = Index.verify(many.path, encoder=WindowEncoder("other")).problems
    assert "is not the one that made the index" in problem.why
    assert problem.shard == ""
    assert Index.verify(many.path).notes[0].startswith("The model was not compared")


def test_an_encoder_of_another_dimension_is_found(many: Index) -> None:
    """Also where it has the digest of the one that made the index, and no query could be asked."""
    wide = WindowEncoder()
    wide.dimension += 1
    (problem,) = Index.verify(many.path, encoder=wide).problems
    assert "has the digest of the one that made the index, and vectors of 65 components, not 64" in problem.why
    assert problem.remedy.startswith("give the one that made the index; ")


@pytest.mark.parametrize("of_commit", ["{", None])
@pytest.mark.parametrize("is_there", [True, False])
def test_settings_that_nothing_tells_are_a_problem_like_others(
    many: Index, of_commit: str | None, is_there: bool
) -> None:
    """Where no commit has them either, a look says so, goes on, and names no remedy that fails."""
    many.close()
    path = max(many.path.glob("commit-*.json"))
    commit = replace(read_commit(path), settings=of_commit)
    for one in many.path.glob("commit-*"):
        one.unlink()
    write_commit(many.path, commit)
    settings = many.path / "ctxsearch.json"
    settings.write_text("{")
    if not is_there:
        settings.unlink()
    flip(next(many.path.glob("*/vectors.dat")))
    found, *others = verified(many).problems
    assert found.path == str(settings)
    assert found.why.startswith("it cannot be read (" if is_there else "it is missing")
    assert found.remedy == "bring back a backup; or make a new index of the same sources"
    assert [Path(one.path).name for one in others] == ["vectors.dat"]


@pytest.mark.parametrize(
    ("digest", "remedy"),
    [
        ("mine", "Index.repair(INDEX), then Index.open(INDEX, encoder=...).add(DOCUMENTS), in Python"),
        ("0" * 64, "ctxsearch index INDEX SOURCE --repair"),  # that of a model
    ],
)
def test_how_damage_is_mended_fits_the_encoder(
    make_index: MakeIndex, river_documents: list[Document], digest: str, remedy: str
) -> None:
    """No command can be given an encoder of one's own, so that Python makes again what it made."""
    encoder = WindowEncoder(digest)
    index = make_index(river_documents, encoder=encoder, shard_tokens=20)
    before = everything(index)
    flip(shard_file(index, "vectors.dat"))
    (problem,) = Index.verify(index.path, encoder=encoder).problems
    assert problem.remedy == f"make it again with: {remedy}; or bring back a backup"
    kept = (index.path / "ctxsearch.json").read_bytes()
    (index.path / "ctxsearch.json").write_bytes(b"{")
    # The commit has a copy that tells the encoder.
    assert problem.remedy in [one.remedy for one in Index.verify(index.path, encoder=encoder).problems]
    (index.path / "commit-00000009.json").write_bytes(b"{")
    of_commit, *others = Index.verify(index.path, encoder=encoder).problems
    assert f"go on from it with: {remedy}" in of_commit.remedy
    assert problem.remedy in [one.remedy for one in others]
    (index.path / "commit-00000009.json").unlink()
    (index.path / "ctxsearch.json").write_bytes(kept)
    Index.repair(index.path, encoder=encoder)
    note = Index.verify(index.path, encoder=encoder).notes[0]
    assert f"To make them again: {remedy}; to do without them:" in note
    again = Index.open(index.path, encoder=encoder)
    again.add(river_documents)
    assert everything(again) == before


@pytest.mark.parametrize("wrong", [WindowEncoder, "window"])
def test_what_is_no_encoder_is_told(many: Index, wrong: Any) -> None:
    """By verify and repair as by open; nothing is changed."""
    for ask in (Index.verify, Index.repair):
        with pytest.raises(ModelError, match=r"cannot be used: it (is a class; give an object of it|has no dimension)"):
            ask(many.path, encoder=wrong)


def test_missing_index_cannot_be_verified(tmp_path: Path) -> None:
    """Where no index is, that is told."""
    for call in (Index.verify, Index.repair):
        with pytest.raises(IndexNotFound):
            call(tmp_path)


# ----------------------------------------------------------------------------- what needs the catalogs alone


@pytest.mark.parametrize("name", ["vectors.dat", "lists.npy", "shard.json"])
@pytest.mark.parametrize("noted", [True, False])
def test_damaged_vectors_hinder_no_removal(many: Index, name: str, noted: bool) -> None:
    """A document of a shard whose vectors are damaged is removed, and `info` counts what is left."""
    many.remove("angler")
    whole = many.info()
    for place in range(len(many.open_shards())):
        path = shard_file(many, name, place)
        if noted:
            flip(path)
        else:
            path.unlink()
    if noted:
        assert len(verified(many).problems) == whole.shards
    with opened(many) as index:
        assert index.info() == whole
        assert index.remove(["reeds", "rates"], where=["year=2008"]) == 3
        assert index.info().documents == whole.documents - 3
    again = opened(many)
    again.remove("nobody", missing_ok=True)
    assert again.info().documents_removed == 4


def test_damaged_catalog_hinders_only_what_it_must(many: Index) -> None:
    """What is found in other shards is removed; what is not found may be in the damaged one, and that is told."""
    damaged = shard_file(many, "catalog.sqlite", 1)
    there = sorted(row[1] for row in many.open_shards()[1].catalog.document_rows())
    others = sorted({"rowing", "loan", "reeds", "rates", "tea"} - {*there})
    many.close()
    flip(damaged)
    verified(many)
    index = opened(many)
    assert index.remove(others[0]) == 1
    number = index.commit
    for missing_ok in (False, True):
        with pytest.raises(
            DocumentNotFound, match=f"unless it is in {damaged.parent.name}, which cannot be read"
        ) as told:
            index.remove([others[1], there[0]], missing_ok=missing_ok)
        assert told.value.document_ids == (there[0],)
    with pytest.raises(IndexDamaged, match=r"which of its documents meet a condition, and nothing was removed"):
        index.remove(where=["year>1900"])
    assert index.commit == number
    with pytest.raises(IndexDamaged, match=damaged.parent.name):
        index.info()
    with opened(many, allow_damaged=True) as rest:
        assert rest.info().documents == 9 - len(there) - 1
        assert list(rest.left_out) == [damaged.parent.name]
    assert index.remove(others[1]) == 1


def test_both_damaged_files_are_noted(many: Index) -> None:
    """A look notes every damaged file of a shard, and a quick one after it forgets none."""
    for name in ("catalog.sqlite", "vectors.dat"):
        flip(shard_file(many, name, 1))
    assert len(verified(many).problems) == 2
    assert {Path(one.path).name for one in verified(many, quick=True).problems} == {"catalog.sqlite", "vectors.dat"}
    with pytest.raises(IndexDamaged, match="catalog"):
        opened(many).info()


# ---------------------------------------------------------------------------------------- what is no damage


def attempts(index: Index, scarce: str) -> list[dict[str, str]]:
    """What comes of reading an index where something is scarce; it is as it was after that, and well."""
    index.close()
    before = {path: path.read_bytes() for path in index.path.rglob("*") if path.is_file() and path.name != "lock"}
    script = Path(__file__).with_name("hindered.py")
    run = subprocess.run([sys.executable, script, index.path, scarce], capture_output=True, text=True, check=True)
    assert {path: path.read_bytes() for path in before} == before
    assert not (index.path / "damaged.json").exists()
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_too_few_descriptors_are_no_damage(make_index: MakeIndex) -> None:
    """Wherever descriptors run out that is told as such, with the file; nothing is noted, taken out or left out."""
    texts = [Document(str(number), f"They sat on bank {number} of the river.") for number in range(24)]
    told = attempts(make_index(texts, shard_tokens=1), "descriptors")
    assert {one["error"] for one in told} == {"", "OSError"}
    for one in told:
        assert one["same"]
        assert one["error"] == "" or "/" in one["path"]
    failed = {one["action"] for one in told if one["error"]}
    assert {"concordance", "allowing", "info", "remove", "add", "verify", "quick", "repair"} <= failed
    assert {"verify", "quick", "repair"} <= {one["action"] for one in told if not one["error"]}


def test_index_of_many_shards_is_opened_or_joined(make_index: MakeIndex) -> None:
    """A command opens as many files as it may; where that is too few, it says to compact, which needs few."""
    texts = [Document(str(number), f"They sat on bank {number} of the river.") for number in range(52)]
    index = make_index(texts, shard_tokens=1)
    before = index.concordance("bank")
    index.close()
    asked = ("concordance", index.path, "bank", "--count")
    assert ctxsearch(*asked, open_files=(100, 1000)).stdout == "52\n"
    told = ctxsearch(*asked, open_files=(110, 110))
    assert (told.returncode, told.stdout) == (1, "")
    assert f"Too many open files; join the shards of the index with: ctxsearch compact {index.path}.\n" in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert "1 shard in place of 52" in ctxsearch("compact", index.path, open_files=(110, 110)).stderr
    assert ctxsearch(*asked, open_files=(110, 110)).stdout == "52\n"
    assert opened(index).concordance("bank") == before
    assert verified(index).problems == []


@pytest.mark.parametrize("name", ["vectors.dat", "lists.npy", "catalog.sqlite"])
def test_file_closed_to_this_user_is_no_damage(many: Index, name: str) -> None:
    """A file that this user may not read is told as such, by a look and by a repair, too."""
    for one in attempts(many, f"shard-*/{name}"):
        if name == "catalog.sqlite" or one["action"] not in ("info", "remove", "add"):
            assert one["error"] == "PermissionError"
            assert one["path"].endswith(name)


@pytest.mark.parametrize("name", ["commit-*.json", "ctxsearch.json"])
def test_commit_closed_to_this_user_is_no_damage(many: Index, name: str) -> None:
    """Nor are a commit or settings that may not be read, of which there is a copy."""
    assert {one["error"] for one in attempts(many, name)} == {"PermissionError"}


# ------------------------------------------------------------------------------------------------------- repair


@pytest.mark.parametrize("name", ["vectors.dat", "lists.npy", "shard.json", "catalog.sqlite"])
def test_damaged_shard_is_made_again_alone(many: Index, river_documents: list[Document], name: str) -> None:
    """What was lost with a shard is known, if its catalog is whole, and added again; all else stays as it is."""
    before = sorted(everything(many), key=lambda line: line.key)
    path = shard_file(many, name, 1)
    others = {one.name for one in many.path.glob("shard-*")} - {path.parent.name}
    there = {row[1] for row in many.open_shards()[1].catalog.document_rows()}
    many.close()
    flip(path)
    report = Index.repair(many.path, encoder=WindowEncoder())
    assert [problem.path for problem in report.problems] == [str(path)]
    assert report.lost == (None if name == "catalog.sqlite" else tuple(sorted(there)))
    again = opened(many)
    assert again.is_unfinished
    assert again.add(river_documents).documents == len(there)
    assert sorted(everything(again), key=lambda line: line.key) == before
    assert others < {one.name for one in many.path.glob("shard-*")}
    assert verified(many).problems == []


def test_removed_documents_stay_removed_by_repair(many: Index, river_documents: list[Document]) -> None:
    """What a repair says is lost leaves out what had been removed, also when it is asked again."""
    many.remove("reeds")
    number = next(n for n, shard in enumerate(many.open_shards()) if shard.catalog.find_document("reeds"))
    flip(shard_file(many, "vectors.dat", number))
    many.close()
    lost = Index.repair(many.path, encoder=WindowEncoder()).lost
    assert lost is not None
    assert "reeds" not in lost
    assert lost != ()
    assert Index.repair(many.path, encoder=WindowEncoder()).lost == lost
    index = opened(many)
    index.add(document for document in river_documents if document.document_id in lost)
    with pytest.raises(KeyNotFound):
        index.like("reeds:18")
    assert Index.repair(many.path, encoder=WindowEncoder()).lost == ()


def test_lost_documents_are_not_forgotten(many: Index, river_documents: list[Document]) -> None:
    """What was lost stays noted until it is made again, or is removed, whatever else is added."""
    flip(shard_file(many, "vectors.dat", 1))
    many.close()
    lost = Index.repair(many.path, encoder=WindowEncoder()).lost
    assert lost is not None
    assert len(lost) > 1
    index = opened(many)
    index.add([Document("other", "Another bank.")])
    assert not index.is_unfinished
    assert f"not made again yet: {', '.join(lost)}" in verified(many).notes[0]
    index.remove(lost[0])
    assert Index.repair(many.path, encoder=WindowEncoder()).lost == lost[1:]
    index.add(document for document in river_documents if document.document_id in lost[1:])
    assert verified(many).notes == []


def test_damaged_settings_are_put_back(many: Index) -> None:
    """The commit has a copy of the settings: it serves who allows damage, and repair puts it back."""
    before, settings = everything(many), (many.path / "ctxsearch.json").read_bytes()
    flip(many.path / "ctxsearch.json", 5)
    (problem,) = verified(many).problems
    assert problem.path == str(many.path / "ctxsearch.json")
    with pytest.raises(IndexDamaged):
        opened(many)
    assert everything(opened(many, allow_damaged=True)) == before
    Index.repair(many.path, encoder=WindowEncoder())
    assert (many.path / "ctxsearch.json").read_bytes() == settings
    assert everything(opened(many)) == before


def test_damaged_commit_is_put_back_from_its_copy(many: Index) -> None:
    """A commit has a copy, which serves who allows damage, and which repair puts in its place: nothing is lost."""
    many.remove("tea")
    many.compact(shard_tokens=30)
    before = everything(many)
    many.close()
    path = max(many.path.glob("commit-*.json"))
    content = path.read_bytes()
    flip(path)
    (problem,) = verified(many).problems
    assert problem.path == str(path)
    assert "from its copy" in problem.remedy
    assert everything(opened(many, allow_damaged=True)) == before
    assert Index.repair(many.path, encoder=WindowEncoder()).lost == ()
    assert path.read_bytes() == content
    assert everything(opened(many)) == before
    assert verified(many).problems == []


def test_damaged_copy_is_found_and_mended(many: Index) -> None:
    """A copy that is not as its commit is a problem, and repair makes it anew."""
    copy = max(many.path.glob("commit-*.copy"))
    flip(copy)
    assert [problem.path for problem in verified(many).problems] == [str(copy)]
    Index.repair(many.path, encoder=WindowEncoder())
    assert verified(many).problems == []


def test_missing_copy_is_made_by_repair(many: Index) -> None:
    """A copy that somebody deleted, or that was never written, is no problem, and is there after a repair."""
    path = max(many.path.glob("commit-*.json"))
    path.with_suffix(".copy").unlink()
    assert verified(many).problems == []
    Index.repair(many.path, encoder=WindowEncoder())
    assert path.with_suffix(".copy").read_bytes() == path.read_bytes()


def test_damaged_commit_without_copy_gives_way(many: Index, river_documents: list[Document]) -> None:
    """Where the copy is damaged too the commit before takes the place, and what came after can be added again."""
    many.add([Document("new", "A new bank of the river.")])
    before = sorted(everything(many), key=lambda line: line.key)
    many.close()
    for path in (max(many.path.glob("commit-*.json")), max(many.path.glob("commit-*.copy"))):
        flip(path)
    assert Index.repair(many.path, encoder=WindowEncoder()).lost is None
    index = opened(many)
    with pytest.raises(KeyNotFound):
        index.like("new:6")
    index.add([*river_documents, Document("new", "A new bank of the river.")])
    assert sorted(everything(index), key=lambda line: line.key) == before


@pytest.mark.parametrize("pattern", ["json", "*"])
def test_deleted_commit_is_not_missed(many: Index, pattern: str) -> None:
    """A stated limit: where the newest commit file is gone nothing tells, and the one before is the index."""
    before = everything(many)
    many.remove("reeds")
    many.close()
    newest = max(many.path.glob("commit-*.json"))
    for path in many.path.glob(f"{newest.stem}.{pattern}"):
        path.unlink()
    assert everything(opened(many)) == before
    assert verified(many).problems == []


def test_whole_shards_survive_the_loss_of_all_commits(many: Index) -> None:
    """With no commit left, nor a copy of one, repair is refused, and no shard is touched."""
    many.close()
    for path in many.path.glob("commit-*"):
        path.write_bytes(b"")
    files = sorted(many.path.rglob("*"))
    with pytest.raises(IndexDamaged):
        Index.repair(many.path, encoder=WindowEncoder())
    assert sorted(many.path.rglob("*")) == files


def test_unknown_loss_is_told_until_it_is_given_up(many: Index, river_documents: list[Document]) -> None:
    """Where nobody knows what was lost, no run ends the search but the word that all sources were given."""
    flip(shard_file(many, "catalog.sqlite", 1))
    many.close()
    assert Index.repair(many.path, encoder=WindowEncoder()).lost is None
    index = opened(many)
    for part in (river_documents[:5], river_documents[5:]):
        index.add(part)
        assert Index.repair(many.path, encoder=WindowEncoder()).lost is None
        assert "nobody knows which" in verified(many).notes[0]
    assert index.info().documents == 9
    index.remove(lost=True)
    assert verified(many).notes == []
    assert Index.repair(many.path, encoder=WindowEncoder()).lost == ()


@pytest.mark.parametrize("compacted", [False, True])
def test_unknown_loss_brings_back_nothing_that_was_removed(
    many: Index, river_documents: list[Document], compacted: bool
) -> None:
    """What was removed stays out where nobody knows what was lost, whichever shard it was in, joined since or not."""
    ids = [[row[1] for row in shard.catalog.document_rows()] for shard in many.open_shards()]
    by_id, by_condition, joined = ids[1][0], ids[2][0], ids[0][0]
    many.remove(joined)
    if compacted:
        many.compact(shard_tokens=1)
    year = next(one.metadata["year"] for one in river_documents if one.document_id == by_condition)
    many.remove(by_id, where=[f"document_id={by_condition}", f"year={year}"])
    many.remove("reeds", missing_ok=True)
    reeds = next(one for one in river_documents if one.document_id == "reeds")
    many.add([reeds])  # it is wanted again
    gone = {by_id, by_condition, joined} - {"reeds"}
    commit = read_commit(max(many.path.glob("commit-*.json")))
    damaged = next(n for n, shard in enumerate(many.open_shards()) if shard.catalog.find_document("reeds"))
    many.close()
    for number in {1, damaged}:
        flip(many.path / commit.shards[number].shard_id / "catalog.sqlite")
    assert Index.repair(many.path, encoder=WindowEncoder()).lost is None
    index = opened(many)
    report = index.add(river_documents)
    assert report.skipped == {"removed before": len(gone)}
    living = {row[1] for shard in index.open_shards() for row in shard.catalog.document_rows()}
    assert index.info().documents == 9 - len(gone)
    assert "reeds" in living
    index.remove(lost=True)
    assert index.add(river_documents).documents == len(gone)


def test_replaced_document_is_no_removed_one(many: Index, river_documents: list[Document]) -> None:
    """A document whose new version was lost comes back, though the old one is among what was taken out."""
    many.add([Document("reeds", "More reeds grew on the bank.")], replace=True)
    many.close()
    flip(shard_file(many, "catalog.sqlite", -1))
    Index.repair(many.path, encoder=WindowEncoder())
    index = opened(many)
    assert index.add([Document("reeds", "More reeds grew on the bank.")]).documents == 1


def test_what_is_not_there_can_be_kept_out_of_a_search(many: Index, river_documents: list[Document]) -> None:
    """While nobody knows what was lost, a document that is not to be made again can be named."""
    name = next(many.open_shards()[1].catalog.document_rows())[1]
    many.close()
    flip(shard_file(many, "catalog.sqlite", 1))
    Index.repair(many.path, encoder=WindowEncoder())
    index = opened(many)
    with pytest.raises(DocumentNotFound):
        index.remove(name)
    assert index.remove(name, missing_ok=True) == 0
    assert index.add(river_documents).skipped == {"removed before": 1}
    assert index.info().documents == 8


def test_note_made_meanwhile_is_not_cleared(many: Index) -> None:
    """A look clears only what was noted before it began."""
    late = shard_file(many, "vectors.dat", 1)
    done: list[Problem] = []

    def meanwhile(progress: object) -> None:
        if not done:
            flip(late)
            done.extend(verified(many).problems)
            flip(late)

    Index.verify(many.path, encoder=WindowEncoder(), on_progress=meanwhile)
    assert len(done) == 1
    with pytest.raises(IndexDamaged):
        everything(opened(many))
    assert [problem.shard for problem in verified(many, quick=True).problems] == [late.parent.name]
    assert verified(many).problems == []
    everything(opened(many))


# ------------------------------------------------------------------------------------------------------ backups


def test_backup_comes_back_as_it_was(many: Index, tmp_path: Path) -> None:
    """What is restored answers as what was backed up, and the same index gives the same bytes."""
    many.remove("tea")
    assert many.backup(tmp_path / "one.tar") == (tmp_path / "one.tar").stat().st_size
    many.backup(tmp_path / "two.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    with Index.restore(tmp_path / "one.tar", tmp_path / "again") as restored:
        assert restored.path == tmp_path / "again"
    again = Index.open(tmp_path / "again", encoder=WindowEncoder())
    assert everything(again) == everything(many)
    assert Index.verify(tmp_path / "again", encoder=WindowEncoder()).problems == []
    again.add([Document("tea", "More tea.")])
    with pytest.raises(WordNotFound):
        many.concordance("tea")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".tmp-")] == []


def test_backup_is_opened_as_an_index_is(many: Index, tmp_path: Path) -> None:
    """With an encoder of one's own, or on a device; where it cannot be opened so, nothing is brought back."""
    many.backup(tmp_path / "b.tar")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"device": "tpu"}, "There is no device 'tpu'"),
        ({"dtype": "fp8"}, "There is no type 'fp8'"),
        ({"encoder": WindowEncoder(), "dtype": "fp32"}, "dtype is for a model, and not for an encoder of one's own"),
        ({"encoder": WindowEncoder}, "it is a class; give an object of it"),
    ]
    for options, why in wrong:
        with pytest.raises(ValueError, match=why):
            Index.restore(tmp_path / "b.tar", tmp_path / "again", **options)
    assert not (tmp_path / "again").exists()
    usage = "They rowed to the [bank] of the river."
    with Index.restore(tmp_path / "b.tar", tmp_path / "again", encoder=WindowEncoder(), device="cpu") as restored:
        assert restored.query(usage) == many.query(usage)


def test_backup_takes_along_what_people_did(many: Index, tmp_path: Path) -> None:
    """senses.sqlite is copied as of one moment, while another process has it open and writes."""
    with sqlite3.connect(many.path / "senses.sqlite") as connection:
        connection.execute("create table labels (sense)")
        connection.execute("insert into labels values ('bank.river')")
        connection.commit()
        connection.execute("insert into labels values ('not yet')")
        many.backup(tmp_path / "b.tar")
    connection.close()
    Index.restore(tmp_path / "b.tar", tmp_path / "again").close()
    connection = sqlite3.connect(tmp_path / "again" / "senses.sqlite")
    assert connection.execute("select * from labels").fetchall() == [("bank.river",)]
    connection.close()


def test_flipped_senses_are_not_brought_back(many: Index, tmp_path: Path) -> None:
    """A backup tells the digest of what people did, which no commit knows; one that tells none is brought back."""
    many.senses(by="ann").new("bank.river", definition="the land beside a river")
    many.backup(tmp_path / "b.tar")
    content = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "b.tar").write_bytes(content.replace(b"the land beside", b"the sand beside"))
    with pytest.raises(BackupError, match=r"what it holds is damaged: senses\.sqlite"):
        Index.restore(tmp_path / "b.tar", tmp_path / "again")
    assert not (tmp_path / "again").exists()
    # As versions before wrote it.
    older = bytearray(content)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive.getmembers():
            member.linkname = ""
            older[member.offset : member.offset + 512] = member.tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "older.tar").write_bytes(older)
    with Index.restore(tmp_path / "older.tar", tmp_path / "again", encoder=WindowEncoder()) as restored:
        assert restored.senses().list("bank")[0].definition == "the land beside a river"


def test_flipped_settings_without_a_commit_are_not_brought_back(make_index: MakeIndex, tmp_path: Path) -> None:
    """A backup of an index that has nothing yet is held against digests as any other."""
    make_index([]).backup(tmp_path / "b.tar")
    content = (tmp_path / "b.tar").read_bytes()
    assert b'"window"' in content
    (tmp_path / "b.tar").write_bytes(content.replace(b'"window"', b'"wind0w"'))
    with pytest.raises(BackupError, match=r"what it holds is damaged: ctxsearch\.json"):
        Index.restore(tmp_path / "b.tar", tmp_path / "again")


def test_restored_commit_has_a_copy(many: Index, tmp_path: Path) -> None:
    """A bit that flips in the commit of an index that was brought back is mended as in any other."""
    many.backup(tmp_path / "b.tar")
    Index.restore(tmp_path / "b.tar", tmp_path / "again").close()
    commit = max((tmp_path / "again").glob("commit-*.json"))
    content = commit.read_bytes()
    flip(commit, 100)
    Index.repair(tmp_path / "again", encoder=WindowEncoder())
    assert commit.read_bytes() == content


def test_backup_is_of_the_commit_that_is_open(many: Index, tmp_path: Path) -> None:
    """A backup holds what its index sees, whatever another has removed and compacted since."""
    before = everything(many)
    with opened(many) as other:
        other.remove("reeds")
        other.compact()
        many.backup(tmp_path / "b.tar")
    Index.restore(tmp_path / "b.tar", tmp_path / "again").close()
    assert everything(Index.open(tmp_path / "again", encoder=WindowEncoder())) == before


def test_backup_overwrites_nothing(many: Index, tmp_path: Path) -> None:
    """A file that is there stays; so does an index, or anything else, where one is to be restored."""
    (tmp_path / "there").write_bytes(b"mine")
    with pytest.raises(BackupError, match="already"):
        many.backup(tmp_path / "there")
    with pytest.raises(BackupError, match=r"is a tar file, not packed; call it b\.tar, say"):
        many.backup(tmp_path / "b.ZIP")
    with pytest.raises(BackupError, match=r"is a tar file, not packed; call it b\.tar, say"):
        many.backup(tmp_path / "b.tar.gz")
    with pytest.raises(BackupError, match="no such folder"):
        many.backup(tmp_path / "none" / "b.tar")
    assert (tmp_path / "there").read_bytes() == b"mine"
    many.backup(tmp_path / "b.tar")
    for path in (many.path, tmp_path / "there"):
        with pytest.raises(IndexExists):
            Index.restore(tmp_path / "b.tar", path)
    with pytest.raises(BackupError, match="no backup of ctxsearch"):
        Index.restore(tmp_path / "there", tmp_path / "new")
    with pytest.raises(BackupError, match="No such file"):
        Index.restore(tmp_path / "none", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_damaged_shard_is_not_backed_up(many: Index, tmp_path: Path) -> None:
    """A backup of what is damaged is none, and leaves no file."""
    flip(shard_file(many, "vectors.dat"))
    with pytest.raises(BackupError, match="damaged"):
        many.backup(tmp_path / "b.tar")
    assert [path.name for path in tmp_path.iterdir() if "b.tar" in path.name] == []


def test_damaged_commit_is_backed_up_from_its_copy(many: Index, tmp_path: Path) -> None:
    """A backup holds the commit that was opened, from its copy if need be; where both are damaged there is none."""
    newest = max(many.path.glob("commit-*.json"))
    newest.write_bytes(newest.read_bytes()[:-9])
    with opened(many, allow_damaged=True) as index:
        index.backup(tmp_path / "b.tar")
        before = everything(index)
        Index.restore(tmp_path / "b.tar", tmp_path / "again").close()
        assert everything(Index.open(tmp_path / "again", encoder=WindowEncoder())) == before
        newest.with_suffix(".copy").write_bytes(b"{}")
        with pytest.raises(BackupError, match="damaged, and so is its copy"):
            index.backup(tmp_path / "c.tar")
    assert not (tmp_path / "c.tar").exists()


def test_backup_does_not_lie_in_the_index(many: Index, tmp_path: Path) -> None:
    """An index that is lost would take its backup along, and nobody writes in its folder but the index."""
    (tmp_path / "link").symlink_to(many.path)
    before = sorted(many.path.rglob("*"))
    for folder in (many.path, tmp_path / "link", shard_file(many, "vectors.dat").parent):
        with pytest.raises(BackupError, match="would lie in the folder of the index"):
            many.backup(folder / "b.tar")
    assert sorted(many.path.rglob("*")) == before


# ------------------------------------------------------------------------------------------ on the command line


def test_commands_of_care(many: Index, tmp_path: Path) -> None:
    """remove, compact, verify, backup and restore do as the library does, and say what they did."""
    (tmp_path / "ids").write_text("tea\nloan\n")
    # By ids and conditions at once it would be open whether either or both are meant.
    assert ctxsearch("remove", many.path, "--from", tmp_path / "ids", "--where", "year>2000").returncode == 2
    for which, count in (
        (["reeds", "--from", tmp_path / "ids"], "3 documents"),
        (["--where", "year>2000"], "1 document"),
    ):
        removed = ctxsearch("remove", many.path, *which)
        assert (removed.returncode, removed.stdout) == (0, "")
        assert removed.stderr.endswith(f"removed {count}.\n")
    missing = ctxsearch("remove", many.path, "reeds")
    assert (missing.returncode, missing.stderr) == (
        1,
        "Error: The index has no document 'reeds'; nothing was removed.\n",
    )
    assert "4 removed documents left out" in ctxsearch("compact", many.path).stderr
    assert "is well: 1 shard, " in ctxsearch("verify", many.path).stderr
    assert ctxsearch("backup", many.path, tmp_path / "b.tar").returncode == 0
    assert ctxsearch("backup", many.path, tmp_path / "b.tar").stderr.startswith("Error: ")
    assert "5 documents" in ctxsearch("restore", tmp_path / "b.tar", tmp_path / "again").stderr
    path = shard_file(many, "vectors.dat")
    flip(path)
    bad = ctxsearch("verify", many.path)
    assert bad.returncode == 1
    assert bad.stdout.startswith(f"{path}: its content is not what was written. To mend it, make it again with")
    assert "Error: 1 problem in" in bad.stderr
    report = json.loads(ctxsearch("verify", many.path, "--json").stdout)
    assert Problem(**report["problems"][0]).path == str(path)
    assert ctxsearch("concordance", many.path, "bank").stderr.startswith(f"Error: {path.parent} is damaged")


def test_rest_answers_where_that_is_allowed(many: Index) -> None:
    """With --allow-damaged the other shards answer, and what is left out is told."""
    path, count, shards = shard_file(many, "lists.npy", 1), many.count("bank"), many.info().shards
    os.truncate(path, 10)
    refused = ctxsearch("concordance", many.path, "bank", "--json")
    assert (refused.returncode, refused.stdout) == (1, "")
    allowed = ctxsearch("concordance", many.path, "bank", "--json", "--allow-damaged")
    assert allowed.returncode == 0
    assert 0 < len(allowed.stdout.splitlines()) < count
    assert f"Left out, since it is damaged: {path.parent.name}" in allowed.stderr
    assert ctxsearch("info", many.path).returncode == 0
    os.truncate(path.with_name("catalog.sqlite"), 10)
    assert ctxsearch("info", many.path).returncode == 1
    described = ctxsearch("info", many.path, "--allow-damaged", "--json")
    assert json.loads(described.stdout)["shards"] == shards - 1
    assert f"Left out, since it is damaged: {path.parent.name}" in described.stderr
