"""Where exported models are kept between runs, and how one is found again.

    CACHE/MODEL_DIGEST/model.onnx        the model: ``input_ids`` in, the hidden states of every layer out
    CACHE/MODEL_DIGEST/tokenizer.json    its tokenizer
    CACHE/MODEL_DIGEST/export.json       what it is an export of, and the digests of the other two

CACHE is ``$CTXSEARCH_CACHE``, or ``ctxsearch`` in the user's cache folder. Nothing in it is needed: what is missing,
damaged or of another version is passed over, and made again when it is asked for.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from ctxsearch.storage import (
    digest_bytes,
    folder_beside,
    json_bytes,
    make_folder,
    make_folders,
    plain_size,
    put_bytes,
    remove,
    rename,
)

# Counts up when exports of an older ctxsearch are of no use any more.
EXPORT_VERSION = 1

_GRAPH_FILE = "model.onnx"
_TOKENIZER_FILE = "tokenizer.json"
_EXPORT_FILE = "export.json"


class Export(NamedTuple):
    """An exported model.

    Attributes:
        model: the name it went by, for errors.
        model_digest: what tells its weights, see `ctxsearch.encoder.locate.model_digest`.
        n_layers: layers after the embedding.
        hidden_size: components of a hidden state.
        graph: the content of ``model.onnx``.
        tokenizer: the content of ``tokenizer.json``.
    """

    model: str
    model_digest: str
    n_layers: int
    hidden_size: int
    graph: bytes
    tokenizer: str


def layer_name(number: int) -> str:
    """What the output of a layer is called in an exported model; layer 0 is the embedding."""
    return f"layer_{number}"


def cache_folder() -> Path:
    """The folder that exported models are kept in; it need not be there."""
    if given := os.environ.get("CTXSEARCH_CACHE"):
        return Path(given).expanduser() / "models"
    users = os.environ.get("XDG_CACHE_HOME") or ("~/Library/Caches" if sys.platform == "darwin" else "~/.cache")
    return Path(users).expanduser() / "ctxsearch" / "models"


def find_export(model_digest: str) -> Export | None:
    """The export of a model, checked; None where there is none that can be used."""
    folder = cache_folder() / model_digest[:32]
    try:
        about = _about(folder)
        if about is None or about.get("model_digest") != model_digest or "failed" in about:
            return None
        files = about["files"]
        graph, tokenizer = (_checked(folder / name, files[name]) for name in (_GRAPH_FILE, _TOKENIZER_FILE))
        return Export(
            str(about["model"]),
            model_digest,
            int(about["n_layers"]),
            int(about["hidden_size"]),
            graph,
            tokenizer.decode(),
        )
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


def keep_export(export: Export) -> None:
    """Puts an export into the cache, in the place of what is there.

    Raises:
        OSError: it cannot be written.
    """
    contents = {_GRAPH_FILE: export.graph, _TOKENIZER_FILE: export.tokenizer.encode()}
    about = {
        "version": EXPORT_VERSION,
        "model": export.model,
        "model_digest": export.model_digest,
        "n_layers": export.n_layers,
        "hidden_size": export.hidden_size,
        "files": {name: digest_bytes(content) for name, content in contents.items()},
    }
    _put(export.model_digest, {**contents, _EXPORT_FILE: json_bytes(about)})


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
    _put(model_digest, {_EXPORT_FILE: json_bytes(about)})


def _put(model_digest: str, contents: dict[str, bytes]) -> None:
    goal = cache_folder() / model_digest[:32]
    make_folders(goal.parent)
    with folder_beside(goal) as beside:
        made = beside / "export"
        make_folder(made)
        for name, content in contents.items():
            put_bytes(made / name, content)
        remove(goal)
        rename(made, goal)


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


def _checked(path: Path, digest: str) -> bytes:
    plain_size(path)
    content = path.read_bytes()
    if digest_bytes(content) != digest:
        raise ValueError(f"{path} is not what was put there")
    return content
