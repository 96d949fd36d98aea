"""Reads the database files of a WordNet: ``data.noun``, ``data.verb``, ``data.adj``, ``data.adv``, ``index.sense``.

Their format is told by the manual page wndb(5), that of ``index.sense`` by senseidx(5). A line of a data file is a
synset: its offset, its lexicographer's file, its kind, how many words it has (hexadecimal), these with a number each,
pointers, and after ``|`` the gloss, which is the definition and examples in quotation marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ctxsearch.corpus.dictionary.sense import DictionarySense, Wants
from ctxsearch.errors import SourceError

_SENSES = "index.sense"
_DATA = {"data.noun": "n", "data.verb": "v", "data.adj": "a", "data.adv": "r"}
_OTHERS = {_SENSES, "index.noun", "index.verb", "index.adj", "index.adv"}
# The kinds of synset, and how sense keys number them; a satellite adjective (s, 5) is in the file of adjectives.
_KINDS = {"n": "n", "v": "v", "a": "a", "s": "a", "r": "r"}
_KINDS_BY_NUMBER = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}
# Where an adjective may stand: before its noun, as a predicate, right after its noun.
_MARKER = re.compile(r"\((?:a|p|ip)\)$")
_OFFSET = re.compile("[0-9]{8}")
# What ends at a semicolon that is not between quotation marks; the last mark may have nothing to close it.
_PART = re.compile(r'(?:[^;"]|"[^"]*(?:"|$))+')
_QUOTED = re.compile(r'"([^"]*)(?:"|$)')


def is_wndb(path: Path) -> bool:
    """Whether a path is a folder, or one of these files by its name."""
    return path.is_dir() or path.name in _DATA or path.name in _OTHERS


def read_wndb(path: Path, wants: Wants) -> Iterator[DictionarySense]:
    """The senses of a WordNet, in the order of its data files; a blank stands in a headword where they have ``_``.

    A sense is called by its sense key, if the folder has ``index.sense``, and ``word.n.00001740`` otherwise, by its
    word, part of speech and offset.

    Args:
        path: a folder; or one of its data files, which is read alone; or another of its files, for all of them.
        wants: see `read_dictionary`.

    Raises:
        SourceError: a line is no such synset, or there is no data file.
    """
    folder = path if path.is_dir() else path.parent
    files = [path] if path.name in _DATA else [folder / name for name in _DATA if (folder / name).is_file()]
    if not files:
        raise SourceError(str(folder), f"it is no WordNet: it has none of {', '.join(_DATA)}")
    for file in files:
        kind = _DATA[file.name]
        keys = _sense_keys(folder / _SENSES, kind)
        for number, line in _lines(file):
            # The licence stands at the top, indented.
            if line.strip() and not line.startswith("  "):
                yield from _senses_of(line, kind, keys, wants, file, number)


def _senses_of(
    line: str, kind: str, keys: dict[tuple[str, str], str], wants: Wants, file: Path, number: int
) -> Iterator[DictionarySense]:
    head, _, gloss = line.partition("|")
    fields = head.split()
    try:
        count = int(fields[3], 16)
        is_synset = _OFFSET.fullmatch(fields[0]) and _KINDS[fields[2]] == kind and len(fields) > 4 + 2 * count
    except (IndexError, KeyError, ValueError):
        is_synset = False
    if not is_synset:
        raise SourceError(str(file), "it is no synset, as wndb(5) has them", line=number)
    definition, examples = _parted(gloss)
    for written in fields[4 : 4 + 2 * count : 2]:
        word = _MARKER.sub("", written) if kind == "a" else written
        headword = word.replace("_", " ").strip()
        if wants(headword):
            name = keys.get((fields[0], word.lower())) or f"{word.lower()}.{kind}.{fields[0]}"
            yield DictionarySense(headword, name, definition, examples)


def _parted(gloss: str) -> tuple[str, list[str]]:
    """The definition and the examples of a gloss.

    >>> _parted(' a heap; piled up; "a heap; no, a mountain"; "it lay in heaps" - an old song')
    ('a heap; piled up', ['a heap; no, a mountain', 'it lay in heaps'])
    """
    parts = [part for one in _PART.findall(gloss) if (part := " ".join(one.split()))]
    examples = [text for part in parts if part[0] == '"' for one in _QUOTED.findall(part) if (text := one.strip())]
    return "; ".join(part for part in parts if part[0] != '"'), examples


def _sense_keys(path: Path, kind: str) -> dict[tuple[str, str], str]:
    """The sense keys of a part of speech by offset and word; empty, where there is no such file."""
    keys: dict[tuple[str, str], str] = {}
    if not path.is_file():
        return keys
    for number, line in _lines(path):
        if not line.strip():
            continue
        key, *fields = line.split()
        word, _, rest = key.rpartition("%")
        if not word or rest[:1] not in _KINDS_BY_NUMBER or not fields or not _OFFSET.fullmatch(fields[0]):
            raise SourceError(str(path), "it is no sense key with its offset, as senseidx(5) has them", line=number)
        if _KINDS_BY_NUMBER[rest[0]] == kind:
            keys[fields[0], word] = key
    return keys


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    number = 1
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                yield number, raw.decode()
    except UnicodeDecodeError as error:
        raise SourceError(str(path), f"it is not UTF-8 ({error.reason})", line=number) from error
    except OSError as error:
        raise SourceError(str(path), f"it cannot be read ({error.strerror or error})") from error
