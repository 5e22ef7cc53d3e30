"""How well the whole decoder, with the head that predicts words, foresees a film's report.

    <begin> <image patches> instruction report <end>

The modality tokens are left out: nothing is read here. Decoder and head are the backbone's own, all layers, frozen.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.checkpoint import checkpoint

from radz import registry
from radz.errors import ConfigError
from radz.losses import places
from radz.model.backbone import Backbone
from radz.model.radz import RadZ
from radz.types import Batch

PADDING = -1


class Captioner:
    """Cross-entropy of each report given its film; gradients reach the projector and, where it trains, the tower."""

    def __init__(self, model: RadZ, chunk_size: int | None = None) -> None:
        """Raises ConfigError for a backbone without a head. chunk_size: pairs whose activations are held at a time."""
        backbone: Backbone = registry.load("backbones", model.config.backbone)(model.config.source, num_layers=None)
        if backbone.head is None:
            raise ConfigError(f"The backbone '{backbone.name}' has no head that predicts words: leave captioning out.")
        self.model, self.chunk_size = model, chunk_size
        device = next(model.parameters()).device
        self.decoder = backbone.decoder.requires_grad_(False).to(device, model.compute_dtype).eval()
        self.head = backbone.head.requires_grad_(False).to(device, model.compute_dtype)

    def __call__(self, batch: Batch) -> Tensor:
        """Nats per token of the reports of the P studies that have film and report: (P,)."""
        films, texts = pairs(batch)
        if self.chunk_size is None:
            return self._surprise(films, texts, batch)
        pieces = zip(torch.split(films, self.chunk_size), torch.split(texts, self.chunk_size), strict=True)
        return torch.cat([checkpoint(self._surprise, *two, batch, use_reentrant=False) for two in pieces])

    def _surprise(self, films: Tensor, texts: Tensor, batch: Batch) -> Tensor:
        """Films (P,) with texts (P,), both as rows of ``batch`` -> (P,)."""
        film, words = self._film_sequence(batch), self._reports(batch, texts)
        ids = torch.cat([film.expand(len(words), -1), words.clamp(min=0)], dim=1)  # (P, T)
        with self.model.autocast(ids):
            embeddings = self._with_patches(self.decoder.get_input_embeddings()(ids), ids, films, batch)
            mask = torch.cat([torch.ones_like(ids[:, : len(film)]), (words != PADDING).long()], dim=1)
            states = self.decoder(inputs_embeds=embeddings, attention_mask=mask, use_cache=False).last_hidden_state
            before = states[:, len(film) - 1 : -1]  # a position predicts the next
            said = words != PADDING
            logits = self.head(before[said])
        losses = F.cross_entropy(logits.float(), words[said], reduction="none")
        total = torch.zeros(len(words), device=ids.device).index_add(0, said.nonzero()[:, 0], losses)
        return total / said.sum(1)

    def _film_sequence(self, batch: Batch) -> Tensor:
        """Ids of one film's sequence without modality tokens, (S,); all films have the same."""
        assert batch.image_prompt is not None
        ids = batch.image_prompt.input_ids[0]
        special = ids.new_tensor(self.model.processor.special_ids)
        return ids[~torch.isin(ids, special)]

    def _reports(self, batch: Batch, texts: Tensor) -> Tensor:
        """Ids of the reports' words and the end, (P, L), padded."""
        prompt = batch.text_prompt
        assert prompt is not None
        end = prompt.input_ids.new_tensor([self.model.processor.tokenizer.eos_token_id])
        words = [torch.cat([prompt.input_ids[i][prompt.local[i]], end]) for i in texts.tolist()]
        return pad_sequence(words, batch_first=True, padding_value=PADDING)

    def _with_patches(self, embeddings: Tensor, ids: Tensor, films: Tensor, batch: Batch) -> Tensor:
        """Embeddings (P, T, H), those of the image's place taken by the films' projected patches."""
        chosen = Batch(
            pixel_values=None if batch.pixel_values is None else batch.pixel_values[films],
            tower_states=None if batch.tower_states is None else batch.tower_states[films],
        )
        patches = self.model.patches(chosen).to(embeddings.dtype)
        here = (ids == self.model.processor.image_token_id).unsqueeze(-1)
        return embeddings.masked_scatter(here, patches)


def pairs(batch: Batch) -> tuple[Tensor, Tensor]:
    """Rows of films and of distinct texts that belong to one study, (P,) each."""
    assert batch.image_prompt is not None
    device = batch.image_prompt.input_ids.device
    every = torch.arange(len(batch.image_prompt.input_ids), device=device)
    films, reports = places(batch) or (every, every)
    return films, reports if batch.text_index is None else batch.text_index[reports]
