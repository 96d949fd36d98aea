"""The giving half of an index: what it holds, as files that other programs read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ctxsearch.callbacks import check_callbacks
from ctxsearch.domain import ConcordanceContext, Document, Progress
from ctxsearch.index.answers import Answers
from ctxsearch.index.concordances import DEFAULT_CONTEXT
from ctxsearch.paths import path_of
from ctxsearch.sense import Sense, id_of

if TYPE_CHECKING:
    from ctxsearch.exporting import Exported
    from ctxsearch.exporting.material import SenseSource


class Exports(Answers):
    """What gives documents back, and writes files for other programs."""

    def document(self, document_id: str) -> Document:
        """A document as it was read: its text, in which the offsets of lines are, title, metadata and uri.

        >>> import tempfile
        >>> from ctxsearch import Document, Index
        >>> index = Index.create(f"{tempfile.mkdtemp()}/mine")
        >>> report = index.add([Document("1", "They rowed to the bank.", {"year": 1912})])
        >>> line = index.concordance("bank")[0]
        >>> document = index.document(line.document_id)
        >>> document.text[line.start : line.end], document.metadata
        ('bank', {'year': 1912})

        Raises:
            DocumentNotFound: there is none.
            QueryError: the id is no string.
        """
        from ctxsearch.query.texts import whole_document

        return whole_document(self.open_shards(), document_id)

    def export(
        self,
        file: str | Path,
        word: str | None = None,
        *,
        file_format: str | None = None,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
        limit: int | None = None,
        offset: int = 0,
        sample: int | None = None,
        per_document: int | None = None,
        seed: int = 0,
        order: str | Sequence[str] | None = "corpus",
        sense: str | Sense | None = None,
        senses: SenseSource | None = None,
        by: str | None = None,
        context: ConcordanceContext = DEFAULT_CONTEXT,
        grouping: str | None = None,
        examples: int = 5,
        replace: bool = False,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Exported:
        """Writes lines, entries of a dictionary, or vectors into a file, whole and durably, or not at all.

        ``csv``, ``tsv``, ``jsonl`` and ``xlsx`` have the lines of a word; ``durel`` has its uses for annotation;
        ``tei`` has the entry of a word, or of every headword of the inventory; ``npy``, ``parquet`` and ``faiss`` have
        the vectors of a word, or of all occurrences. Beside ``npy`` and ``faiss`` lies ``FILE.keys.jsonl``, with an
        object for each vector, in their order. ``vrt`` and ``conllu`` have the documents, every token with its sense.

        Args:
            file: where.
            word: a lemma, or a form, see `concordance`; None for the node of the pattern in ``cql``, or for all that
                there is.
            file_format: its name; told by the ending of the file, where None.
            form, pos, where, near, cql: which occurrences, see `concordance`.
            limit, offset, per_document, order: which of their lines, and in which order, see `concordance`; not for
                ``tei``, and not where all is written.
            sample: a random sample of so many, the same that `concordance` draws.
            seed: draws what is drawn.
            sense: only lines that have this sense, given by its id, or itself; for ``tei``, only this sense.
            senses: who says which sense a line has: ``labels``, people; ``assigned``, see `Senses.assign`; ``none``,
                nobody. Where None, people, if any line is labelled. Tables have what is assigned in columns of its own,
                ``assigned``, ``p`` and ``margin``, beside what people say in ``sense``.
            by: counts the labels of this person only.
            context: of lines: words on either side, or ``"sentence"``.
            grouping: of ``durel``: the column of the metadata to group by; ``year`` or ``date``, where None.
            examples: of ``tei``: of each sense so many, its own sentences first, of which none is left out.
            replace: replaces files that are there.
            on_progress: is told how many lines, headwords or vectors are done.

        >>> import tempfile
        >>> from pathlib import Path
        >>> from ctxsearch import Document, Index
        >>> folder = tempfile.mkdtemp()
        >>> index = Index.create(f"{folder}/mine")
        >>> report = index.add([Document("1", "They rowed to the bank.", {"year": 1912})])
        >>> index.export(f"{folder}/bank.csv", "bank").count
        1
        >>> print(Path(folder, "bank.csv").read_text(), end="")
        key,score,left,node,right,form,lemma,document_id,start,end,p_same,pos,source,metadata.year
        1:18,,They rowed to the ,bank,.,bank,bank,1,18,22,,,,1912

        Raises:
            ExportError: the file cannot be written so, or is there already.
            WordNotFound: the corpus does not have the word.
            QueryError: a filter or an option cannot be understood, or the file is no path.
            SenseError: there is no such sense, or nothing tells which line has it.
            MissingExtra: what writes such files is not installed.
        """
        from ctxsearch.exporting import Asked, Material, export, format_of
        from ctxsearch.query.options import at_least, checked_context, checked_count, checked_seed
        from ctxsearch.query.shaping import checked_shaping

        check_callbacks(on_progress=on_progress)
        path, shards = path_of(file), self.open_shards()
        asked = Asked(
            word=word,
            filters=self._filters(form, pos, where, near, cql),
            shaping=checked_shaping(shards, order, per_document, offset, has_scores=False),
            limit=checked_count(limit),
            sample=checked_count(sample),
            seed=checked_seed(seed),
            sense=None if sense is None else id_of(sense),
            by=by,
            senses=senses,
            context=checked_context(context),
            grouping=grouping,
            examples=at_least(0, examples),
        )
        chosen = format_of(path, file_format)
        material = Material(asked, shards, self.senses(), self._parts.settings.language, on_progress)
        return export(material, path, chosen, index=self._parts.path, replace=replace)
