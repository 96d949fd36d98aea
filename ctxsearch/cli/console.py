"""What a command says to the person beside its results, and how it ends."""

from __future__ import annotations

import functools
import logging
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType, TracebackType

import typer

from ctxsearch.cli import INTERRUPTED
from ctxsearch.errors import CtxSearchError
from ctxsearch.naming import ARGUMENT

_CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], " ")
# Options that are called otherwise than arguments of the library; `replace` is of a file, which a test holds.
_OTHERWISE = {"file_format": "--format", "order": "--sort", "replace": "--force"}


def plain(text: str) -> str:
    r"""A text with a blank for each control character: a terminal would do what they say, and a line end parts a row.

    All that is printed for people goes through here, but for colours; what is for programs is exact.

    >>> plain("a\x1b[31m\nb")
    'a [31m b'
    """
    return text.translate(_CONTROLS)


def show(line: str) -> None:
    """Prints a line for people to standard output."""
    print(plain(line))


def say(message: str) -> None:
    """Prints a sentence to standard error, with options in the place of arguments."""
    # Imported late, as is all that not every command needs: a cold start is waited for.
    from rich.console import Console

    Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True).print(_as_printed(message))


def _as_printed(message: str) -> str:
    """A message, which may have several lines, as it is told."""
    return "\n".join(map(plain, with_options(message).split("\n")))


def say_what_is_logged() -> None:
    """Prints to standard error what the library logs: what answers, and in which way."""
    logger = logging.getLogger("ctxsearch")
    logger.addHandler(_Said())
    logger.setLevel(logging.DEBUG)


class _Said(logging.Handler):
    """Above a progress bar, if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        say(self.format(record))


def with_options(sentence: str) -> str:
    """A sentence of the library with options in the place of the arguments that it names, see `ctxsearch.naming`.

    >>> with_options('Use `device="cpu"`; or `replace=True`, and leave `text_column=` out.')
    'Use --device cpu; or --force, and leave --text-column out.'
    """
    return ARGUMENT.sub(_option, sentence)


def argument_of(option: str) -> str:
    """The argument of the library that an option stands for.

    >>> argument_of("--sort"), argument_of("--per-document")
    ('order', 'per_document')
    """
    named = {other: name for name, other in _OTHERWISE.items()}
    return named.get(option, option.removeprefix("--").replace("-", "_"))


def _option(argument: re.Match[str]) -> str:
    name, value = argument.groups()
    option = _OTHERWISE.get(name, f"--{name.replace('_', '-')}")
    if value in ("", "True"):
        return option
    text = re.sub(r"""\\(['"\\])""", r"\1", value[1:-1])
    return f"{option} {shlex.quote(text)}"


def counted(count: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "document"), counted(2_000, "document")
    ('1 document', '2,000 documents')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


class Interrupts:
    """Makes Ctrl-C heard by long work.

    Python raises `KeyboardInterrupt` wherever it happens to be; inside a destructor it is printed and forgotten. So it
    is noted as well, and raised again at the next `check`.
    """

    def __init__(self) -> None:
        self._asked = False

    def __enter__(self) -> Interrupts:
        # Whoever started this may have it ignore Ctrl-C, as nohup and scripts do of what runs in the background.
        self._before = signal.getsignal(signal.SIGINT)
        if self._before is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        raise KeyboardInterrupt

    def check(self) -> None:
        """Raises `KeyboardInterrupt` if Ctrl-C was pressed and it got lost."""
        if self._asked:
            raise KeyboardInterrupt


def first_names(names: Sequence[str], count: int) -> str:
    """The first names of so many, as the end of a sentence."""
    return ", ".join(names[:5]) + (", ..." if count > 5 else ".")


def told(command: Callable[..., None], *, writes_index: bool = False) -> Callable[..., None]:
    """Lets a command end as a user expects: a told error in one sentence, a reader that has seen enough, Ctrl-C.

    Typer would end all three by itself, each with exit code 1 or without a word.

    Args:
        command: what to run.
        writes_index: whether it changes an index; an error of the disk then says that what was committed is safe.
    """

    safe = " Nothing that was committed is lost." if writes_index else ""

    @functools.wraps(command)
    def run(*positional: object, **named: object) -> None:
        try:
            command(*positional, **named)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read our lines (head, less) has seen enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except KeyboardInterrupt:
            _end_line()
            say("Stopped.")
            raise typer.Exit(INTERRUPTED) from None
        except MemoryError:
            _fail(f"There is not enough memory.{safe}")
        except OSError as error:
            if isinstance(error, CtxSearchError):
                _fail(str(error))
            where = f"{error.filename}: " if error.filename is not None else ""
            _fail(f"{where}{error.strerror or error}.{safe}")
        except (CtxSearchError, ValueError) as error:
            _fail(str(error))

    return run


def _end_line() -> None:
    """Lets what is said next begin a line, where the terminal that it goes to may show half a line of results."""
    if sys.stdout.isatty() and sys.stderr.isatty():
        with suppress(OSError):  # a terminal that is gone
            sys.stdout.flush()  # what was kept of the line would else come behind what is said
        print(file=sys.stderr)


def _fail(message: str) -> None:
    print(f"Error: {_as_printed(message)}", file=sys.stderr)
    raise typer.Exit(1)
