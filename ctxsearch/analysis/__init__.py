"""Cuts a text into segments (sentences) and tokens with exact offsets, and files each token under a lemma.

analyser     class Analyser: the parts below, put together
sentences    where a text is cut
words        what counts as a token
forms        how forms are compared, seen and listed
lemmas       the key that a token is filed under
given        tokens that a source brings with it
"""

from __future__ import annotations

from ctxsearch.analysis.analyser import Analyser, check_code
from ctxsearch.analysis.forms import has_dotless_i, normal_form, spellings, surface_form, visible_form
from ctxsearch.given import MAX_SEGMENT_CHARS

__all__ = [
    "MAX_SEGMENT_CHARS",
    "Analyser",
    "check_code",
    "has_dotless_i",
    "normal_form",
    "spellings",
    "surface_form",
    "visible_form",
]
