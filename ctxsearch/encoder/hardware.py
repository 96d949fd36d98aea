"""Chooses where a model runs and in which type, by what the hardware really has.

On two cores with AMX, bf16 runs about six times as fast as fp32; on a processor that only emulates it, it runs slower.
"""

from __future__ import annotations

import platform
from pathlib import Path

import torch

from ctxsearch.settings import DTYPES, check_hardware

_TYPES = dict(zip(DTYPES, (torch.bfloat16, torch.float16, torch.float32), strict=True))
# No batch is larger, however much memory there is. On an H200 the default model's pass had 5.3 million words/s with
# half as many pieces, 8.4 with these, and 8.7 with twice as many.
_MOST_PIECES = 1 << 16
_LEAST_PIECES = 64 * 128
# A batch takes this part of the memory that is free, by the estimate below.
_SHARE_OF_MEMORY = 8
# On a CPU, what a layer makes of a batch at its widest is to have no more bytes than this. On two cores, each with a
# batch of its own, twice as many cost a fifth of the speed in bf16 (25 000 pieces/s of the default model for 30 100,
# without padding): such memory goes back to the system after each operation, and every page must be had anew.
_CPU_BYTES = 6 << 20
# Fewer pieces are slower, however wide a layer is, and more pad more. In fp32 the bytes matter little.
_CPU_PIECES = 1024, 4096


def choose_device(device: str | None) -> torch.device:
    """The device asked for; the GPU that is there, or else the CPU, where that is ``auto`` or None.

    Raises:
        ValueError: the device is not there, or is no device.
    """
    if device is None or device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    check_hardware(device, None)
    if device.startswith("cuda") and torch.version.cuda is None:
        raise ValueError(
            f"The device {device!r} needs a torch that is built for CUDA, and this one is not; install such a torch, or"
            " use cpu."
        )
    if device.startswith("cuda") and int(device.partition(":")[2] or 0) >= torch.cuda.device_count():
        raise ValueError(f"There is no GPU {device!r}: torch finds {torch.cuda.device_count()} here; use cpu or auto.")
    try:
        chosen = torch.device(device)
        torch.empty(1, device=chosen).cpu()
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as error:
        raise ValueError(f"The device {device!r} cannot be used here; use cpu or auto.") from error
    return chosen


def cpu_batch_pieces(widest: int, dtype: torch.dtype) -> int:
    """How many pieces a CPU takes in one batch.

    Args:
        widest: components that a layer makes of a piece in between, of a BERT four times those of its vector.
        dtype: of the components.

    >>> cpu_batch_pieces(1536, torch.bfloat16), cpu_batch_pieces(4096, torch.float32)
    (2048, 1024)
    """
    least, most = _CPU_PIECES
    return max(least, min(most, _CPU_BYTES // (widest * dtype.itemsize)))


def gpu_batch_pieces(device: torch.device, hidden: int, layers: int) -> int:
    """How many pieces a GPU takes in one batch, by the memory that it has free.

    Args:
        device: a GPU; of what cannot say, the least that is worth its while.
        hidden: components of a piece's vector.
        layers: of the model.
    """
    if device.type != "cuda":
        return _LEAST_PIECES
    free, _ = torch.cuda.mem_get_info(device)
    return batch_pieces_in(free, hidden, layers)


def batch_pieces_in(free: int, hidden: int, layers: int) -> int:
    """How many pieces a batch may have in so much memory.

    The output of every layer is kept, and in a layer some two dozen vectors of the same length live at once (the inner
    layer alone is four), with two bytes a component: an estimate, for what is wrong with it is found out (see
    `TransformerEncoder`).

    >>> batch_pieces_in(80 << 30, 384, 6), batch_pieces_in(1 << 20, 384, 6)
    (65536, 8192)
    """
    per_piece = 2 * hidden * (layers + 1 + 24)
    return max(_LEAST_PIECES, min(_MOST_PIECES, free // _SHARE_OF_MEMORY // per_piece))


def choose_dtype(dtype: str | None, device: torch.device) -> torch.dtype:
    """The type asked for, or bf16 where the device computes with it, or else fp32.

    Raises:
        ValueError: there is no such type.
    """
    if dtype is not None:
        check_hardware(None, dtype)
        return _TYPES[dtype]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if device.type == "cpu" and _cpu_has_bf16():
        return torch.bfloat16
    return torch.float32


def dtype_name(dtype: torch.dtype) -> str:
    """What a type is called in options.

    >>> dtype_name(torch.bfloat16)
    'bf16'
    """
    return next(name for name, known in _TYPES.items() if known is dtype)


def _cpu_has_bf16() -> bool:
    """Whether the processor has bf16 matrix or dot product instructions."""
    if platform.system() != "Linux":
        return False
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "").split()
    return bool({"amx_bf16", "avx512_bf16", "bf16"} & set(flags))
