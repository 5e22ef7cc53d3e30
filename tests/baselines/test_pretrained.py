"""Baselines over checkpoints: genuine formats, in parity with the libraries' own zero-shot scores, loaded safely."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch.nn import functional as F
from transformers import (
    AutoProcessor,
    Blip2ForImageTextRetrieval,
    CLIPModel,
    LlavaForConditionalGeneration,
    SiglipModel,
)

import tiny_checkpoints
from eval_fakes import FINDINGS, make_anchors, make_corpus
from radz.baselines import BaselineContext, open_baseline
from radz.baselines._prompts import PromptSet, parse_template, prompt_set
from radz.baselines.llava import parse_answer
from radz.errors import CheckpointError, ConfigError, MissingExtraError, UnknownNameError
from radz.types import Anchors

STUDIES = make_corpus(3).studies
ANCHORS = make_anchors()
CONTEXT = BaselineContext(lambda: make_corpus(8, "train"))
STATED = [f"There is {name}." for name in FINDINGS]
DENIED = [f"There is no {name}." for name in FINDINGS]


def pictures():
    grey = [np.rint(study.pixels[0] * 255).astype(np.uint8) for study in STUDIES]
    return [Image.fromarray(film).convert("RGB") for film in grey]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Name of a baseline -> its tiny checkpoint, saved once."""
    made = {}

    def save(name):
        if name not in made:
            made[name] = getattr(tiny_checkpoints, f"save_{name}")(tmp_path_factory.mktemp(name) / "tiny")
        return str(made[name])

    return save


def score(name, source, **options):
    return torch.from_numpy(open_baseline(name, source, CONTEXT, options).score(STUDIES, ANCHORS).values)


# --- dual encoders


def test_clip_is_the_softmax_of_transformers_logits(checkpoint):
    model, processor = CLIPModel.from_pretrained(checkpoint("clip")), AutoProcessor.from_pretrained(checkpoint("clip"))
    ours = score("clip", checkpoint("clip"))
    for j, pair in enumerate(zip(STATED, DENIED, strict=True)):
        inputs = processor(text=list(pair), images=pictures(), return_tensors="pt", padding=True)
        theirs = model(**inputs).logits_per_image.softmax(-1)[:, 0]
        torch.testing.assert_close(torch.sigmoid(model.logit_scale.exp() * ours[:, j]), theirs, atol=1e-5, rtol=0)


def test_siglip_is_the_sigmoid_of_transformers_logits(checkpoint):
    source = checkpoint("siglip")
    model, processor = SiglipModel.from_pretrained(source), AutoProcessor.from_pretrained(source)
    inputs = processor(text=STATED, images=pictures(), padding="max_length", max_length=16, return_tensors="pt")
    theirs = model(**inputs).logits_per_image
    ours = score("siglip", source, rule="positive") * model.logit_scale.exp() + model.logit_bias
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


def test_biomedclip_is_open_clips_own_score(checkpoint):
    open_clip = pytest.importorskip("open_clip")
    source = checkpoint("biomedclip")
    settings = json.loads(Path(source, "open_clip_config.json").read_text())["model_cfg"]
    settings["text_cfg"]["hf_model_name"] = source
    model = open_clip.CustomTextCLIP(**settings).eval()
    model.load_state_dict(load_file(f"{source}/open_clip_model.safetensors"))
    transform = open_clip.image_transform(160, is_train=False)
    tokenizer = open_clip.tokenizer.HFTokenizer(source, context_length=32)
    images, texts, _ = model(torch.stack([transform(p) for p in pictures()]), tokenizer([*STATED, *DENIED]))
    positive, negative = (images @ texts.T).split(3, dim=1)
    torch.testing.assert_close(score("biomedclip", source), positive - negative, atol=1e-5, rtol=0)


