"""The commands that print concordance lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from ctxsearch.cli.console import say, show
from ctxsearch.cli.exporting import export_model
from ctxsearch.cli.nothing import NO_LINE, no_line, say_nothing
from ctxsearch.cli.opening import opening
from ctxsearch.cli.options import (
    FILTERS,
    AllowDamaged,
    Device,
    Dtype,
    Filters,
    Good,
    IndexName,
    Offset,
    PerDocument,
    Search,
    Shown,
    Sort,
    WrongCommand,
    given,
    refuse_all_but,
    with_records,
)
from ctxsearch.cli.output import Format, print_lines, print_rows
from ctxsearch.domain import ConcordanceLine

if TYPE_CHECKING:
    from ctxsearch.index import Index
    from ctxsearch.query.grouping import Frequency

_CHOOSING = (*FILTERS, "--allow-damaged")
_TWO_ORDERS = "Choose one of --good and --sort."


@with_records
def query(
    index: IndexName,
    sentence: Annotated[
        str, typer.Argument(metavar="SENTENCE", help="A sentence with one word in brackets; a literal bracket is \\[.")
    ],
    *,
    search: Search,
    filters: Filters,
    allow_damaged: AllowDamaged = False,
    device: Device = None,
    dtype: Dtype = None,
    shown: Shown,
) -> None:
    """Find the uses of a word that are like the one in brackets: "They rowed across the river to the [bank]"."""
    with opening(index, allow_damaged, device, dtype) as opened:
        lines = _found(partial(opened.query, sentence), search, filters, shown)
        _print(opened, lines, filters, shown, search.offset, good=search.good)
        export_model(opened)


@with_records
def like(
    index: IndexName,
    keys: Annotated[list[str], typer.Argument(metavar="KEY...", help="Of the lines to be like, DOCUMENT_ID:START.")],
    *,
    unlike: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="Of a line not to be like; may be given again.")
    ] = None,
    search: Search,
    filters: Filters,
    allow_damaged: AllowDamaged = False,
    shown: Shown,
) -> None:
    """Find more lines like these, and not like those; the keys are those that other commands print."""
    with opening(index, allow_damaged) as opened:
        lines = _found(partial(opened.like, keys, unlike=unlike or ()), search, filters, shown)
        _print(opened, lines, filters, shown, search.offset, good=search.good)


@with_records
def concordance(
    call: typer.Context,
    index: IndexName,
    word: Annotated[
        str | None,
        typer.Argument(
            metavar="WORD",
            help="A lemma, for all its forms; or a form, for itself; bank/NOUN for one part of speech. Without, the"
            " pattern of --cql has the node: the token after its @, or the first of which it says anything.",
        ),
    ] = None,
    *,
    filters: Filters,
    limit: Annotated[
        int | None, typer.Option("-k", "--limit", min=1, help="Only so many lines, or rows of --by.")
    ] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="A random sample of so many lines.")] = None,
    per_document: PerDocument = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws what is drawn; the same seed, the same lines.")] = 0,
    sort: Sort = None,
    good: Good = False,
    offset: Offset = 0,
    count: Annotated[bool, typer.Option("--count", help="Print only how many lines there are.")] = False,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="COLUMN",
            help="Print only how many lines have each value, and in a million words of such documents:"
            " of form, lemma, pos, document_id, title, or a column of the metadata (year:20 for periods); may be given"
            " again.",
        ),
    ] = None,
    allow_damaged: AllowDamaged = False,
    shown: Shown,
) -> None:
    """List every line of a word, or of a pattern of words."""
    if word is None and not filters.cql:
        raise WrongCommand("Name a word, or give a pattern with --cql.")
    if count and by:
        raise WrongCommand("Choose one of --count and --by.")
    if count:
        refuse_all_but(("--count", *_CHOOSING), call, "--count prints a number alone")
    elif by:
        refuse_all_but(("--by", "--limit", *_CHOOSING, "--json", "--csv", "--tsv"), call, "--by prints numbers alone")
    elif sample is None and per_document is None and "--seed" in given(call):
        raise WrongCommand("--seed draws a sample; say with --sample or --per-document how many lines.")
    if good and sort:
        raise WrongCommand(_TWO_ORDERS)
    with opening(index, allow_damaged) as opened:
        if count:
            number = opened.count(word, **filters.chosen)
            if not number:
                say_nothing(opened, filters.chosen["where"])
            print(number)
            return
        if by:
            found = opened.frequencies(word, by, **filters.chosen)
            if not found:
                say_nothing(opened, filters.chosen["where"], NO_LINE)
            _print_frequencies(found, by, shown.format, limit)
            return
        from ctxsearch.query.concordance import LinesOfFound

        ask: Callable[..., Sequence[ConcordanceLine]] = opened.iter_concordance
        if good or sort not in (None, ["corpus"]):
            ask = partial(opened.concordance, order=sort or "corpus", good=good)
        lines = ask(
            word,
            **filters.chosen,
            limit=limit,
            offset=offset,
            sample=sample,
            per_document=per_document,
            seed=seed,
            context=shown.around(good=good),
        )
        columns = lines.metadata_columns if isinstance(lines, LinesOfFound) else None
        _print(opened, lines, filters, shown, offset, good=good, columns=columns)


def _found(
    find: Callable[..., list[ConcordanceLine]], search: Search, filters: Filters, shown: Shown
) -> list[ConcordanceLine]:
    """What a search finds with the options that `query` and `like` share."""
    if search.good and search.sort:
        raise WrongCommand(_TWO_ORDERS)
    return find(
        k=search.limit,
        min_score=search.min_score,
        min_p=search.min_p,
        any_word=search.any_word,
        **filters.chosen,
        order=search.sort or "score",
        per_document=search.per_document,
        offset=search.offset,
        context=shown.around(good=search.good),
        exact=search.exact,
        good=search.good,
    )


def _print_frequencies(found: Sequence[Frequency], by: Sequence[str], output: Format, limit: int | None) -> None:
    asked = list(dict.fromkeys(by))
    shown = found[:limit]
    if output is Format.TABLE:
        texts = [["(none)" if value is None else str(value) for value in one.values] for one in shown]
        widths = [max(map(len, column)) for column in zip(asked, *texts, strict=True)]
        told = [f"{'count':>9}  {'words':>11}  {'per million':>11}  {'share':>6}"]
        for one in shown:
            rate = "-" if one.per_million is None else f"{one.per_million:,.2f}"
            told.append(f"{one.count:>9,}  {one.words:>11,}  {rate:>11}  {one.share:>6.1%}")
        for text, figures in zip([asked, *texts], told, strict=True):
            show("  ".join([*(f"{cell:<{width}}" for cell, width in zip(text, widths, strict=True)), figures]))
    else:
        from ctxsearch.query.grouping import frequency_columns

        print_rows([one.as_dict() for one in shown], output, frequency_columns(asked))
    if len(shown) < len(found):
        say(f"These are {len(shown):,} of {len(found):,} rows.")


def _print(
    index: Index,
    lines: Sequence[ConcordanceLine],
    filters: Filters,
    shown: Shown,
    offset: int,
    *,
    good: bool,
    columns: Callable[[], Sequence[str]] | None = None,
) -> None:
    if not lines:
        say_nothing(index, filters.chosen["where"], no_line(offset))
    print_lines(lines, shown.format, whole=shown.around(good=good) == "sentence", columns=columns)
