"""What can stand in a line of columns: texts without tabs and line ends, and metadata under names that a format has."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from ctxsearch.domain import Metadata

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


def named(metadata: Metadata, as_name: Callable[[str], str], taken: Collection[str] = ()) -> dict[str, str]:
    """Metadata under names that a format can have, as texts; of two that become one, the first is kept as it is.

    >>> named({"a b": 1, "a_b": None, "a-b": True}, lambda name: name.replace(" ", "_").replace("-", "_"))
    {'a_b': '1', 'a_b_2': 'true'}

    Args:
        metadata: those of a document.
        as_name: makes a name that the format can have.
        taken: names that are something else.
    """
    found: dict[str, str] = {}
    for name, value in metadata.items():
        if value is None:
            continue
        base = as_name(name) or "_"
        new, number = base, 2
        while new in found or new in taken:
            new, number = f"{base}_{number}", number + 1
        found[new] = one_line(str(value).lower() if isinstance(value, bool) else str(value))
    return found
