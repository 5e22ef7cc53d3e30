"""Where modality tokens are placed, read, and start."""

from __future__ import annotations

import torch

from radz.model.token_design import TokenDesign, Unconditioned

DESIGN = TokenDesign(("<a>", "<b>"), ("<b>", "<c>"), {"<a>": "lung heart"})


def test_each_token_once_and_image_tokens_first():
    assert DESIGN.special_tokens == ("<a>", "<b>", "<c>")


def test_tokens_follow_everything_else():
    assert DESIGN.place("words", DESIGN.text_tokens) == "words<b><c>"


def test_states_are_read_at_the_tokens():
    states = torch.arange(12.0).view(2, 3, 2)
    read = DESIGN.read(states, torch.tensor([[2, 0], [1, 1]]))
    assert read.tolist() == [[[4.0, 5.0], [0.0, 1.0]], [[8.0, 9.0], [8.0, 9.0]]]


def test_a_row_starts_at_the_mean_of_its_words_and_without_words_at_random():
    generator = torch.Generator().manual_seed(0)
    embeddings = torch.randn(50, 64, generator=generator)
    words = torch.randn(2, 64, generator=generator)
    rows = DESIGN.starting_rows(lambda text: words[: len(text.split())], embeddings, generator)
    cosines = torch.cosine_similarity(rows, words.mean(0), dim=1)
    assert rows.shape == (3, 64)
    assert cosines[0] > 0.9
    assert cosines[1:].abs().max() < 0.5
    norm = embeddings.norm(dim=1).median()
    assert ((rows.norm(dim=1) / norm - 1).abs() < 0.3).all()


def test_without_a_conditioner_embeddings_pass_through():
    conditioner = DESIGN.conditioner(4)
    embeddings = torch.rand(1, 2, 4)
    assert isinstance(conditioner, Unconditioned)
    assert conditioner("image", embeddings, None) is embeddings
    assert not list(conditioner.parameters())
