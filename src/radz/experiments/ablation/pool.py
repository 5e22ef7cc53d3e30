"""Runs over devices: a process for each run, as many at a time as there are devices."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from radz.errors import ConfigError
from radz.experiments.ablation.runs import LOG, Run

Report = Callable[[Run, str], None]
"""Called when a run begins (``begun``) and when it ends (``done``, or why it failed)."""

MakeOne = Callable[[Run, str | None, int], str]
"""(run, device, runs at a time) -> why it failed, or nothing."""


def devices(count: int | None) -> list[str | None]:
    """Ids for CUDA_VISIBLE_DEVICES, ``None`` for the CPU. Unset: every GPU that is visible, or one process on the CPU.

    Raises ConfigError for more than there are.
    """
    import torch

    visible = torch.cuda.device_count()
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    ids = [part.strip() for part in given.split(",")] if given else [str(i) for i in range(visible)]
    if not visible:
        return [None] * (count or 1)
    if count is not None and not 1 <= count <= visible:
        raise ConfigError(f"--devices {count}: {visible} GPUs are visible. Give 1 to {visible}, or omit it for all.")
    return [*ids[: count or visible]]


def make_all(
    runs: Iterable[Run], ids: Sequence[str | None], report: Report, make_one: MakeOne | None = None
) -> dict[str, str]:
    """Make the unfinished runs; run name -> why it failed. They are made in the planned order, but a run that has to
    wait for another lets the next one go first.

    make_one: makes one run, by default in a separate process.
    """
    planned = [*runs]
    waits_for = _waits_for(planned)
    left = [run for run in planned if run.missing]
    free, going, failed = [*ids], dict[Future[str], tuple[Run, str | None]](), dict[str, str]()

    def end(run: Run, why: str) -> None:
        if why:
            failed[run.name] = why
        report(run, why or "done")

    with ThreadPoolExecutor(max_workers=len(ids)) as threads:
        while left or going:
            unfinished = {run.name for run in (*left, *(run for run, _ in going.values()))}
            for run in [run for run in left if waits_for[run.name] not in unfinished][: len(free)]:
                left.remove(run)
                if run.start is not None and (why := failed.get(run.start.name)):
                    end(run, f"the run {run.start.name} that it starts from failed: {why}")
                    continue
                device = free.pop(0)
                report(run, "begun")
                going[threads.submit(make_one or in_a_process, run, device, len(ids))] = (run, device)
            for future in wait(going, return_when=FIRST_COMPLETED).done:
                run, device = going.pop(future)
                free.append(device)
                end(run, repr(future.exception()) if future.exception() else future.result())
    return failed


def _waits_for(planned: Iterable[Run]) -> dict[str, str | None]:
    """Run -> the run that must end before it begins: the one it starts from or, for runs that start from nothing,
    the first on the same images, which makes the tower they share."""
    waits, firsts = dict[str, str | None](), dict[str, str]()
    for run in planned:
        first = firsts.setdefault(run.images, run.name) if run.start is None else run.start.name
        waits[run.name] = first if first != run.name else None
    return waits


def in_a_process(run: Run, device: str | None, count: int) -> str:
    """Make one run of ``count`` at a time on ``device``; the last line of its log where it failed, else nothing."""
    folder = run.write()
    environment = dict(os.environ, PYTHONUNBUFFERED="1")
    if device is not None:
        environment["CUDA_VISIBLE_DEVICES"] = device
    elif count > 1:
        environment.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // count)))
    with (folder / LOG).open("ab") as log:
        command = [sys.executable, "-m", "radz.experiments.ablation", str(folder)]
        code = subprocess.run(command, stdout=log, stderr=log, env=environment, check=False).returncode
    return f"exit code {code}: {_last_line(folder / LOG)}" if code else ""


def _last_line(path: Path) -> str:
    lines: Iterator[str] = reversed(path.read_text(encoding="utf-8", errors="replace").splitlines())
    return next((line.strip() for line in lines if line.strip()), "no output")
