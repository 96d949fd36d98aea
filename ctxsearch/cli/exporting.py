"""Exports an index's model when a command has done its work, so that the next query need not wait for torch."""

from __future__ import annotations

from ctxsearch.cli.console import say
from ctxsearch.index import Index


def export_model(name: str) -> None:
    """Exports the model of an index, saying so, if that can be and was not done."""
    with Index.open(name, allow_damaged=True) as opened:
        if opened.is_new or not opened.can_export:
            return
        say(f"Exporting {opened.settings.model}, once, so that queries start at once from now on...")
        try:
            opened.export_model()
        except OSError as error:
            say(f"It could not be kept ({error.filename}: {error.strerror}); queries go on without it.")
