"""What can be asked of a format, told before anything is looked for; the command line and the library ask here."""

from __future__ import annotations

from collections.abc import Sequence

from ctxsearch.exporting.formats import FileFormat
from ctxsearch.exporting.material import SenseSource


def refusal(file_format: FileFormat, word: str | None, senses: SenseSource | None, options: Sequence[str]) -> str:
    """Why a format cannot be written so, without a full stop; empty where it can.

    >>> from ctxsearch.exporting import FORMATS
    >>> refusal(FORMATS[0], "bank", None, ["form", "grouping"])
    'csv takes no `grouping=`'

    Args:
        file_format: the format.
        word: whose occurrences; None for all that there is.
        senses: who says which sense an occurrence has.
        options: the names of the options that are given.
    """
    name = file_format.name
    taken = file_format.of_all if word is None else file_format.of_word
    if taken is None and word is None:
        return f"{name} has the {file_format.unit}s of a word; give WORD, too"
    if taken is None:
        return f"{name} has all of the corpus; leave out {word!r}"
    if refused := [f"`{option}=`" for option in options if option not in taken]:
        of_what = "" if word is not None or file_format.of_word is None else " of all words"
        return f"{name}{of_what} takes no {' and no '.join(refused)}"
    if "seed" in options and "sample" not in options:
        return "`seed=` draws a sample; say with `sample=` how many"
    if senses == "none" and ("sense" in options or "by" in options):
        return '`senses="none"` knows no sense; leave out `sense=` and `by=`'
    return ""
