"""A model as transformers has it: loaded, with a head's changes, and what it says of itself."""

from __future__ import annotations

import torch
import transformers
from safetensors import SafetensorError

from ctxsearch.encoder.locate import locate_model
from ctxsearch.errors import HeadError, ModelError
from ctxsearch.head import Head


def merge(head: Head, model: transformers.PreTrainedModel) -> None:
    """Adds a head's adapter to the weights of the model it was made for.

    Raises:
        HeadError: the model has no such matrices.
    """
    parts = dict(model.named_parameters())
    for name, (down, up) in head.adapter.items():
        matrix = parts.get(f"{name}.weight")
        if matrix is None or matrix.shape != (len(up), down.shape[1]):
            raise HeadError(head.name, f"it changes a matrix {name} that the model does not have in this shape")
        with torch.no_grad():
            matrix.add_(torch.from_numpy(up) @ torch.from_numpy(down))


def count_layers(model: str) -> int:
    """The layers of a model, without its embedding, and without reading its weights.

    Raises:
        ModelError: the model cannot be found, or is another kind of model.
    """
    try:
        config = transformers.AutoConfig.from_pretrained(
            locate_model(model), trust_remote_code=False, local_files_only=True
        )
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(model, f"transformers cannot load it ({' '.join(str(error).split())[:300]}).") from error
    layers = getattr(config, "num_hidden_layers", None)
    if not isinstance(layers, int):
        raise ModelError(model, "it is no BERT-like encoder.")
    return layers


def load_transformer(model: str, folder: str) -> transformers.PreTrainedModel:
    """Loads a BERT-like encoder in single precision.

    Raises:
        ModelError: transformers cannot load it, weights are missing, or it is another kind of model.
    """
    # A pooler that a checkpoint lacks, or has and we do not use, is no news to a user.
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        loaded: transformers.PreTrainedModel
        loaded, report = transformers.AutoModel.from_pretrained(
            folder, use_safetensors=True, trust_remote_code=False, local_files_only=True, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        raise ModelError(model, f"transformers cannot load it ({' '.join(str(error).split())[:300]}).") from error
    # The pooler serves sentence tasks only, and many checkpoints come without one.
    if missing := sorted(name for name in report["missing_keys"] if "pooler" not in name):
        raise ModelError(model, f"its weights lack {len(missing)} of the model's parts, {missing[0]} among them.")
    if getattr(loaded.config, "is_encoder_decoder", False) or not hasattr(loaded.config, "num_hidden_layers"):
        raise ModelError(model, "it is no BERT-like encoder.")
    loaded.eval()  # type: ignore[no-untyped-call]
    return loaded


def longest_input(model: transformers.PreTrainedModel) -> int:
    """Pieces that a model has positions for."""
    config = model.config
    positions = getattr(config, "max_position_embeddings", None)
    if not isinstance(positions, int) or positions <= 0:
        return 1 << 16  # relative positions only
    # RoBERTa and its kin number positions from the padding piece's id plus one, which their table says.
    parts = dict(model.named_modules())
    padding = getattr(parts.get("embeddings.position_embeddings"), "padding_idx", None)
    return positions - (padding + 1 if isinstance(padding, int) else 0)
