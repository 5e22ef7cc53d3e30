"""YAML and JSON that anyone may have written."""

from __future__ import annotations

import time

import pytest

from radz.storage import UnreadableError, load_json, load_yaml, parse_json, parse_yaml, shortened
from radz.storage.text_files import YAML_BYTES
from unreadable import BOMB


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "holds more than 100,000 values, its aliases written out"),
        ("&a [*a]", "holds a value that contains itself by an alias"),
        ("&a {x: &b [*a]}", "holds a value that contains itself by an alias"),
        ("[" * 200_000, r"is not valid YAML \(while increasing flow level exceeded maximum nesting depth"),
        ("a: 2001-99-99", r"is not valid YAML \(month must be in 1\.\.12\)"),
        ("a: " + "9" * 5000, "is not valid YAML .Exceeds the limit"),
        ("{[1]: 2}", "unhashable key"),
        ("!!python/object:os.system x", "could not determine a constructor"),
        ("a: 1\n---\nb: 2", "expected a single document"),
        ("a: \0", "control characters are not allowed"),
    ],
    ids=lambda text: text[:20],
)
def test_hostile_yaml_is_refused_fast_in_a_short_line(text, reason):
    start = time.monotonic()
    with pytest.raises(UnreadableError, match=reason) as refused:
        parse_yaml(text)
    assert time.monotonic() - start < 1
    assert len(str(refused.value)) < 400
    assert "\n" not in str(refused.value)


def test_yaml_has_its_values_aliases_included():
    text = "a: &x {b: 1}\nc: *x\nd: {<<: *x, e: [1, 2]}"
    assert parse_yaml(text) == {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": [1, 2]}}
    assert parse_yaml("") is None


def test_json_too_deep_or_damaged_is_refused():
    for text in ("[" * 100_000, "{", b"\xff", "1" * 5000):
        with pytest.raises(UnreadableError, match="is not valid JSON"):
            parse_json(text)
    assert parse_json('{"a": [1]}') == {"a": [1]}


def test_files_are_refused_with_the_reason(tmp_path):
    (tmp_path / "latin").write_bytes(b"a: caf\xe9")
    (tmp_path / "large").write_bytes(b"#" * (YAML_BYTES + 1))
    (tmp_path / "marked").write_bytes(b"\xef\xbb\xbf{}")
    for load in (load_yaml, load_json):
        with pytest.raises(UnreadableError, match=r"is not encoded as UTF-8 \(byte 6\)"):
            load(tmp_path / "latin")
        with pytest.raises(UnreadableError, match=r"cannot be opened \(Is a directory\)"):
            load(tmp_path)
        with pytest.raises(FileNotFoundError):
            load(tmp_path / "none")
        assert load(tmp_path / "marked") == {}
    with pytest.raises(UnreadableError, match=r"has 4,194,305 bytes, the limit is 4,194,304"):
        load_yaml(tmp_path / "large")


def test_a_message_is_cut_to_one_line():
    assert shortened("a\n  b") == "a b"
    assert len(shortened("x" * 10_000)) == 304
