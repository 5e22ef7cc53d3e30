"""Configuration is data: one typed tree, checked when built, saved with each run.

A YAML file is read with the safe loader; ``--set a.b=c`` overrides one leaf. An unknown key is an
error that names its nearest neighbour.
"""

from __future__ import annotations

import os
import reprlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo

from radz.errors import ConfigError, UnknownNameError
from radz.storage import UnreadableError, load_yaml, parse_yaml, shortened

COMPLAINTS = 20
"""Most faults of one configuration that a message lists."""
MAPPING = "A configuration is YAML in UTF-8: one `key: value` a line, as in configs/."


class Section(BaseModel):
    """A part of the configuration: immutable, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def is_unset(value: Any) -> bool:
    """Whether a setting that radz 0.1 did not have is left out of hashes and saved files, which thus stay the same."""
    return value is None


S = TypeVar("S", bound=Section)
Part = Literal["tower", "projector", "lora", "tokens", "heads", "anchors"]
"""Parts of a model that may train; model/build.py maps them to parameters."""


class LoraConfig(Section):
    """Low-rank adaptation of the decoder layers that run."""

    r: int = Field(16, ge=1, description="Rank of each update.")
    alpha: int = Field(32, ge=1, description="Scale of the update is alpha / r.")
    dropout: float = Field(0.05, ge=0, lt=1, description="Dropout on the input of each update.")
    targets: tuple[str, ...] = Field(
        ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
        description="Linear layers of a decoder layer that get an update.",
    )


class TokensConfig(Section):
    """Modality tokens."""

    design: str = Field("medical", description="A file in radz/model/tokens.")
    count: int = Field(
        4,
        ge=0,
        le=32,
        description="K, modality tokens per sequence. 0: none; the mean over patches or words takes their place.",
    )


class ReadoutConfig(Section):
    """Which states are read and how they become features."""

    layer: int = Field(
        -2,
        description="Index into the decoder's hidden states as transformers counts them: 0 is the embeddings, "
        "n the output of layer n, -2 the penultimate layer. The forward stops there.",
    )
    final_norm: bool = Field(False, description="Apply the decoder's final norm to the states read.")
    dim: int | None = Field(
        256, ge=2, description="D, width of each feature. null: no projection, the feature is the state itself."
    )
    granularity: Literal["cross", "same", "both"] = Field(
        "cross",
        description="How features pair up, in training and in scoring: global with local (cross, the paper), "
        "like with like (same), or the mean of all four pairs (both).",
    )
    pooling: Literal["mean", "attention"] = Field(
        "mean",
        description="How patches and words become a local feature: their mean, or attention, by a learned query in "
        "alignment and by each concept's anchor in scoring, which then has a map over the image.",
    )
    attention_temperature: float = Field(
        0.1,
        gt=0,
        description="Of the softmax over positions, where pooling is attention: a small value attends to few patches.",
    )


class TrainedAnchorsConfig(Section):
    """Anchors with trainable parameters; written by training, from ``anchors`` and the corpus's findings."""

    strategy: str = Field(description="A file in radz/anchors that learns.")
    concepts: tuple[str, ...] = Field(description="Ids of the findings that are trained, in order.")


class ModelConfig(Section):
    """Everything that fixes the shape of a model; saved in the checkpoint's config.json."""

    backbone: str = Field("smollm2", description="A file in radz/model/backbones.")
    source: str | None = Field(None, description="Checkpoint directory or hub id, for backbones that take one.")
    image_size: int | None = Field(
        None,
        ge=32,
        exclude_if=is_unset,
        description="Side in pixels of the square images that the tower reads, for towers that read any: 320 gives the "
        "default one 10 x 10 patches. Unset: the backbone's own.",
    )
    tokens: TokensConfig = TokensConfig()
    readout: ReadoutConfig = ReadoutConfig()
    lora: LoraConfig = LoraConfig()
    projector_dropout: float = Field(0.0, ge=0, lt=1, description="Dropout on the tower's states, in training.")
    anchors: TrainedAnchorsConfig | None = Field(None, description="Set by training where the anchors learn.")
    image_instruction: str = Field("Describe the findings of this radiograph.", description="Follows the image.")
    text_instruction: str = Field("Report:", description="Precedes the report.")
    max_report_tokens: int = Field(128, ge=4, description="Longer reports lose their last words, never a token.")


