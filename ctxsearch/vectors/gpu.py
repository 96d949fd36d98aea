"""The door to FAISS on a GPU: matrices that stay on the card, and their slices searched there.

``faiss.knn_gpu`` searches a slice of a tensor of torch where it lies. GPU inverted files with lists as words were not
taken: two allocations a list, padded to 32 vectors, and one block of threads to scan it, where a word of the index is
one slice of one matrix. On an H200, two million vectors of 96 components in 20 000 lists, ``fp16``, took 472 MiB for
366; a word of 10 043 uses .27 ms for .20, and 3.6 for 1.2 with 4 096 queries at once; with 8 bits, .44 and 5.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module, metadata

import numpy as np
from numpy.typing import NDArray

from ctxsearch.errors import DeviceError, MissingExtra
from ctxsearch.protocols import Neighbours

try:
    import faiss
except ImportError as error:
    raise MissingExtra("faiss", "gpu") from error
import torch

# For what FAISS puts down while it searches.
_SCRATCH_BYTES = 512 << 20
# Scores of so many rows are computed in one go.
_AT_ONCE = 1 << 20


def check_wheels(installed: list[str], has_gpu: bool) -> None:
    """Makes sure that FAISS for GPUs is installed, and nothing beside it that takes its place.

    Args:
        installed: the names of the wheels of FAISS that are installed.
        has_gpu: whether the module that is imported knows GPUs.

    Raises:
        DeviceError: it is not so.
    """
    both = "pip uninstall faiss-cpu faiss-gpu, and then pip install 'ctxsearch[gpu]'"
    if {"faiss-cpu", "faiss-gpu"} <= {*installed}:
        raise DeviceError(f"faiss-cpu and faiss-gpu are both installed, and are files of one name; {both}.")
    if not has_gpu:
        raise DeviceError(
            f"The index is searched on a GPU by faiss-gpu, and what is installed is {' '.join(installed) or 'another'};"
            f" {both}."
        )


def installed_wheels() -> list[str]:
    """The wheels of FAISS that are installed."""
    found = []
    for name in ("faiss-cpu", "faiss-gpu"):
        try:
            metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found.append(name)
    return found


def gpus(device: str) -> list[Gpu]:
    """The cards that a device means: ``cuda`` all there are, ``cuda:1`` that one.

    Raises:
        DeviceError: there is none, or FAISS cannot use it.
    """
    check_wheels(installed_wheels(), hasattr(faiss, "StandardGpuResources"))
    count = min(faiss.get_num_gpus(), torch.cuda.device_count())
    name, _, number = device.partition(":")
    if name != "cuda" or (number and not number.isdigit()):
        raise DeviceError(f"FAISS searches on CUDA devices, and {device!r} is none; use cuda or cuda:1.")
    wanted = range(count) if not number else [int(number)]
    if not count or max(wanted) >= count:
        raise DeviceError(f"There is no GPU {device!r}: FAISS and torch find {count} here; search on the CPU.")
    import_module("faiss.contrib.torch_utils")  # lets FAISS take tensors of torch where they lie
    return [Gpu(one) for one in wanted]


class Gpu:
    """One card, see `Card`.

    Args:
        number: of the card, as CUDA counts them.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._device = torch.device("cuda", number)
        self._resources = faiss.StandardGpuResources()
        self._resources.setTempMemory(_SCRATCH_BYTES)

    @property
    def name(self) -> str:
        """What it is called."""
        return f"The GPU cuda:{self._number} ({torch.cuda.get_device_name(self._device)})"

    def free_bytes(self) -> int:
        """How much may be put there now."""
        torch.cuda.empty_cache()
        free, _ = torch.cuda.mem_get_info(self._device)
        return int(free) - _SCRATCH_BYTES

    def upload(self, blocks: Iterator[NDArray[np.float16]], rows: int, dimension: int) -> torch.Tensor:
        """Puts a matrix there. Shape of a block: (n, dimension)."""
        matrix = torch.empty((rows, dimension), dtype=torch.float16, device=self._device)
        at = 0
        for block in blocks:
            matrix[at : at + len(block)] = torch.from_numpy(block).to(self._device)
            at += len(block)
        return matrix

    def best(
        self, matrix: torch.Tensor, start: int, stop: int, queries: NDArray[np.float32], k: int
    ) -> list[Neighbours]:
        """The k rows of a slice that score highest with each query, rows counted from its start: see `Card.best`."""
        # FAISS takes the stream of torch's current device, whichever card it is asked to search on.
        with torch.cuda.device(self._device):
            scores, rows = faiss.knn_gpu(
                self._resources,
                torch.from_numpy(queries).to(self._device, torch.float16),
                matrix[start:stop],
                k,
                metric=faiss.METRIC_INNER_PRODUCT,
                device=self._number,
            )
        found = rows.cpu().numpy().astype(np.int64), scores.float().cpu().numpy()
        there = found[0] >= 0  # FAISS says -1 for what it did not find
        return [Neighbours(found[0][n][there[n]], found[1][n][there[n]]) for n in range(len(queries))]

    def scores(self, matrix: torch.Tensor, start: int, stop: int, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """The score of every row of a slice, added up in single precision. Shape: (n_rows,)."""
        column = torch.from_numpy(query).to(self._device)
        found = np.empty(stop - start, np.float32)
        for first in range(start, stop, _AT_ONCE):
            last = min(stop, first + _AT_ONCE)
            found[first - start : last - start] = torch.mv(matrix[first:last].float(), column).cpu().numpy()
        return found
