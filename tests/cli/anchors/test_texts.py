"""``radz anchors import`` and ``radz anchors write``."""

from __future__ import annotations

from typer.testing import CliRunner

from radz.cli import app
from radz.errors import KnowledgeError
from radz.knowledge import KnowledgeBase

BOOK = """# Dust diseases

Silicosis shows small round nodules in the upper zones.

Eggshell calcification of hilar nodes may be seen in silicosis.
"""
SILICOSIS = "silicosis: {name: silicosis, synonyms: [quartz dust lung]}\n"


def test_import_writes_a_file_that_can_be_used(tmp_path):
    (tmp_path / "book.md").write_text(BOOK)
    (tmp_path / "own.yaml").write_text(SILICOSIS)
    options = ("--findings-file", tmp_path / "own.yaml", "--concept", "silicosis", "--out", tmp_path / "said.yaml")
    command = ["anchors", "import", *map(str, (tmp_path / "book.md", *options))]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "silicosis: 2 sentences, unreviewed" in done.stderr
    assert "2 new statements" in done.stderr
    base = KnowledgeBase.load([tmp_path / "own.yaml", tmp_path / "said.yaml"])
    assert base["silicosis"].synonyms == ("quartz dust lung",)
    assert len(base["silicosis"].statements) == 2
    assert "0 new statements" in CliRunner().invoke(app, command).stderr


def test_drafts_say_how_they_were_made_and_nobody_s_review_is_overwritten(llava_dir, tmp_path):
    out = tmp_path / "drafts.yaml"
    command = ["anchors", "write", "--llm", "hf", "--source", llava_dir, "--concept", "mass", "--out", out]
    done = CliRunner().invoke(app, [*map(str, command), "--seed", "5"])
    assert done.exit_code == 0, done.output
    assert "mass: " in done.stderr
    drafted = KnowledgeBase.load([out])["mass"].statements[0]
    assert (drafted.reviewed, drafted.draft.backbone, drafted.draft.seed) == (False, "hf", 5)
    assert (len(drafted.draft.fingerprint), "temperature 0.7" in drafted.draft.sampling) == (16, True)
    assert "how lung mass looks on a radiograph of the chest" in drafted.draft.prompt
    out.write_text(out.read_text().replace("reviewed: false", "reviewed: true"))
    reviewed, refused = out.read_text(), CliRunner().invoke(app, [*map(str, command), "--source", "/nowhere"])
    assert isinstance(refused.exception, KnowledgeError)
    assert "reviewed draft(s) of 'mass' that would be overwritten" in str(refused.exception)
    assert out.read_text() == reviewed
