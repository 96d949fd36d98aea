"""Low-rank changes to a model's matrices, while they are learned; see `ctxsearch.head.Head`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import transformers
from torch import nn

from ctxsearch.head import LowRank


class _LowRankLinear(nn.Module):
    """A linear layer whose weights stay what they are, with a change beside it that is learned."""

    def __init__(self, linear: nn.Linear, rank: int, generator: torch.Generator, begin: LowRank | None) -> None:
        super().__init__()
        self._linear = linear
        down = torch.randn((rank, linear.in_features), generator=generator) / linear.in_features**0.5
        # Zero, so that training begins at the model as it is.
        up = torch.zeros((linear.out_features, rank))
        if begin is not None:
            down, up = torch.from_numpy(begin.down.copy()), torch.from_numpy(begin.up.copy())
        self.down, self.up = nn.Parameter(down), nn.Parameter(up)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        change = inputs @ self.down.T.to(inputs.dtype) @ self.up.T.to(inputs.dtype)
        output: torch.Tensor = self._linear(inputs) + change
        return output


class Adapter:
    """Puts a change beside every matrix of a model's layers.

    Args:
        model: changed in place; its own weights are frozen already.
        rank: of each change.
        seed: draws where they begin.
        begin: changes to begin with, by the name of the matrix.
    """

    def __init__(
        self, model: transformers.PreTrainedModel, rank: int, seed: int, begin: Mapping[str, LowRank] | None = None
    ) -> None:
        generator = torch.Generator().manual_seed(seed)
        self._changes: dict[str, _LowRankLinear] = {}
        for name, module in list(model.named_modules()):
            if isinstance(module, nn.Linear) and "pooler" not in name:
                parent = model.get_submodule(name.rpartition(".")[0])
                change = _LowRankLinear(module, rank, generator, (begin or {}).get(name))
                setattr(parent, name.rpartition(".")[2], change)
                self._changes[name] = change

    @property
    def parameters(self) -> list[nn.Parameter]:
        """What is learned."""
        return [parameter for change in self._changes.values() for parameter in (change.down, change.up)]

    def changes(self) -> dict[str, LowRank]:
        """What was learned, by the name of the matrix."""
        return {
            name: LowRank(change.down.detach().cpu().numpy().copy(), change.up.detach().cpu().numpy().copy())
            for name, change in self._changes.items()
        }
