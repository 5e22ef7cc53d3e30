"""JSON files of fitted values."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ConfigDict

from radz.errors import CalibrationError
from radz.metrics.fitted_file import read_stored, write_stored


class Fitted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    slope: float
    counts: dict[str, int] = {}


def read(path):
    return read_stored(Fitted, path, "radz fit", "Run `radz fit` again.")


def test_a_written_file_is_read_back_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "deep" / "fitted.json"
    for slope in (1.5, 2.5):
        write_stored(Fitted(slope=slope, counts={"mass": 3}), path)
        assert read(path) == Fitted(slope=slope, counts={"mass": 3})
    assert [file.name for file in path.parent.iterdir()] == ["fitted.json"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "fitted.json is damaged: the file: Invalid JSON.* Run `radz fit` again"),
        (b'{"slope": "steep"}', "fitted.json is damaged: slope: Input should be a valid number"),
        (
            b'{"slope": 1, "counts": {"mass": "few"}}',
            r"fitted.json is damaged: counts\.mass: Input should be",
        ),
        (b"\xff", "fitted.json cannot be read: .* Run `radz fit` again"),
    ],
)
def test_a_damaged_file_is_refused_with_its_first_fault(tmp_path, content, message):
    (tmp_path / "fitted.json").write_bytes(content)
    with pytest.raises(CalibrationError, match=message):
        read(tmp_path / "fitted.json")


def test_a_missing_file_names_the_command_that_writes_it(tmp_path):
    with pytest.raises(CalibrationError, match=r"There is no .*fitted.json. `radz fit` writes such a file"):
        read(tmp_path / "fitted.json")


def test_a_changed_number_is_refused(tmp_path):
    path = tmp_path / "fitted.json"
    write_stored(Fitted(slope=1.5, counts={"mass": 3}), path)
    path.write_text(path.read_text().replace("1.5", "3.5"))
    with pytest.raises(CalibrationError, match=r"fitted.json is damaged: its content does not match its hash\. Run"):
        read(path)


def test_a_file_of_radz_01_has_no_hash_and_is_read(tmp_path):
    (tmp_path / "fitted.json").write_text('{"slope": 1.5}')
    assert read(tmp_path / "fitted.json") == Fitted(slope=1.5)
