"""LLaVA-RadZ: a batch in, aligned features out. The whole method, read top to bottom.

Image and report go separately through one causal decoder. The forward stops at the layer that is read; the
modality tokens' states give the global feature, the modality's own positions the local one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from radz.config import ModelConfig
from radz.errors import ConfigError
from radz.model.backbone import Backbone
from radz.model.processor import RadzProcessor
from radz.model.readout import Readout, States, gather_local, pool_mean
from radz.model.token_design import TokenDesign
from radz.types import Features, ImageBatch, Prompt


class RadZ(nn.Module):
    """tower, projector and decoder of a multimodal language model, with modality tokens and feature heads.

    Built by ``radz.model.build.build_model``. ``compute_dtype`` is what the decoder computes in; heads stay float32.
    ``anchors`` are those that were trained with the model, where its strategy learns.
    """

    def __init__(
        self, config: ModelConfig, backbone: Backbone, design: TokenDesign, processor: RadzProcessor, decoder: Any
    ) -> None:
        super().__init__()
        self.config, self.design, self.processor, self.fingerprint = config, design, processor, backbone.fingerprint
        self.vision = backbone.llava.config
        self.tower: nn.Module = backbone.llava.vision_tower
        self.projector: nn.Module = backbone.llava.multi_modal_projector
        self.dropout = nn.Dropout(config.projector_dropout)
        self.decoder = decoder
        self.readout = Readout(backbone.hidden_size, config.readout)
        self.conditioner = design.conditioner(backbone.hidden_size)
        self.anchors: nn.Module | None = None
        self.compute_dtype = torch.float32

    def forward(self, images: ImageBatch | None = None, texts: Prompt | None = None) -> Features:
        """Features of B images, of U texts, or of both: (B, D), (U, D)."""
        features = Features()
        if images is not None:
            image = self.readout("image", self.read_image(images))
            features.image_global, features.image_local, features.image_tokens = image[:3]
            features.image_positions = image.positions
        if texts is not None:
            text = self.readout("text", self.read_text(texts))
            features.text_global, features.text_local, features.text_tokens = text[:3]
        return features

    def read_image(self, images: ImageBatch) -> States:
        """States of B images, before the heads: (B, H)."""
        prompt = images.prompt
        with self.autocast(prompt.input_ids):
            patches = self.patches(images)  # (B, P, H)
            self._require_places(patches.shape[1])
            embeddings = self._embed(prompt)  # (B, T, H)
            patches = patches.to(embeddings.dtype)
            return self._read("image", prompt, embeddings.masked_scatter(prompt.local.unsqueeze(-1), patches))

    def patches(self, images: ImageBatch) -> Tensor:
        """The images' patches as the decoder reads them, (B, P, H)."""
        states = images.values if images.encoded else self.tower_states(images.values)
        projected: Tensor = self.projector(self.dropout(states))  # (B, P, V) -> (B, P, H)
        return projected

    def read_text(self, prompt: Prompt) -> States:
        """States of U texts, before the heads: (U, H)."""
        with self.autocast(prompt.input_ids):
            return self._read("text", prompt, self._embed(prompt))

    def tower_states(self, pixel_values: Tensor) -> Tensor:
        """Patch states that the projector takes, (B, P, V), by the backbone's own layer and selection."""
        return self._patch_states(self._tower_layers(pixel_values))

    def appearance(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        """Patch states (B, P, V) as ``tower_states`` gives them, and the image's appearance (B, 2 V'), from one pass.

        The appearance is the mean and the spread over the image of each channel a third of the way up the tower, on a
        logarithmic scale: texture and layout, below the layers that are about findings.
        """
        with self.autocast(pixel_values):
            states = self._tower_layers(pixel_values)
        early = states[len(states) // 3].float()  # (B, P', V')
        statistics = torch.cat([early.mean(1), early.std(1)], dim=1)
        return self._patch_states(states), statistics.sign() * statistics.abs().log1p()

    def _tower_layers(self, pixel_values: Tensor) -> tuple[Tensor, ...]:
        """Pixel values (B, 3, h, w) -> every hidden state of the tower, (B, P, V) each."""
        layers: tuple[Tensor, ...]
        layers = self.tower(pixel_values, output_hidden_states=True, return_dict=True).hidden_states
        return layers

    def _patch_states(self, states: tuple[Tensor, ...]) -> Tensor:
        """The tower's hidden states, (B, P, V) each -> those that the projector takes, (B, P, V)."""
        return patches_of(states, self.vision.vision_feature_layer, self.vision.vision_feature_select_strategy)

    def _require_places(self, patches: int) -> None:
        """Raises ConfigError if the tower's patches do not fill the places for them in the sequence."""
        if patches != self.processor.patch_count:
            raise ConfigError(
                f"The tower gives {patches} patches, but the backbone's processor reserves "
                f"{self.processor.patch_count} places for them. Correct patch_size, num_additional_image_tokens and "
                "vision_feature_select_strategy in its processor_config.json."
            )

    def _embed(self, prompt: Prompt) -> Tensor:
        """Ids (B, T) -> (B, T, H)."""
        embeddings: Tensor = self.decoder.get_input_embeddings()(prompt.input_ids)
        return embeddings

    def _read(self, modality: str, prompt: Prompt, embeddings: Tensor) -> States:
        """Embeddings (B, T, H) -> states at the read layer, pooled: (B, H), and the modality tokens, (B, K, H)."""
        embeddings = self.conditioner(modality, embeddings, prompt)
        positions = (prompt.attention_mask.cumsum(-1) - 1).clamp(min=0)
        states = self.decoder(
            inputs_embeds=embeddings, attention_mask=prompt.attention_mask, position_ids=positions, use_cache=False
        ).last_hidden_state
        tokens = self.design.read(states, prompt.modality_tokens)  # (B, K, H)
        local = pool_mean(states, prompt.local)  # (B, H)
        pooled = States(tokens.mean(1) if tokens.shape[1] else local, local, tokens)
        if self.readout.queries is None:
            return pooled
        each, mask = gather_local(states, prompt.local)
        return pooled._replace(positions=each, mask=mask)

    def autocast(self, ids: Tensor) -> torch.autocast:
        """The decoder's number format, on the device of ``ids`` (B, T)."""
        device = ids.device.type
        return torch.autocast(device, torch.bfloat16, enabled=self.compute_dtype == torch.bfloat16)


def patches_of(states: Sequence[Tensor], layers: int | Sequence[int], strategy: str) -> Tensor:
    """Hidden states (B, P, V) each -> those of ``layers`` side by side; ``default`` drops the class token."""
    chosen = [states[layer] for layer in ([layers] if isinstance(layers, int) else layers)]
    if strategy == "default":
        chosen = [state[:, 1:] for state in chosen]
    return torch.cat(chosen, dim=-1)