class LossConfig(Section):
    """Weights and settings of each loss term; a term without a weight is not computed."""

    weights: dict[str, float] = Field({"alignment": 1.0}, description="Loss file in radz/losses -> weight.")
    temperature: float = Field(0.07, gt=0, description="tau, or its start where it is learned.")
    learn_temperature: bool = Field(False, description="Train log tau with the model.")
    overlap: Literal["mask", "jaccard"] = Field(
        "mask",
        description="Pairs whose label sets overlap without being equal: left out of the denominator (mask), "
        "or soft positives weighted by Jaccard similarity (jaccard).",
    )
    unmentioned: Literal["negative", "ignore"] = Field(
        "ignore",
        description="Meaning of an unlabelled finding in the knowledge loss: absent (negative) or nothing "
        "(ignore). An uncertain one always means nothing.",
    )
    hierarchy_margin: float = Field(
        0.1, ge=0, description="Cosine margin by which a child is nearer to its parent than an unrelated finding is."
    )

    @model_validator(mode="after")
    def _weights_are_positive(self) -> Self:
        if not self.weights or any(w <= 0 for w in self.weights.values()):
            raise ValueError(
                f"every loss needs a weight above 0, got {self.weights}; leave a loss out to switch it off"
            )
        return self


def expand(path: Path) -> Path:
    """``$VARIABLE`` and ``~`` are expanded as in a shell."""
    return Path(os.path.expandvars(path)).expanduser()


class UnlabelledImages(Section):
    """Images without reports, for the consistency of two views; their labels are not read."""

    corpus: str = Field("manifest", description="A file in radz/data/corpora.")
    root: Path = Field(description="The corpus's directory, or the manifest file.")
    options: dict[str, Any] = Field({}, description="Options of the corpus, passed by name.")
    split: str = Field("train", description="Its split; must not include patients of a test split.")
    per_batch: int = Field(16, ge=1, description="Images added to each batch of pairs.")

    @field_validator("root")
    @classmethod
    def _expand(cls, root: Path) -> Path:
        return expand(root)


class UnlabelledTexts(Section):
    """Reports without images, labelled by the report labeler, for the knowledge loss."""

    table: Path = Field(description="A CSV or Parquet file, one report a row.")
    column: str = Field("report", description="Its column of reports; their findings and impression are read.")
    where: dict[str, Any] = Field({}, description="Column -> value or values of the rows to take.")
    language: str = Field("en", description="A file in radz/data/lexicons.")
    per_batch: int = Field(16, ge=1, description="Reports added to each batch of pairs.")

    @field_validator("table")
    @classmethod
    def _expand(cls, table: Path) -> Path:
        return expand(table)


class UnlabelledConfig(Section):
    """Rows of one modality added to each batch of pairs; either kind or both."""

    images: UnlabelledImages | None = Field(None, description="Images without a report.")
    texts: UnlabelledTexts | None = Field(None, description="Reports without an image.")


