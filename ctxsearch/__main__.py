"""Where the program begins, as ``ctxsearch`` and as ``python -m ctxsearch``."""

from __future__ import annotations

import sys

from ctxsearch.cli import INTERRUPTED


def run() -> None:
    """Runs a command; Ctrl-C ends it in the same way while its modules are still being read."""
    try:
        from ctxsearch.cli.main import run as run_command

        run_command()
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    run()
