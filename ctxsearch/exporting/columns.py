"""What can stand in a line of columns: texts without tabs and line ends, and metadata under names that a format has."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import PurePosixPath

from ctxsearch.catalog.rows import DocumentRow
from ctxsearch.domain import Metadata

TITLE = "title"

_PARTING = re.compile("[\t\n\r]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def one_line(text: str) -> str:
    r"""A text with a blank for every tab, line feed and carriage return; any other white space stays as it is.

    >>> one_line("10\u00a0000\r\nmarks")
    '10\xa0000  marks'
    """
    return _PARTING.sub(" ", text)


def as_id(document_id: str) -> str:
    r"""The id of a document with a blank for every control character, which an id in a file cannot have.

    >>> as_id("a\nb")
    'a b'
    """
    return _CONTROL.sub(" ", document_id)


def unmarked(name: str) -> str:
    """A name whose letters have no marks.

    >>> unmarked("a\u00f1o"), unmarked("Gr\u00f6\u00dfe")
    ('ano', 'Grosse')
    """
    apart = unicodedata.normalize("NFKD", name.replace("\u00df", "ss"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def column_names(
    columns: Iterable[str], as_name: Callable[[str], str], taken: Collection[str] = ()
) -> Mapping[str, str]:
    """The names that a format can have for the columns of the metadata; in all of an export a column has but one.

    Of two that become one, the first in order is kept as it is.

    >>> column_names(["a b", "a_b", "c"], lambda name: name.replace(" ", "_"))
    {'a b': 'a_b', 'a_b': 'a_b_2', 'c': 'c'}

    Args:
        columns: of all documents.
        as_name: makes a name that the format can have.
        taken: names that are something else.
    """
    found: dict[str, str] = {}
    used = set(taken)
    for column in sorted(set(columns)):
        base = as_name(column) or "_"
        new, number = base, 2
        while new in used:
            new, number = f"{base}_{number}", number + 1
        used.add(new)
        found[column] = new
    return found


def renamed_note(names: Mapping[str, str]) -> list[str]:
    """Tells which columns are called otherwise, if any are."""
    others = [f"{column} is {new}" for column, new in names.items() if column != new]
    return [f"Called otherwise there: {', '.join(others)}."] if others else []


def named(about: Metadata, names: Mapping[str, str]) -> dict[str, str]:
    """What is said of a document under the names of an export, as texts.

    >>> named({"a b": 1, "c": None, "d": True}, {"a b": "a_b", "c": "c", "d": "d"})
    {'a_b': '1', 'd': 'true'}
    """
    return {
        names[column]: one_line(str(value).lower() if isinstance(value, bool) else str(value))
        for column, value in about.items()
        if value is not None
    }


def about(document: DocumentRow) -> Metadata:
    """The metadata of a document, and its title; not one that is but the name of its file."""
    title, file = document.title, PurePosixPath(document.document_id)
    has_own = title and title not in (file.name, file.stem)
    return {TITLE: title, **document.metadata} if has_own else document.metadata
