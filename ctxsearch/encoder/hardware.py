"""Chooses where a model runs and in which type, by what the hardware really has.

On two cores with AMX, bf16 runs about six times as fast as fp32; on a processor that only emulates it, it runs slower.
"""

from __future__ import annotations

import platform
from pathlib import Path

import torch

_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


def choose_device(device: str | None) -> torch.device:
    """The device asked for, or the GPU that is there, or else the CPU.

    Raises:
        ValueError: the device is not there, or is no device.
    """
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(1, device=chosen).cpu()
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as error:
        raise ValueError(f"The device {device!r} is not there; use cpu, cuda, cuda:1 or mps.") from error
    return chosen


def choose_dtype(dtype: str | None, device: torch.device) -> torch.dtype:
    """The type asked for, or bf16 where the device computes with it, or else fp32.

    Raises:
        ValueError: there is no such type.
    """
    if dtype is not None:
        if dtype not in _TYPES:
            raise ValueError(f"There is no type {dtype!r}; use {', '.join(_TYPES)}.")
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
