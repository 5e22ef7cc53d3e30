"""``hybrid`` (DKAM): the model reads a finding's description, and an MLP turns that reading into the anchor.

A reading is the feature that the text path makes of the description's hidden states. A residual of limited norm,
learned per finding, is added to the anchor. A finding that was not trained has a reading but no residual: that is the
zero-shot path. Before training the anchor equals the reading.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from radz.anchors._texts import mean_features
from radz.knowledge import Concept
from radz.types import Anchors, EncodeText

LIMIT = 0.3
"""Greatest norm of a residual, for a reading of norm 1: it turns an anchor by at most 18 degrees."""


class Hybrid(nn.Module):
    """An MLP for any finding, and residuals (C, E) of ``concepts`` (ids)."""

    def __init__(self, concepts: Sequence[str], width: int) -> None:
        super().__init__()
        self.place = {concept: i for i, concept in enumerate(concepts)}
        self.inner, self.outer = nn.Linear(width, width), nn.Linear(width, width)
        self.residual = nn.Parameter(torch.zeros(len(concepts), width))
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, concepts: Sequence[Concept], encode_text: EncodeText) -> Anchors:
        """Unit rows (C, E) of any concepts."""
        texts = [(description(c), *(statement.text for statement in c.statements)) for c in concepts]
        read = readings(texts, encode_text).to(self.residual.device)
        mapped = read + self.outer(F.gelu(self.inner(F.layer_norm(read, read.shape[-1:]))))
        rows = F.normalize(mapped, dim=-1) + self._residuals([concept.id for concept in concepts])
        ids = tuple(concept.id for concept in concepts)
        names = tuple(concept.name for concept in concepts)
        return Anchors(ids, F.normalize(rows, dim=-1), None, tuple(texts), "hybrid", names=names)

    def _residuals(self, ids: Sequence[str]) -> Tensor:
        """(C, E), each at most LIMIT long; zeros for findings that were not trained."""
        norms = self.residual.norm(dim=-1, keepdim=True)
        limited = self.residual * (LIMIT / norms.clamp(min=LIMIT))
        padded = torch.cat([limited, limited.new_zeros(1, limited.shape[1])])
        return padded[[self.place.get(name, -1) for name in ids]]


def readings(texts: Sequence[Sequence[str]], encode_text: EncodeText) -> Tensor:
    """Unit rows (C, E): the reading of each concept's description, averaged with those of its statements.

    They are read separately, because the text path truncates long texts.
    """
    means = mean_features(texts, encode_text)
    several = torch.tensor([[len(group) > 1] for group in texts], device=means.device)
    return torch.where(several, F.normalize(means, dim=-1), means)


def description(concept: Concept) -> str:
    """What the knowledge base says of a concept, as one text; fields that are empty are left out."""
    parts = (
        ("", concept.definition),
        ("Appearance: ", ", ".join(concept.appearance)),
        ("Location: ", ", ".join(concept.location)),
        ("Context: ", ", ".join(concept.context)),
    )
    return " ".join([f"{concept.name}.", *(f"{label}{text}." for label, text in parts if text)])


plugin = Hybrid
