"""Runs over devices: a process for each run, as many at a time as there are devices."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from queue import Queue

from radz.ablation.runs import LOG, Run
from radz.errors import ConfigError

Report = Callable[[Run, str], None]
"""Told of each run when it begins (``begun``) and ends (``done``, or why it failed)."""

MakeOne = Callable[[Run, str | None, int], str]
"""(run, device, runs at a time) -> why it failed, or nothing."""


def devices(count: int | None) -> list[str | None]:
    """Ids for CUDA_VISIBLE_DEVICES, ``None`` for the CPU. Unset: every GPU that is visible, or one process on the CPU.

    Raises ConfigError for more than there are.
    """
    import torch

    found = torch.cuda.device_count()
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    ids = [part.strip() for part in given.split(",")] if given else [str(i) for i in range(found)]
    if not found:
        return [None] * (count or 1)
    if count is not None and not 1 <= count <= found:
        raise ConfigError(f"--devices {count}: {found} GPUs are visible. Give 1 to {found}, or leave it out for all.")
    return [*ids[: count or found]]


def make_all(
    runs: Iterable[Run], ids: Sequence[str | None], report: Report, make_one: MakeOne | None = None
) -> dict[str, str]:
    """Make what is not done; run name -> why it failed. A run waits for the one that it starts from.

    make_one: how a run is made, in a process of its own by default.
    """
    free: Queue[str | None] = Queue()
    for device in ids:
        free.put(device)
    ends: dict[str, Future[str]] = {}

    def make(run: Run) -> str:
        if run.start is not None and (why := ends[run.start.name].result() if run.start.name in ends else ""):
            return f"the run {run.start.name} that it starts from failed: {why}"
        device = free.get()
        try:
            report(run, "begun")
            return (make_one or in_a_process)(run, device, len(ids))
        finally:
            free.put(device)

    with ThreadPoolExecutor(max_workers=len(ids)) as threads:
        for run in _in_order(list(runs), len(ids)):
            if run.missing:
                ends[run.name] = threads.submit(make, run)
                ends[run.name].add_done_callback(partial(_tell, report, run))
        try:
            wait(ends.values())
        except KeyboardInterrupt:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    return {name: why for name, end in ends.items() if (why := _outcome(end)) != "done"}


def _in_order(runs: list[Run], at_once: int) -> list[Run]:
    """As planned, each after its start, or every start first where several run at once: none then waits for a start
    that has only just begun while others could be made."""
    if at_once == 1:
        return runs
    starts = {run.start.name for run in runs if run.start is not None}
    return sorted(runs, key=lambda run: run.name not in starts)


def _tell(report: Report, run: Run, end: Future[str]) -> None:
    report(run, _outcome(end))


def _outcome(end: Future[str]) -> str:
    if end.cancelled():
        return "cancelled"
    error = end.exception()
    return repr(error) if error is not None else end.result() or "done"


def in_a_process(run: Run, device: str | None, count: int) -> str:
    """Make one run of ``count`` at a time on ``device``; the last line of its log where it failed, else nothing."""
    folder = run.write()
    environment = dict(os.environ, PYTHONUNBUFFERED="1")
    if device is not None:
        environment["CUDA_VISIBLE_DEVICES"] = device
    elif count > 1:
        environment.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // count)))
    with (folder / LOG).open("ab") as log:
        command = [sys.executable, "-m", "radz.ablation", str(folder)]
        code = subprocess.run(command, stdout=log, stderr=log, env=environment, check=False).returncode
    return f"exit code {code}: {_last_line(folder / LOG)}" if code else ""


def _last_line(path: Path) -> str:
    lines: Iterator[str] = reversed(path.read_text(encoding="utf-8", errors="replace").splitlines())
    return next((line.strip() for line in lines if line.strip()), "no output")
