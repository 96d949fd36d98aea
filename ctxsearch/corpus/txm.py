"""What TXM adds to TEI: lemma and tag of a word are elements in it, and metadata are attributes of the text.

In its XML a word is ``<w><txm:form>sprang</txm:form><txm:ana type="#enpos">VVD</txm:ana> ...</w>``, and its text begins
with ``<text id="letters" year="1912">``. Files of TXM declare its namespace, and hardly anything in their header.
"""

from __future__ import annotations

from collections.abc import Mapping

from ctxsearch.corpus.records import value_of
from ctxsearch.corpus.tei_text import Word
from ctxsearch.domain import MetadataValue

ANNOTATION = "ana"
"""The element that says one thing of a word; in TEI it is an attribute alone."""

_NAMESPACE = "xmlns:txm"
_NO_VALUE = "<unknown>"
# More is no lemma and no tag.
_MAX_CHARS = 1_000


class Annotation:
    """What one element says of a word, as it comes.

    >>> word = Word(1, "", "w")
    >>> said = Annotation(word, {"type": "#frpos"})
    >>> said.characters("NOM")
    >>> said.end()
    >>> word.tag
    'NOM'
    """

    def __init__(self, word: Word, attributes: Mapping[str, str]) -> None:
        self._word = word
        self._what = attributes.get("type", "")
        self._text = ""

    def characters(self, data: str) -> None:
        """Takes text."""
        if len(self._text) < _MAX_CHARS:
            self._text += data[:_MAX_CHARS]

    def end(self) -> None:
        """Gives the word what was said of it, if it is its lemma or its tag."""
        said = self._text.strip().replace(_NO_VALUE, "")
        if said and self._what.endswith("lemma"):
            self._word.lemma = said
        elif said and self._what.endswith("pos"):
            self._word.tag = said


def is_txm(attributes: Mapping[str, str]) -> bool:
    """Whether a document with these attributes is TXM's."""
    return _NAMESPACE in attributes


def metadata_of(attributes: Mapping[str, str]) -> dict[str, MetadataValue]:
    """The metadata in the attributes of a text.

    >>> metadata_of({"id": "letters", "year": "1912", "xml:lang": "fr"})
    {'year': 1912}
    """
    return {name: value_of(value) for name, value in attributes.items() if value and name != "id" and ":" not in name}
