"""RadCLIP: CLIP's ViT-L/14 with its image side trained on 1.15 million radiologic image-text pairs (Lu et al.,
"RadCLIP: Enhancing Radiologic Image Analysis through Contrastive Language-Image Pre-training", 2024).

The checkpoint is one of transformers' CLIP format. The adapter that pools slices is not used.
"""

from __future__ import annotations

from radz.baselines._pretrained import PretrainedDualEncoder


class RadClip(PretrainedDualEncoder):
    """RadCLIP's two-dimensional encoder."""

    name = "radclip"
    model_types = ("clip",)


plugin = RadClip
