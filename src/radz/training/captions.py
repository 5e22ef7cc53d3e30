"""How well the whole decoder, with the head that predicts words, predicts an image's report.

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
from radz.model.backbone import Backbone
from radz.model.radz import RadZ
from radz.types import ImageBatch, PairBatch, Prompt

PADDING = -1


class Captioner:
    """Cross-entropy of each report given its image; gradients reach the projector and, where it trains, the tower."""

    def __init__(self, model: RadZ, chunk_size: int | None = None) -> None:
        """Raises ConfigError for a backbone without a head. chunk_size: pairs whose activations are held at a time."""
        backbone: Backbone = registry.load("backbones", model.config.backbone)(model.config.source, num_layers=None)
        if backbone.head is None:
            raise ConfigError(f"The backbone '{backbone.name}' has no head that predicts words: leave captioning out.")
        self.model, self.chunk_size = model, chunk_size
        device = next(model.parameters()).device
        self.decoder = backbone.decoder.requires_grad_(False).to(device, model.compute_dtype).eval()
        self.head = backbone.head.requires_grad_(False).to(device, model.compute_dtype)

    def __call__(self, batch: PairBatch) -> Tensor:
        """Nats per token of the reports of the P studies that have both image and report: (P,)."""
        rows, reports = batch.rows.pairs()
        texts = batch.texts.index[reports]
        if self.chunk_size is None:
            return self._cross_entropy(rows, texts, batch)
        chunks = zip(torch.split(rows, self.chunk_size), torch.split(texts, self.chunk_size), strict=True)
        return torch.cat([checkpoint(self._cross_entropy, *two, batch, use_reentrant=False) for two in chunks])

    def _cross_entropy(self, rows: Tensor, texts: Tensor, batch: PairBatch) -> Tensor:
        """Images (P,) with texts (P,), both as rows of ``batch`` -> nats per token, (P,)."""
        images = batch.images[rows]
        image, words = self._image_sequence(images.prompt), self._reports(batch.texts.prompt[texts])
        ids = torch.cat([image.expand(len(words), -1), words.clamp(min=0)], dim=1)  # (P, T)
        with self.model.autocast(ids):
            embeddings = self._with_patches(self.decoder.get_input_embeddings()(ids), ids, images)
            mask = torch.cat([torch.ones_like(ids[:, : len(image)]), (words != PADDING).long()], dim=1)
            states = self.decoder(inputs_embeds=embeddings, attention_mask=mask, use_cache=False).last_hidden_state
            before = states[:, len(image) - 1 : -1]  # a position predicts the next
            is_word = words != PADDING
            logits = self.head(before[is_word])
        losses = F.cross_entropy(logits.float(), words[is_word], reduction="none")
        total = torch.zeros(len(words), device=ids.device).index_add(0, is_word.nonzero()[:, 0], losses)
        return total / is_word.sum(1)

    def _image_sequence(self, prompt: Prompt) -> Tensor:
        """Ids of one image's sequence without modality tokens, (S,); all images have the same."""
        ids = prompt.input_ids[0]
        special = ids.new_tensor(self.model.processor.special_ids)
        return ids[~torch.isin(ids, special)]

    def _reports(self, texts: Prompt) -> Tensor:
        """Ids of the reports' words and the end, (P, L), padded."""
        end = texts.input_ids.new_tensor([self.model.processor.tokenizer.eos_token_id])
        words = [torch.cat([ids[local], end]) for ids, local in zip(texts.input_ids, texts.local, strict=True)]
        return pad_sequence(words, batch_first=True, padding_value=PADDING)

    def _with_patches(self, embeddings: Tensor, ids: Tensor, images: ImageBatch) -> Tensor:
        """Embeddings (P, T, H), with the images' projected patches at the image token's positions of ids (P, T)."""
        patches = self.model.patches(images).to(embeddings.dtype)
        is_patch = (ids == self.model.processor.image_token_id).unsqueeze(-1)
        return embeddings.masked_scatter(is_patch, patches)
