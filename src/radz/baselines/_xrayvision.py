"""torchxrayvision's DenseNets (Cohen et al., 2022; Apache-2.0), trained with the labels of public corpora.

The published files are pickled modules. torch's restricted unpickler reads them: it builds only tensors and the
layers named here, and of these only the tensors are used.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from radz.baselines._images import best_device
from radz.baselines._opening import one_of, unreadable
from radz.errors import CheckpointError, MissingExtraError
from radz.knowledge import KnowledgeBase
from radz.types import Pixels

SIDE = 224
GREATEST = 1024.0
"""Pixels of its input run from minus this to this."""
LAYERS = (nn.Sequential, nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d, nn.AvgPool2d, nn.Linear)


class XrayVision:
    """Images -> logits, one column per concept of ``concepts``."""

    def __init__(self, source: str) -> None:
        """source: a name of torchxrayvision's weights (densenet121-res224-all), or a file of them.

        Raises MissingExtraError, CheckpointError, and UnknownNameError for a name that it does not have.
        """
        library = _library()
        names = [name for name in library.models.model_urls if name.startswith("densenet")]
        file = (
            Path(source)
            if source.endswith(".pt")
            else _fetch(library, one_of("torchxrayvision weights", source, names))
        )
        state = read_tensors(library, file)
        self.model = _network(library, state).to(best_device())
        labels = _labels(library, file.name)
        if len(labels) != self.model.classifier.out_features:
            raise CheckpointError(
                f"{file} scores {self.model.classifier.out_features} labels, not {len(labels)}. "
                "Give the file of the named weights."
            )
        knowledge = KnowledgeBase.load()
        known = {knowledge.parse(label).id: i for i, label in enumerate(labels) if label in knowledge}
        self.concepts, self.columns = tuple(known), list(known.values())
        self.crop, self.resize = library.datasets.XRayCenterCrop(), library.datasets.XRayResizer(SIDE)

    def logits(self, images: Sequence[Pixels]) -> Tensor:
        """Images (1, h, w) in [0, 1] -> (B, C) on the CPU."""
        values = np.stack([self.resize(self.crop((2 * image - 1) * GREATEST)) for image in images])
        device = next(self.model.parameters()).device
        whole: Tensor = self.model(torch.from_numpy(values).float().to(device)).float().cpu()
        return whole[:, self.columns]


def read_tensors(library: Any, file: Path) -> dict[str, Tensor]:
    """The tensors (...) of a pickled DenseNet, by name. Raises CheckpointError for a file that holds anything else."""
    models = library.models
    allowed = [models.DenseNet, models._DenseBlock, models._DenseLayer, models._Transition, *LAYERS]
    try:
        with torch.serialization.safe_globals(allowed):
            module = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise unreadable("supervised", str(file), error) from error
    if not isinstance(module, models.DenseNet):
        raise CheckpointError(
            f"{file} holds a {type(module).__name__}, not a DenseNet of torchxrayvision. "
            "Give one of its published files."
        )
    for part in module.modules():
        part.__dict__.setdefault("_non_persistent_buffers_set", set())  # files of 2020 lack it
    return {name: tensor for name, tensor in module.state_dict().items() if name != "op_threshs"}


def _network(library: Any, state: dict[str, Tensor]) -> Any:
    """A fresh DenseNet with the tensors (...) of ``state``, for inference."""
    first, growing = state["features.conv0.weight"], state["features.denseblock1.denselayer1.conv2.weight"]
    blocks = [f"features.denseblock{i}.denselayer" for i in range(1, 5)]
    model = library.models.DenseNet(
        growth_rate=len(growing),
        block_config=tuple(sum(n.startswith(b) and n.endswith("conv2.weight") for n in state) for b in blocks),
        num_init_features=len(first),
        bn_size=growing.shape[1] // len(growing),
        num_classes=len(state["classifier.bias"]),
    )
    model.load_state_dict(state)
    return model.eval().requires_grad_(False)


def _labels(library: Any, filename: str) -> Sequence[str]:
    """Labels of the columns of a published file; the library's default list for an unknown file."""
    for entry in library.models.model_urls.values():
        if entry["weights_url"].endswith(f"/{filename}"):
            labels: Sequence[str] = entry["labels"]
            return labels
    default: Sequence[str] = library.datasets.default_pathologies
    return default


def _fetch(library: Any, name: str) -> Path:
    """A file that torchxrayvision downloads, or has downloaded before."""
    try:
        return Path(library.models.get_weights(name))
    except Exception as error:
        raise unreadable("supervised", name, error) from error


def _library() -> Any:
    try:
        import torchxrayvision
    except ImportError:
        raise MissingExtraError("torchxrayvision's weights", "torchxrayvision", "baselines") from None
    return torchxrayvision
