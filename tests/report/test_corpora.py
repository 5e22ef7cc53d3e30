"""Pages of a corpus: its counts, and its faults."""

from __future__ import annotations

from radz.data.check import MISSING, UNREADABLE, Checked, Fault
from radz.data.describe import Description
from radz.report.blocks import Callout, Prose
from radz.report.corpora import SHOWN, check_page, description_page
from report_fakes import row_of, tables, texts

ABOUT = {"obtain": "from its site", "terms": "its terms"}


def test_counts_have_a_row_per_value_and_zero_where_there_is_none():
    splits = {"train": {"studies": 1200, "patients": 900}, "test": {"studies": 10}}
    description = Description("fake", splits, {"mass": {"present": 3}}, {"view": {"PA": {"train": 5}}})
    shown = tables(description_page(description).sections[0])
    assert row_of(shown["Studies by split"], "train") == ["train", "1,200", "900"]
    assert row_of(shown["Studies by split"], "test") == ["test", "10", "0"]
    assert row_of(shown["Studies by view"], "PA") == ["PA", "5"]


def test_a_sound_corpus_is_called_sound():
    page = check_page(Checked("fake", 3, 3, ABOUT))
    assert page.subtitle == "3 studies, 3 images read"
    assert page.sections[0].blocks == (Prose("The corpus is sound."),)


def test_faults_are_counted_serious_ones_come_first_and_the_rest_is_named():
    faults = [Fault(UNREADABLE, "small", (f"{i}.png",), serious=False) for i in range(SHOWN)]
    faults.append(Fault(UNREADABLE, "damaged", tuple(f"f{i}.png" for i in range(6))))
    page = check_page(Checked("fake", 3, 3, ABOUT, tuple(faults)))
    (table,) = tables(page.sections[0]).values()
    assert table.caption.endswith(": 11, 1 serious")
    assert texts(table.rows[0]) == ["f0.png, f1.png, f2.png, f3.png and 2 more", "damaged"]
    assert len(table.rows) == SHOWN
    assert table.notes == ("and 1 more, see --format json",)
    assert isinstance(page.sections[0].blocks[-1], Callout)


def test_what_is_missing_comes_with_where_to_obtain_it():
    page = check_page(Checked("fake", 3, 2, ABOUT, (Fault(MISSING, "absent", ("a.png",)),)))
    assert Prose("Obtain: from its site") in page.sections[0].blocks
    assert Prose("Terms: its terms") in page.sections[0].blocks
