"""What a run's checkpoint has seen, earlier stages included."""

from __future__ import annotations

from typing import Any

from radz.config import WarmupConfig
from radz.data.views.folds import fold_of
from radz.knowledge import KnowledgeBase
from radz.leakage.exposure import count_mentions
from radz.leakage.membership import origin_of, pack_ids
from radz.leakage.overlap import trained_corpora
from radz.provenance import Provenance, add_labels, describe_data, software_versions
from radz.training.data import TrainingData


def describe_run(
    data: TrainingData,
    start: Provenance | None,
    *,
    stage: str = "",
    command: str = "",
    anchors: str = "",
    warmup: WarmupConfig | None = None,
    cross_fit: int | None = None,
) -> Provenance:
    """Provenance of a checkpoint that was trained on ``data`` from ``start``."""
    policy = data.settings.report_policy
    texts = [study.report or "" for study in (*(data.records if policy == "report" else ()), *data.texts)]
    fields = describe_data(data.records) | {"mentioned": count_mentions(texts, KnowledgeBase.load())}
    fields["supervised"] = add_labels(fields["supervised"], data.texts, data.concepts)
    if start is not None:
        for name in ("supervised", "mentioned"):
            fields[name] = getattr(start, name) | fields[name]
    warmed_up = warmup and f"supervised, {warmup.epochs} epochs with the labels of the training split"
    return Provenance(
        stage=stage,
        command=command,
        seed=data.seed,
        corpus=data.settings.corpus,
        split=data.settings.train_split,
        fold=str(fold_of(data.settings) or ""),
        policies=dict(data.corpus.policies),
        text_policy=policy,
        held_out=tuple(sorted(data.held_out)),
        unlabelled={k: len(v) for k, v in (("images", data.images or ()), ("texts", data.texts)) if v},
        warmup=warmed_up or (start.warmup if start else ""),
        soft_labels=(data.soft_labels and data.soft_labels.source) or (start.soft_labels if start else None),
        cross_fit=cross_fit or 0,
        anchors=anchors,
        software=software_versions(),
        started_from=start.fingerprint if start else "",
        **fields,
        **describe_images(data, start),
    )


def describe_images(data: TrainingData, start: Provenance | None) -> dict[str, Any]:
    """Corpora, images and patients that the checkpoint was trained on, earlier stages included; all ids or none."""
    settings = data.settings
    recorded = settings.record_ids and (start is None or bool(start.trained_ids))
    sources = [(data.corpus, data.records, settings.corpus)]
    if data.images is not None and settings.unlabelled.images is not None:
        sources.append((data.images, data.images.records, settings.unlabelled.images.corpus))
    corpora, trained_ids = trained_corpora(start) if start else (), start.trained_ids if start else ""
    for corpus, records, name in sources:
        corpora = (*corpora, origin_of(corpus, name))
        trained_ids = pack_ids(records, corpora[-1], trained_ids) if recorded else ""
    return {"corpora": tuple(dict.fromkeys(corpora)), "trained_ids": trained_ids}
