"""The sentences that baselines are given."""

from __future__ import annotations

import pytest
import torch

from radz.baselines._prompts import PromptSet, parse_template, prompt_set
from radz.errors import ConfigError
from radz.types import Anchors


def test_all_are_asked_in_the_words_of_the_anchors():
    given = Anchors(("a_b", "c"), torch.eye(2), None, (("X.", "Y."), ()), "rules", names=("A of B", "C"), denials=())
    stated, denied = (("X.", "Y."), ("There is C.",)), (("There is no A of B.",), ("There is no C.",))
    assert prompt_set(given, "given", ("{}", "no {}")) == PromptSet(stated, denied)
    filled = PromptSet((("A of B",), ("C",)), (("no A of B",), ("no C",)))
    assert prompt_set(given, "published", ("{}", "no {}")) == filled
    assert prompt_set(given, "{}|no {}", ("-", "-")) == filled
    assert parse_template("a photo of {} | without {}") == ("a photo of {}", "without {}")
    with pytest.raises(ConfigError, match=r"prompts is '\{\} and no bar', but it takes 'given', 'published' or two"):
        parse_template("{} and no bar")
