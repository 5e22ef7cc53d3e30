"""The training split as batches of pairs."""

from __future__ import annotations

import pytest

from radz.data.loader import steps
from radz.errors import CorpusError
from radz.training.data import open_training_data
from radz.training.train import train
from tiny import tiny_model
from training_runs import run_config


def test_too_few_studies_are_refused(manifest, llava_dir, tmp_path):
    with pytest.raises(CorpusError, match="has 18 studies, fewer than one batch of 64"):
        train(run_config(manifest, llava_dir, tmp_path, train={"batch_size": 64}))


def test_steps_run_on_over_the_passes_and_begin_anywhere(manifest, llava_dir, tmp_path):
    """Eighteen studies in batches of five: three a pass."""
    run = run_config(manifest, llava_dir, tmp_path)
    data, processor = open_training_data(run.data, run.seed), tiny_model(llava_dir).processor
    keys = [*steps(data.loader(processor, 5, data.concepts), 0, 8).batch_sampler]
    assert [batch[0][0] for batch in keys] == [0, 0, 0, 1, 1, 1, 2, 2]
    later = steps(data.loader(processor, 5, data.concepts), 4, 8)
    assert [*later.batch_sampler] == keys[4:]
    assert len(later) == 4
    batches = [*steps(data.loader(processor, 5, data.concepts), 4, 6)]
    assert [len(batch.images) for batch in batches] == [5, 5]
    assert batches[0].rows.labels.shape == (5, len(data.concepts))


def test_a_study_without_a_report_is_named_where_reports_are_the_texts(manifest, llava_dir, tmp_path):
    table = manifest.parent / "silent.csv"
    table.write_text(manifest.read_text().replace("There is effusion.", ""), encoding="utf-8")
    run = run_config(table, llava_dir, tmp_path, data={"report_policy": "report"})
    data = open_training_data(run.data, run.seed)
    with pytest.raises(CorpusError, match=r"has no report, and data\.report_policy is 'report': choose 'varied'"):
        [data.write_text(study, 0) for study in data.records]
