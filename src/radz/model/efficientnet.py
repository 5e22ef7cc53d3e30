"""EfficientNet-Lite0 as the vision tower of a LLaVA: timm's network behind transformers' interface.

BatchNorm statistics are frozen unless ``freeze_batch_norm`` is lifted: in training mode they would make a
feature depend on its neighbours in the batch and break gradient caching.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

TIMM_NAME = "tf_efficientnet_lite0"
EARLY = 2
"""The stage whose maps serve as the early layer: 40 channels, 28 x 28."""


class EfficientNetTowerConfig(PreTrainedConfig):  # type: ignore[misc]  # transformers is untyped
    """The sizes that LLaVA reads from its tower; 224 px give 7 × 7 patches."""

    model_type = "radz_efficientnet_lite0"
    hidden_size: int = 1280
    image_size: int = 224
    patch_size: int = 32


class EfficientNetTower(PreTrainedModel):  # type: ignore[misc]  # transformers is untyped
    """(B, 3, 224, 224), mean and deviation 0.5 -> hidden states ((B, 784, 40), (B, 49, 1280)).

    ``any_size``: it is convolutional, so that images of another multiple of 32 pixels give as many patches as fit.
    """

    config_class = EfficientNetTowerConfig
    main_input_name = "pixel_values"
    any_size = True

    def __init__(self, config: EfficientNetTowerConfig) -> None:
        super().__init__(config)
        self.net: Any = timm.create_model(TIMM_NAME, num_classes=0, global_pool="")
        self.freeze_batch_norm = True
        self.post_init()

    def forward(self, pixel_values: Tensor, **_: Any) -> BaseModelOutput:
        """(B, 3, h, w) -> states of an early stage, (B, 16 P, 40), and of the last, (B, P, 1280), in row order."""
        images = pixel_values.contiguous(memory_format=torch.channels_last)
        maps, (early,) = self.net.forward_intermediates(images, indices=[EARLY])  # (B, 1280, 7, 7), (B, 40, 28, 28)
        states = tuple(each.flatten(2).transpose(1, 2) for each in (early, maps))
        return BaseModelOutput(last_hidden_state=states[-1], hidden_states=states)

    def train(self, mode: bool = True) -> EfficientNetTower:
        """Training mode, but for frozen BatchNorm."""
        super().train(mode)
        if self.freeze_batch_norm:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def _init_weights(self, module: nn.Module) -> None:
        """timm has initialised its weights already; transformers must not do so again."""


AutoConfig.register(EfficientNetTowerConfig.model_type, EfficientNetTowerConfig, exist_ok=True)
AutoModel.register(EfficientNetTowerConfig, EfficientNetTower, exist_ok=True)


def load_imagenet_weights(tower: EfficientNetTower, path: Path) -> None:
    """Copy the published PyTorch weights (another naming, the same order) into timm's network."""
    theirs = list(torch.load(path, weights_only=True, map_location="cpu").values())
    ours = tower.net.state_dict()
    features = theirs[: len(ours)]  # the classifier's two tensors come last
    if [t.shape for t in features] != [t.shape for t in ours.values()]:
        raise ValueError(f"{path.name} does not hold the tensors of {TIMM_NAME}, in order")
    tower.net.load_state_dict(dict(zip(ours, features, strict=True)))
