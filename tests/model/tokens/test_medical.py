"""Roles of the medical design."""

from __future__ import annotations

from radz import registry
from radz.model.tokens.medical import image_roles


def test_roles_of_the_medical_design():
    """Odd K: the extra token is pathology or terminology; one alone takes both vocabularies."""
    design = registry.load("tokens", "medical")(3)
    image = [design.vocabulary[token].split()[0] for token in design.image_tokens]
    text = [design.vocabulary[token].split()[0] for token in design.text_tokens]
    assert image == ["lung", "opacity", "opacity"]
    assert text == ["patient", "finding", "finding"]
    (alone,) = registry.load("tokens", "medical")(1).image_tokens
    assert {"lung", "opacity"} <= set(registry.load("tokens", "medical")(1).vocabulary[alone].split())
    assert not set(design.image_tokens) & set(design.text_tokens)


def test_image_tokens_name_their_roles():
    assert image_roles(1) == ("both",)
    assert image_roles(4) == ("anatomy", "anatomy", "pathology", "pathology")
