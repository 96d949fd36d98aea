"""What a command says to the person beside its results: on standard error, one sentence at a time."""

from __future__ import annotations

import sys

from rich.console import Console


def say(message: str) -> None:
    """Prints a sentence to standard error."""
    Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True).print(message)


def fail(message: str) -> None:
    """Tells an error, and ends with exit code 1."""
    print(f"Error: {message}", file=sys.stderr)
    sys.exit(1)
