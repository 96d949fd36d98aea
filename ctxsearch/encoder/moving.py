"""Arrays on their way to a model's device and back: to and from a GPU through memory that it reaches by itself."""

from __future__ import annotations

from functools import cache
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
    device = tensor.device
    if device.type != "cuda":
        return tensor.cpu().numpy()
    # Into memory that the system may move it would go by way of such that it may not, at half the speed. It goes beside
    # what the card computes; and whoever waits for it does not wait for what others have asked for since.
    goal = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    way = _way_back(device)
    way.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(way):
        goal.copy_(tensor, non_blocking=True)
        arrived = way.record_event()
    tensor.record_stream(way)
    arrived.synchronize()
    return goal.numpy()


@cache
def _way_back(device: torch.device) -> torch.cuda.Stream:
    stream: torch.cuda.Stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    return stream
