"""Runs commands in processes of their own, as a user does, without waiting for torch to be imported each time.

A fork server imports the libraries once, and every command is a fork of it with its own arguments, folder,
environment, pipes and exit code: all that a shell gives it.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

import ctxsearch as package

_SERVER = multiprocessing.get_context("forkserver")
_PACKAGE = Path(package.__file__).parent
_SERVER.set_forkserver_preload(
    [
        # All of ours, or each command would read those that it imports when it first needs them.
        *(
            ".".join(path.with_suffix("").relative_to(_PACKAGE.parent).parts)
            for path in sorted(_PACKAGE.rglob("[!_]*.py"))
        ),
        "onnxruntime",
        "transformers.models.bert.modeling_bert",
    ]
)

_HARD_SIZE = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

# What a developer may have set, and would change what is printed or where indexes are.
_NOT_INHERITED = ("COLUMNS", "CTXSEARCH_INDEXES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE")


class Running:
    """A command that has been started; leaving the block kills it.

    Args:
        arguments: what follows ``ctxsearch``.
        cwd: the folder it runs in.
        env: variables that are set.
        file_size: no file can grow beyond so many bytes, as on a full disk.
        open_files: how many files it may have open, and how many it may allow itself.
        terminal: a terminal to write standard error to; otherwise it goes to a pipe, as standard output does.
        script: a Python script that is run in place of ``ctxsearch``.

    Attributes:
        peak: the most memory it had, in bytes, known after `wait`.
    """

    peak = 0

    def __init__(
        self,
        *arguments: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        file_size: int | None = None,
        open_files: tuple[int, int] | None = None,
        terminal: str = "",
        script: Path | None = None,
    ) -> None:
        self.arguments = [str(argument) for argument in arguments]
        self._read: dict[str, bytes] = {}
        pipes = {name: _SERVER.Pipe(duplex=False) for name in ("stdout", "stderr", "peak")}
        self._process = _SERVER.Process(
            target=_command,
            args=(
                self.arguments,
                [writer for _, writer in pipes.values()],
                str(cwd or Path.cwd()),
                dict(env or {}),
                {
                    resource.RLIMIT_FSIZE: None if file_size is None else (file_size, _HARD_SIZE),
                    resource.RLIMIT_NOFILE: open_files,
                },
                terminal,
                script,
            ),
        )
        self._process.start()
        self._readers = [Thread(target=self._keep, args=(name, reader)) for name, (reader, _) in pipes.items()]
        for thread, (_, writer) in zip(self._readers, pipes.values(), strict=True):
            writer.close()
            thread.start()

    def _keep(self, name: str, reader: Connection) -> None:
        with reader, os.fdopen(os.dup(reader.fileno()), "rb") as file:
            self._read[name] = file.read()

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()
        for thread in self._readers:
            thread.join()

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGINT)

    def wait(self, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Waits for the end of the command."""
        self._process.join(seconds)
        assert self._process.exitcode is not None, f"{self.arguments} did not end"
        for thread in self._readers:
            thread.join()
        out, err = (self._read[name].decode() for name in ("stdout", "stderr"))
        self.peak = int(self._read["peak"] or 0)
        return subprocess.CompletedProcess(self.arguments, self._process.exitcode, out, err)


def ctxsearch(
    *arguments: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    file_size: int | None = None,
    open_files: tuple[int, int] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, see `Running`."""
    with Running(*arguments, cwd=cwd, env=env, file_size=file_size, open_files=open_files) as running:
        return running.wait()


def python(script: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs a Python script to its end, which finds the modules that lie beside it."""
    with Running(*arguments, script=script) as running:
        return running.wait()


def _command(
    arguments: Sequence[str],
    pipes: Sequence[Connection],
    cwd: str,
    env: Mapping[str, str],
    limits: Mapping[int, tuple[int, int] | None],
    terminal: str,
    script: Path | None,
) -> None:
    os.chdir(cwd)
    # Where the tests run in the background of a shell, that has let them ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in _NOT_INHERITED:
        os.environ.pop(name, None)
    os.environ.update(env)
    *streams, peak = pipes
    for descriptor, stream in enumerate(streams, start=1):
        os.dup2(stream.fileno(), descriptor)
        stream.close()
    if terminal:
        os.dup2(os.open(terminal, os.O_RDWR | os.O_NOCTTY), 2)
    sys.stdout, sys.stderr = (os.fdopen(descriptor, "w", encoding="utf-8", closefd=False) for descriptor in (1, 2))
    sys.argv = [str(script or "ctxsearch"), *arguments]
    for kind, limit in limits.items():
        if limit is not None:
            resource.setrlimit(kind, limit)
    from ctxsearch.cli.main import run

    try:
        if script:
            sys.path.insert(0, str(script.parent))
            runpy.run_path(str(script), run_name="__main__")
        else:
            run()
    finally:
        unit = 1 if sys.platform == "darwin" else 1024
        os.write(peak.fileno(), str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit).encode())


def told(result: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of an error, and nothing but it."""
    assert result.returncode == 1, result
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def keys(result: subprocess.CompletedProcess[str]) -> list[str]:
    """The keys of the lines that were printed with ``--json``."""
    assert result.returncode == 0, result
    return [json.loads(line)["key"] for line in result.stdout.splitlines()]
