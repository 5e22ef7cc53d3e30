"""Batches: parts of them, pairs, and moving them between devices."""

from __future__ import annotations

import pytest
import torch

from radz.types import BatchRows, Exposure, ImageBatch, PairBatch, Prompt, TextBatch


def prompt(count: int) -> Prompt:
    ids = torch.arange(count * 3).view(count, 3)
    return Prompt(ids, torch.ones_like(ids), ids[:, :1], ids > 1)


@pytest.mark.parametrize("rows", [slice(1, 3), torch.tensor([2, 0, 2])])
@pytest.mark.parametrize("encoded", [False, True])
def test_some_images_keep_their_sequences(rows, encoded):
    images = ImageBatch(prompt(3), torch.arange(3.0).view(3, 1, 1), encoded)
    some = images[rows]
    assert torch.equal(some.values, images.values[rows])
    assert torch.equal(some.prompt.input_ids, images.prompt.input_ids[rows])
    assert torch.equal(some.prompt.local, images.prompt.local[rows])
    assert len(some) == len(some.values)
    assert some.encoded is encoded


def test_pairs_of_a_batch_without_gaps_are_all_studies_in_order():
    rows = BatchRows.of_pairs(torch.eye(3))
    assert [each.tolist() for each in rows.pairs()] == [[0, 1, 2], [0, 1, 2]]
    assert rows.texts.tolist() == [0, 1, 2]
    assert not rows.uncertain.any()


def test_a_batch_moves_whole():
    images = ImageBatch(prompt(2), torch.zeros(2, 1, 1))
    texts = TextBatch(prompt(2), torch.tensor([0, 1, 1]))
    batch = PairBatch(images, texts, BatchRows.of_pairs(torch.eye(2)), images).to("meta")
    moved = [batch.images.values, batch.images.prompt.local, batch.texts.index, batch.rows.labels, batch.rows.texts]
    assert {tensor.device.type for tensor in [*moved, batch.second_view.values]} == {"meta"}
    assert len(batch.texts) == 3
    assert PairBatch(images, texts, BatchRows.of_pairs(torch.eye(2))).to("meta").second_view is None


def test_the_mark_of_files_of_radz_0_1_is_read():
    assert Exposure("paraphrase") is Exposure.RELATED
    with pytest.raises(ValueError, match="'film' is not a valid Exposure"):
        Exposure("film")
