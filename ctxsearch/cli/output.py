"""Prints concordance lines: aligned and coloured for people, JSON, CSV or TSV for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from ctxsearch.cells import NAMING, line_cells, line_header, row
from ctxsearch.cli.console import counted, plain, say
from ctxsearch.domain import ConcordanceLine, MetadataValue
from ctxsearch.errors import IndexDamaged

_JOINERS = "\u200c\u200d"
_NARROWEST = 40
# Where there is no terminal, and nobody says otherwise.
_PIPED = 120
# Lines that are made before the first of them is printed; for people their columns are equally wide.
_ALIGNED = 4096


class Format(Enum):
    """How lines are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    TSV = "tsv"


@dataclass(frozen=True, slots=True)
class Told:
    """What else there is to say of a line.

    Attributes:
        shown: for people, before the line.
        fields: for programs, by name.
    """

    shown: str
    fields: Mapping[str, MetadataValue]


def print_lines(
    lines: Sequence[ConcordanceLine],
    output: Format,
    told: Sequence[Told] = (),
    *,
    whole: bool = False,
    columns: Callable[[], Sequence[str]] | None = None,
    told_fields: Sequence[str] = (),
) -> None:
    """Prints lines to standard output, each with what else there is to say of it.

    Args:
        lines: what to print.
        output: how.
        told: what else there is to say, of each line, or of none.
        whole: prints the whole context for people, too, not as much of it as is seen at a glance.
        columns: the names in their metadata, where these are known without making all lines.
        told_fields: the names of what else there is to say, which are printed where there is no line as well.
    """
    names: Sequence[str] = ()
    delimiter = "\t" if output is Format.TSV else ","
    if output in (Format.CSV, Format.TSV):
        names = columns() if columns else sorted({name for line in lines for name in line.metadata})
        print_row(line_header(list(told[0].fields) if told else told_fields, names), delimiter)
    for start in range(0, len(lines), _ALIGNED):
        some = slice(start, start + _ALIGNED)
        try:
            block = list(lines[some])
        except (IndexDamaged, OSError):
            if start:
                say(f"Printed the first {counted(start, 'line')} of {len(lines):,}, read before what is wrong was met.")
            raise
        if output is Format.TABLE:
            _print_table(block, [one.shown for one in told[some]], whole=whole)
            continue
        more = [one.fields for one in told[some]] or [{}] * len(block)
        for line, fields in zip(block, more, strict=True):
            if output is Format.JSON:
                print(json.dumps({**asdict(line), **fields}, ensure_ascii=False))
            else:
                print_row(line_cells(line, fields.values(), names), delimiter, NAMING)


def print_row(cells: Iterable[object], delimiter: str, exact: Collection[int] = ()) -> None:
    """Prints a row of CSV or TSV to standard output, in which nothing is a formula; see `ctxsearch.cells.row`."""
    sys.stdout.write(row(cells, delimiter, exact))


def print_rows(rows: Sequence[Mapping[str, object]], output: Format, columns: Sequence[str]) -> None:
    """Prints rows to standard output, as JSON, CSV or TSV.

    Args:
        rows: what is in each column.
        output: one of these.
        columns: their names, which are printed where there is no row as well.
    """
    if output is Format.JSON:
        for one in rows:
            print(json.dumps(one, ensure_ascii=False))
        return
    delimiter = "," if output is Format.CSV else "\t"
    print_row(columns, delimiter)
    for one in rows:
        print_row(one.values(), delimiter)


def _print_table(lines: Sequence[ConcordanceLine], told: Sequence[str], *, whole: bool) -> None:
    """One line each: the score, the key, and the node in one column, with as much context as there is room for.

    That is the terminal's, or what COLUMNS says. Where context is to be whole, it is, and a terminal breaks it.
    """
    console = Console(soft_wrap=True, highlight=False, emoji=False, markup=False)
    # A width of 0, as some shells say where there is no terminal, would let nothing through.
    console.width = max(_NARROWEST, console.width)
    width = console.width if console.is_terminal or os.environ.get("COLUMNS") else _PIPED
    scored = any(line.score is not None for line in lines)
    weighed = any(line.p_same is not None for line in lines)
    told_width = min(28, max(map(cell_len, told), default=-2))
    key_width = min(max(28, width // 3), max(cell_len(line.key) for line in lines))
    # Without colour the node is marked as a query marks it.
    marks = "[]" if not console.is_terminal or console.no_color else ""
    node_width = max(cell_len(_one_line(line.node)) for line in lines) + len(marks)
    room = max(20, width - told_width - 2 - key_width - 2 - node_width - (8 if scored else 0) - (6 if weighed else 0))
    left_width = min(room // 2, max(cell_len(_one_line(line.left)) for line in lines))
    right_width = room - left_width
    cyan, green, dim, red = (_styled(console, style) for style in ("cyan", "green", "dim", "bold red"))
    for number, line in enumerate(lines):
        left, node, right = _one_line(line.left), _one_line(line.node), _one_line(line.right)
        if whole:
            left, right = left.lstrip(), right.rstrip()
        parts = []
        if scored:
            parts.append(cyan(f"{line.score or 0.0:6.3f}  "))
        if weighed:
            parts.append(green("      " if line.p_same is None else f"{min(line.p_same, 0.99):4.0%}  "))
        if told:
            parts.append(green(_fit(plain(told[number]), told_width) + "  "))
        # Another command is given the key, so it is whole, and takes its room from what stands before the node.
        key = plain(line.key)
        over = max(0, cell_len(key) - key_width)
        parts.append(dim(set_cell_size(key, key_width + over) + "  "))
        parts.append(left if whole else _cut_left(left, max(1, left_width - over)))
        parts.append(f"[{node}]" if marks else red(node))
        parts.append(right if whole else _cut_right(right, right_width))
        print("".join(parts))


def _styled(console: Console, style: str) -> Callable[[str], str]:
    """What gives a text a style. Rich is asked once what stands around it: it takes a tenth of a millisecond a line."""
    with console.capture() as shown:
        console.print(Text("-", style=style), end="")
    before, _, after = shown.get().partition("-")
    return lambda text: f"{before}{text}{after}"


def _one_line(text: str) -> str:
    """A stretch of text with its line ends and control characters shown as blanks.

    What joins letters, or keeps them apart, is part of how they are written; a soft hyphen is no part of a line.
    """
    if text.isprintable():
        return text
    return "".join(
        " " if character.isspace() or not (character.isprintable() or character in _JOINERS) else character
        for character in text.replace("\u00ad", "")
    )


def _fit(text: str, width: int) -> str:
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def _cut_left(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return " " * (width - cell_len(text)) + text
    while cell_len(text) > width - 1:
        text = text[max(1, cell_len(text) - width) if text.isascii() else 1 :]
    return " " * (width - 1 - cell_len(text)) + "…" + text


def _cut_right(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"
