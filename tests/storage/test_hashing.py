"""Hashes of values and files, and seals."""

from __future__ import annotations

import json

from radz.storage import content_hash, file_sha256, sealed, unsealed


def test_hashes_depend_on_the_content_alone():
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    assert content_hash(b"abc") == content_hash("abc") == abc
    assert content_hash({"b": 1, "a": 2}) == content_hash({"a": 2, "b": 1})
    assert content_hash(["a"]) != content_hash("a")


def test_a_file_has_the_hash_of_its_content(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    assert file_sha256(tmp_path / "file") == content_hash(b"abc")


def test_a_seal_holds_for_its_content_in_any_order_and_for_no_other():
    content = sealed({"b": [1, 2.5, None], "a": {"text": "é"}})
    assert unsealed(json.loads(json.dumps(content))) == {"b": [1, 2.5, None], "a": {"text": "é"}}
    assert unsealed(content | {"b": [1, 2.25, None]}) is None
    assert unsealed({"b": 1}) is None
    assert unsealed([content]) is None
