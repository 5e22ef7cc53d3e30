"""A small corpus with reports and labels of all kinds."""

from __future__ import annotations

import pytest

from radz.data.corpora._fakes import write_radiograph
from radz.data.corpora.manifest import Manifest


@pytest.fixture
def seven_studies(tmp_path):
    """Seven images of seven patients over three splits, with reports and labels of all kinds."""
    lines = ["image,report,labels,patient,split,source,view"]
    for i in range(7):
        write_radiograph(tmp_path / "in" / f"{i}.png", seed=i)
        report = "" if i == 3 else f"Report {i}, „größer“."
        cell = ("Mass;?Nodule", "No Finding", "-Mass;Effusion", "")[i % 4]
        lines.append(f'{i}.png,"{report}",{cell},p{i},{("train", "train", "val", "test")[i % 4]},fake,PA')
    (tmp_path / "in" / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Manifest(tmp_path / "in" / "manifest.csv", unlisted="absent")
