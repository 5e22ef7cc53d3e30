"""Which number format to compute in, and holding the frozen base in it."""

from __future__ import annotations

import torch

from radz.model.build import part_of
from radz.model.radz import RadZ


def choose_dtype(name: str) -> torch.dtype:
    """``auto`` takes bfloat16 where the hardware multiplies it natively, else float32.

    Without native instructions bfloat16 on a CPU is emulated and several times slower than float32.
    """
    if name != "auto":
        dtype: torch.dtype = getattr(torch, name)
        return dtype
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    processor = torch.cpu.get_capabilities()
    return torch.bfloat16 if processor.get("avx512_bf16") or processor.get("amx_bf16") else torch.float32


def make_fast(model: RadZ, dtype: torch.dtype) -> None:
    """For inference only: fold LoRA and token rows into the decoder's own weights, then hold them in ``dtype``."""
    model.decoder = model.decoder.merge_and_unload()
    hold_base_in(model, dtype)


def hold_base_in(model: RadZ, dtype: torch.dtype) -> None:
    """Cast the frozen decoder once, not in every step; what trains stays float32 and runs under autocast.

    Adapters take their input in its own number format. peft would cast it to float32 and autocast back again, which
    doubles the dropout masks, the largest tensors that a step holds.
    """
    model.compute_dtype = dtype
    for module in model.modules():
        if hasattr(module, "cast_input_dtype_enabled"):
            module.cast_input_dtype_enabled = False  # type: ignore[assignment]  # a flag, not a module
    for name, parameter in model.named_parameters():
        if part_of(name) is None:
            parameter.data = parameter.data.to(dtype)
