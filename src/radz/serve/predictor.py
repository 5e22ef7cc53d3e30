"""A trained model as a predictor: paths in, ranked findings out. No web framework, no printing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, partial
from importlib.resources import files
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from radz import __version__
from radz.anchors import PromptPair, closed_set, load_anchors, open_strategy, save_anchors
from radz.calibration.calibration_file import CALIBRATION, StoredCalibration, read_calibration
from radz.calibration.reference import REFERENCE, ReferenceStatistics, read_reference, reference_path
from radz.errors import AnchorError, CheckpointError, KnowledgeError, RadzError
from radz.explain.attention import attention_maps
from radz.imaging.image import Image
from radz.imaging.read import read_image
from radz.knowledge import ALL, GROUP, Concept, KnowledgeBase
from radz.leakage.exposure import exposure
from radz.model.checkpoint import TowerHead, load_checkpoint, load_tower_head
from radz.model.checkpoint_files import CONFIG
from radz.model.encoder import Encoder
from radz.model.precision import choose_dtype, make_fast
from radz.provenance import Provenance
from radz.serve.decision import NO_REFERENCE, UNCALIBRATED, DecisionRules
from radz.storage import cache_root, content_hash
from radz.types import NORMAL, Anchors, Exposure, Result, Study

T = TypeVar("T")
ANCHOR_CACHE = 2
"""Changed when cached anchors must be made again; 1 could have been made by a model whose files were damaged."""


class Predictor:
    """One loaded model, its knowledge base and its anchors, which are encoded once."""

    def __init__(
        self,
        model: Encoder,
        provenance: Provenance,
        knowledge: KnowledgeBase,
        tower_head: TowerHead | None = None,
        *,
        inverted: bool | None = None,
        calibration: tuple[StoredCalibration | None, str] = (None, UNCALIBRATED),
        reference: tuple[ReferenceStatistics | None, str] = (None, NO_REFERENCE),
    ) -> None:
        self.model, self.provenance, self.knowledge, self.tower_head = model, provenance, knowledge, tower_head
        self.read = partial(read_image, inverted=inverted)
        self.fingerprint = provenance.fingerprint
        self.calibration, self.uncalibrated = calibration
        self.reference, self.no_reference = reference
        self._anchors: dict[tuple[str, ...], Anchors] = {}
        self._given: dict[str, Concept] = {}

    @classmethod
    def load(
        cls,
        checkpoint: str | Path | None = None,
        *,
        source: str | None = None,
        dtype: str = "auto",
        findings: Sequence[Path] = (),
        inverted: bool | None = None,
        calibration: str | Path | None = None,
    ) -> Predictor:
        """The shipped checkpoint, or the one in ``checkpoint``.

        source: where the backbone's weights are, for backbones that take one. findings: YAML files that add
        diseases. inverted: as in ``radz.imaging.read.read_image``. calibration: a file of `radz calibrate`, by default
        the one in the checkpoint; that one is left out, and each result says why, where it does not fit the model.
        Reference statistics are read from the file beside it, by default from the one in the checkpoint.
        Raises CheckpointError, CacheError, ConfigError, CalibrationError.
        """
        directory = Path(checkpoint) if checkpoint is not None else shipped_checkpoint()
        model, provenance = load_checkpoint(directory, source)
        make_fast(model, choose_dtype(dtype))
        knowledge = KnowledgeBase.load(findings)
        fitted = _calibration(directory, calibration, provenance)
        usual = _reference(directory, calibration, provenance)
        head = load_tower_head(directory)
        return cls(Encoder(model), provenance, knowledge, head, inverted=inverted, calibration=fitted, reference=usual)

    @cached_property
    def default_findings(self) -> tuple[str, ...]:
        """Findings scored where the user names none, in the order of the knowledge base, without "normal".

        These are the findings marked ``default`` for the model's body part and modality, those it was trained on, and
        those that the user's files add, as far as the model has anchors for them.
        """
        usual = {concept.id for concept in self._fitting(ALL) if concept.default}
        return self._with_anchors(usual | set(self.provenance.supervised) | self._added())

    @cached_property
    def all_findings(self) -> tuple[str, ...]:
        """All findings that can be seen in the model's kind of image and that it has anchors for, and the defaults."""
        return self._with_anchors({concept.id for concept in self._fitting(ALL)} | set(self.default_findings))

    def _with_anchors(self, chosen: set[str]) -> tuple[str, ...]:
        """The ids among ``chosen`` that the model has anchors for, in the order of the knowledge base."""
        closed = closed_set(open_strategy(self.provenance.anchors, self.model.model.anchors))
        ids = (concept.id for concept in self.knowledge if concept.id in chosen - {NORMAL})
        return tuple(concept for concept in ids if closed is None or concept in closed)

    def anchors(self, findings: Sequence[str] | None = None, strategy: str | None = None) -> Anchors:
        """Anchors of ``findings``, encoded once per predictor.

        findings: ids, names in any language of the base, "name: description", "all" for everything that can be seen
        in the model's kind of image, or "group:infectious" for one disease group of it.
        """
        strategy = strategy or self.provenance.anchors
        concepts = self._parse(findings or self.default_findings)
        key = (strategy, *(concept.sha256 for concept in concepts))
        if key not in self._anchors:
            self._anchors[key] = self._cached(strategy, concepts)
        return self._anchors[key]

    def prompted(self, findings: Sequence[str], pair: PromptPair) -> Anchors:
        """Anchors of ``findings`` from one wording: one sentence states each finding, one denies it. Not cached."""
        return pair.anchors(self._parse(findings), self.model.encode_text)

    def save_anchors(self, directory: Path, findings: Sequence[str] | None = None, strategy: str | None = None) -> int:
        """Write the anchors of ``findings`` to ``directory``; returns their number."""
        anchors = self.anchors(findings, strategy)
        save_anchors(anchors, self._parse(findings or self.default_findings), self.identity(), directory)
        return len(anchors)

    def _cached(self, strategy: str, concepts: Sequence[Concept]) -> Anchors:
        """Anchors from the user's cache, or made and cached; a damaged entry is replaced."""
        make = open_strategy(strategy, self.model.model.anchors)
        if not self.fingerprint:  # never saved, so its anchors have no key
            return make(concepts, self.model.encode_text)
        model = self.identity()
        key = content_hash([ANCHOR_CACHE, __version__, model, strategy, [concept.sha256 for concept in concepts]])
        place = cache_root() / "anchors" / key
        with suppress(AnchorError):
            return load_anchors(place, model)
        anchors = make(concepts, self.model.encode_text)
        with suppress(OSError, AnchorError):  # an unwritable cache costs time only
            save_anchors(anchors, concepts, model, place)
        return anchors

    def identity(self) -> dict[str, str]:
        """Properties of the model that determine an anchor's values, for a given strategy and concept."""
        dtypes = sorted({str(tensor.dtype) for tensor in self.model.model.parameters()})
        return {
            "fingerprint": self.fingerprint,
            "backbone": self.model.model.fingerprint,
            "granularity": self.model.granularity,
            "dtype": ", ".join(dtypes),
            "device": self.model.device.type,
        }

    def exposures(self, concepts: Iterable[str]) -> dict[str, Exposure]:
        """What the model has seen of each concept."""
        known = {name: self._given.get(name) or self.knowledge[name] for name in concepts}
        return {name: exposure(concept, self.provenance, self.knowledge) for name, concept in known.items()}

    @overload  # a str is a sequence of str too: the first signature wins
    def predict(self, image: str | Path, findings: Sequence[str] | None = None) -> Result: ...  # type: ignore[overload-overlap]
    @overload
    def predict(self, image: Sequence[str | Path], findings: Sequence[str] | None = None) -> list[Result]: ...
    def predict(
        self, image: str | Path | Sequence[str | Path], findings: Sequence[str] | None = None
    ) -> Result | list[Result]:
        """Ranked findings of one image, or of each image of a list.

        A single unreadable image raises ImageError; in a list it becomes a Result with ``error``.
        """
        if isinstance(image, str | Path):
            return self._results([str(image)], [self.read(Path(image))], self.anchors(findings))[0]
        return list(self.stream([Path(p) for p in image], findings))

    def stream(
        self, images: Sequence[Path], findings: Sequence[str] | None = None, batch_size: int = 16
    ) -> Iterator[Result]:
        """Results in order, as they are ready; files are read ahead of the model."""
        anchors = self.anchors(findings)
        for chunk in _chunks(self._read_ahead(images, batch_size), batch_size):
            readable = [(path, image) for path, image in chunk if not isinstance(image, RadzError)]
            names, pixels = [str(path) for path, _ in readable], [image for _, image in readable]
            scored = iter(self._results(names, pixels, anchors))
            for path, image in chunk:
                yield Result(str(path), error=str(image)) if isinstance(image, RadzError) else next(scored)

    def maps(self, image: str | Path, findings: Sequence[str] | None = None) -> dict[str, NDArray[np.float32]]:
        """Attention of each finding: name -> (h, w) over the patch grid, at least 0, of sum 1.

        A map shows what the score was read from, not where a lesion lies. The grid spans the resized image.
        Raises ImageError, and ConfigError for a model whose patches are pooled by their mean.
        """
        anchors = self.anchors(findings)
        features = self.model.encode([Study(str(image), "", pixels=self.read(Path(image)).pixels)])
        maps = attention_maps(features.positions, anchors.positive, self.model.granularity, self.model.temperature)
        return dict(zip(anchors.concepts, maps[0], strict=True))

    def _parse(self, findings: Sequence[str]) -> list[Concept]:
        """Each finding once, in order. Raises KnowledgeError if two that differ share an id."""
        concepts: dict[str, Concept] = {}
        for concept in chain.from_iterable(map(self._named, findings)):
            if concepts.setdefault(concept.id, concept) != concept:
                raise KnowledgeError(
                    f"Two findings are called '{concept.id}' and differ. Give the new one another name."
                )
        self._given |= concepts
        return [*concepts.values()]

    def _named(self, finding: str) -> list[Concept]:
        """The concepts that one argument names."""
        known = finding in self.knowledge or not (finding == ALL or finding.startswith(GROUP))
        return [self.knowledge.parse(finding)] if known else self._fitting(finding)

    def _fitting(self, which: str) -> list[Concept]:
        return self.knowledge.select(which, self.provenance.body_part, self.provenance.modality)

    def _added(self) -> set[str]:
        """Ids of the concepts that the user's files add or replace."""
        shipped = {concept.id: concept for concept in KnowledgeBase.load()}
        return {concept.id for concept in self.knowledge if shipped.get(concept.id) != concept}

    def _read_ahead(self, paths: Sequence[Path], limit: int) -> Iterator[tuple[Path, Image | RadzError]]:
        """Images in order, or why one is refused; at most ``limit`` are read before they are taken."""
        readers, waiting = ThreadPoolExecutor(max_workers=2), iter(paths)
        try:
            ahead = deque((path, readers.submit(self._read_or_refuse, path)) for path in islice(waiting, limit))
            while ahead:
                path, future = ahead.popleft()
                yield path, future.result()
                ahead.extend((path, readers.submit(self._read_or_refuse, path)) for path in islice(waiting, 1))
        finally:
            readers.shutdown(cancel_futures=True)

    def _read_or_refuse(self, path: Path) -> Image | RadzError:
        try:
            return self.read(path)
        except RadzError as error:
            return error

    def _results(self, names: Sequence[str], images: Sequence[Image], anchors: Anchors) -> list[Result]:
        if not images:
            return []
        studies = [Study(name, "", pixels=image.pixels) for name, image in zip(names, images, strict=True)]
        features = self.model.encode(studies)
        assert features.appearance is not None
        rules = DecisionRules(
            self.provenance,
            self.knowledge,
            self.calibration,
            self.uncalibrated,
            self.reference,
            self.no_reference,
        )
        return rules.decide(
            names,
            self.model.similarity(features, anchors).values.astype(np.float64),
            appearance=features.appearance.astype(np.float64),
            images=images,
            anchors=anchors,
            exposures=self.exposures(anchors.concepts),
        )


