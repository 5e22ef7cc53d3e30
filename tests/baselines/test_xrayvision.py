"""torchxrayvision's weights as its authors pickled them."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from baseline_fakes import CONTEXT, STUDIES, Payload
from eval_fakes import make_anchors
from radz.baselines import open_baseline
from radz.baselines._xrayvision import XrayVision
from radz.errors import CheckpointError, MissingExtraError, UnknownNameError


def test_torchxrayvision_is_read_as_its_authors_pickled_it(tmp_path):
    xrv = pytest.importorskip("torchxrayvision")
    torch.manual_seed(0)
    network = xrv.models.DenseNet(growth_rate=2, block_config=(1, 2, 1, 1), num_init_features=4).eval()
    torch.save(network, tmp_path / "nih-densenet121-d121-tw-lr001-rot45-tr15-sc15-seed0-best.pt")
    model = open_baseline("supervised", str(next(tmp_path.glob("*.pt"))), CONTEXT)
    images = [xrv.utils.normalize(study.pixels[0], 1, reshape=True) for study in STUDIES]
    values = torch.from_numpy(np.stack([xrv.datasets.XRayResizer(224)(image) for image in images]))
    scores = model.score(STUDIES, make_anchors(("effusion", "cardiomegaly", "fracture")))
    expected = network(values)[:, [7, 10]].detach().numpy()
    np.testing.assert_allclose(scores.values[:, :2], expected, atol=1e-4)  # logits of up to 3; measured 1e-6
    assert np.isnan(scores.values[:, 2]).all(), "a column without a name in the file that knows 14 of 18"
    assert scores.notes == {"fracture": "not a label that it was trained with"}
    with pytest.raises(UnknownNameError, match="Did you mean 'densenet121-res224-nih'"):
        open_baseline("supervised", "densenet121-res224-nhi", CONTEXT)


def test_a_file_that_contains_code_is_refused_and_not_run(tmp_path):
    pytest.importorskip("torchxrayvision")
    torch.save({"visual.proj": Payload()}, tmp_path / "evil.pt")
    with pytest.raises(CheckpointError, match="could not be loaded as a checkpoint of 'supervised'"):
        open_baseline("supervised", str(tmp_path / "evil.pt"), CONTEXT)
    assert not Payload.ran


def test_files_of_something_else_are_refused(tmp_path):
    xrv = pytest.importorskip("torchxrayvision")
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match=r"other\.pt holds a dict, not a DenseNet of torchxrayvision"):
        XrayVision(str(tmp_path / "other.pt"))
    small = {"growth_rate": 2, "block_config": (1, 1, 1, 1), "num_init_features": 4}
    torch.save(xrv.models.DenseNet(**small, num_classes=3), tmp_path / "three.pt")
    with pytest.raises(CheckpointError, match=r"three\.pt scores 3 labels, not 18"):
        XrayVision(str(tmp_path / "three.pt"))


def test_without_the_library_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchxrayvision", None)
    with pytest.raises(
        MissingExtraError, match=r"needs the package 'torchxrayvision'.*pip install 'radz\[baselines\]'"
    ):
        XrayVision("densenet121-res224-all")
