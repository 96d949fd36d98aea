"""Exports an index's model when a command has done its work, so that the next query need not wait for torch."""

from __future__ import annotations

import sys

from ctxsearch.cli.console import say
from ctxsearch.index import Index


def export_model(opened: Index) -> None:
    """Exports the model of an index, saying so, if that can be and was not done."""
    if opened.is_new or not opened.can_export:
        return
    sys.stdout.flush()  # whoever reads the answer is not to wait for this
    say(f"Exporting {opened.settings.model}, once, so that queries start at once from now on...")
    try:
        opened.export_model()
    except OSError as error:
        say(f"It could not be kept ({error.filename}: {error.strerror}); queries go on without it.")
