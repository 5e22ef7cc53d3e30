"""What every benchmark does: time alternatives in turn within one run, and print a table of medians and ratios."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from radz.config import load_config
from radz.model.build import build_model
from radz.model.precision import choose_dtype, hold_base_in, make_fast
from radz.model.radz import RadZ
from radz.types import Pixels

SHIPPED = Path(__file__).parent.parent / "configs" / "default.yaml"


def interleaved(alternatives: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each alternative, timed in turn ``repeats`` times, so that a slow minute slows all of them."""
    for run in alternatives.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in alternatives}
    for _ in range(repeats):
        for name, run in alternatives.items():
            seconds[name].append(timed(run))
    return seconds


def timed(run: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def ratio(slow: list[float], fast: list[float]) -> str:
    """Median of the ratios within each round, and their range."""
    ratios = [s / f for s, f in zip(slow, fast, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def print_ratios(title: str, seconds: Mapping[str, list[float]], baseline: str) -> None:
    """One row per alternative: its median seconds, and how many times ``baseline`` takes that."""
    rows = [(name, f"{statistics.median(s):.3f}", ratio(seconds[baseline], s)) for name, s in seconds.items()]
    print_table(title, ("", "median s", f"{baseline} / this (range)"), rows)


def print_table(title: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print one table and the machine it was made on."""
    table = Table(*header, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    console = Console(width=110)
    console.print(table)
    console.print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, {platform.machine()}", highlight=False
    )


def network(*settings: str, merged: bool = False) -> RadZ:
    """The shipped configuration's model with fresh adapters, in the number format that this machine is quick in.

    settings: ``key=value`` below ``model``, as ``radz train --set`` takes them. merged: adapters folded into the base.
    """
    model = build_model(load_config(SHIPPED, [f"model.{setting}" for setting in settings]).model)
    (make_fast if merged else hold_base_in)(model, choose_dtype("auto"))
    return model


def films(count: int, seed: int = 0) -> list[Pixels]:
    """Noise of the size of a small film, (1, 320, 320): speed does not depend on what is seen."""
    rng = np.random.default_rng(seed)
    return [rng.random((1, 320, 320), dtype=np.float32) for _ in range(count)]


def matmul_flops_per_s(dtype: torch.dtype, size: int = 1024, repeats: int = 10) -> float:
    """The best rate at which this machine multiplies square matrices."""
    a = torch.randn(size, size).to(dtype)
    best = min(timed(lambda: a @ a) for _ in range(repeats))
    return 2 * size**3 / best
