"""Whether the model or encoder that is found now is the one that made an index."""

from __future__ import annotations

from typing import NamedTuple

from ctxsearch.report import Problem
from ctxsearch.settings import Settings

_MEANWHILE = "until then the index answers `like` and `concordance` only"


class FoundEncoder(NamedTuple):
    """What would give a query its vector.

    Attributes:
        digest: of the model, or of an encoder of somebody's own.
        dimension: of the vectors of the latter; None of a model, whose digest says it.
    """

    digest: str
    dimension: int | None = None


def encoder_problem(settings: Settings, found: FoundEncoder) -> Problem | None:
    """What is wrong with it, if anything."""
    if found.digest != settings.model_digest:
        return Problem(
            settings.model,
            f"the model found now ({found.digest[:12]}) is not the one that made the index"
            f" ({settings.model_digest[:12]})",
            f"install that one again; {_MEANWHILE}",
        )
    if found.dimension not in (None, settings.dimension):
        return Problem(
            settings.model,
            f"the encoder has the digest of the one that made the index, and vectors of {found.dimension} components,"
            f" not {settings.dimension}",
            f"give the one that made the index; {_MEANWHILE}",
        )
    return None
