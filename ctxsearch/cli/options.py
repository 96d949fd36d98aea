"""The options that several commands share, each told once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, TypedDict, get_type_hints

import typer

from ctxsearch.cli.output import Format
from ctxsearch.domain import ConcordanceContext

IndexName = Annotated[
    str, typer.Argument(metavar="INDEX", help="A path, or a name under indexes/ (or $CTXSEARCH_INDEXES).")
]
Form = Annotated[
    list[str] | None, typer.Option(metavar="FORM", help="Only occurrences written exactly so; may be given again.")
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CONDITION",
        help="On the metadata, 'year>=1990', 'genre=fiction', or 'genre~news|essay.*' with a regular expression that"
        " matches the whole; on document_id, title or uri; or @NAME for a subcorpus; may be given again, and then all"
        " must hold.",
    ),
]
Near = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WORD",
        help="Only with this word in the sentence: river; river:5 within five words, river:-5 before, river:+5 after;"
        " !river without it; 10:30 is itself where the corpus has it; may be given again, and then all must hold.",
    ),
]
Pos = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TAG", help="Only this part of speech, where the sources of the corpus give any; may be given again."
    ),
]
Cql = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATTERN",
        help='Only as part of such tokens: \'[lemma="bank" & pos="NOUN"] []{0,2} "rivers?"\'; may be given again, and'
        " then all must hold.",
    ),
]
_KEYS = (
    "left, node or right, by these words; form, lemma, pos, document_id, or a column of the metadata; -KEY the other"
    " way round; may be given again, the first foremost."
)
Sort = Annotated[list[str] | None, typer.Option(metavar="KEY", help=f"corpus, as by default; {_KEYS}")]
SortFound = Annotated[
    list[str] | None, typer.Option("--sort", metavar="KEY", help=f"score, as by default; corpus; {_KEYS}")
]
PerDocument = Annotated[int | None, typer.Option(min=1, help="No more lines of one document than this.")]
Offset = Annotated[int, typer.Option(min=0, help="Pass over so many lines: the next page.")]
Good = Annotated[
    bool,
    typer.Option(
        "--good",
        help="The best example sentences first, in whole sentences unless --context says otherwise; what says the same"
        " as a better one comes last. Of more than 20,000 lines so many are judged: drawn by concordance, the nearest"
        " by query and like, with the others behind them.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
AllowDamaged = Annotated[
    bool, typer.Option("--allow-damaged", help="Answer from the rest where a part of the index is damaged.")
]
Layers = Annotated[str | None, typer.Option(help="last, sum:9-12, mean:1,6, concat:3-6. [default: by the model]")]
Pooling = Annotated[str | None, typer.Option(help="mean, first or last of a word's pieces. [default: mean]")]
HeadFile = Annotated[
    str | None,
    typer.Option(
        metavar="<str>",
        help="A file with a learned head, or none. [default: the one that comes with the model, unless --layers or"
        " --pooling is given]",
    ),
]
By = Annotated[str | None, typer.Option(metavar="NAME", help="Who you are.  [default: your name as a user]")]
Whose = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Count the labels of this person only.")]
Device = Annotated[
    str | None,
    typer.Option(
        help="Where the model runs: cpu, cuda, cuda:1, mps; or auto, a GPU if there is one, the CPU for a query on its"
        " own. With cuda, the index is searched there, too.  [default: auto]"
    ),
]
Dtype = Annotated[str | None, typer.Option(help="bf16, fp16 or fp32; what the hardware is fast at, by default.")]

_LINES, _WORDS = 20, "10"


class WrongCommand(typer.BadParameter):
    """A command line that is wrong as a whole, in a sentence to be printed as it is."""

    def format_message(self) -> str:
        """The sentence, without what Typer puts before it."""
        return self.message


def given(call: typer.Context) -> list[str]:
    """The options that the user wrote, as their help has them."""
    return [
        max(parameter.opts, key=len)
        for parameter in call.command.params
        if parameter.param_type_name == "option" and _is_given(call, parameter.name)
    ]


def _is_given(call: typer.Context, name: str | None) -> bool:
    source = call.get_parameter_source(name or "")
    return source is not None and source.name == "COMMANDLINE"


def refuse_all_but(kept: Collection[str], call: typer.Context, why: str) -> None:
    """Refuses options that would be passed over without a word.

    Args:
        kept: those that may be given.
        call: has those that are given.
        why: the others may not be.
    """
    if refused := [option for option in given(call) if option not in kept]:
        raise WrongCommand(f"{why}; leave out {' and '.join(refused)}.")


def to_file(path: Path) -> Path:
    """Refuses what means standard output elsewhere, and would be a file of that name here."""
    if str(path) == "-":
        raise WrongCommand("Name a file to write; this is not printed.")
    return path


@dataclass(frozen=True)
class Filters:
    """Which lines of a word may answer."""

    form: Form = None
    pos: Pos = None
    where: Where = None
    near: Near = None
    cql: Cql = None

    @property
    def chosen(self) -> FiltersGiven:
        """As the library takes them."""
        return {
            "form": self.form or (),
            "pos": self.pos or (),
            "where": self.where or (),
            "near": self.near or (),
            "cql": self.cql or (),
        }


class FiltersGiven(TypedDict):
    """The filters of the library's methods."""

    form: Sequence[str]
    pos: Sequence[str]
    where: Sequence[str]
    near: Sequence[str]
    cql: Sequence[str]


