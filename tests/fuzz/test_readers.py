"""Fuzzing of readers of files other than images, which tests/imaging/test_fuzz.py has.

They get damaged and made-up contents; each returns, or raises a RadzError, within seconds. ``RADZ_FUZZ_SECONDS`` is the
time for all of them together, by default 150.
"""

from __future__ import annotations

import copy
import io
import json
import os
import struct
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import psutil
import pytest
from hypothesis import HealthCheck, Phase, given, settings

import radz
from radz.calibration.calibration_file import read_calibration
from radz.config import load_config
from radz.data.aliases import read_aliases
from radz.data.tables import read_table
from radz.errors import RadzError
from radz.experiments.ablation.plan import load_ablation
from radz.experiments.protocol_plan import load_protocol
from radz.knowledge import KnowledgeBase
from radz.metrics.scores_file import read_scores
from radz.metrics.thresholds import read_thresholds
from radz.model.checkpoint import read_description, trained_parameters
from radz.storage import load_yaml
from radz.text.documents import read_document

SECONDS = float(os.environ.get("RADZ_FUZZ_SECONDS", "150"))
HANG_S, MEMORY = 10.0, 2 << 30
CONFIGS = Path(__file__).parents[2] / "configs"
ABLATIONS = CONFIGS / "ablations"
PACKAGE = Path(radz.__file__).parent
EXAMPLES = 100
"""Contents of one round; rounds follow until the time is over."""
Bytes = st.SearchStrategy[bytes]


def safetensors_bytes() -> bytes:
    """One tensor (2, 2)."""
    header = json.dumps({"a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(16)


def parquet_bytes() -> bytes:
    """A table of scores of one row."""
    import pandas as pd

    file = io.BytesIO()
    pd.DataFrame({"study": ["s"], "score": [0.5], "label": [1]}).to_parquet(file)
    return file.getvalue()


def sound_plan(base: Path) -> Path:
    """A shipped plan next to ``base``, which it names."""
    plan = base.with_name("components.yaml")
    plan.write_bytes((ABLATIONS / plan.name).read_bytes())
    return plan


def read_any_calibration(path: Path) -> object:
    """The calibration of the shipped model, where the file is one."""
    return read_calibration(path, "0891b225969aaa15", "hybrid")


@st.composite
def damaged(draw: st.DrawFn, seed: bytes) -> bytes:
    """``seed`` with bytes changed, a piece repeated or left out, or its end cut off."""
    content = bytearray(seed)
    for _ in range(draw(st.integers(1, 8))):
        place = draw(st.integers(0, max(len(content) - 1, 0)))
        match draw(st.sampled_from(("change", "insert", "drop", "repeat", "cut"))):
            case "change" if content:
                content[place] = draw(st.integers(0, 255))
            case "insert":
                content[place:place] = draw(st.binary(min_size=1, max_size=8))
            case "drop":
                del content[place : place + draw(st.integers(1, 64))]
            case "repeat":
                content[place:place] = content[place : place + draw(st.integers(1, 64))]
            case "cut":
                del content[place:]
    return bytes(content)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(("data", "model", "arms", "base", "kind", "name", "a", "")), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@st.composite
def altered(draw: st.DrawFn, seed: Path) -> bytes:
    """The tree in a YAML or JSON file with one to three of its values replaced by others, removed or renamed."""
    tree = copy.deepcopy(_tree(seed))
    for _ in range(draw(st.integers(1, 3))):
        slots = [*_slots(tree)]
        if not slots:
            break
        place, key = draw(st.sampled_from(slots))
        match draw(st.sampled_from(("replace", "remove", "rename"))):
            case "replace":
                place[key] = draw(VALUES)
            case "rename" if isinstance(place, dict):
                place[draw(st.text(max_size=4))] = place.pop(key)
            case _:
                del place[key]
    return json.dumps(tree).encode()


def _slots(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Each place of a value in a tree, as its mapping or list and the key there."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield tree, key
        yield from _slots(tree[key])


@cache
def _tree(seed: Path) -> Any:
    return load_yaml(seed)


JSON = VALUES.map(lambda value: json.dumps(value).encode())
YAML_SEED = b"title: x\nbase: base.yaml\narms: {a: &x {start: general}, b: *x}\ngrid: {model.tokens.count: [1, 4]}\n"
CSV_SEED = b'image,labels,patient,split\na.png,"Mass;Effusion",p1,train\nb.png,No Finding,p2,val\n'


def targets(folder: Path) -> dict[str, tuple[str, Callable[[Path], object], Bytes]]:
    """Name -> (file name, reader, contents)."""
    text = JSON | damaged(YAML_SEED) | st.binary(max_size=64)
    (folder / "base.yaml").write_bytes((ABLATIONS / "base.yaml").read_bytes())
    settings, plan = altered(CONFIGS / "default.yaml"), altered(ABLATIONS / "components.yaml")
    protocols = [altered(CONFIGS / "protocols" / f"{name}.yaml") for name in ("cross_dataset", "held_out", "linear")]
    checkpoint = PACKAGE / "checkpoints" / "default"
    return {
        "configuration": ("a.yaml", load_config, settings | text),
        "plan": ("a.yaml", load_ablation, plan | text),
        "base of a plan": ("base.yaml", lambda path: load_ablation(sound_plan(path)), altered(ABLATIONS / "base.yaml")),
        "protocol": ("a.yaml", load_protocol, st.one_of(protocols) | text),
        "findings": ("a.yaml", lambda path: KnowledgeBase.load([path]), text),
        "thresholds": ("a.json", read_thresholds, JSON | st.binary(max_size=64)),
        "aliases": ("a.json", read_aliases, JSON | st.binary(max_size=64)),
        "checkpoint": (
            "config.json",
            lambda path: read_description(path.parent),
            altered(checkpoint / "config.json") | st.binary(max_size=64),
        ),
        "calibration": ("a.json", read_any_calibration, altered(checkpoint / "calibration.json") | JSON),
        "table": ("a.csv", read_table, damaged(CSV_SEED) | st.binary(max_size=64)),
        "parquet": ("a.parquet", read_table, damaged(parquet_bytes())),
        "scores": ("a.parquet", read_scores, damaged(parquet_bytes())),
        "safetensors": (
            "model.safetensors",
            lambda path: trained_parameters(path.parent),
            damaged(safetensors_bytes()) | st.binary(max_size=64),
        ),
        "document": ("a.txt", read_document, st.binary(max_size=200)),
    }


NAMES = (
    *("configuration", "plan", "base of a plan", "protocol", "findings"),
    *("thresholds", "aliases", "checkpoint", "calibration", "table", "parquet", "scores", "safetensors", "document"),
)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.parametrize("name", NAMES)
def test_only_typed_errors_and_no_hang(name, tmp_path):
    file, read, contents = targets(tmp_path)[name]
    path, end = tmp_path / file, time.monotonic() + SECONDS / len(NAMES)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(contents)
    def fuzz(content: bytes) -> None:
        path.write_bytes(content)
        start = time.monotonic()
        try:
            read(path)
        except RadzError as error:
            assert len(str(error)) < 10_000  # noqa: PT017  any other error is a finding too
        assert time.monotonic() - start < HANG_S

    while time.monotonic() < end:
        fuzz()
    assert psutil.Process().memory_info().rss < MEMORY
