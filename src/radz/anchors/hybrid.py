"""``hybrid`` (DKAM): the model reads a finding's description, an MLP turns that reading into the anchor.

What is read are hidden states, which the text path returns as features, not the words. To the anchor a residual of
limited norm is added, learned per finding. A finding that was not trained has none and still has its reading: that
is the zero-shot path. Before training the anchor is the reading itself.
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
"""A residual's norm at most, against a reading of norm 1: it cannot turn an anchor by more than 18 degrees."""


class Hybrid(nn.Module):
    """MLP for any finding and residuals, (C, E), of ``concepts`` (ids)."""

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
        """(C, E), each at most LIMIT long; zeros for what was not trained."""
        norms = self.residual.norm(dim=-1, keepdim=True)
        limited = self.residual * (LIMIT / norms.clamp(min=LIMIT))
        padded = torch.cat([limited, limited.new_zeros(1, limited.shape[1])])
        return padded[[self.place.get(name, -1) for name in ids]]


def readings(texts: Sequence[Sequence[str]], encode_text: EncodeText) -> Tensor:
    """Unit rows (C, E): each concept's description as it is read, or its direction averaged with the statements'.

    They are read one by one, since the text path cuts a long text off at its end.
    """
    means = mean_features(texts, encode_text)
    several = torch.tensor([[len(own) > 1] for own in texts], device=means.device)
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
