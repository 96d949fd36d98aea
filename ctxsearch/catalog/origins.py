"""How the catalog keeps what a source calls a sentence and its tokens."""

from __future__ import annotations

import json

import numpy as np

from ctxsearch.domain import Origin

_NOTHING = ""


def encoded_origin(origin: Origin) -> tuple[str, bytes, str]:
    """The name, the lines as 32-bit numbers, and the rest as JSON, empty where there is none."""
    lines = np.asarray(origin.lines, dtype="<u4").tobytes()
    if not origin.ids and not origin.parts:
        return origin.name, lines, _NOTHING
    rest = {"ids": list(origin.ids), "parts": [[place, list(words)] for place, words in sorted(origin.parts.items())]}
    return origin.name, lines, json.dumps(rest, ensure_ascii=False)


def decoded_origin(name: str, lines: bytes, rest: str) -> Origin:
    """What `encoded_origin` made of it.

    >>> origin = Origin("s1", [4, 5], ["1", "2-3"], {1: [("in", "in", "ADP"), ("dem", "der", "DET")]})
    >>> decoded_origin(*encoded_origin(origin)) == origin
    True

    Raises:
        ValueError: it cannot be read.
    """
    numbers = np.frombuffer(lines, dtype="<u4").tolist()
    if rest == _NOTHING:
        return Origin(name, numbers)
    try:
        made = json.loads(rest)
        ids = [str(one) for one in made["ids"]]
        parts = {
            int(place): [(str(form), str(lemma), str(tag)) for form, lemma, tag in words]
            for place, words in made["parts"]
        }
    except (KeyError, TypeError, RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from error
    return Origin(name, numbers, ids, parts)
