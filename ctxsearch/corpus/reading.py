"""Reads any mix of folders and files, one document at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from ctxsearch.callbacks import check_callbacks
from ctxsearch.corpus.archives import ARCHIVE, members
from ctxsearch.corpus.columns import columns_of
from ctxsearch.corpus.conllu import read_conllu
from ctxsearch.corpus.docx import DOCX, read_docx
from ctxsearch.corpus.files import NAMES_KEPT, File, Source, find
from ctxsearch.corpus.hypertext import read_html
from ctxsearch.corpus.jsonl import read_jsonl
from ctxsearch.corpus.lines import check_encoding, is_utf8, looks_like_utf8, read_blocks
from ctxsearch.corpus.records import DEFAULT_TEXT_COLUMN, OnRead, Options, Reader, UnknownFormat
from ctxsearch.corpus.sheets import SHEETS
from ctxsearch.corpus.tables import names_files, read_metadata, read_table
from ctxsearch.corpus.tei import read_tei
from ctxsearch.corpus.text import read_text
from ctxsearch.corpus.vertical import read_vertical
from ctxsearch.domain import Document, Metadata
from ctxsearch.errors import SourceError


def read_archive(file: File, options: Options, on_read: OnRead) -> Iterator[Document | SourceError]:
    """Yields nothing: an archive comes here only if it could not be listed, to say what is wrong with it.

    Raises:
        SourceError: it still cannot.
    """
    members(file.path, file.uri)
    yield from ()


# A new format is a new line here; each may be packed with gzip.
_READERS: dict[str, Reader] = {
    ".txt": read_text,
    ".jsonl": read_jsonl,
    ".csv": read_table,
    ".tsv": read_table,
    ".conllu": read_conllu,
    ".vrt": read_vertical,
    ".vert": read_vertical,
    ".vertical": read_vertical,
    ".xml": read_tei,
    ".tei": read_tei,
    ".md": read_text,
    ".markdown": read_text,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
}
READERS = {ending + packed: reader for ending, reader in _READERS.items() for packed in ("", ".gz")}
READERS |= dict.fromkeys(SHEETS, read_table)
READERS[DOCX] = read_docx
# The files of an archive are read as those of a folder; the archive itself only to say what is wrong with it.
READERS[ARCHIVE] = read_archive
# Of those that are one document, named by its file, a metadata table may say more.
_TEXTS = (read_text, read_html, read_docx)
# Those that tell their encoding themselves.
_WITH_ENCODING = (*SHEETS, DOCX, ARCHIVE)


class Corpus:
    """The documents of some sources; each iteration reads the files anew.

    The files are listed once, when the corpus is made. The counts are those of the present or last pass.

    Attributes:
        total_bytes: the size of all files as they lie on the disk.
        bytes_read: how much of that has been read; with ``total_bytes`` it makes a progress bar.
        skipped: how many bad records and files were passed over.
        unread: files of folders that no reader knows, the first 100 names; XML that is no TEI is among them once it has
            been come to.
        unread_count: how many such files there are.
        in_utf8: files that are read in another encoding, as they were asked to be, and have all the look of UTF-8; the
            first 100 names.
        in_utf8_count: how many such files there are.
        unmatched: names in metadata tables that no text file of their folder has, the first 100.
        unmatched_count: how many such rows there are.
    """

    def __init__(
        self,
        sources: Sequence[str | Path],
        options: Options,
        *,
        skip_bad: bool = False,
        on_skip: Callable[[SourceError], None] | None = None,
        glob: str | None = None,
    ) -> None:
        check_encoding(options.encoding)
        self._options = options
        self._skip_bad = skip_bad
        self._on_skip = on_skip
        self._sources = [find(source, READERS, glob=glob) for source in sources]
        self.total_bytes = sum(file.size for source in self._sources for file in {*source.files, *source.tables})
        self._forget()

    def _forget(self) -> None:
        """Sets the counts to what is known before anything is read."""
        self.bytes_read = 0
        self.skipped = 0
        self.unread = [name for source in self._sources for name in source.unread][:NAMES_KEPT]
        self.unread_count = sum(source.unread_count for source in self._sources)
        self.in_utf8: list[str] = []
        self.in_utf8_count = 0
        self.unmatched: list[str] = []
        self.unmatched_count = 0

    def __iter__(self) -> Iterator[Document]:
        """Reads the documents, in the order of the sources, files and records.

        Raises:
            SourceError: a file or record cannot be read, and bad ones are not to be skipped.
        """
        self._forget()
        for source in self._sources:
            about, tables = self._read_metadata(source)
            twins = _twins(source.files)
            for file in source.files:
                if file in tables:
                    continue
                reader = partial(_refuse_twin, twins[file.uri]) if file.uri in twins else READERS[file.ending]
                for document in self._read(reader, file, is_named=source.is_named):
                    if _is_text(file) and document.document_id in about:
                        yield dataclasses.replace(document, metadata=about[document.document_id])
                    else:
                        yield document
        # A metadata table that turned out to be none, and no corpus file either, was counted but not read.
        self.bytes_read = self.total_bytes

    def _read_metadata(self, source: Source) -> tuple[dict[str, Metadata], list[File]]:
        """Returns the metadata of text files by name, and the tables that they come from."""
        texts = {file.name for file in source.files if _is_text(file)}
        tables: list[File] = []
        about: dict[str, Metadata] = {}
        for table in source.tables:
            # The table of an archive speaks of the files in it.
            folder = table.name[: table.name.rfind("/") + 1]
            own = {name.removeprefix(folder) for name in texts if name.startswith(folder)}
            if not (own and names_files(table, self._options)):
                continue
            before = [one for one in tables if one.name[: one.name.rfind("/") + 1] == folder]
            tables.append(table)
            reader = partial(_refuse_table, before[0].uri) if before else partial(read_metadata, texts=own)
            for row in self._read(reader, table, is_named=source.is_named):
                name = folder + row.document_id
                if name in texts:
                    about[name] = row.metadata
                elif name not in source.unwanted:
                    self.unmatched_count += 1
                    if len(self.unmatched) < NAMES_KEPT:
                        self.unmatched.append(name)
        return about, tables

    def _read(self, reader: Reader, file: File, *, is_named: bool) -> Iterator[Document]:
        """Yields what is good in a file, and raises or passes over what is bad."""
        before = self.bytes_read

        def on_read(n_bytes: int) -> None:
            # A file may grow while it is read; the bar should not run over its end.
            self.bytes_read = before + min(n_bytes, file.size)

        is_known = True
        for record in _with_errors(reader(file, self._options, on_read)):
            if not isinstance(record, SourceError):
                yield record
            elif isinstance(record, UnknownFormat) and not is_named:
                is_known = False
                self.unread_count += 1
                if len(self.unread) < NAMES_KEPT:
                    self.unread.append(file.uri)
            elif not self._skip_bad:
                raise record
            else:
                self.skipped += 1
                if self._on_skip:
                    self._on_skip(record)
        if is_known and self._seems_garbled(file):
            self.in_utf8_count += 1
            if len(self.in_utf8) < NAMES_KEPT:
                self.in_utf8.append(file.uri)
        self.bytes_read = before + file.size

    def _seems_garbled(self, file: File) -> bool:
        """Whether a file is to be read in another encoding than UTF-8, and looks as if that were the right one."""
        if is_utf8(self._options.encoding) or file.ending in _WITH_ENCODING:
            return False
        try:
            return looks_like_utf8(read_blocks(file, lambda _: None))
        except SourceError:  # which whoever reads it tells
            return False


def read(
    *sources: str | Path,
    text_column: str = DEFAULT_TEXT_COLUMN,
    id_column: str | None = None,
    columns: Sequence[str] | str | None = None,
    encoding: str = "utf-8",
    skip_bad: bool = False,
    on_skip: Callable[[SourceError], None] | None = None,
    glob: str | None = None,
) -> Corpus:
    """Reads documents from folders and files: text, HTML, JSONL, CSV, TSV, CoNLL-U, VRT and TEI, also packed with gzip.

    A text file (Markdown as it stands), a page of HTML and a ``.docx`` are one document, and its id is its path under
    the folder; in the others each record is one, and where it has no id of its own it is called ``path#line``, or by
    the path alone where a treebank or a TEI file is but one document. Of a spreadsheet (``.xlsx``, ``.xls``, ``.ods``;
    extra ``xlsx``) the first sheet is read. An archive (``.zip``) is read as a folder is; in both, XML that is no TEI,
    and spreadsheets without texts, are passed over. A file ``metadata.csv`` or ``.tsv``, or a spreadsheet of that name,
    at the top of a folder gives its text files metadata, if it has a column ``id``, ``file`` or ``filename`` (or
    ``id_column``). Texts come as they are in the file, line ends and all; those of pages and ``.docx`` as paragraphs.
    Treebanks and other corpora that are cut into tokens give their documents these, with their sentences, lemmas and
    tags (`Document.given`); so does a table of uses (a header with ``lemma``, ``context`` and
    ``indexes_target_token``), which gives each of its contexts the word that it is for.

    Args:
        sources: folders, which are read with all that is in them, and files.
        text_column: the column, or the field of a JSON object, that has the text.
        id_column: the same for the id, also among the attributes of a document of VRT; without it, ``id``.
        columns: the names of the columns of VRT, in their order: ``word``, ``pos``, ``lemma`` or ``lempos``, and any
            other for those to be passed over; a list, or one string with commas. Where None, as the file says in a
            comment (``<!-- #vrt positional-attributes: word pos lemma -->``), or else ``word,pos,lemma``.
        encoding: of all files.
        skip_bad: whether to pass over bad records, and files that cannot be read, instead of raising.
        on_skip: is called with the error of each that is passed over.
        glob: reads only those files of a folder whose name matches, for instance ``*.txt`` or ``letters/*.txt``.

    Returns:
        An iterable of documents, which reads as it goes and may be gone through again.

    Raises:
        SourceError: a source is missing or has nothing to read, there is no such encoding, or no column is the word.
            Whatever else is wrong with a file or record is raised when it is come to.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "river.txt").write_text("They rowed to the bank.")
    ...     _ = Path(folder, "rows.csv").write_text("id,year,text\\nloan,1912,The bank lent us money.\\n")
    ...     for document in read(folder):
    ...         print(document.document_id, document.text, document.metadata)
    river.txt They rowed to the bank. {}
    loan The bank lent us money. {'year': 1912}
    """
    if not sources:
        raise ValueError("name at least one folder or file to read")
    check_callbacks(on_skip=on_skip)
    named = None if columns is None else columns_of(columns)
    options = Options(text_column=text_column, id_column=id_column, encoding=encoding, columns=named)
    return Corpus(sources, options, skip_bad=skip_bad, on_skip=on_skip, glob=glob)


def _with_errors(records: Iterator[Document | SourceError]) -> Iterator[Document | SourceError]:
    """Turns the error that ends a file into its last record."""
    try:
        yield from records
    except SourceError as error:
        yield error


def _twins(files: Sequence[File]) -> dict[str, str]:
    """Text files, by what they are shown as, whose name is that of another, but for how it spells an accent."""
    first: dict[str, File] = {}
    twins = {}
    for file in filter(_is_text, files):
        other = first.setdefault(file.name, file)
        # A file that lies there packed as well has the same id, too, and on purpose.
        one, same = (each.uri[:-3] if each.packed else each.uri for each in (file, other))
        if one != same:
            twins[file.uri] = other.uri
    return twins


def _refuse_twin(other: str, file: File, options: Options, on_read: OnRead) -> Iterator[Document | SourceError]:
    """Tells of a text file that its document would have the id of another file's."""
    why = f"its name is that of {other} with an accent spelled otherwise (as one sign, and as two)"
    yield SourceError(file.uri, why, hint="Rename one of them.")


def _refuse_table(other: str, file: File, options: Options, on_read: OnRead) -> Iterator[Document | SourceError]:
    """Tells of a second table about the same text files, of which the last would hold."""
    yield SourceError(file.uri, f"there is a table about the same files already, {other}", hint="Make one of the two.")


def _is_text(file: File) -> bool:
    return READERS[file.ending] in _TEXTS
