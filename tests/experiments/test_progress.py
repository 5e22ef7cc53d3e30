"""Progress is silent unless a caller draws it."""

from __future__ import annotations

from radz.experiments.progress import silent


def test_silence_takes_counts_and_prints_nothing(capsys):
    with silent("Scoring", 3) as advance:
        assert advance(1) is None
    assert capsys.readouterr() == ("", "")
