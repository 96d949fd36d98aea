"""What XML can hold: its characters, and its names."""

from __future__ import annotations

import re

_LETTERS = (
    "A-Za-z_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
MACHINE = "ctxsearch.assign"
"""What is responsible, as TEI has it in ``resp``, for an example whose sense no person said."""

_NO_LETTER = re.compile(f"[^{_LETTERS}]")
_NOT_IN_NAME = re.compile(f"[^{_LETTERS}\\-.0-9\u00b7\u0300-\u036f\u203f\u2040]|_(?=x)")
_NUMBERED = re.compile("_x([0-9A-F]{4,6})_")
_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    r"""A text with U+FFFD in the place of every character that no XML document can hold, however it is written.

    >>> xml_text("a\x00b")
    'a\ufffdb'
    """
    return _NO_CHARACTER.sub("\ufffd", text)


def xml_name(text: str) -> str:
    """A text as a name that can be an ``xml:id``; no two texts have one name.

    What cannot be in a name is written by its number, as SQL/XML (ISO 9075-14) has it.

    >>> xml_name("bank.river"), xml_name("river bank"), xml_name("1")
    ('bank.river', 'river_x0020_bank', '_x0031_')
    """
    name = _NOT_IN_NAME.sub(_numbered, text)
    return _NO_LETTER.sub(_numbered, name[:1]) + name[1:]


def named(name: str) -> str:
    """The text that `xml_name` made a name of, or a name that was none of its making.

    >>> named("river_x0020_bank"), named("_x0031_"), named("bank_x0")
    ('river bank', '1', 'bank_x0')
    """
    try:
        text = _NUMBERED.sub(lambda match: chr(int(match[1], 16)), name)
    except ValueError:  # there is no such character
        return name
    return text if xml_name(text) == name else name


def _numbered(match: re.Match[str]) -> str:
    return f"_x{ord(match[0]):04X}_"
