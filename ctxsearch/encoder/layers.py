"""How a user says which layers of a model make a vector, and how its pieces make a word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Pooling(Enum):
    """How the pieces of a word become one vector."""

    MEAN = "mean"
    FIRST = "first"
    LAST = "last"


class Join(Enum):
    """How several layers become one vector."""

    SUM = "sum"
    MEAN = "mean"
    CONCAT = "concat"


_LAYERS = re.compile(r"(?P<join>sum|mean|concat):(?P<layers>\d+(-\d+)?(,\d+(-\d+)?)*)")


@dataclass(frozen=True, slots=True)
class Layers:
    """Which layers, and how they are joined; layer 0 is the embedding, layer 1 the first that has seen context."""

    join: Join
    numbers: tuple[int, ...]

    def dimension(self, hidden_size: int) -> int:
        """Length of the joined vector."""
        return hidden_size * len(self.numbers) if self.join is Join.CONCAT else hidden_size


def layers_by_depth(n_layers: int) -> str:
    """The layers of a model of which nothing is known but how many it has: four, the last of them at five sixths.

    The last layers of most models serve what they were trained to predict; senses come apart best below them. For
    BERT-base these are 7 to 10 of 12, the best in the word-in-context task by most accounts.

    >>> [layers_by_depth(n_layers) for n_layers in (1, 3, 6, 12, 24)]
    ['last', 'sum:1-2', 'sum:2-5', 'sum:7-10', 'sum:17-20']
    """
    top = max(1, 5 * n_layers // 6)
    first = max(1, top - 3)
    if first == top:
        return "last" if top == n_layers else f"sum:{top}"
    return f"sum:{first}-{top}"


def parse_layers(text: str, n_layers: int) -> Layers:
    """Reads ``last``, ``sum:9-12``, ``mean:1,6`` or ``concat:3-6``, for a model of so many layers.

    >>> parse_layers("concat:3-6", 6).numbers
    (3, 4, 5, 6)

    Raises:
        ValueError: it cannot be read, or names a layer that the model does not have.
    """
    if text == "last":
        return Layers(Join.SUM, (n_layers,))
    match = _LAYERS.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"The layers {text!r} cannot be read; write last, sum:9-12, mean:1,6 or concat:3-6.")
    numbers: list[int] = []
    for part in match["layers"].split(","):
        low, _, high = part.partition("-")
        first, last = int(low), int(high or low)
        if not first <= last <= n_layers or any(first <= number <= last for number in numbers):
            raise ValueError(f"The layers {text!r} do not fit a model with layers 0 to {n_layers}, each named once.")
        numbers.extend(range(first, last + 1))
    return Layers(Join(match["join"]), tuple(numbers))


def join_again(vectors: NDArray[np.float32], present: Sequence[int], layers: Layers) -> NDArray[np.float32]:
    """Vectors of some layers, made of those in which these and others are concatenated; of any length.

    All that an encoder does to concatenated layers, it does to each component alike, so that only lengths differ.

    Args:
        vectors: Shape: (n, n_present * hidden_size).
        present: the layers in them, in order.
        layers: which are wanted, and how they are joined.

    Returns:
        Shape: (n, dimension).
    """
    import numpy as np

    size = vectors.shape[1] // len(present)
    starts = [present.index(number) * size for number in layers.numbers]
    parts = [vectors[:, start : start + size] for start in starts]
    if layers.join is Join.CONCAT:
        joined: NDArray[np.float32] = np.concatenate(parts, axis=1)
        return joined
    joined = parts[0].copy()
    for part in parts[1:]:
        joined += part
    return joined
