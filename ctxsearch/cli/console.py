"""What a command says to the person beside its results, and how it ends."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable

import typer
from rich.console import Console

from ctxsearch.errors import CtxSearchError

_INTERRUPTED = 130  # as shells have it: 128 and the number of the signal


def say(message: str) -> None:
    """Prints a sentence to standard error."""
    Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True).print(message)


def counted(count: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "document"), counted(2_000, "document")
    ('1 document', '2,000 documents')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def told(command: Callable[..., None]) -> Callable[..., None]:
    """Lets a command end as a user expects: a told error in one sentence, a reader that has seen enough, Ctrl-C.

    Typer would end all three by itself, each with exit code 1 or without a word.
    """

    @functools.wraps(command)
    def run(*positional: object, **named: object) -> None:
        try:
            command(*positional, **named)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read our lines (head, less) has seen enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except KeyboardInterrupt:
            say("Stopped.")
            raise typer.Exit(_INTERRUPTED) from None
        except OSError as error:
            if isinstance(error, CtxSearchError):
                _fail(str(error))
            where = f"{error.filename}: " if error.filename is not None else ""
            _fail(f"{where}{error.strerror or error}. Nothing that was committed is lost.")
        except (CtxSearchError, ValueError) as error:
            _fail(str(error))

    return run


def _fail(message: str) -> None:
    print(f"Error: {message}", file=sys.stderr)
    raise typer.Exit(1)
