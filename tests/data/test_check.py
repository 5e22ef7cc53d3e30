"""Each kind of fault is planted in files and reported; sound files have no fault."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
from PIL import Image, ImageOps
from typer.testing import CliRunner

from image_fakes import fake_radiograph as film
from radz import registry
from radz.cli import app
from radz.data.check import check, compare
from radz.data.conversion import convert
from radz.data.corpora._fakes import write_dicom
from radz.errors import ConfigError, ImageError
from radz.imaging.read import read_image

CHECKED = [name for name in registry.names("corpora") if name != "shards"]


@pytest.fixture
def root(tmp_path):
    """Six images of six patients, two a split."""
    lines = ["image,labels,patient,split,sex,age,view"]
    for i in range(6):
        film(i).save(tmp_path / f"{i}.png")
        split = ("train", "val", "test")[i % 3]
        lines.append(f"{i}.png,Mass,p{i},{split},{'FM'[i % 2]},{15 * i},PA")
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def kinds(checked):
    return [(fault.kind, fault.serious) for fault in checked.faults]


def change(root, old, new):
    table = root / "manifest.csv"
    assert old in table.read_text()
    table.write_text(table.read_text().replace(old, new))


def test_a_sound_corpus_has_no_fault(root):
    progress = []
    checked = check("manifest", root, progress=lambda done, total: progress.append((done, total)))
    assert (checked.studies, checked.images, checked.faults, checked.sound) == (6, 6, (), True)
    assert progress[-1] == (6, 6)


@pytest.mark.parametrize("name", CHECKED)
def test_a_fake_tree_of_every_corpus_can_be_checked(name, tmp_path):
    plugin = registry.load("corpora", name)
    checked = check(name, plugin.fake(tmp_path))
    assert (checked.images, checked.faults) == (3, ())


def test_missing_and_damaged_images(root):
    (root / "0.png").unlink()
    (root / "1.png").write_bytes((root / "1.png").read_bytes()[:500])
    (root / "2.png").write_bytes(b"no image")
    Image.new("L", (40, 40), 7).save(root / "3.png")
    checked = check("manifest", root, workers=3)
    assert kinds(checked) == [("missing", True), ("unreadable", True), ("unreadable", True), ("unreadable", True)]
    assert [fault.images for fault in checked.faults] == [("0.png",), ("1.png",), ("2.png",), ("3.png",)]
    assert "every pixel has the same value" in checked.faults[3].message
    assert str(root) not in " ".join(fault.message for fault in checked.faults)
    assert checked.images == 2


def test_the_same_file_on_both_sides_of_a_split_is_serious(root):
    shutil.copy(root / "0.png", root / "4.png")
    checked = check("manifest", root)
    assert kinds(checked) == [("duplicate", True)]
    assert checked.faults[0].message == "2 images are the same file, in train and val, of different patients"
    change(root, "4.png,Mass,p4,val", "4.png,Nodule,p0,train")
    checked = check("manifest", root)
    assert kinds(checked) == [("duplicate", False)]
    assert checked.faults[0].message == "2 images are the same file, labelled differently"
    assert checked.sound


def test_the_same_image_in_another_file_is_found(root):
    film(0).resize((200, 200)).save(root / "5.png")
    checked = check("manifest", root)
    assert kinds(checked) == [("alike", False)]
    assert checked.faults[0].images == ("0.png", "5.png")
    assert check("manifest", root, compare_images=False).faults == ()


def test_patients_labels_and_images_are_found_in_one_go(root):
    change(root, "p4,val", "p0,val")
    change(root, "1.png,Mass", "1.png,Masss")
    change(root, "2.png,Mass", "2.png,Mass;-Mass")
    (root / "3.png").unlink()
    checked = check("manifest", root)
    assert sorted(kinds(checked)) == [("labels", True), ("labels", True), ("missing", True), ("patients", True)]
    messages = " ".join(fault.message for fault in checked.faults)
    assert "Masss" in messages
    assert "rows 2, 6" in messages
    assert "p0" not in messages


@pytest.fixture
def lossless(tmp_path):
    """A DICOM image in lossless JPEG, which GDCM alone decodes; the place of its Huffman tables' marker."""
    gdcm = pytest.importorskip("gdcm")
    write_dicom(tmp_path / "raw.dcm", seed=1)
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(tmp_path / "raw.dcm"))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    writer.SetFileName(str(tmp_path / "lossless.dcm"))
    assert writer.Write()
    content = bytearray((tmp_path / "lossless.dcm").read_bytes())
    return content, content.index(b"\xff\xc4")


