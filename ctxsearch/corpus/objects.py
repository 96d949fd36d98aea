"""Reads the JSON object that a line of JSONL is: as the standard has it, and no field of it is lost without a word."""

from __future__ import annotations

import json
from collections import Counter
from typing import NoReturn

# Python reads no longer number.
_MOST_DIGITS = 4_300


def read_object(line: str) -> dict[str, object]:
    """Reads the object of a line.

    >>> read_object('{"id": "a", "year": 1912}')
    {'id': 'a', 'year': 1912}
    >>> read_object('{"id": "a", "id": "b"}')
    Traceback (most recent call last):
    ValueError: there are several fields 'id' in one object, of which one alone could be kept

    Raises:
        ValueError: it is no object, or has a field twice, or a number that is none.
    """
    try:
        record = _DECODER.decode(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"the line is not JSON ({error.msg}, column {error.colno})") from error
    except RecursionError as error:
        raise ValueError("the line is nested too deeply") from error
    if not isinstance(record, dict):
        raise ValueError("the line is not a JSON object, { ... }")
    return record


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number that JSON has")


def _object(fields: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(fields)
    if len(found) != len(fields):
        twice = next(name for name, count in Counter(name for name, _ in fields).items() if count > 1)
        raise ValueError(f"there are several fields {twice!r:.80} in one object, of which one alone could be kept")
    return found


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"there is a number of {len(digits):,} digits in it; give it as a string")
    return int(digits)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_whole, parse_constant=_refuse)
