"""Tells the lines of a vertical file that are tags from those that are tokens, and reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_NAME = r"[A-Za-z_][\w.:-]*"
_VALUE = r"\"[^\"]*\"|'[^']*'|[^\s\"'<>=/]+"
_TAG = re.compile(rf"<(?P<end>/?)(?P<name>{_NAME})(?P<rest>(?:\s[^\t]*)?)(?P<empty>/?)>\s*")
_ATTRIBUTES = re.compile(rf"(?:\s+{_NAME}\s*=\s*(?:{_VALUE}))*\s*")
_ATTRIBUTE = re.compile(rf"({_NAME})\s*=\s*({_VALUE})")
_DECLARATION = re.compile(r"<\?.*\?>\s*|<!--.*-->\s*|<!(?:DOCTYPE|doctype)\b.*>\s*")
_ENTITY = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that has a line of its own.

    Attributes:
        name: of the structure, in lower case; empty for what is no structure, such as a comment.
        is_end: whether it closes the structure.
        is_empty: whether it opens and closes it.
        attributes: decoded; None where they cannot be made out.
    """

    name: str
    is_end: bool = False
    is_empty: bool = False
    attributes: Mapping[str, str] | None = field(default_factory=dict)


def read_tag(line: str) -> Tag | None:
    """Returns the tag that a line is, if it is one; ``<3`` and ``<`` are tokens.

    >>> read_tag('<s id="1" n="a &amp; b">').attributes
    {'id': '1', 'n': 'a & b'}
    >>> read_tag("</doc>").is_end, read_tag("<g/>").is_empty, read_tag("<3"), read_tag("<b>\\tSYM\\t<b>")
    (True, True, None, None)
    """
    if not line.startswith("<"):
        return None
    found = _TAG.fullmatch(line)
    if not found:
        return Tag("") if _DECLARATION.fullmatch(line) else None
    rest = found["rest"]
    is_empty = bool(found["empty"])
    if rest.endswith("/") and not is_empty:
        rest, is_empty = rest[:-1], True
    attributes = None
    if _ATTRIBUTES.fullmatch(rest):
        found_in = _ATTRIBUTE.findall(rest)
        attributes = {name: decoded(_bare(value)) for name, value in found_in}
        # Of one that is there twice, nobody knows which is meant.
        attributes = attributes if len(attributes) == len(found_in) else None
    return Tag(found["name"].lower(), bool(found["end"]), is_empty, attributes)


def _bare(value: str) -> str:
    return value[1:-1] if value[0] in "\"'" else value


def decoded(text: str) -> str:
    """Returns a text with the characters that its entities stand for; what is no entity of XML stays as it is.

    >>> decoded("Q&amp;A &lt;&#51; R&D &eacute;")
    'Q&A <3 R&D &eacute;'
    """
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(entity: re.Match[str]) -> str:
    if entity[1]:
        return _CHARACTERS[entity[1]]
    code = int(entity[2]) if entity[2] else int(entity[3], 16)
    is_one = 0 < code < 0x110000 and not 0xD800 <= code < 0xE000
    return chr(code) if is_one else entity[0]
