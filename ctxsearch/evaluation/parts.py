"""Which lemmas a head is learned from, and which are held out: by a hash, so that every run holds out the same."""

from __future__ import annotations

from hashlib import sha256

PARTS = 10
"""Of this many lemmas one is for validation, and one for the test."""

TRAIN, VALIDATION, TEST = "train", "validation", "test"


def part_of(lemma: str) -> str:
    """Whether a lemma is learned from, says when to stop, or says how good a head is.

    >>> [part_of(lemma) for lemma in ("bank", "fire", "current")]
    ['train', 'validation', 'test']
    """
    number = int(sha256(lemma.encode()).hexdigest()[:8], 16) % PARTS
    return {0: TEST, 1: VALIDATION}.get(number, TRAIN)