class DataConfig(Section):
    """Where studies come from and which text goes with them."""

    corpus: str = Field("chestxray14", description="A file in radz/data/corpora.")
    root: Path = Field(description="The corpus's directory, or the manifest file.")
    options: dict[str, Any] = Field({}, description="Options of the corpus, passed by name.")
    train_split: str = Field("train", description="Split that is trained on.")
    val_split: str = Field("val", description="Split that validates; never a test split.")
    record_ids: bool = Field(
        True,
        description="Keep short hashes of the ids of images and patients in the provenance, so that an evaluation "
        "recognises training images. false where nobody who can list the ids may test them.",
    )
    fold: str | None = Field(
        None,
        description="k/n: the patients of train and val are dealt into n folds, of which the k-th validates and the "
        "others train; k/n@s is another deal, of seed s. Unset: the corpus's own splits.",
    )
    limit: int | None = Field(
        None,
        ge=1,
        description="Train on at most this many images, of patients drawn by the seed; a smaller limit takes a subset.",
    )
    held_out: tuple[str, ...] = Field(
        (),
        description="Findings that training must not meet: the images that show them, their labels and anchors, and "
        "what any text says of them, denials included. Their narrower forms go with them.",
    )
    soft_labels: Path | None = Field(
        None,
        exclude_if=is_unset,
        description="A CSV or Parquet table of probabilities, mixed into the labels of the tower's warm-up: the first "
        "column names the image or study, every other one is a label of the corpus. Rows may be missing.",
    )
    soft_weight: float = Field(
        0.5,
        gt=0,
        le=1,
        exclude_if=lambda weight: weight == 0.5,
        description="Weight of a probability in the mixture; the label has the rest.",
    )
    report_policy: Literal["report", "varied", "positives"] = Field(
        "varied",
        description="report: the corpus's own text; varied, positives: sentences written from labels.",
    )
    text_variants: int = Field(4, ge=1, description="Sentence templates in play; fewer means fewer distinct texts.")
    batch_within: tuple[str, ...] = Field(
        (), description="Metadata keys that all studies of a batch share, so that no batch is solved by source."
    )
    augment: bool = Field(True, description="Small rotations, shifts, scale and contrast.")
    flip: Literal["never", "half"] = Field(
        "never", description="Horizontal flip; never by default, because left and right carry meaning."
    )
    second_view: bool = Field(False, description="Give each image in a second augmentation, for the consistency loss.")
    cached_views: int = Field(
        0, ge=0, description="Augmented views per image whose frozen-tower states are cached; 0 recomputes the tower."
    )

    unlabelled: UnlabelledConfig = Field(
        UnlabelledConfig(), description="Images without reports and reports without images, in addition to the pairs."
    )

    @field_validator("root", "soft_labels")
    @classmethod
    def _expand(cls, path: Path | None) -> Path | None:
        return None if path is None else expand(path)

    @model_validator(mode="after")
    def _second_view_differs(self) -> Self:
        if self.second_view and (not self.augment or self.cached_views == 1):
            raise ValueError("data.second_view needs data.augment, and data.cached_views of 0 or at least 2")
        return self

    @model_validator(mode="after")
    def _val_is_not_test(self) -> Self:
        if self.val_split == "test":
            raise ValueError("val_split must not be 'test': nothing is chosen by looking at a test split")
        return self


class TrainConfig(Section):
    """Schedule, rates and hardware."""

    train_parts: tuple[Part, ...] = Field(
        ("projector", "lora", "tokens", "heads", "anchors"), description="Parts whose parameters train."
    )
    epochs: float = Field(
        5, ge=0, description="Passes over the training split, fixed in advance. 0 trains nothing: a model to compare."
    )
    max_steps: int = Field(-1, description="Optimiser steps; overrides epochs where positive.")
    batch_size: int = Field(64, ge=2, description="Pairs per step and process; contrast needs at least 2.")
    learning_rate: float = Field(3e-4, gt=0, description="Peak rate of LoRA and tokens.")
    head_rate: float = Field(1e-3, gt=0, description="Peak rate of heads and anchors, which start from nothing.")
    tower_rate: float = Field(1e-5, gt=0, description="Peak rate of the tower.")
    projector_rate: float = Field(3e-4, gt=0, description="Peak rate of the projector.")
    weight_decay: float = Field(0.01, ge=0, description="AdamW decay.")
    warmup_fraction: float = Field(0.1, ge=0, lt=1, description="Share of the steps over which the rate rises.")
    max_grad_norm: float = Field(1.0, gt=0, description="Gradients are clipped to this norm.")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto: bfloat16 where the processor computes it natively, else float32."
    )
    checkpointing: bool = Field(False, description="Recompute activations in the backward pass to save memory.")
    chunk_size: int | None = Field(
        None,
        ge=1,
        description="Images or distinct texts whose activations are held at a time: a large batch in the memory of a "
        "small one, at the cost of one more forward pass, with the same gradients. Unset: the whole batch at once.",
    )
    save_steps: int = Field(20, ge=1, description="Steps between resumable states.")
    log_steps: int = Field(1, ge=1, description="Steps between logged losses.")
    keep_states: int = Field(1, ge=1, description="Resumable states kept.")
    average_states: int = Field(
        1, ge=1, description="The checkpoint holds the mean weights of this many newest states; 1: the last weights."
    )
    cross_fit: int | None = Field(
        None,
        ge=2,
        exclude_if=is_unset,
        description="Folds of patients: the tower states of a fold come from a tower that was warmed up on the others, "
        "so that nothing is trained on states of images that the tower was fitted to. Unset: from the one tower.",
    )
    half_parts: tuple[Part, ...] = Field(
        (), description="Parts that the checkpoint holds in float16, half as large; they train and load as they are."
    )
    workers: int = Field(0, ge=0, description="DataLoader processes.")
    reporters: tuple[str, ...] = Field((), description="accelerate's trackers, e.g. tensorboard.")

    @model_validator(mode="after")
    def _averaged_states_are_kept(self) -> Self:
        if self.average_states > self.keep_states:
            raise ValueError(
                f"train.average_states ({self.average_states}) needs as many states: train.keep_states is "
                f"{self.keep_states}"
            )
        return self


