"""What an index holds, as files that other programs read.

export       the use case: checks, writes beside the goal, puts in place
accepting    what can be asked of a format
formats      the table of formats; a format is one entry in it
material     what a format is given to write from, and what it says it has written
selecting    which occurrences are written
annotation   which sense each has, and who says so
choosing     both, and the lines
showing      which lines show a sense in an entry
goal         new files, put in place together, or not at all
lines        concordance lines as CSV, TSV and JSON lines
xlsx         the same as a spreadsheet; the only door to XlsxWriter
durel        uses for annotation with DURel
tei          draft entries of a dictionary, TEI Lex-0
vrt          documents as vertical text, for corpus tools
conllu       documents as a treebank
columns      what can stand in a line of columns, and under which names
documents    documents one after the other, in either
gaps         the tokens of a sentence with what lies between them
vectors      the vectors of occurrences, for numpy and for FAISS, with their keys beside them
parquet      the same as a table; the only door to PyArrow
"""

from __future__ import annotations

from ctxsearch.exporting.accepting import refusal
from ctxsearch.exporting.export import export
from ctxsearch.exporting.formats import FORMATS, FileFormat, format_of
from ctxsearch.exporting.material import Asked, Exported, Material

__all__ = ["FORMATS", "Asked", "Exported", "FileFormat", "Material", "export", "format_of", "refusal"]
