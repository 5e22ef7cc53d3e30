"""``learned``: a free vector per finding, trained by the knowledge loss. It uses no words and knows no others."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from radz.errors import AnchorError
from radz.knowledge import Concept
from radz.types import Anchors, EncodeText


class Learned(nn.Module):
    """Prototypes (C, E) of ``concepts`` (ids), randomly initialised. The set is closed."""

    def __init__(self, concepts: Sequence[str], width: int) -> None:
        super().__init__()
        self.place = {concept: i for i, concept in enumerate(concepts)}
        self.closed_set = frozenset(concepts)
        self.prototypes = nn.Parameter(F.normalize(torch.randn(len(concepts), width), dim=-1))

    def forward(self, concepts: Sequence[Concept], encode_text: EncodeText) -> Anchors:
        """Unit rows (C, E) of concepts that were trained. Raises AnchorError for any other."""
        ids = tuple(concept.id for concept in concepts)
        unseen = [name for name in ids if name not in self.closed_set]
        if unseen:
            raise AnchorError(
                f"The anchors 'learned' have no prototype of {', '.join(unseen)}: they know only the findings they "
                f"were trained with ({', '.join(self.place)}). Choose 'names', 'rules' or 'hybrid' for others."
            )
        rows = self.prototypes[[self.place[name] for name in ids]]
        names = tuple(concept.name for concept in concepts)
        return Anchors(ids, F.normalize(rows, dim=-1), None, ((),) * len(ids), "learned", names=names)


plugin = Learned
