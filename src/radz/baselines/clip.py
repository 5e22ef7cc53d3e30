"""OpenAI's CLIP through transformers (Radford et al., "Learning Transferable Visual Models From Natural Language
Supervision", 2021; weights and code MIT): what web images and their captions teach about radiographs.
"""

from __future__ import annotations

from radz.baselines._pretrained import PretrainedDualEncoder


class Clip(PretrainedDualEncoder):
    """Any checkpoint of transformers' CLIP format."""

    name = "clip"
    checkpoint = "openai/clip-vit-base-patch32"
    published = ("a photo of {}.", "a photo of no {}.")
    model_types = ("clip",)


plugin = Clip