def test_chexzero_is_the_softmax_of_raw_cosines_with_its_own_words(checkpoint):
    """Tiu et al.: exp(pos) / (exp(pos) + exp(neg)) of the cosines with "{}" and "no {}"."""
    open_clip = pytest.importorskip("open_clip")
    from torchvision.transforms import Compose, InterpolationMode, Normalize, Resize

    model = open_clip.load_openai_model(checkpoint("chexzero"), precision="fp32")
    squares = [p.convert("L").resize((320, 320), Image.Resampling.LANCZOS) for p in pictures()]
    transform = Compose([Normalize((101.48761,) * 3, (83.43944,) * 3),
                         Resize(32, InterpolationMode.BICUBIC, antialias=False)])  # fmt: skip
    films = torch.stack(
        [transform(torch.from_numpy(np.asarray(s, dtype=np.float32)).expand(3, -1, -1)) for s in squares]
    )
    tokenize = open_clip.SimpleTokenizer(context_length=24)
    sides = [model.encode_text(tokenize([t.format(f) for f in FINDINGS])) for t in ("{}", "no {}")]
    images = F.normalize(model.encode_image(films), dim=-1)
    positive, negative = (torch.exp(images @ F.normalize(side, dim=-1).T) for side in sides)
    ours = torch.sigmoid(score("chexzero", checkpoint("chexzero"), prompts="published"))
    torch.testing.assert_close(ours, positive / (positive + negative), atol=1e-5, rtol=0)


def test_a_directory_of_chexzero_checkpoints_is_their_mean(checkpoint, tmp_path):
    pytest.importorskip("open_clip")
    state = torch.load(checkpoint("chexzero"), weights_only=True)
    turned = state | {"visual.proj": -state["visual.proj"]}
    torch.save(state, tmp_path / "a.pt")
    torch.save({"state_dict": turned}, tmp_path / "b.pt")
    assert score("chexzero", str(tmp_path)).abs().max() < 1e-6, "cosines of opposite sign"


class Payload:
    ran = False

    def __reduce__(self):
        return (setattr, (Payload, "ran", True))


@pytest.mark.parametrize("name", ["chexzero", "supervised"])
def test_a_file_that_brings_code_is_refused_and_not_run(name, tmp_path):
    pytest.importorskip("open_clip")
    pytest.importorskip("torchxrayvision")
    torch.save({"visual.proj": Payload()}, tmp_path / "evil.pt")
    with pytest.raises(CheckpointError, match="could not be loaded as a checkpoint of"):
        score(name, str(tmp_path / "evil.pt"))
    assert not Payload.ran
    torch.jit.script(torch.nn.Linear(1, 1)).save(tmp_path / "script.pt")
    with pytest.raises(CheckpointError, match="TorchScript archive"):
        score("chexzero", str(tmp_path / "script.pt"))


def test_other_checkpoints_than_the_baselines_own_are_refused(checkpoint, tmp_path):
    with pytest.raises(CheckpointError, match=r"model of type 'clip', but 'siglip' takes siglip, siglip2"):
        score("siglip", checkpoint("clip"))
    with pytest.raises(CheckpointError, match="model of type 'clip', but 'blip2' takes blip-2"):
        score("blip2", checkpoint("clip"))
    with pytest.raises(CheckpointError, match="could not be loaded as a checkpoint of 'clip'"):
        score("clip", str(tmp_path))
    pytest.importorskip("open_clip")
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="no weights of a CLIP in OpenAI's naming"):
        score("chexzero", str(tmp_path / "other.pt"))


@pytest.mark.parametrize("name", ["biomedclip", "chexzero"])
def test_without_its_extra_the_command_that_installs_it_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(
        MissingExtraError, match=r"needs the package 'open_clip_torch'.*pip install 'radz\[baselines\]'"
    ):
        score(name, "anything")


# --- models that look at film and words together


def test_llava_is_yes_against_no_of_transformers_logits(checkpoint):
    source = checkpoint("llava")
    model, processor = LlavaForConditionalGeneration.from_pretrained(source), AutoProcessor.from_pretrained(source)
    ours = score("llava", source, dtype="float32")
    for j, name in enumerate(FINDINGS):
        text = f"USER: <image>\nIs there {name} in this radiograph? Answer yes or no. ASSISTANT:"
        for i, picture in enumerate(pictures()):
            logits = model(**processor(images=picture, text=text, return_tensors="pt")).logits[0, -1]
            ids = [processor.tokenizer(word, add_special_tokens=False)["input_ids"] for word in ("Yes", "no", " no")]
            assert [len(own) for own in ids] == [3, 1, 1], "the tiny tokenizer has no word 'Yes'"
            expected = logits[ids[0][0]] - logits[[ids[1][0], ids[2][0]]].logsumexp(0)
            torch.testing.assert_close(ours[i, j], expected, atol=1e-5, rtol=0)


