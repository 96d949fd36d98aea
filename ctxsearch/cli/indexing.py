"""The commands that make, fill and describe an index."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import ctxsearch
from ctxsearch.analysis import Analyser
from ctxsearch.cli.console import Interrupts, counted, first_names, say, show
from ctxsearch.cli.exporting import export_model
from ctxsearch.cli.index_report import tell_report
from ctxsearch.cli.opening import check_head, opening
from ctxsearch.cli.options import (
    AllowDamaged,
    Device,
    Dtype,
    HeadFile,
    IndexName,
    Json,
    Layers,
    Pooling,
    WrongCommand,
    refuse_all_but,
)
from ctxsearch.cli.progress import progress_bar
from ctxsearch.corpus import DEFAULT_COLUMNS
from ctxsearch.domain import Document, Progress
from ctxsearch.errors import IndexNotFound, SourceError
from ctxsearch.index import DEFAULT_SHARD_TOKENS, Index
from ctxsearch.settings import CODEC_OF_HEAD, CODEC_WITHOUT_HEAD, DEFAULT_LAYERS, DEFAULT_MODEL


def index(
    call: typer.Context,
    index: IndexName,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE...",
            help="Folders, .txt, .md, .html, .jsonl, .csv, .tsv, .conllu, .vrt, .xml (TEI) (or .gz), .docx, .xlsx,"
            " .ods, .zip.",
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help=f"A folder or a name. [default: {DEFAULT_MODEL}]")] = None,
    layers: Layers = None,
    pooling: Pooling = None,
    head: HeadFile = None,
    window: Annotated[int | None, typer.Option(help="Pieces that the model sees at once. [default: 128]")] = None,
    language: Annotated[str | None, typer.Option(help="For sentences and lemmas. [default: en]")] = None,
    punctuation: Annotated[bool | None, typer.Option("--punctuation", help="Index punctuation marks too.")] = None,
    codec: Annotated[
        str | None,
        typer.Option(
            help="fp16, sq8, sq6 or sq4; less and less space."
            f" [default: {CODEC_OF_HEAD}, or {CODEC_WITHOUT_HEAD} without a head]"
        ),
    ] = None,
    device: Device = None,
    dtype: Dtype = None,
    shard_tokens: Annotated[int, typer.Option(min=1, help="Words in a shard.")] = DEFAULT_SHARD_TOKENS,
    replace: Annotated[bool, typer.Option("--replace", help="Let a document take the place of its namesake.")] = False,
    text_column: Annotated[str, typer.Option(help="The column or field with the text.")] = "text",
    id_column: Annotated[str | None, typer.Option(help="The column or field with the id. [default: id]")] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help="The columns of VRT: word, pos, lemma or lempos; others are passed over."
            f" [default: those that the file names, or {','.join(DEFAULT_COLUMNS)}]"
        ),
    ] = None,
    encoding: Annotated[str, typer.Option(help="Of all source files.")] = "utf-8",
    glob: Annotated[str | None, typer.Option(help="Only files of a folder that match, '*.txt' for instance.")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Pass over bad records, and count them.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Take damaged parts out, and make them again from these sources.")
    ] = False,
) -> None:
    """Make an index, or add documents to one.

    An interrupted run goes on where it stopped: give the same command again.
    """
    if not sources:
        if not repair:
            raise WrongCommand("Missing argument 'SOURCE': name at least one folder or file to read.")
        refuse_all_but(("--repair",), call, "Without a source --repair adds nothing")
        _take_out_damage(index)
        return
    if glob is not None and all(_is_one_file(source) for source in sources):
        raise WrongCommand("--glob chooses among the files of a folder or a .zip, and no source is one.")

    def on_skip(error: SourceError) -> None:
        say(f"Skipped: {error}")

    corpus = ctxsearch.read(
        *sources,
        text_column=text_column,
        id_column=id_column,
        columns=columns,
        encoding=encoding,
        skip_bad=skip_bad,
        on_skip=on_skip,
        glob=glob,
    )
    asked: dict[str, object] = {
        "layers": layers,
        "pooling": pooling,
        "head": head,
        "window": window,
        "language": language,
        "punctuation": punctuation,
        "codec": codec,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    with (
        Interrupts() as interrupts,
        progress_bar(corpus) as show,
        _opened(index, model, given, device, dtype, repair) as (opened, wanted),
    ):

        def on_progress(progress: Progress) -> None:
            interrupts.check()
            if show:
                show(progress)

        before = opened.commit
        try:
            report = opened.add(
                wanted(corpus),
                replace=replace,
                skip_bad=skip_bad,
                on_skip=on_skip,
                shard_tokens=shard_tokens,
                on_progress=on_progress,
            )
        except KeyboardInterrupt:
            if opened.is_new:
                say("Stopped, before anything was committed; give the same command again to begin anew.")
            else:
                say(f"Stopped. {opened.path} is as of its last commit; give the same command again to go on.")
            raise typer.Exit(130) from None
        except SourceError as error:
            if opened.commit == before:
                raise
            how = (
                ""
                if skip_bad
                else " Mend it, or pass over what is bad with --skip-bad; then give the same command again."
            )
            hint = f"{error.hint} What came before it is added.{how}".strip()
            raise SourceError(error.path, error.why, line=error.line, hint=hint) from error
        finally:
            is_gone = opened.discard()
    tell_report(index, report, corpus)
    if is_gone:
        say(f"There was nothing to index, and so no index {index} was made.")
        return
    # Opened anew: for --device and --dtype an export is of no use, for the queries to come it is.
    with Index.open(index, allow_damaged=True) as opened:
        export_model(opened)


def _is_one_file(source: str) -> bool:
    return Path(source).is_file() and not source.lower().endswith(".zip")


@contextmanager
def _opened(
    name: str, model: str | None, given: dict[str, object], device: str | None, dtype: str | None, repair: bool
) -> Iterator[tuple[Index, Callable[[Iterable[Document]], Iterable[Document]]]]:
    """The index to add to, and what chooses among its sources' documents: with ``repair``, those that were lost."""
    if not repair:
        with _open_or_create(name, model, given, device, dtype) as opened:
            yield opened, lambda documents: documents
        return
    known = _take_out_damage(name)
    lost = None if known is None else set(known)
    seen: set[str] = set()

    def wanted(documents: Iterable[Document]) -> Iterator[Document]:
        for document in documents:
            if lost is None or document.document_id in lost:
                seen.add(document.document_id)
                yield document

    with _open_or_create(name, model, given, device, dtype) as opened:
        yield opened, wanted
    if missing := sorted((lost or set()) - seen):
        names = first_names(missing, len(missing))
        say(f"{counted(len(missing), 'lost document')} did not come with the sources: {names}")


