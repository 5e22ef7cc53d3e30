"""The parts of a modality-token design."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from radz.types import Prompt

EmbedWords = Callable[[str], Tensor]
"""Text (whitespace-separated vocabulary words) -> the decoder's embeddings of its tokens, (N, H)."""


class Unconditioned(nn.Module):
    """Tokens that are the same for every input: embeddings pass through unchanged, without parameters."""

    def forward(self, modality: str, embeddings: Tensor, prompt: Prompt) -> Tensor:
        """Embeddings (B, T, H), unchanged."""
        return embeddings


def unconditioned(hidden_size: int) -> nn.Module:
    """The conditioner of a design without parameters."""
    return Unconditioned()


@dataclass(frozen=True, slots=True)
class TokenDesign:
    """The modality tokens of both sequences and the starting values of their rows.

    image_tokens, text_tokens: K names each, in order of placement; generic designs repeat them.
    vocabulary: token name -> words whose embeddings it starts from; a token without words starts at random.
    conditioner: H -> a module ``(modality, embeddings (B, T, H), prompt) -> embeddings``, called before the decoder;
    its parameters train and are saved with the part ``tokens``.
    """

    image_tokens: tuple[str, ...]
    text_tokens: tuple[str, ...]
    vocabulary: dict[str, str]
    conditioner: Callable[[int], nn.Module] = unconditioned

    @property
    def special_tokens(self) -> tuple[str, ...]:
        """Each new token once, image tokens first."""
        return tuple(dict.fromkeys(self.image_tokens + self.text_tokens))

    def place(self, sequence: str, modality_tokens: tuple[str, ...]) -> str:
        """The modality tokens follow everything else, so that a causal decoder lets them see all of it."""
        return sequence + "".join(modality_tokens)

    def read(self, states: Tensor, positions: Tensor) -> Tensor:
        """States at the modality tokens: (B, T, H) at (B, K) -> (B, K, H)."""
        return states.gather(1, positions.unsqueeze(-1).expand(-1, -1, states.shape[-1]))

    def starting_rows(self, embed_words: EmbedWords, embeddings: Tensor, generator: torch.Generator) -> Tensor:
        """Rows of ``special_tokens``, (N, H), at the scale of real embeddings.

        A row is the mean of its words' embeddings, rescaled to the usual norm, plus noise of a tenth of the
        elements' standard deviation, so that tokens of one role differ from the start.
        """
        scale, norm = embeddings.std(), embeddings.norm(dim=1).median()
        rows = []
        for token in self.special_tokens:
            noise = scale * torch.randn(embeddings.shape[1], generator=generator)
            words = self.vocabulary.get(token)
            if words is None:
                rows.append(noise)
            else:
                mean = embed_words(words).mean(0)
                rows.append(mean * norm / mean.norm() + noise / 10)
        return torch.stack(rows)