FILTERS = ("--form", "--pos", "--where", "--near", "--cql")
"""Their options."""


@dataclass(frozen=True)
class Search:
    """What `query` and `like` can be told besides the word and filters."""

    k: Annotated[int | None, typer.Option("-k", "--limit", min=1, help="How many lines.  [default: 20]")] = None
    every: Annotated[bool, typer.Option("--all", help="All lines, however far.")] = False
    min_score: Annotated[float | None, typer.Option(help="Only lines that score so much; a score is a cosine.")] = None
    min_p: Annotated[
        float | None, typer.Option(help="Only lines that have the same sense with so great a probability, 0.5 say.")
    ] = None
    any_word: Annotated[bool, typer.Option("--any-word", help="Search all words, not just this one.")] = False
    sort: SortFound = None
    per_document: PerDocument = None
    offset: Offset = 0
    exact: Annotated[
        bool, typer.Option("--exact", help="Compare all uses, also of a word so frequent that else a part is searched.")
    ] = False
    good: Good = False

    def __post_init__(self) -> None:
        if self.every and self.k is not None:
            raise WrongCommand("Choose one of -k and --all.")

    @property
    def limit(self) -> int | None:
        """How many lines; None for all."""
        return None if self.every else self.k or _LINES


def parsed_context(text: str) -> ConcordanceContext:
    """A number of words, or the sentence, as the user wrote it."""
    if text == "sentence":
        return "sentence"
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise typer.BadParameter(f"{text!r} is neither a number of words nor 'sentence'.", param_hint="'--context'")
    return int(text)


@dataclass(frozen=True)
class Printed:
    """How rows are printed."""

    json: Json = False
    csv: Annotated[bool, typer.Option("--csv", help="Comma-separated, with a header.")] = False
    tsv: Annotated[bool, typer.Option("--tsv", help="Tab-separated, with a header.")] = False

    def __post_init__(self) -> None:
        if self.json + self.csv + self.tsv > 1:
            raise WrongCommand("Choose one of --json, --csv and --tsv.")

    @property
    def format(self) -> Format:
        """The one format that was asked for."""
        chosen = ((self.json, Format.JSON), (self.csv, Format.CSV), (self.tsv, Format.TSV))
        return next((made for asked, made in chosen if asked), Format.TABLE)


@dataclass(frozen=True)
class Shown(Printed):
    """How lines are printed."""

    context: Annotated[
        str | None,
        typer.Option(help="Words on either side; or 'sentence', which is shown whole.  [default: 10]"),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.around()

    def around(self, *, good: bool = False) -> ConcordanceContext:
        """A number of words, or the sentence; an example is a whole sentence, unless another context is asked for."""
        return parsed_context(("sentence" if good else _WORDS) if self.context is None else self.context)


def with_records(command: Callable[..., None]) -> Callable[..., None]:
    """Lets a command take records of options, `Search` say, as parameters: Typer is shown each of their fields.

    Typer reads a command's signature, and has no notion of options that belong together.
    """
    # Not get_type_hints: of a parameter that may be None, Python 3.10 makes a type without its Annotated.
    signature = inspect.signature(command, eval_str=True)
    records: dict[str, Any] = {
        name: one.annotation for name, one in signature.parameters.items() if is_dataclass(one.annotation)
    }
    shown: list[inspect.Parameter] = []
    for name, parameter in signature.parameters.items():
        if name not in records:
            shown.append(parameter.replace(kind=parameter.KEYWORD_ONLY))
            continue
        kinds = get_type_hints(records[name], include_extras=True)
        shown.extend(
            inspect.Parameter(part.name, parameter.KEYWORD_ONLY, default=part.default, annotation=kinds[part.name])
            for part in fields(records[name])
        )

    def run(**given: object) -> None:
        for name, record in records.items():
            given[name] = record(**{part.name: given.pop(part.name) for part in fields(record)})
        command(**given)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    return run