def test_what_questions_share_is_read_once_with_the_same_result(checkpoint):
    whole = score("llava", checkpoint("llava"), dtype="float32")
    for options in ({"reuse_prefix": False}, {"rows": 2}):
        other = score("llava", checkpoint("llava"), dtype="float32", **options)
        torch.testing.assert_close(other, whole, atol=1e-5, rtol=0)


def test_the_free_answer_is_what_transformers_generates(checkpoint, monkeypatch):
    source = checkpoint("llava")
    spoken = []
    monkeypatch.setattr("radz.baselines.llava.parse_answer", lambda text: spoken.append(text) or 0.5)
    score("llava", source, dtype="float32", answer="free", batch_size=1, rows=1)
    model, processor = LlavaForConditionalGeneration.from_pretrained(source), AutoProcessor.from_pretrained(source)
    model.generation_config.eos_token_id = None
    text = f"USER: <image>\nIs there {FINDINGS[0]} in this radiograph? Answer yes or no. ASSISTANT:"
    inputs = processor(images=pictures()[0], text=text, return_tensors="pt")
    ids = model.generate(**inputs, max_new_tokens=8, min_new_tokens=8, do_sample=False)
    said = processor.tokenizer.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    assert spoken[0] == said


def test_the_first_yes_or_no_counts():
    said = {"Yes, there is.": 1, "No. Yes would be wrong": 0, "There is nothing": 0.5, "yesterday": 0.5, "NO": 0}
    assert {text: parse_answer(text) for text in said} == said


def test_blip2_is_transformers_matching_and_contrast(checkpoint):
    source = checkpoint("blip2")
    model, processor = Blip2ForImageTextRetrieval.from_pretrained(source), AutoProcessor.from_pretrained(source)
    values = processor.image_processor(images=pictures(), return_tensors="pt")["pixel_values"]

    def theirs(sentence, matching):
        tokens = processor.tokenizer([sentence] * (3 if matching else 1), return_tensors="pt")
        asked = {"input_ids": tokens["input_ids"], "attention_mask": tokens["attention_mask"]}
        out = model(pixel_values=values, **asked, use_image_text_matching_head=matching).logits_per_image
        return out.log_softmax(-1).diff(dim=-1)[:, 0] if matching else out[:, 0]

    for head in ("matching", "contrast"):
        expected = [
            theirs(a, head == "matching") - theirs(b, head == "matching") for a, b in zip(STATED, DENIED, strict=True)
        ]
        torch.testing.assert_close(score("blip2", source, head=head), torch.stack(expected, 1), atol=1e-5, rtol=0)


def test_frozen_states_are_those_of_the_whole_model(checkpoint):
    """Without statistics: cosines of the mean patch and the mean word at the layer that is read."""
    source, rng = checkpoint("frozen_mllm"), np.random.default_rng(0)
    grey = rng.integers(0, 256, (3, 28, 28), dtype=np.uint8)  # of the tower's own size, so that nothing is resized
    studies = [replace(s, pixels=g[None].astype(np.float32) / 255) for s, g in zip(STUDIES, grey, strict=True)]
    llava, processor = LlavaForConditionalGeneration.from_pretrained(source), AutoProcessor.from_pretrained(source)
    prompt = "<image>\nDescribe the findings of this radiograph."
    films = [Image.fromarray(film).convert("RGB") for film in grey]
    inputs = processor(images=films, text=[prompt] * 3, return_tensors="pt")
    states = llava(**inputs, output_hidden_states=True).hidden_states[2]
    patches = (states * (inputs["input_ids"] == llava.config.image_token_id).unsqueeze(-1)).sum(1) / 4

    def words(sentence):
        start = processor.tokenizer("Report:")["input_ids"]
        ids = start + processor.tokenizer(sentence, add_special_tokens=False)["input_ids"]
        hidden = llava.model.language_model(torch.tensor([ids]), output_hidden_states=True).hidden_states[2]
        return hidden[0, len(start) :].mean(0)

    sides = [torch.stack([F.normalize(words(text), dim=-1) for text in side]) for side in (STATED, DENIED)]
    expected = F.normalize(patches, dim=-1) @ (sides[0] - sides[1]).T
    options = {"layer": 2, "standardise": False, "dtype": "float32"}
    ours = torch.from_numpy(open_baseline("frozen_mllm", source, CONTEXT, options).score(studies, ANCHORS).values)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=0)


