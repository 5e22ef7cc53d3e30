"""Sentences with a source: read from documents, kept in findings files, used by anchors, never lost once reviewed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
import torch
import yaml
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject
from transformers import LlavaForConditionalGeneration
from typer.testing import CliRunner

from encoders import encode_text
from radz import registry
from radz.anchors.hybrid import Hybrid, description
from radz.cli import app
from radz.errors import ConfigError, DocumentError, KnowledgeError, MissingExtraError
from radz.knowledge import KnowledgeBase
from radz.knowledge.inventory import describe
from radz.knowledge.statement import Draft, Statement
from radz.knowledge.statements_file import add_statements, replace_drafts
from radz.leakage.exposure import exposure
from radz.model.generation import Writer, Written
from radz.provenance import Provenance
from radz.serve.decision import Judge
from radz.serve.llm_statements import as_statements
from radz.text import citations, documents
from radz.text.citations import CitationFinder
from radz.text.documents import read_document
from radz.types import Exposure

KNOWLEDGE = KnowledgeBase.load()
BOOK = """# Dust diseases

First paragraph, about nothing.

## Radiographic signs

Silicosis shows small round
nodules in the upper zones, e.g. in the apical segments. Eggshell calci-
fication of hilar nodes may be seen in silicosis.
"""
OWN = "silicosis: {name: silicosis, synonyms: [quartz dust lung]}\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A book, and a findings file with the disease it is about."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "book.md").write_text(BOOK)
    (folder / "own.yaml").write_text(OWN)
    return folder


@pytest.fixture(scope="module")
def base(files):
    return KnowledgeBase.load([files / "own.yaml"])


@pytest.fixture(scope="module")
def finder(base):
    return CitationFinder([base["silicosis"]], base)


def of_text(finder, text, tmp_path):
    (tmp_path / "text.txt").write_text(text)
    return finder(read_document(tmp_path / "text.txt"), "2026-11-25")


def test_sentences_are_cited_whole_with_section_line_and_day(finder, files):
    one, two = finder(read_document(files / "book.md"), "2026-11-25").statements["silicosis"]
    assert one.text == "Silicosis shows small round nodules in the upper zones, e.g. in the apical segments."
    assert two.text == "Eggshell calcification of hilar nodes may be seen in silicosis."
    assert one.source == "Dust diseases, section 'Radiographic signs', line 7, accessed 2026-11-25"
    assert one.other_findings == ("nodule",)
    assert not one.reviewed


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("There is no silicosis in this film.", "denies"),
        ("Silicosis is not accompanied by pleural effusion.", "denies"),
        ("Unlike silicosis, sarcoidosis shows lymphadenopathy.", "compares"),
        ("Miners have a risk of silicosis later.", "elsewhere"),
        ("Can silicosis be told from this?", "form"),
        ("with silicosis of the upper zones.", "form"),
        ("Silicosis, mass, pneumonia, pneumothorax, emphysema and scoliosis are seen.", "lists"),
    ],
)
def test_what_would_harm_an_anchor_is_left_out_with_its_reason(finder, tmp_path, sentence, reason):
    found = of_text(finder, f"{sentence} Quartz dust lungs may show small nodules.", tmp_path)
    assert [s.text for s in found.statements["silicosis"]] == ["Quartz dust lungs may show small nodules."]
    assert dict(found.left_out) == {reason: 1}


def test_a_longer_name_is_another_finding(tmp_path):
    finder = CitationFinder([KNOWLEDGE["pneumonia"]], KNOWLEDGE)
    found = of_text(finder, "Viral pneumonia looks hazy on films. Pneumonias fill the air spaces.", tmp_path)
    assert [s.text for s in found.statements["pneumonia"]] == ["Pneumonias fill the air spaces."]


def test_a_document_about_something_else_is_said(finder, tmp_path):
    with pytest.raises(DocumentError, match=r"'text' has no sentence to take for silicosis: 1 left out \(denies\)"):
        of_text(finder, "There is no silicosis in this film.", tmp_path)
    with pytest.raises(KnowledgeError, match="'no_finding' is the absence of findings"):
        CitationFinder([KNOWLEDGE["normal"]], KNOWLEDGE)


def save_pdf(path, pages, title=None, password=None):
    """A PDF with one line of text per line of each page."""
    writer = PdfWriter()
    font = DictionaryObject({NameObject(k): NameObject(v) for k, v in (("/Type", "/Font"), ("/Subtype", "/Type1"))})
    font[NameObject("/BaseFont")] = NameObject("/Helvetica")
    for lines in pages:
        page, stream = writer.add_blank_page(400, 400), DecodedStreamObject()
        stream.set_data(
            " ".join(["BT /F1 10 Tf 12 TL 20 380 Td", *(f"({line}) Tj T*" for line in lines), "ET"]).encode()
        )
        page[NameObject("/Contents")] = writer._add_object(stream)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
    if title:
        writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    writer.write(path)
    return path


def test_a_pdf_is_cited_by_page(finder, tmp_path):
    pages = [["Contents"], ["Radiographic signs", "Silicosis shows small nod-", "ules in the upper zones."]]
    (one,) = finder(read_document(save_pdf(tmp_path / "b.pdf", pages, "Dust")), "2026-11-25").statements["silicosis"]
    assert one.text == "Silicosis shows small nodules in the upper zones."
    assert one.source == "Dust, p. 2, accessed 2026-11-25"


def test_what_cannot_be_read_is_refused_with_what_to_do(tmp_path, monkeypatch):
    locked = save_pdf(tmp_path / "locked.pdf", [["Text."]], password="secret")
    with pytest.raises(DocumentError, match="encrypted with a password"):
        read_document(locked)
    with pytest.raises(DocumentError, match=r"holds no text\. A scan needs text recognition"):
        read_document(save_pdf(tmp_path / "scan.pdf", [[]]))
    (tmp_path / "cut.pdf").write_bytes(locked.read_bytes()[:60])
    with pytest.raises(DocumentError, match="is a damaged PDF"):
        read_document(tmp_path / "cut.pdf")
    (tmp_path / "latin.txt").write_bytes("Röntgen".encode("latin1"))
    with pytest.raises(DocumentError, match=r"neither a PDF nor UTF-8 text \(byte 1\)\. Convert it"):
        read_document(tmp_path / "latin.txt")
    with pytest.raises(DocumentError, match="cannot be read: No such file"):
        read_document(tmp_path / "none.txt")
    monkeypatch.setattr(documents, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"Reading a PDF needs .*'pypdf'.* pip install 'radz\[documents\]'"):
        read_document(locked)
    monkeypatch.setattr(citations, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'radz\[documents\]'"):
        CitationFinder([KNOWLEDGE["mass"]], KNOWLEDGE)


def test_the_command_writes_a_file_that_can_be_used(files, tmp_path):
    options = ("--findings-file", files / "own.yaml", "--concept", "silicosis", "--out", tmp_path / "said.yaml")
    command = ["anchors", "import", *map(str, (files / "book.md", *options))]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "silicosis: 2 sentences, unreviewed" in done.stderr
    assert "2 new statements" in done.stderr
    base = KnowledgeBase.load([files / "own.yaml", tmp_path / "said.yaml"])
    assert base["silicosis"].synonyms == ("quartz dust lung",)
    assert len(base["silicosis"].statements) == 2
    assert "0 new statements" in CliRunner().invoke(app, command).stderr


CITED = Statement(text="Fibrosis pulls the hilum up.", source="A book, p. 1, accessed 2026-11-25")
DRAFTED = Statement(text="Drafted.", source="x", draft=Draft(backbone="hf", fingerprint="ab", seed=0, prompt="?"))


def test_statements_add_to_a_shipped_concept_and_keep_the_rest(tmp_path):
    assert add_statements(tmp_path / "a.yaml", {"fibrosis": [CITED]}) == 1
    own = KnowledgeBase.load([tmp_path / "a.yaml"])["fibrosis"]
    assert own == KNOWLEDGE["fibrosis"].model_copy(update={"statements": (CITED,)})
    assert own.sha256 != KNOWLEDGE["fibrosis"].sha256


def test_of_a_text_in_two_files_the_later_counts(tmp_path):
    add_statements(tmp_path / "a.yaml", {"fibrosis": [CITED, DRAFTED]})
    add_statements(tmp_path / "b.yaml", {"fibrosis": [CITED.model_copy(update={"reviewed": True})]})
    one, two = KnowledgeBase.load([tmp_path / "a.yaml", tmp_path / "b.yaml"])["fibrosis"].statements
    assert (one.reviewed, two) == (True, DRAFTED)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fibrosis: {statements: [{text: x}]}", r"field 'statements\.0\.source': Field required"),
        ("fibrosis: {statements: [{text: '', source: x}]}", r"field 'statements\.0\.text'"),
        ("fibrosis: {statements: [{text: x, source: x, checked: true}]}", r"field 'statements\.0\.checked'"),
        ("fibrosis: {statements: 3}", "concept 'fibrosis'"),
        ("nowhere: {statements: []}", "concept 'nowhere', field 'name'"),
    ],
)
def test_a_bad_statement_is_refused_with_entry_and_field(tmp_path, text, message):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(KnowledgeError, match=message):
        KnowledgeBase.load([tmp_path / "bad.yaml"])


def test_a_person_s_review_is_never_lost(tmp_path):
    path = tmp_path / "a.yaml"
    add_statements(path, {"fibrosis": [CITED, DRAFTED], "mass": [DRAFTED]})
    replace_drafts(path, {"fibrosis": [DRAFTED.model_copy(update={"text": "Again."})]})
    assert [s["text"] for s in yaml.safe_load(path.read_text())["fibrosis"]["statements"]] == [CITED.text, "Again."]
    path.write_text(path.read_text().replace("text: Again.\n    source: x\n", "text: Mine.\n    source: x\n"))
    tree = yaml.safe_load(path.read_text())
    tree["fibrosis"]["statements"][1]["reviewed"] = True
    path.write_text(yaml.safe_dump(tree))
    kept = path.read_text()
    with pytest.raises(KnowledgeError, match=r"holds 1 reviewed draft\(s\) of 'fibrosis', which would be overwritten"):
        replace_drafts(path, {"mass": [CITED], "fibrosis": [DRAFTED]})
    assert path.read_text() == kept
    assert add_statements(path, {"fibrosis": [DRAFTED]}) == 1
    assert yaml.safe_load(path.read_text())["fibrosis"]["statements"][:2] == tree["fibrosis"]["statements"]


FIBROSIS = KNOWLEDGE["fibrosis"].model_copy(update={"statements": (CITED,)})


def test_rules_and_hybrid_use_statements_and_names_does_not():
    plain, said = (
        registry.load("anchors", "rules")([c], encode_text).texts[0] for c in (KNOWLEDGE["fibrosis"], FIBROSIS)
    )
    assert said == (*plain, CITED.text)
    names = [registry.load("anchors", "names")([c], encode_text) for c in (KNOWLEDGE["fibrosis"], FIBROSIS)]
    assert torch.equal(names[0].positive, names[1].positive)
    made = Hybrid(["fibrosis"], 16)([FIBROSIS], encode_text)
    assert made.texts == ((description(FIBROSIS), CITED.text),)
    middle = encode_text(made.texts[0]).mean(0)
    torch.testing.assert_close(made.positive[0], middle / middle.norm())


def test_what_nobody_reviewed_is_said_and_counted():
    reviewed = FIBROSIS.model_copy(update={"statements": (CITED.model_copy(update={"reviewed": True}),)})
    for concept, note in ((FIBROSIS, "1 of its 2 texts are unreviewed statements"), (reviewed, "")):
        base = KnowledgeBase([concept if c.id == "fibrosis" else c for c in KNOWLEDGE])
        anchors = Hybrid(["fibrosis"], 16)([concept], encode_text)
        assert Judge(Provenance(corpus="x", split="train"), base)._unreviewed(anchors) == [note]
        assert ("| cited, unreviewed | 1 |" in describe(base)) == bool(note)
    assert "cited, unreviewed |" not in describe()


def test_a_statement_that_names_what_was_trained_is_a_paraphrase():
    seen = Provenance(corpus="x", split="train", supervised={"mass": 1})
    named = CITED.model_copy(update={"text": "It may hide a mass."})
    said = KNOWLEDGE["pneumothorax"].model_copy(update={"statements": (named,)})
    assert exposure(KNOWLEDGE["pneumothorax"], seen, KNOWLEDGE) is Exposure.UNSEEN
    assert exposure(said, seen, KNOWLEDGE) is Exposure.RELATED


def test_what_is_held_out_goes_from_statements_too():
    said = CITED.model_copy(update={"text": "A mass may hide in fibrosis."})
    fibrosis = FIBROSIS.model_copy(update={"statements": (CITED, said)})
    base = KnowledgeBase([fibrosis if c.id == "fibrosis" else c for c in KNOWLEDGE])
    assert base.without(frozenset({"mass"}))["fibrosis"].statements == (CITED,)


def test_shipped_concepts_have_no_statement_that_nobody_reviewed():
    assert [c.id for c in KNOWLEDGE if any(not s.reviewed for s in c.statements)] == []


def test_texts_of_the_concepts_that_the_shipped_model_was_trained_on_are_what_they_were():
    """Other texts would give its trained findings other anchors than those it was evaluated with."""
    shipped = [c for c in KNOWLEDGE if c.default or c.id == "no_finding"]
    rules = registry.load("anchors", "rules")(shipped, encode_text)
    said = [[c.id, c.name, texts, description(c), c.sha256] for c, texts in zip(shipped, rules.texts, strict=True)]
    assert (
        hashlib.sha256(json.dumps(said).encode()).hexdigest()
        == "6137fffe3d5dbfcedfebbf444886339c0bfdc91bf84178abb33ef5247a4030bd"
    )


@pytest.fixture(scope="module")
def writer(llava_dir):
    return Writer(registry.load("backbones", "hf")(str(llava_dir), num_layers=None))


def test_a_writer_samples_what_the_whole_model_of_transformers_does(writer, llava_dir):
    whole = LlavaForConditionalGeneration.from_pretrained(llava_dir)
    ids = writer.tokenizer(writer.prompt("mass"), add_special_tokens=False, return_tensors="pt")["input_ids"]
    with torch.random.fork_rng():
        torch.manual_seed(3)
        said = whole.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **writer._settings())
    words = writer.tokenizer.decode(said[0, ids.shape[1] :], skip_special_tokens=True).strip()
    assert writer.write(writer.prompt("mass"), 3).text == words
    assert writer.write(writer.prompt("mass"), 4).text != words


def test_a_chat_template_is_used_where_there_is_one(writer, monkeypatch):
    assert writer.prompt("mass") == "<s>mass\n"
    monkeypatch.setattr(writer.tokenizer, "chat_template", "{% for m in messages %}<s>[{{ m.content }}]{% endfor %}")
    assert writer.prompt("mass") == "<s>[mass]"


def test_a_backbone_without_a_head_cannot_write(writer):
    with pytest.raises(ConfigError, match="'hf' has no head that predicts words, so it cannot write"):
        Writer(replace(writer.backbone, head=None))


def test_drafts_say_how_they_were_made_and_nobody_s_review_is_overwritten(llava_dir, tmp_path):
    out = tmp_path / "drafts.yaml"
    command = ["anchors", "write", "--llm", "hf", "--source", llava_dir, "--concept", "mass", "--out", out]
    done = CliRunner().invoke(app, [*map(str, command), "--seed", "5"])
    assert done.exit_code == 0, done.output
    assert "mass: " in done.stderr
    made = KnowledgeBase.load([out])["mass"].statements[0]
    assert (made.reviewed, made.draft.backbone, made.draft.seed) == (False, "hf", 5)
    assert (len(made.draft.fingerprint), "temperature 0.7" in made.draft.sampling) == (16, True)
    assert "how lung mass looks on a radiograph of the chest" in made.draft.prompt
    out.write_text(out.read_text().replace("reviewed: false", "reviewed: true"))
    kept, refused = out.read_text(), CliRunner().invoke(app, [*map(str, command), "--source", "/nowhere"])
    assert isinstance(refused.exception, KnowledgeError)
    assert "reviewed draft(s) of 'mass', which would be overwritten" in str(refused.exception)
    assert out.read_text() == kept


def test_sentences_of_a_draft_are_statements_each():
    def texts(text, finished):
        return [s.text for s in as_statements(Written(text, finished), KNOWLEDGE["mass"], DRAFTED.draft, "2026-11-25")]

    assert texts("1. One is round. Two is", False) == ["One is round."]
    assert texts("- One is round.\n- Two is square", True) == ["One is round.", "Two is square"]
    assert texts("One with no end", False) == ["One with no end"]
    (made,) = as_statements(Written("One.", True), KNOWLEDGE["mass"], DRAFTED.draft, "2026-11-25")
    assert made.source == "drafted by hf (ab), 2026-11-25"
    with pytest.raises(KnowledgeError, match=r"hf wrote nothing about 'lung mass'\. Give another --seed"):
        texts(" ", True)