class WarmupConfig(Section):
    """Supervised warm-up of a new tower, on the training split only; named on the model card."""

    epochs: int = Field(9, ge=1, description="Passes over the training split.")
    batch_size: int = Field(32, ge=1, description="Images per step.")
    learning_rate: float = Field(1e-3, gt=0, description="Peak rate of AdamW; the schedule is that of train.")
    weight_decay: float = Field(1e-2, ge=0, description="AdamW decay.")
    targets: Literal["findings", "with_normal"] = Field(
        "with_normal",
        description="What the tower learns to tell: the findings alone, or 'no finding' as well, where the corpus "
        "labels it.",
    )
    average: float | None = Field(
        None,
        gt=0,
        lt=1,
        exclude_if=is_unset,
        description="Decay per step of a moving average of the weights, with which the tower ends: 0.99 averages over "
        "about 100 steps. Unset: the last weights.",
    )
    dropout: float = Field(
        0.2, ge=0, lt=1, exclude_if=lambda share: share == 0.2, description="Dropout before the linear head."
    )
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "float32", exclude_if=lambda name: name == "float32", description="What the tower computes in, as train.dtype."
    )


class RunConfig(Section):
    """One training run."""

    output: Path = Field(description="Directory of the run: states, logs and the final checkpoint.")
    shared: Path | None = Field(
        None, description="Directory in which runs share warmed-up towers and their cached states, by content hash."
    )
    stage: Literal["", "general", "adapt", "anchor"] = Field(
        "", description="The training stage of this run; see radz/training/stages.py. Empty: a run without stages."
    )
    start: Path | None = Field(None, description="Checkpoint to start from.")
    seed: int = Field(0, ge=0, description="Of every random choice.")
    anchors: str = Field("names", description="Anchor strategy of the losses that take anchors, and of validation.")
    descriptions: tuple[Literal["definition", "appearance", "location", "context"], ...] = Field(
        ("definition", "appearance", "location", "context"),
        description="Fields of the knowledge base that anchors read besides names; fewer make shorter descriptions.",
    )
    warmup: WarmupConfig | None = Field(None, description="Supervised tower warm-up before the first stage.")
    data: DataConfig
    model: ModelConfig = ModelConfig()
    loss: LossConfig = LossConfig()
    train: TrainConfig = TrainConfig()

    @model_validator(mode="after")
    def _cache_needs_frozen_tower(self) -> Self:
        if self.data.cached_views and "tower" in self.train.train_parts:
            raise ValueError("data.cached_views needs a frozen tower: take 'tower' out of train.train_parts, or set 0")
        return self

    @model_validator(mode="after")
    def _cross_fitting_has_towers(self) -> Self:
        if self.train.cross_fit is None:
            return self
        if not self.data.cached_views:
            raise ValueError("train.cross_fit works on cached states: set data.cached_views, or leave it out")
        if self.warmup is None and self.start is None:
            raise ValueError(
                "train.cross_fit needs a tower per fold: add warmup, or start from a run that had one with cross_fit"
            )
        return self

    @model_validator(mode="after")
    def _soft_labels_are_read(self) -> Self:
        if self.data.soft_labels is not None and self.warmup is None:
            raise ValueError("data.soft_labels are read by the warm-up alone: add warmup, or leave them out")
        return self

    @model_validator(mode="after")
    def _unlabelled_rows_have_their_loss(self) -> Self:
        rows, weights = self.data.unlabelled, self.loss.weights
        if rows.images is not None and not ("consistency" in weights and self.data.second_view):
            raise ValueError(
                "data.unlabelled.images train by the agreement of two views alone: give 'consistency' a weight under "
                "loss.weights and set data.second_view, or leave them out"
            )
        if rows.texts is not None and "knowledge" not in weights:
            raise ValueError(
                "data.unlabelled.texts train by the knowledge loss alone: give 'knowledge' a weight under "
                "loss.weights, or leave them out"
            )
        return self