# --- labels


def test_torchxrayvision_is_read_as_its_authors_pickled_it(tmp_path):
    xrv = pytest.importorskip("torchxrayvision")
    torch.manual_seed(0)
    network = xrv.models.DenseNet(growth_rate=2, block_config=(1, 2, 1, 1), num_init_features=4).eval()
    torch.save(network, tmp_path / "nih-densenet121-d121-tw-lr001-rot45-tr15-sc15-seed0-best.pt")
    model = open_baseline("supervised", str(next(tmp_path.glob("*.pt"))), CONTEXT)
    films = [xrv.utils.normalize(study.pixels[0], 1, reshape=True) for study in STUDIES]
    values = torch.from_numpy(np.stack([xrv.datasets.XRayResizer(224)(film) for film in films]))
    scores = model.score(STUDIES, make_anchors(("effusion", "cardiomegaly", "fracture")))
    expected = network(values)[:, [7, 10]].detach().numpy()
    np.testing.assert_allclose(scores.values[:, :2], expected, atol=1e-4)  # logits of up to 3; measured 1e-6
    assert np.isnan(scores.values[:, 2]).all(), "a column without a name in the file that knows 14 of 18"
    assert scores.notes == {"fracture": "not a label that it was trained with"}
    with pytest.raises(UnknownNameError, match="Did you mean 'densenet121-res224-nih'"):
        open_baseline("supervised", "densenet121-res224-nhi", CONTEXT)


# --- words and options


def test_all_are_asked_in_the_words_of_the_anchors():
    given = Anchors(("a_b", "c"), torch.eye(2), None, (("X.", "Y."), ()), "rules", names=("A of B", "C"), denials=())
    stated, denied = (("X.", "Y."), ("There is C.",)), (("There is no A of B.",), ("There is no C.",))
    assert prompt_set(given, "given", ("{}", "no {}")) == PromptSet(stated, denied)
    own = PromptSet((("A of B",), ("C",)), (("no A of B",), ("no C",)))
    assert prompt_set(given, "published", ("{}", "no {}")) == own
    assert prompt_set(given, "{}|no {}", ("-", "-")) == own
    assert parse_template("a photo of {} | without {}") == ("a photo of {}", "without {}")
    with pytest.raises(ConfigError, match=r"prompts is '\{\} and no bar', but it takes 'given', 'published' or two"):
        parse_template("{} and no bar")


@pytest.mark.parametrize(
    ("name", "source", "options", "refusal"),
    [
        ("clip", None, {"prompt": "given"}, (UnknownNameError, "option of the baseline 'clip' 'prompt'.*'prompts'")),
        ("radclip", None, {}, (ConfigError, "'radclip' needs a checkpoint: write radclip:PATH")),
        ("chance", "x", {}, (ConfigError, "'chance' takes no checkpoint, got 'x'")),
        ("llava", "x", {"question": "Is it?"}, (ConfigError, "needs {} where the finding's name goes")),
        ("blip2", "x", {"head": "itm"}, (UnknownNameError, "Known: contrast, matching")),
    ],
)  # fmt: skip
def test_what_cannot_be_opened_says_why(name, source, options, refusal, monkeypatch):
    monkeypatch.setattr("radz.baselines.llava.open_backbone", lambda *_: SimpleNamespace())
    with pytest.raises(refusal[0], match=refusal[1]):
        open_baseline(name, source, CONTEXT, options)
