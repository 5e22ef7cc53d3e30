"""Opening a baseline by name, and every refusal."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from baseline_fakes import CONTEXT, score
from radz.baselines import open_baseline
from radz.errors import ConfigError, MissingExtraError, UnknownNameError


@pytest.mark.parametrize(
    ("name", "source", "options", "refusal"),
    [
        ("clip", None, {"prompt": "given"}, (UnknownNameError, "option of the baseline 'clip' 'prompt'.*'prompts'")),
        ("radclip", None, {}, (ConfigError, "'radclip' needs a checkpoint: write radclip:PATH")),
        ("chance", "x", {}, (ConfigError, "'chance' takes no checkpoint, got 'x'")),
        ("llava", "x", {"question": "Is it?"}, (ConfigError, "needs {} where the finding's name goes")),
        ("blip2", "x", {"head": "itm"}, (UnknownNameError, "Known: contrast, matching")),
    ],
)  # fmt: skip
def test_what_cannot_be_opened_says_why(name, source, options, refusal, monkeypatch):
    monkeypatch.setattr("radz.baselines.llava.open_backbone", lambda *_: SimpleNamespace())
    with pytest.raises(refusal[0], match=refusal[1]):
        open_baseline(name, source, CONTEXT, options)


@pytest.mark.parametrize("name", ["biomedclip", "chexzero"])
def test_without_its_extra_the_command_that_installs_it_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(
        MissingExtraError, match=r"needs the package 'open_clip_torch'.*pip install 'radz\[baselines\]'"
    ):
        score(name, "anything")
