"""The text side of a comparison: each concept's sentences as one unit row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, cast

import torch
from torch import Tensor
from torch.nn import functional as F

from radz.baselines._opening import one_of
from radz.baselines._prompts import PromptSet, Sentences

Rule = Literal["pair", "positive"]
RULES = ("pair", "positive")
TEXTS_AT_ONCE = 64


class TextRows:
    """Rows of a prompt set, on the CPU; the last set is remembered, so that a corpus encodes its sentences once.

    encode_texts: sentences (N,) -> features (N, E), of any norm. rule: ``pair`` subtracts the denial, ``positive``
    leaves it out.
    """

    def __init__(self, encode_texts: Callable[[Sequence[str]], Tensor], rule: str = "pair") -> None:
        self.encode_texts, self.rule = encode_texts, cast(Rule, one_of("rule", rule, RULES))
        self._last: tuple[PromptSet, Tensor] | None = None

    @torch.inference_mode()
    def __call__(self, prompts: PromptSet) -> Tensor:
        """Statements, less denials where the rule takes them: (C, E)."""
        if self._last is None or self._last[0] != prompts:
            self._last = (prompts, self._encode(prompts))
        return self._last[1]

    def _encode(self, prompts: PromptSet) -> Tensor:
        """(C, E)."""
        texts = prompts.sentences if self.rule == "pair" else prompts.statements
        parts = [texts[start : start + TEXTS_AT_ONCE] for start in range(0, len(texts), TEXTS_AT_ONCE)]
        rows = torch.cat([unit(self.encode_texts(part)).cpu() for part in parts])
        encoded = dict(zip(texts, rows, strict=True))
        positive = mean_rows(prompts.positive, encoded)
        return positive if self.rule == "positive" else positive - mean_rows(prompts.negative, encoded)


def mean_rows(groups: Sequence[Sentences], encoded: dict[str, Tensor]) -> Tensor:
    """Each concept's sentences averaged and brought to unit norm again: (C, E)."""
    return unit(torch.stack([torch.stack([encoded[text] for text in group]).mean(0) for group in groups]))


def unit(features: Tensor) -> Tensor:
    """(N, E) -> rows of norm 1 in float32."""
    return F.normalize(features.float(), dim=-1)