def shipped_checkpoint() -> Path:
    """Directory of the checkpoint inside the installed package."""
    directory = Path(str(files("radz"))) / "checkpoints" / "default"
    if not (directory / CONFIG).is_file():
        raise CheckpointError(
            "This installation ships no checkpoint. Train one with `radz train configs/default.yaml` and pass its "
            "directory with --model."
        )
    return directory


def _chunks(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while chunk := list(islice(items, size)):
        yield chunk


def _calibration(
    directory: Path, given: str | Path | None, provenance: Provenance
) -> tuple[StoredCalibration | None, str]:
    """The given calibration or the checkpoint's, and why there is none."""
    if given is not None:
        return read_calibration(Path(given), provenance.fingerprint, provenance.anchors), ""
    path = directory / CALIBRATION
    if not path.is_file():
        return None, UNCALIBRATED
    try:
        return read_calibration(path, provenance.fingerprint, provenance.anchors), ""
    except RadzError as error:
        return None, str(error)


def _reference(
    directory: Path, calibration: str | Path | None, provenance: Provenance
) -> tuple[ReferenceStatistics | None, str]:
    """The reference statistics beside the given calibration, else the checkpoint's, and why there are none."""
    beside = None if calibration is None else reference_path(Path(calibration))
    path = beside if beside is not None and beside.is_file() else directory / REFERENCE
    if not path.is_file():
        return None, NO_REFERENCE
    try:
        return read_reference(path, provenance.fingerprint, provenance.anchors), ""
    except RadzError as error:
        return None, str(error)