def test_a_decoder_that_ends_its_process_costs_one_image(root, lossless, tmp_path):
    content, tables = lossless
    (root / "1.dcm").write_bytes(content)
    content[tables] = 0  # without them GDCM 3 ends its process
    (root / "0.dcm").write_bytes(content)
    write_dicom(root / "2.dcm", seed=2)
    for i in range(3):
        change(root, f"{i}.png", f"{i}.dcm")
    checked = check("manifest", root, workers=1)
    assert kinds(checked) == [("unreadable", True)]
    assert checked.faults[0].images == ("0.dcm",)
    assert checked.faults[0].message.startswith("its decoder crashed")
    assert checked.images == 5
    converted = convert(registry.load("corpora", "manifest")(root), str(tmp_path / "shards"), workers=1)
    assert converted.studies == 5
    assert converted.unreadable["0.dcm"].endswith(checked.faults[0].message)


def test_images_to_turn_round_are_compared_as_they_are_read(root):
    write_dicom(root / "0.dcm", seed=0)
    ImageOps.invert(film(1)).save(root / "0.png")
    change(root, "5.png", "0.dcm")
    checked = check("manifest", root, {"inverted": ["0.png", "0.dcm"]})
    assert kinds(checked) == [("alike", False)]
    assert checked.faults[0].images == ("0.png", "1.png")


def test_a_script_needs_no_guard(root, lossless, tmp_path):
    (root / "0.dcm").write_bytes(lossless[0])
    change(root, "0.png", "0.dcm")
    script = tmp_path / "script.py"
    script.write_text(f"from radz.data.check import check\nprint(check('manifest', {str(root)!r}).images)\n")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "6\n")


def test_a_corpus_that_cannot_be_opened_is_a_fault_too(tmp_path):
    checked = check("chestxray14", tmp_path)
    assert kinds(checked) == [("layout", True)]
    assert "holds neither" in checked.faults[0].message


def test_a_survey_finds_what_reading_refuses(root):
    for name, content in {"a.png": b"no image", "b.dcm": b"no dicom", "c.png": b""}.items():
        (root / name).write_bytes(content)
        checked = check("manifest", root)
        with pytest.raises(ImageError) as read:
            read_image(root / name)
        change(root, "0.png", name)
        checked = check("manifest", root)
        assert checked.faults[0].message == str(read.value).removeprefix(f"{root / name}: ")
        change(root, name, "0.png")


# ---- two corpora, counts, commands


def test_what_two_corpora_share(root, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    rows = ["image,patient"]
    for i, name in enumerate(("00000001_000.png", "00000002_000.png")):
        film(i).resize((160, 160)).save(other / name)
        rows.append(f"{name},x{i}")
    (other / "manifest.csv").write_text("\n".join(rows) + "\n")
    change(root, "5.png", "00000002_000.png")
    shutil.copy(root / "5.png", root / "00000002_000.png")
    manifest = registry.load("corpora", "manifest")
    overlap = compare("manifest", manifest(root), "manifest", manifest(other), compare_images=True)
    assert (overlap.images, overlap.patients, overlap.similar) == (1, 1, 2)
    sides = [f"manifest={root}", f"manifest={other}"]
    result = CliRunner().invoke(app, ["data", "overlap", *sides, "--option", "second.where.image=00000001_000.png"])
    assert (result.exit_code, result.stdout) == (0, f"{sides[0]} and {sides[1]} share no image and no patient.\n")
    result = CliRunner().invoke(app, ["data", "overlap", *sides, "--format", "json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["images"] == 1
    with pytest.raises(ConfigError, match="CORPUS=ROOT, got 'manifest'"):
        CliRunner().invoke(app, ["data", "overlap", "manifest", sides[1]], catch_exceptions=False)


def test_fake_check_convert_and_read_again(tmp_path):
    run = CliRunner().invoke
    fake = run(app, ["data", "fake", "manifest", str(tmp_path / "in")])
    table = fake.stdout.strip()
    assert json.loads(run(app, ["data", "check", table, "--corpus", "manifest", "--format", "json"]).stdout)["sound"]
    done = run(app, ["data", "convert", table, str(tmp_path / "out"), "--corpus", "manifest", "--size", "32"])
    assert done.exit_code == 0
    assert "3 studies in 1 shards" in done.stderr
    again = json.loads(
        run(app, ["data", "check", str(tmp_path / "out"), "--corpus", "shards", "--format", "json"]).stdout
    )
    assert (again["studies"], again["images"], again["sound"]) == (3, 3, True)
    listed = run(app, ["data", "list"]).stdout
    assert all(name in listed for name in registry.names("corpora"))