class PlanConfig(Section):
    """A training in stages."""

    output: Path = Field(description="Directory for the stages; each gets a folder named after its file.")
    stages: tuple[Path, ...] = Field(
        min_length=1, description="Run configurations in order, relative to the plan; each starts from the one before."
    )


def load_config(path: Path, overrides: Iterable[str] = ()) -> RunConfig:
    """Read a YAML run configuration; ``overrides`` are ``a.b=value`` with YAML values.

    Raises ConfigError for a missing or malformed file, a bad value, and an unknown key with its nearest name.
    """
    tree = read_yaml(path)
    for override in overrides:
        put(tree, *parse_setting(override))
    return build_config(RunConfig, tree)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file. Raises ConfigError if the file is missing or holds no mapping."""
    try:
        tree = load_yaml(path)
    except FileNotFoundError:
        raise ConfigError(f"No configuration file {path}. Shipped ones are in configs/.") from None
    except UnreadableError as error:
        raise ConfigError(f"{path} {error}. {MAPPING}") from None
    if not isinstance(tree, dict):
        raise ConfigError(f"{path} must hold a mapping of settings, found {type(tree).__name__}. {MAPPING}")
    return tree


def build_config(section: type[S], tree: Mapping[str, Any]) -> S:
    """Check ``tree`` against ``section``; pydantic's complaints become one ConfigError."""
    try:
        return section.model_validate(tree)
    except ValidationError as error:
        errors = error.errors()
        lines = [_complaint(section, e) for e in errors[:COMPLAINTS]]
        lines += [f"... and {len(errors) - COMPLAINTS} more"] if len(errors) > COMPLAINTS else []
        raise ConfigError("\n".join(lines)) from None


def parse_setting(text: str) -> tuple[str, Any]:
    """``a.b=value``, the value being YAML -> dotted name and value. Raises ConfigError."""
    name, equals, value = text.partition("=")
    name = name.strip()
    if not equals or not all(name.split(".")):
        raise ConfigError(f"A setting is written key=value, got '{text}'. Example: train.epochs=3")
    try:
        return name, parse_yaml(value)
    except UnreadableError as error:
        raise ConfigError(f"{shortened(text)}: the value {error}. Quote it, or write it as in a YAML file.") from None


def parse_options(texts: Iterable[str]) -> dict[str, Any]:
    """``a.b=value`` with YAML values -> {"a": {"b": value}}. Raises ConfigError."""
    tree: dict[str, Any] = {}
    for text in texts:
        put(tree, *parse_setting(text))
    return tree


def put(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set ``a.b`` in a tree of settings, with the sections on the way. Raises ConfigError if ``a`` is a value."""
    *parents, leaf = path.split(".")
    for key in parents:
        if tree.get(key) is None:
            tree[key] = {}
        tree = tree[key]
        if not isinstance(tree, dict):
            raise ConfigError(
                f"{path}={value}: '{key}' is a value, not a section, so it cannot hold '{leaf}'. "
                f"Make it a section, or set '{key}' alone."
            )
    tree[leaf] = value


def _complaint(section: type[BaseModel], error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = _fields_at(section, error["loc"][:-1])
        return str(UnknownNameError("setting", where, [".".join([*map(str, error["loc"][:-1]), k]) for k in known]))
    return f"{where or 'configuration'}: {error['msg']} (got {reprlib.repr(error['input'])})"


def _fields_at(section: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """Keys of the section at ``loc``, as YAML spells them."""
    for part in loc:
        entry = _fields(section).get(str(part))
        if entry is None:  # a name in a mapping of sections
            continue
        options = [entry.annotation, *getattr(entry.annotation, "__args__", ())]
        section = next(o for o in options if isinstance(o, type) and issubclass(o, BaseModel))
    return list(_fields(section))


def _fields(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """YAML key -> field."""
    return {entry.alias or name: entry for name, entry in section.model_fields.items()}
