"""What a catalog is asked for: its tables, and statements that take some words to explain."""

from __future__ import annotations

TABLES = ("documents", "segments", "lemmas", "forms", "metadata_columns")
TABLES_OF_GIVEN = ("origins", "unembedded")
"""Those that there are since format 4."""

MOST = 1 << 62
"""Beyond any number of segments, and of those that SQLite has."""

# Segments of a document are numbered in the order of the text, so the last that begins before a character is found by
# halving; one statement costs less than one for each step. Where a stranger's file has a number more than once, it ends
# all the same.
SEGMENT_AT = """
with recursive halves (low, high) as (
    values (?, ?)
    union
    select case when start <= ? then segment else low end, case when start <= ? then high else segment - 1 end
    from halves join segments on segment = (low + high + 1) / 2 where low < high limit 100
)
select segment, document, start, text, tokens from segments where segment = (select low from halves where low >= high)
"""
"""The segment, between two, that holds a character, given twice."""

SEGMENT_KINDS = (int, int, int, str, bytes)

DOCUMENTS = "select document, document_id, metadata, first_segment, segments, digest, uri, title, words from documents"
DOCUMENT_KINDS = (int, str, str, int, int, str, str, str, int)

VALUES = (
    "select type = 'real', iif(type in ('true', 'false'), type, cast(value as text)),"
    " iif(type = 'real', value + 0.0, 0.0), count(*)"
    " from documents, json_each(documents.metadata)"
    " where key = ? and type != 'null' and document not in (select value from json_each(?)) group by 1, 2, 3"
)
"""How many documents, but for some, have each value of a column: whether it is a real number, its text, and the number.

The text has fifteen digits of a real number at most.
"""

COLUMNS = (
    "select key, count(*) from documents, json_each(documents.metadata)"
    " where document in (select value from json_each(?)) group by key"
)
"""How many of some documents have each column."""

HAVE = (
    "select 1 from documents where {0} != '' and ('{0}' = 'document_id' or not exists"
    " (select 1 from json_each(documents.metadata) where key = ?))"
    " and document not in (select value from json_each(?)) limit 1"
)
"""Whether any document, but for some, has something of its own besides its metadata, and is not hidden by them."""