def _take_out_damage(name: str) -> Sequence[str] | None:
    """Repairs an index, and says what was damaged and what is lost; the ids of the lost documents, if known."""
    repaired = Index.repair(name)
    for problem in repaired.problems:
        say(f"Damaged: {problem.path}: {problem.why}.")
    if repaired.lost is None:
        say(
            "Nobody knows which documents went with it: all that the sources have, and the index has not, are added,"
            " but what was removed."
            " When every source was given: ctxsearch remove INDEX --lost."
        )
    elif not repaired.lost:
        say("No document is lost; nothing has to be made again.")
    else:
        say(f"{counted(len(repaired.lost), 'document')} to be made again.")
    return repaired.lost


def _open_or_create(
    name: str, model: str | None, given: dict[str, object], device: str | None, dtype: str | None
) -> Index:
    try:
        opened = Index.open(name, device=device, dtype=dtype)
    except IndexNotFound:
        opened = None
    if opened is None or opened.is_new:
        settings = {**given} if model is None else {"model": model, **given}
        created = Index.create(name, device=device, dtype=dtype, **settings)  # type: ignore[arg-type]
        if not created.settings.head and "layers" not in given and created.settings.layers != DEFAULT_LAYERS:
            say(
                f"Layers {created.settings.layers}, by the model's depth, since nothing else is known of it;"
                " ctxsearch evaluate --sweep finds the best for labelled uses of yours."
            )
        analyser = Analyser(created.settings.language)
        if created.settings.model == DEFAULT_MODEL and analyser.language != "en":
            say(
                f"{DEFAULT_MODEL} has learnt from English: of other languages it tells little, and of many scripts"
                " nothing. Choose a model that knows yours with --model, before you index much."
            )
        if not analyser.has_lemmas:
            say(
                f"There is no dictionary of {created.settings.language!r}: words are filed as they are written, unless"
                " their sources give lemmas. Languages go by their codes, de or fr for instance."
            )
        return created
    if model and Path(model).is_dir():
        model = str(Path(model).resolve())
    head = given.pop("head", None)
    opened.settings.check_asked(opened.path, model=model, **given)
    if isinstance(head, str):
        check_head(opened, head)
    return opened


def info(index: IndexName, allow_damaged: AllowDamaged = False, as_json: Json = False) -> None:
    """Say what an index holds, and how it was made."""
    with opening(index, allow_damaged) as opened:
        content = asdict(opened.info())
    if as_json:
        print(json.dumps(content, ensure_ascii=False))
        return
    settings = content.pop("settings")
    rows = {**content, **settings}
    for name, value in rows.items():
        show(f"{name.replace('_', ' '):<18}  {_shown(value)}")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(value)
    return f"{value:,}" if isinstance(value, int) else str(value)
