"""The contract of every result writer, those of third parties included."""

from __future__ import annotations

import inspect
import io

import pytest

from radz import registry
from radz.errors import ConfigError, UnknownNameError
from radz.results import ResultWriter, format_of, open_writer, write_file

WRITERS = registry.names("results")


def written(name: str, results, **options) -> str:
    file = io.StringIO()
    open_writer(name).write(results, file, **options)
    return file.getvalue()


def test_the_formats_of_the_command_line_are_there():
    assert {"csv", "json", "table"} <= set(WRITERS)


@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_keeps_the_contract(name, results):
    writer = open_writer(name)
    assert isinstance(writer, ResultWriter)
    assert writer.suffixes
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in writer.suffixes)
    assert list(inspect.signature(writer.write).parameters) == ["results", "file", "top"]
    assert inspect.getdoc(type(writer))


@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_names_images_findings_and_reasons(name, results):
    text = written(name, results)
    for part in ("chest.png", "mass", "supervised", "edema", "not in the calibration set", "ankle.png", "not a chest"):
        assert part in text, part
    assert text.endswith("\n")
    assert written(name, iter(results)) == text, "a stream is written like a list"


@pytest.mark.parametrize("name", WRITERS)
def test_no_results_are_no_error(name):
    assert isinstance(written(name, []), str)


@pytest.mark.parametrize("name", WRITERS)
def test_a_suffix_names_one_format(name, tmp_path, results):
    for suffix in open_writer(name).suffixes:
        assert format_of(tmp_path / f"results{suffix.upper()}") == name
    path = tmp_path / "folder" / f"results{suffix}"
    write_file(results, path, name)
    assert path.read_text(encoding="utf-8") == written(name, results)


def test_an_unknown_format_is_refused_with_what_there_is(tmp_path):
    with pytest.raises(ConfigError, match=r"results\.xls does not name a format .* one of \.csv, \.json, \.txt"):
        format_of(tmp_path / "results.xls")
    with pytest.raises(UnknownNameError, match=r"Unknown results plug-in 'jsn'\. Did you mean 'json'"):
        open_writer("jsn")


def test_a_file_appears_whole_or_not_at_all(tmp_path, results):
    def stream():
        yield results[0]
        raise RuntimeError("the model failed")

    with pytest.raises(RuntimeError, match="the model failed"):
        write_file(stream(), tmp_path / "results.csv", "csv")
    assert list(tmp_path.iterdir()) == []
