"""The tables of ``catalog.sqlite``, as named migrations.

    documents          one row a document: its id, title, metadata (JSON), and where its segments are
    segments           one row a sentence: its text, and the spans of its tokens as a blob of 16-bit start and end pairs
    lemmas, forms      what words there are, how often, and at which row of the vectors their list begins; a form has a
                       row for each of its tags, and each way in which its lemma is written
    origins            one row a sentence whose tokens its source gave: what it is called there, and on which lines
    unembedded         one row for each such token that has no vector, and so is no row of the vectors
    metadata_columns   the names that occur in the documents' metadata, for those who filter
    lemma_frequencies  a view for people: every lemma with its frequency and its forms

A token has no row of its own (a row costs 30 bytes and a fifth of the speed); its id is ``segment << 16 | token``.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("ctxsearch")


@migrations()
def create_tables(db: Database) -> None:
    """The tables of format version 1."""
    db["documents"].create(  # type: ignore[union-attr]
        {
            "document": int,
            "document_id": str,
            "title": str,
            "uri": str,
            "metadata": str,
            "first_segment": int,
            "segments": int,
            "characters": int,
            "words": int,
            "digest": str,
        },
        pk="document",
        not_null={"document_id", "metadata", "first_segment", "segments"},
    )
    db["documents"].create_index(["document_id"], unique=True)  # type: ignore[union-attr]
    db["segments"].create(  # type: ignore[union-attr]
        {"segment": int, "document": int, "start": int, "text": str, "tokens": bytes},
        pk="segment",
        not_null={"document", "start", "text", "tokens"},
        foreign_keys=[("document", "documents", "document")],
    )
    db["lemmas"].create(  # type: ignore[union-attr]
        {"lemma_no": int, "lemma": str, "frequency": int}, pk="lemma_no", not_null={"lemma", "frequency"}
    )
    db["lemmas"].create_index(["lemma"], unique=True)  # type: ignore[union-attr]
    db["forms"].create(  # type: ignore[union-attr]
        {"form_no": int, "form": str, "folded": str, "lemma_no": int, "first_row": int, "frequency": int},
        pk="form_no",
        not_null={"form", "folded", "lemma_no", "first_row", "frequency"},
        foreign_keys=[("lemma_no", "lemmas", "lemma_no")],
    )
    db["forms"].create_index(["form"])  # type: ignore[union-attr]
    db["forms"].create_index(["folded"])  # type: ignore[union-attr]
    db["forms"].create_index(["lemma_no"])  # type: ignore[union-attr]
    db["metadata_columns"].create({"name": str, "documents": int}, pk="name")  # type: ignore[union-attr]
    db.create_view(
        "lemma_frequencies",
        "select lemmas.lemma, lemmas.frequency, group_concat(forms.form, ' ') as forms from lemmas"
        " join forms using (lemma_no) group by lemma_no order by lemmas.frequency desc, lemmas.lemma",
    )


@migrations()
def add_given(db: Database) -> None:
    """What is kept of tokens that a source gives, since format version 4."""
    forms = db["forms"]
    forms.add_column("tag", str, not_null_default="")  # type: ignore[union-attr]
    forms.add_column("written", str, not_null_default="")  # type: ignore[union-attr]
    db["origins"].create(  # type: ignore[union-attr]
        {"segment": int, "name": str, "lines": bytes, "ids": str},
        pk="segment",
        not_null={"name", "lines", "ids"},
    )
    db["unembedded"].create(  # type: ignore[union-attr]
        {"segment": int, "token": int, "lemma": str, "tag": str, "written": str},
        pk=("segment", "token"),
        not_null={"lemma", "tag", "written"},
    )
