"""Every reader of a file that a user can name refuses what is no such file: typed, at once, in a short message."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from radz.anchors import load_anchors, load_prompts
from radz.calibration.calibration_file import read_calibration
from radz.config import load_config, read_yaml
from radz.data.aliases import read_aliases
from radz.data.tables import read_table
from radz.errors import RadzError
from radz.experiments.ablation.plan import load_ablation
from radz.experiments.ablation.record import read_records
from radz.experiments.protocol_plan import load_protocol
from radz.knowledge import KnowledgeBase
from radz.metrics.scores_file import read_scores
from radz.metrics.thresholds import read_thresholds
from radz.model.checkpoint import load_tower_head, read_description, trained_parameters
from radz.model.checkpoint_files import read_provenance
from radz.text.lexicon import read_lexicon
from unreadable import CONTENTS, write


def checkpoint_file(read):
    """A reader of a checkpoint's directory, given one of its files."""
    return lambda path: read(path.parent)


READERS = {
    "run.yaml": load_config,
    "stages.yaml": read_yaml,
    "plan.yaml": load_ablation,
    "protocol.yaml": load_protocol,
    "prompts.yaml": lambda path: load_prompts(str(path)),
    "findings.yaml": lambda path: KnowledgeBase.load([path]),
    "lexicon.yaml": lambda path: read_lexicon(path, KnowledgeBase.load()),
    "thresholds.json": read_thresholds,
    "calibration.json": lambda path: read_calibration(path, "f", "names"),
    "record.json": lambda path: read_records(path.parent),
    "aliases.json": read_aliases,
    "aliases.csv": read_aliases,
    "table.parquet": read_table,
    "scores.parquet": read_scores,
    "config.json": checkpoint_file(read_description),
    "provenance.json": checkpoint_file(read_provenance),
    "anchors.json": checkpoint_file(lambda directory: load_anchors(directory, {})),
    "model.safetensors": checkpoint_file(trained_parameters),
    "tower_head.safetensors": checkpoint_file(load_tower_head),
}
ACCEPTED = {("findings.yaml", "empty"), ("stages.yaml", "a mapping of numbers"), ("stages.yaml", "cut short")}


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_such_file_is_refused(name, content, tmp_path):
    path = write(tmp_path / name, CONTENTS[content])
    if (name, content) in ACCEPTED:
        pytest.skip("is such a file")
    start = time.monotonic()
    with pytest.raises(RadzError) as refused:
        READERS[name](path)
    assert time.monotonic() - start < 1
    message = str(refused.value)
    assert len(message) < 4000
    assert message.rstrip().endswith((".", ")", "?")), message


@pytest.mark.parametrize("name", READERS)
def test_a_missing_file_is_refused(name, tmp_path):
    if name == "tower_head.safetensors":
        pytest.skip("a checkpoint need not have one")
    with pytest.raises(RadzError, match=r"(?i)no |missing|does not exist|cannot"):
        READERS[name](Path(tmp_path / name))
