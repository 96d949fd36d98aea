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
        word: whose occurrences; None for those of a pattern, or for all that there is.
        senses: who says which sense an occurrence has.
        options: the names of the options that are given.
    """
    name = file_format.name
    is_of_pattern = word is None and "cql" in options and file_format.is_of_lines
    taken = file_format.of_all if word is None and not is_of_pattern else file_format.of_word
    if taken is None and word is None:
        return f"{name} has the {file_format.unit}s of a word; give WORD, or a pattern with `cql=`"
    if taken is None:
        return f"{name} has all of the corpus; leave out {word!r}"
    if refused := [f"`{option}=`" for option in options if option not in taken]:
        of_what = "" if taken is file_format.of_word or file_format.of_word is None else " of all words"
        return f"{name}{of_what} takes no {' and no '.join(refused)}"
    if "seed" in options and not {"sample", "per_document"}.intersection(options):
        how_many = "`sample=` or `per_document=`" if "per_document" in taken else "`sample=`"
        return f"`seed=` draws a sample; say with {how_many} how many"
    if senses == "none" and ("sense" in options or "by" in options):
        return '`senses="none"` knows no sense; leave out `sense=` and `by=`'
    return ""
