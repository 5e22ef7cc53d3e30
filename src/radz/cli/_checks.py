"""Which wordings the checks of ``radz evaluate`` take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radz.errors import ConfigError

if TYPE_CHECKING:
    from radz.anchors import PromptPair


def split_prompts(which: str | None, anchors: str | None) -> tuple[PromptPair | None, tuple[PromptPair, ...]]:
    """A set of one wording is what is evaluated; one of several is what the result is to be robust against.

    Raises ConfigError where both prompts and an anchor strategy are given, and as ``load_prompts``.
    """
    if which is None:
        return None, ()
    if anchors is not None:
        raise ConfigError(
            f"--prompts {which} and --anchors {anchors}: a prompt is an anchor of one sentence. Give one of the two."
        )
    from radz.anchors import load_prompts

    pairs = load_prompts(which)
    return (pairs[0], ()) if len(pairs) == 1 else (None, pairs)
