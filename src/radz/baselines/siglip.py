"""SigLIP and its kin, MedSigLIP first of all (Google, 448 px, Health AI Developer Foundations terms).

SigLIP was trained on texts padded to their full length, so they are padded so here.
"""

from __future__ import annotations

from radz.baselines._pretrained import PretrainedDualEncoder


class Siglip(PretrainedDualEncoder):
    """Any checkpoint of transformers' SigLIP format."""

    name = "siglip"
    checkpoint = "google/medsiglip-448"
    model_types = ("siglip", "siglip2")
    padding = "max_length"


plugin = Siglip
