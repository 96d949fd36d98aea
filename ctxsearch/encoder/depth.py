"""A model without the layers above those that anybody asks for.

What tells senses apart lies below the last layers of most models (`layers_by_depth`), and these would run for nothing:
two of the twelve of BERT-base, when it is asked for 7 to 10.
"""

from __future__ import annotations

import logging

import torch
import transformers

from ctxsearch.encoder.likeness import AMISS, alike, states_of

_LOG = logging.getLogger(__name__)


@torch.inference_mode()
def cut_above(model: transformers.PreTrainedModel, most: int) -> bool:
    """Takes away the layers above one; False where the model stays as it is.

    It stays where it would give something else then, to the bit: some normalize what their last layer gives.

    Args:
        model: on a CPU; its configuration has the number of layers that are left.
        most: the last layer that is asked for, 0 for the embedding alone.
    """
    n_layers: int = model.config.num_hidden_layers
    stacks = [
        (parent, name, part)
        for parent in model.modules()
        for name, part in parent.named_children()
        if type(part) is torch.nn.ModuleList and len(part) == n_layers
    ]
    if not 0 <= most < n_layers or len(stacks) != 1:
        return False
    ((parent, name, layers),) = stacks
    try:
        before = states_of(model)[: most + 1]
        setattr(parent, name, layers[:most])
        model.config.num_hidden_layers = most
        after = states_of(model)
        # The state of the last layer that is left is what the model gives.
        if alike(before, [*after[:most], after[-1]], tolerance=0):
            return True
    except AMISS as error:
        _LOG.debug("All layers of the model stay: %s", error)
    setattr(parent, name, layers)
    model.config.num_hidden_layers = n_layers
    return False
