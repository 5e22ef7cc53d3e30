"""Every part of a page is a file, named as its section, and appears only with its data."""

from __future__ import annotations

from pathlib import Path

import radz.report.sections
from radz.report.sections import FOR_FILES, PARTS, sections
from report_fakes import contents


def test_every_file_is_a_part_of_the_page():
    files = {path.stem for path in Path(radz.report.sections.__file__).parent.glob("*.py")} - {"__init__"}
    assert {part.__name__.rpartition(".")[2] for part in PARTS} == files


def test_a_section_has_the_name_of_its_file(whole):
    names = [section.name for section in sections(whole)]
    assert names == [part.__name__.rpartition(".")[2] for part in PARTS], "everything has all parts, in their order"
    assert set(FOR_FILES) <= set(names)


def test_every_table_has_as_many_cells_as_columns(whole):
    for section in sections(whole):
        for block in section.blocks:
            for row in getattr(block, "rows", ()):
                assert len(row.cells) == len(block.columns), (section.name, block.caption)


def test_parts_without_data_are_left_out():
    names = {section.name for section in sections(contents(others=()))}
    assert not names & {"models", "gains", "controls", "prompts", "cost", "uncertain", "cases", "image_ranking"}
