"""JSON: every field, the notice and the version."""

from __future__ import annotations

import io
import json

from radz.results.json import SCHEMA_VERSION, JsonWriter
from radz.types import RESEARCH_USE


def test_the_document_has_notice_version_and_every_field(results):
    file = io.StringIO()
    JsonWriter().write(results, file, top=1)
    document = json.loads(file.getvalue())
    assert list(document) == ["notice", "schema_version", "results"]
    assert document["notice"] == RESEARCH_USE
    assert document["schema_version"] == SCHEMA_VERSION == 1
    chest, ankle, cut = document["results"]
    assert chest["findings"][0] == {
        "name": "mass",
        "score": 0.12345678,
        "probability": 0.975,
        "exposure": "supervised",
        "note": "",
        "in_set": True,
    }
    assert len(chest["findings"]) == 2, "all findings, whatever `top` is"
    assert ankle["abstained"] == "not a chest"
    assert (cut["error"], cut["findings"]) == ("cut.png is damaged", [])
