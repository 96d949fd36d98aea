"""The tables of ``senses.sqlite``, as named migrations.

senses     one row a sense: what it is called, the word's lemma, the definition
labels     one row for each occurrence (by its key) and each person who labelled it
examples   sentences with a marked word that show a sense, and are no occurrences of the corpus
notes      what people noted about a sense
subcorpora conditions on the metadata that have a name, as JSON
changes    all that was ever done, each with the rows it changed as they were before and after (JSON), and
           the number of the change that it undid, or 0
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("ctxsearch-senses")


@migrations()
def create_tables(db: Database) -> None:
    """The tables of version 1."""
    db["senses"].create(  # type: ignore[union-attr]
        {"sense": int, "sense_id": str, "lemma": str, "definition": str},
        pk="sense",
        not_null={"sense_id", "lemma", "definition"},
    )
    db["senses"].create_index(["sense_id"], unique=True)  # type: ignore[union-attr]
    db["senses"].create_index(["lemma"])  # type: ignore[union-attr]
    db["labels"].create(  # type: ignore[union-attr]
        {"key": str, "by": str, "sense": int, "at": str}, pk=("key", "by"), not_null={"sense", "at"}
    )
    db["labels"].create_index(["sense"])  # type: ignore[union-attr]
    db["examples"].create(  # type: ignore[union-attr]
        {"example": int, "sense": int, "text": str, "start": int, "end": int, "source": str},
        pk="example",
        not_null={"sense", "text", "start", "end", "source"},
    )
    db["examples"].create_index(["sense"])  # type: ignore[union-attr]
    db["notes"].create(  # type: ignore[union-attr]
        {"note": int, "sense": int, "text": str, "by": str, "at": str},
        pk="note",
        not_null={"sense", "text", "by", "at"},
    )
    db["notes"].create_index(["sense"])  # type: ignore[union-attr]
    db["changes"].create(  # type: ignore[union-attr]
        {"change": int, "what": str, "by": str, "at": str, "undoes": int, "rows": str},
        pk="change",
        not_null={"what", "by", "at", "undoes", "rows"},
    )
    db["changes"].create_index(["undoes"])  # type: ignore[union-attr]


@migrations()
def add_subcorpora(db: Database) -> None:
    """Subcorpora, in version 2."""
    db["subcorpora"].create(  # type: ignore[union-attr]
        {"name": str, "conditions": str, "by": str, "at": str}, pk="name", not_null={"conditions", "by", "at"}
    )
