"""Arrays on their way to a model's device and back: to and from a GPU through memory that it reaches by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


def moved(array: NDArray[Any], device: torch.device) -> torch.Tensor:
    """An array on a device; to a GPU it goes while the one before is worked on."""
    tensor = torch.from_numpy(array)
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def fetched(tensor: torch.Tensor) -> NDArray[np.float32]:
    """What is on a device, when it is done there; the memory is the array's own."""
    if tensor.device.type != "cuda":
        return tensor.cpu().numpy()
    # Into memory that the system may move it would go by way of such that it may not, at half the speed.
    goal = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    goal.copy_(tensor, non_blocking=True)
    torch.cuda.current_stream(tensor.device).synchronize()
    return goal.numpy()
