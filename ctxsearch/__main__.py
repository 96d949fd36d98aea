"""Lets ``python -m ctxsearch`` run the program."""

from ctxsearch.cli.main import run

if __name__ == "__main__":
    run()
