"""Where exported models are kept between runs, and how one is found again.

    CACHE/MODEL_DIGEST/model.onnx         the model: ``input_ids`` in, the hidden states of every layer out
    CACHE/MODEL_DIGEST/model.onnx.data    its weights, which are mapped: a sentence needs few rows of the embedding
    CACHE/MODEL_DIGEST/tokenizer.json     its tokenizer
    CACHE/MODEL_DIGEST/export.json        what it is an export of, and the digests of the others

CACHE is ``$CTXSEARCH_CACHE``, or ``ctxsearch`` in the user's cache folder. Nothing in it is needed: what is missing,
damaged or of another version is passed over, and made again when it is asked for.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from ctxsearch.digests import digest_files, json_bytes
from ctxsearch.errors import QueryError
from ctxsearch.storage import folder_beside, make_folder, make_folders, plain_size, put_bytes, remove, rename, sync

# Counts up when exports of an older ctxsearch are of no use any more.
EXPORT_VERSION = 2

GRAPH_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
_WEIGHTS_FILE = "model.onnx.data"
_EXPORT_FILE = "export.json"


class Export(NamedTuple):
    """An exported model.

    Attributes:
        model: the name it went by, for errors.
        model_digest: what tells its weights, see `ctxsearch.encoder.locate.model_digest`.
        n_layers: layers after the embedding.
        hidden_size: components of a hidden state.
        folder: where its files are.
        weights_digest: the SHA-256 of its weights.
    """

    model: str
    model_digest: str
    n_layers: int
    hidden_size: int
    folder: Path
    weights_digest: str

    @property
    def graph(self) -> Path:
        """The file for ONNX Runtime."""
        return self.folder / GRAPH_FILE

    def has_its_weights(self) -> bool:
        """Whether the weights are those that were put there; reads them all."""
        try:
            return digest_files(self.folder / _WEIGHTS_FILE) == self.weights_digest
        except OSError:
            return False


def layer_name(number: int) -> str:
    """What the output of a layer is called in an exported model; layer 0 is the embedding."""
    return f"layer_{number}"


def cache_folder() -> Path:
    """The folder that exported models are kept in; it need not be there.

    Raises:
        QueryError: it would be in a home folder that is none: that of no user, or of one who has none.
    """
    given = os.environ.get("CTXSEARCH_CACHE")
    users = os.environ.get("XDG_CACHE_HOME") or ("~/Library/Caches" if sys.platform == "darwin" else "~/.cache")
    try:
        return Path(given).expanduser() / "models" if given else Path(users).expanduser() / "ctxsearch" / "models"
    except RuntimeError as error:
        raise QueryError(
            f"There is no home folder for {given or users!r}; write the whole path of a folder in $CTXSEARCH_CACHE."
        ) from error


def find_export(model_digest: str) -> Export | None:
    """The export of a model, checked; None where there is none that can be used."""
    folder = cache_folder() / model_digest[:32]
    try:
        about = _about(folder)
        if about is None or about.get("model_digest") != model_digest or "failed" in about:
            return None
        digests = about["files"]
        for name in (GRAPH_FILE, TOKENIZER_FILE):
            plain_size(folder / name)
            if digest_files(folder / name) != digests[name]:
                return None
        plain_size(folder / _WEIGHTS_FILE)
        sizes = int(about["n_layers"]), int(about["hidden_size"])
        return Export(str(about["model"]), model_digest, *sizes, folder, str(digests[_WEIGHTS_FILE]))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):  # no home directory is a RuntimeError
        return None


def was_tried(model_digest: str) -> bool:
    """Whether there is an export of a model, or it could not be made by what is installed now."""
    try:
        about = _about(cache_folder() / model_digest[:32])
    except (OSError, ValueError, RuntimeError):
        return False
    return about is not None and ("failed" not in about or about.get("tried_with") == _installed())


def can_keep() -> bool:
    """Whether the cache can be written to."""
    try:
        folder = cache_folder()
    except RuntimeError:
        return False
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


@contextmanager
def keeping(model_digest: str) -> Iterator[Path]:
    """A folder to put an export's files into; if that ends well, they are in the cache, in the place of what was there.

    Raises:
        OSError: it cannot be written.
    """
    goal = cache_folder() / model_digest[:32]
    make_folders(goal.parent)
    with folder_beside(goal) as beside:
        made = beside / "export"
        make_folder(made)
        yield made
        for path in (*made.iterdir(), made):
            sync(path)
        remove(goal)
        rename(made, goal)


def describe_export(export: Export) -> Export:
    """Writes ``export.json`` over the other files of an export, which are there; gives it with its weights' digest."""
    files = {name: digest_files(export.folder / name) for name in (GRAPH_FILE, TOKENIZER_FILE, _WEIGHTS_FILE)}
    about = {
        "version": EXPORT_VERSION,
        "model": export.model,
        "model_digest": export.model_digest,
        "n_layers": export.n_layers,
        "hidden_size": export.hidden_size,
        "files": files,
    }
    put_bytes(export.folder / _EXPORT_FILE, json_bytes(about))
    return export._replace(weights_digest=files[_WEIGHTS_FILE])


def keep_failure(model: str, model_digest: str, why: str) -> None:
    """Notes that a model cannot be exported, so that it is not tried at every query.

    Raises:
        OSError: it cannot be written.
    """
    about = {
        "version": EXPORT_VERSION,
        "model": model,
        "model_digest": model_digest,
        "failed": why,
        "tried_with": _installed(),
    }
    with keeping(model_digest) as folder:
        put_bytes(folder / _EXPORT_FILE, json_bytes(about))


def _installed() -> dict[str, str]:
    """Versions of what an export is made with."""
    found = {}
    for package in ("torch", "transformers", "onnxscript", "onnxruntime"):
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _about(folder: Path) -> dict[str, Any] | None:
    about = json.loads((folder / _EXPORT_FILE).read_bytes())
    return about if isinstance(about, dict) and about.get("version") == EXPORT_VERSION else None
