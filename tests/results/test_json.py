"""JSON: every field, the notice and the version."""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace

from radz.results import write_stream
from radz.results.json import SCHEMA_VERSION
from radz.types import RESEARCH_USE


def test_the_document_has_notice_version_and_every_field(results):
    file = io.StringIO()
    write_stream(results, file, "json", top=1)
    document = json.loads(file.getvalue())
    assert file.getvalue() == json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    assert list(document) == ["notice", "schema_version", "results"]
    assert document["notice"] == RESEARCH_USE
    assert document["schema_version"] == SCHEMA_VERSION == 2
    chest, ankle, cut = document["results"]
    assert chest["findings"][0] == {
        "name": "mass",
        "score": 0.12345678,
        "probability": 0.975,
        "exposure": "supervised",
        "note": "",
        "in_set": True,
        "percentile": 0.93,
    }
    assert len(chest["findings"]) == 2, "all findings, whatever `top` is"
    assert ankle["abstained"] == "not a chest"
    assert (cut["error"], cut["findings"]) == ("cut.png is damaged", [])


def test_a_name_that_is_not_text_comes_back_as_its_bytes(results):
    file, name = io.StringIO(), b"caf\xe9.png"
    write_stream([replace(results[0], image=os.fsdecode(name))], file, "json")
    (result,) = json.loads(file.getvalue())["results"]
    assert os.fsencode(result["image"]) == name


def test_no_results_are_an_empty_list():
    file = io.StringIO()
    write_stream([], file, "json")
    assert json.loads(file.getvalue())["results"] == []
