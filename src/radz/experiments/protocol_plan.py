"""Evaluation protocols as data: what is trained, with which labels, and on which images it is evaluated.

kind: held_out      # train without each set of findings, then ask for exactly these
kind: zero_shot     # one model on images of one or several corpora
kind: linear        # a linear head on one model's features, at shares of the labelled patients
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from radz.config import RunConfig, Section, build_config, parse_setting, put, read_yaml
from radz.errors import ConfigError, UnknownNameError
from radz.experiments.ablation.plan import OtherCorpus


class AskedImages(OtherCorpus):
    """Images to evaluate on, and the findings to score in them."""

    findings: tuple[str, ...] = Field((), description="Findings to score; all that the corpus labels by default.")


class ClaimedImages(AskedImages):
    """The same, under the claim that the model has seen none of them."""

    zero_shot: bool = Field(True, description="Refuse a model that has seen these findings, images or patients.")


class _Protocol(Section):
    title: str = Field(description="Heading of its table.")
    question: str = Field("", description="The question, in a sentence.")


class HeldOutProtocol(_Protocol):
    """Findings that nobody labelled: one training for each set, evaluated zero-shot on that set."""

    kind: Literal["held_out"]
    base: Path = Field(description="Run configuration, relative to the protocol.")
    run: dict[str, Any] = Field({}, description="Setting -> value over the base, for every training.")
    sets: dict[str, tuple[str, ...]] = Field(min_length=1, description="Name -> findings that are held out together.")
    test_split: str = Field("test", description="Split of the base's corpus to evaluate.")
    test_options: dict[str, Any] | None = Field(None, description="Its options there; as in training by default.")
    anchors: tuple[str, ...] = Field(
        ("names",), min_length=1, description="Strategies; the others are compared with the first."
    )

    def configs(self, folder: Path, output: Path) -> dict[str, RunConfig]:
        """Set -> its training, in a separate directory below ``output``; ``base`` is relative to ``folder``.

        Raises ConfigError if the base or a setting is not as it should be.
        """
        return {name: self._config(folder, output / name, held) for name, held in self.sets.items()}

    def _config(self, folder: Path, output: Path, held: tuple[str, ...]) -> RunConfig:
        tree = read_yaml(folder / self.base)
        settings = self.run | {"data.held_out": list(held), "output": str(output)}
        for key, value in settings.items():
            put(tree, key, value)
        return build_config(RunConfig, tree)

    def evaluated(self, config: RunConfig, name: str) -> ClaimedImages:
        """The images that the model of ``config`` is evaluated on."""
        data = config.data
        return ClaimedImages(
            corpus=data.corpus,
            root=data.root,
            split=self.test_split,
            options=data.options if self.test_options is None else self.test_options,
            findings=self.sets[name],
        )


class ZeroShotProtocol(_Protocol):
    """A model on images of one or several corpora; the YAML key ``films`` names them."""

    kind: Literal["zero_shot"]
    images: dict[str, ClaimedImages] = Field(alias="films", min_length=1, description="Name -> images.")
    anchors: tuple[str, ...] = Field(
        ("names",), min_length=1, description="Strategies; the others are compared with the first."
    )


class LinearProtocol(_Protocol):
    """A linear head on a model's features, learned from a share of the labelled patients; ``films`` as above."""

    kind: Literal["linear"]
    images: dict[str, AskedImages] = Field(alias="films", min_length=1, description="Name -> images.")
    train_split: str = Field("train", description="Split of the same corpus whose labels are learned.")
    percent: tuple[float, ...] = Field((1, 10, 100), min_length=1, description="Shares of its labelled patients, in %.")
    seeds: tuple[int, ...] = Field((0, 1, 2), min_length=1, description="Draws of patients for a share under 100 %.")


Protocol = HeldOutProtocol | ZeroShotProtocol | LinearProtocol
KINDS: Mapping[str, type[Protocol]] = {
    "held_out": HeldOutProtocol,
    "zero_shot": ZeroShotProtocol,
    "linear": LinearProtocol,
}


def load_protocol(path: Path, overrides: Iterable[str] = ()) -> Protocol:
    """Read a protocol; ``overrides`` are ``a.b=value`` and win. Raises ConfigError, and UnknownNameError for a kind."""
    tree = read_yaml(path)
    for override in overrides:
        _put(tree, *parse_setting(override))
    if (kind := str(tree.get("kind"))) not in KINDS:
        raise UnknownNameError("kind of protocol", kind, KINDS)
    protocol = build_config(KINDS[kind], tree)
    if isinstance(protocol, LinearProtocol) and not all(0 < share <= 100 for share in protocol.percent):
        raise ConfigError(
            f"percent: shares lie above 0 and up to 100, got {', '.join(map(str, protocol.percent))}. Give others."
        )
    return protocol


def _put(tree: dict[str, Any], key: str, value: Any) -> None:
    """Set a setting; one of the training, ``run.a.b``, keeps its dotted name, as plans of ``radz ablate`` write it."""
    section, _, setting = key.partition(".")
    if section == "run" and setting:
        tree.setdefault("run", {})[setting] = value
    else:
        put(tree, key, value)
