"""MIMIC-CXR-JPG."""

from __future__ import annotations

from radz.data.corpora.mimic_cxr_jpg import MimicCxrJpg


def test_images_are_jpg_and_reports_are_read_only_where_they_are_named(tmp_path):
    root = MimicCxrJpg.fake(tmp_path)
    corpus = MimicCxrJpg(root)
    assert {study.image.suffix for study in corpus.records} == {".jpg"}
    assert all(study.report is None for study in corpus.records)
    assert all(study.report for study in MimicCxrJpg(root, reports=root).records)
