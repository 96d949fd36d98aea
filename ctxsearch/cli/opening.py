"""How the commands that read an index open it, and say what they had to leave out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ctxsearch.cli.console import say
from ctxsearch.index import Index


@contextmanager
def opening(name: str, allow_damaged: bool, device: str | None = None, dtype: str | None = None) -> Iterator[Index]:
    """The index; at the end it is told what the answer came without."""
    with Index.open(name, device=device, dtype=dtype, allow_damaged=allow_damaged) as index:
        yield index
        for shard, why in index.left_out.items():
            say(f"Left out, since it is damaged: {shard} ({why}).")


def check_head(index: Index, asked: str) -> None:
    """Compares a head that the user asks for with the index's.

    Raises:
        HeadError: it is none.
        SettingsMismatch: it is another.
    """
    # Imported late: it brings numpy.
    from ctxsearch.head import named_head

    index.settings.check_head(index.path, *named_head(asked))
