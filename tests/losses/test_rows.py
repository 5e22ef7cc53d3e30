"""Studies with only an image or only a report: which term each of them changes, and that no other moves."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from loss_fakes import NAN, Inputs, anchors, loss, unit
from radz import registry
from radz.losses._rows import paired
from radz.losses.knowledge import contrast
from radz.types import BatchRows, Features

LOSSES = registry.names("losses")
LABELS = [[1, 0, 0], [0, 1, NAN], [0, 0, 1]]
ANCHORS = unit(3, 12, seed=9)


def features(images, reports) -> Features:
    """Of as many images and reports as are asked for; those that two calls share are the same."""
    image, text = (unit(4, 6, seed=1), unit(4, 6, seed=2)), (unit(4, 6, seed=3), unit(4, 6, seed=4))
    tokens = unit(4, 3, 6, seed=5), unit(4, 3, 6, seed=6)
    return Features(
        image[0][images], image[1][images], text[0][reports], text[1][reports], tokens[0][images], tokens[1][reports]
    )


def inputs(image=False, report=None) -> Inputs:
    """Three pairs; an image without report, where wanted; a report without image that has the labels ``report``."""
    labels = torch.tensor(LABELS + [[NAN] * 3] * image + ([report] if report else []))
    rows = BatchRows(
        labels,
        torch.zeros_like(labels, dtype=torch.bool),
        images=torch.arange(3 + image),
        reports=torch.tensor([0, 1, 2] + [3 + image] * bool(report)),
        texts=torch.arange(3 + bool(report)),
    )
    second_view = Features(unit(4, 6, seed=7)[: 3 + image], unit(4, 6, seed=8)[: 3 + image])
    batch = features(list(range(3 + image)), [0, 1, 2] + [3] * bool(report))
    return Inputs(batch, rows, anchors(ANCHORS), second_view, captions=torch.arange(3.0))  # captions are of the pairs


def term(name, batch: Inputs, **settings) -> torch.Tensor:
    return loss(name, "cross", **settings)(batch)[name]


@pytest.mark.parametrize("unmentioned", ["ignore", "negative"])
@pytest.mark.parametrize("name", LOSSES)
def test_each_row_changes_its_own_term_and_no_other(name, unmentioned):
    pairs = term(name, inputs(), unmentioned=unmentioned)
    image = term(name, inputs(image=True), unmentioned=unmentioned)
    report = term(name, inputs(report=[1, 0, NAN]), unmentioned=unmentioned)
    assert torch.equal(image, pairs) is (name != "consistency")
    assert torch.equal(report, pairs) is (name != "knowledge")
    both = term(name, inputs(image=True, report=[1, 0, NAN]), unmentioned=unmentioned)
    assert torch.equal(both, {"consistency": image, "knowledge": report}.get(name, pairs))


def test_an_uncertain_label_of_a_report_counts_for_nothing():
    """Under "negative" an uncertain label is neither present nor absent."""
    batch = inputs(report=[1, 0, NAN])
    uncertain = torch.zeros(4, 3, dtype=torch.bool)
    uncertain[3, 2] = True
    value = term("knowledge", replace(batch, rows=replace(batch.rows, uncertain=uncertain)), unmentioned="negative")
    labels = batch.rows.labels
    present, absent = labels == 1, (labels == 0) | labels.isnan()
    absent[3, 2] = False
    text = batch.features.text_embedding("cross") @ ANCHORS.T / 0.07
    image = batch.features.image_embedding("cross") @ ANCHORS.T / 0.07
    expected = (contrast(image, present[:3], absent[:3]) + contrast(text, present, absent)) / 2
    torch.testing.assert_close(value, expected)
    assert not torch.equal(term("knowledge", batch, unmentioned="negative"), value)


def test_consistency_takes_the_pairs_with_text_and_all_images_with_their_second_view():
    batch = inputs(image=True, report=[1, 0, 0])
    image, text, other = (
        (x @ ANCHORS.T / 0.07).log_softmax(1)
        for x in (
            batch.features.image_embedding("cross"),
            batch.features.text_embedding("cross"),
            batch.second_view.image_embedding("cross"),
        )
    )
    kl = [((p.exp() - q.exp()) * (p - q)).sum(1).mean() / 2 for p, q in ((image[:3], text[:3]), (image, other))]
    torch.testing.assert_close(term("consistency", batch), sum(kl) / 2)


@pytest.mark.parametrize("name", ["alignment", "consistency", "knowledge"])
def test_gradients_reach_the_rows_of_the_term_alone(name):
    batch = inputs(image=True, report=[1, 0, 0])
    names = [n for n in Features.__dataclass_fields__ if n.endswith("l")]
    leaves = Features(**{n: getattr(batch.features, n).requires_grad_() for n in names})
    term(name, replace(batch, features=leaves)).backward()
    assert bool(leaves.image_global.grad[3].any()) is (name == "consistency")
    assert bool(leaves.text_global.grad[3].any()) is (name == "knowledge")
    assert leaves.image_global.grad[:3].any()
    assert leaves.text_global.grad[:3].any()


def test_pairs_are_matched_in_any_order():
    labels = torch.arange(5.0).view(5, 1)
    rows = BatchRows(labels, labels > 3, torch.tensor([4, 0, 2]), torch.tensor([2, 3, 4]), torch.tensor([7, 8, 9]))
    images, reports = rows.pairs()
    assert (images.tolist(), reports.tolist()) == ([0, 2], [2, 0])
    values = torch.arange(3.0).view(3, 1)
    chosen, pairs = paired(Features(image_global=values, text_global=10 * values), rows)
    assert chosen.image_global[:, 0].tolist() == [0, 2]
    assert chosen.text_global[:, 0].tolist() == [20, 0]
    assert pairs.labels[:, 0].tolist() == [4, 2]
    assert pairs.uncertain[:, 0].tolist() == [True, False]
    assert pairs.texts.tolist() == [9, 7]
    assert pairs.images.tolist() == pairs.reports.tolist() == [0, 1]
