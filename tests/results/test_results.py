"""The contract of every result writer, those of third parties included."""

from __future__ import annotations

import inspect
import io
from contextlib import contextmanager
from dataclasses import replace

import pytest

from radz import registry
from radz.errors import ConfigError, UnknownNameError
from radz.results import ResultWriter, format_of, write_file, write_stream, writer_class

try:
    import resource
except ImportError:  # Windows
    resource = None

WRITERS = registry.names("results")


@contextmanager
def file_size_limit(size: int):
    """Inside, writing to a file beyond ``size`` bytes fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def written(name: str, results, **options) -> str:
    file = io.StringIO()
    write_stream(results, file, name, **options)
    return file.getvalue()


def test_the_formats_of_the_command_line_are_there():
    assert {"csv", "json", "table"} <= set(WRITERS)


@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_keeps_the_contract(name, results):
    writer = writer_class(name)
    assert isinstance(writer(io.StringIO()), ResultWriter)
    assert writer.suffixes
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in writer.suffixes)
    assert list(inspect.signature(writer).parameters) == ["file", "top"]
    assert inspect.getdoc(writer)


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
    for suffix in writer_class(name).suffixes:
        assert format_of(tmp_path / f"results{suffix.upper()}") == name
    path = tmp_path / f"results{suffix}"
    write_file(results, path, name)
    assert path.read_text(encoding="utf-8") == written(name, results)


@pytest.mark.parametrize("name", WRITERS)
def test_every_result_is_written_as_it_comes(name, results):
    file = io.StringIO()

    def stream():
        yield results[0]
        assert "chest.png" in file.getvalue()
        yield results[1]
        assert "ankle.png" in file.getvalue()

    write_stream(stream(), file, name)


@pytest.mark.parametrize("name", WRITERS)
def test_file_names_act_neither_on_a_terminal_nor_on_an_encoding(name, results, tmp_path):
    odd = [replace(results[0], image=text) for text in ("caf\udce9.png", "\x1b[31mred.png", "line\nbreak.png")]
    text = written(name, odd)
    assert "\x1b" not in text
    assert "line\nbreak" not in text
    assert text.encode("utf-8")
    write_file(odd, tmp_path / "odd", name)
    assert (tmp_path / "odd").read_text(encoding="utf-8") == text


@pytest.mark.skipif(resource is None, reason="no limit on the size of files here")
@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_keeps_the_results_so_far(name, results, tmp_path):
    many = [replace(results[0], image=f"chest-{i:03}.png") for i in range(100)]
    limit = len(written(name, many[:40]).encode())
    with (
        file_size_limit(limit),
        pytest.raises(ConfigError, match=r"results of 40 images only \(File too large\)\. Free"),
    ):
        write_file(many, tmp_path / "results", name)
    text = (tmp_path / "results").read_text(encoding="utf-8")
    assert text == written(name, many[:40])


def test_an_earlier_file_is_kept_where_nothing_can_be_written(results, tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("earlier")
    with (
        file_size_limit(8),
        pytest.raises(ConfigError, match=r"results\.csv cannot be written \(File too large\)\. Free"),
    ):
        write_file(results, path, "csv")
    assert path.read_text() == "earlier"
    assert [each.name for each in tmp_path.iterdir()] == ["results.csv"]


def test_an_unknown_format_is_refused_with_what_there_is(tmp_path):
    with pytest.raises(ConfigError, match=r"results\.xls does not name a format .* one of \.csv, \.json, \.txt"):
        format_of(tmp_path / "results.xls")
    with pytest.raises(UnknownNameError, match=r"Unknown results plug-in 'jsn'\. Did you mean 'json'"):
        writer_class("jsn")


def test_a_file_appears_whole_or_not_at_all(tmp_path, results):
    def stream():
        yield results[0]
        raise RuntimeError("the model failed")

    with pytest.raises(RuntimeError, match="the model failed"):
        write_file(stream(), tmp_path / "results.csv", "csv")
    assert list(tmp_path.iterdir()) == []
