"""Where the program begins and ends, as ``ctxsearch`` and as ``python -m ctxsearch``."""

from __future__ import annotations

import atexit
import os
import sys

from ctxsearch.cli import INTERRUPTED


class _End:
    """Ends the process when all is done, without giving back each of its objects.

    To free what the libraries have made takes Python a sixth of a cold start, and the system does it at once. It is
    done when threads have ended, and after all that is to be done at the end of a process: what was registered first
    comes last. Where that is something else, the process ends as any other.
    """

    def __init__(self) -> None:
        self.status: int | None = None
        # What Python or a tool that looks on has registered before, comes after, and would not come at all.
        if not atexit._ncallbacks():
            atexit.register(self._leave)

    def _leave(self) -> None:
        if self.status is None:
            return
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            return  # Python tells it
        os._exit(self.status)


def run() -> None:
    """Runs a command, and the process ends with it."""
    end = _End()
    try:
        _run()
    except SystemExit as left:
        if isinstance(left.code, int):
            end.status = left.code
        raise


def _run() -> None:
    """Runs a command; Ctrl-C ends it in the same way while its modules are still being read."""
    try:
        from ctxsearch.cli.main import run as run_command

        run_command()
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    run()
