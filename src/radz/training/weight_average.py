"""An exponential moving average of weights, kept next to those that train.

torch's ``AveragedModel`` copies the module and cannot average parameters that FSDP has sharded. This one averages whole
tensors, as they are saved, so that it is the same for every kind of launch.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class WeightAverage:
    """``average <- decay * average + (1 - decay) * weights``, from the first weights it is given.

    tensors: the average, tensors (...) by name; empty before the first update.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.tensors: dict[str, Tensor] = {}

    @torch.no_grad()
    def update(self, weights: Mapping[str, Tensor]) -> None:
        """Take the next weights, tensors (...) by name, into the average; of integers it keeps the newest."""
        for name, tensor in weights.items():
            if name in self.tensors and tensor.is_floating_point():
                self.tensors[name].lerp_(tensor, 1 - self.decay)
            else:
                self.tensors[name] = tensor.clone()
