"""A sense as a dictionary has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Wants = Callable[[str], bool]
"""Says whether a sense of this headword is asked for; is called once for each sense that a dictionary has."""


@dataclass(frozen=True, slots=True)
class DictionarySense:
    """A sense as a dictionary has it.

    Attributes:
        headword: the word.
        sense_id: what the dictionary calls the sense.
        definition: may be empty.
        examples: sentences that show it; the word may be in brackets.
        assigned: how many more a machine chose, and no person: they show nothing.
    """

    headword: str
    sense_id: str
    definition: str
    examples: Sequence[str]
    assigned: int = 0


def every(headword: str) -> bool:
    """Asks for all senses."""
    return True
