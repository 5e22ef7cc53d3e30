"""The hot path against transformers' own forward, and what must not change a feature."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tokenizers.processors import TemplateProcessing
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as tv
from transformers import AutoModelForImageTextToText, AutoProcessor, CLIPImageProcessor, SiglipImageProcessor

from radz.errors import CheckpointError, ConfigError, UnknownNameError
from radz.imaging.resize import resize
from radz.model.build import build_model, freeze, part_of
from radz.model.checkpoint import load_checkpoint, save_checkpoint
from radz.model.precision import hold_base_in
from radz.model.processor import RadzProcessor, whole_size
from radz.model.radz import RadZ
from radz.provenance import Provenance
from radz.types import ImageBatch
from tiny import LAYERS, save_tiny_llava, tiny_config, tiny_model

TEXTS = ["There is no pleural effusion.", "Mass", "Normal chest; clear lungs, heart of normal size."]
ROUNDING = 2e-6  # measured: at most 1.5e-7 between batch compositions and padding sides, float32
PROVENANCE = Provenance(corpus="none", split="train")


@pytest.fixture
def model(llava_dir) -> RadZ:
    return tiny_model(llava_dir)


def films(count: int, seed: int = 0):
    return list(np.random.default_rng(seed).random((count, 1, 40, 30), dtype=np.float32))


def image_batch(model: RadZ, shown) -> ImageBatch:
    processor = model.processor
    return ImageBatch(processor.image_prompt(len(shown)), processor.pixel_values(shown))


def image_features(model: RadZ, shown):
    features = model(image_batch(model, shown))
    return features.image_global, features.image_local


def text_features(model: RadZ, texts):
    features = model(texts=model.processor.text_prompt(texts))
    return features.text_global, features.text_local


def shake(model: RadZ) -> None:
    """Move every trainable tensor off its start, as training would."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if part_of(name):
                parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))


def close(got, expected, tolerance=ROUNDING):
    for a, b in zip(got, expected, strict=True):
        torch.testing.assert_close(a, b, atol=tolerance, rtol=0)


@pytest.mark.parametrize("layer", [-2, 1, LAYERS])
@torch.no_grad()
def test_states_equal_those_of_transformers(llava_dir, layer):
    model = tiny_model(llava_dir, readout={"layer": layer})
    prompt = model.processor.image_prompt(2)
    pixels = model.processor.pixel_values(films(2))
    seen = {}
    model.design = _Spy(model.design, seen)
    model(ImageBatch(prompt, pixels))

    theirs = AutoModelForImageTextToText.from_pretrained(llava_dir).eval()
    theirs.resize_token_embeddings(len(model.processor.tokenizer), mean_resizing=False)
    rows = model.decoder.get_input_embeddings()(torch.tensor(model.processor.special_ids))
    theirs.get_input_embeddings().weight[model.processor.special_ids] = rows
    states = theirs(
        input_ids=prompt.input_ids, attention_mask=prompt.attention_mask, pixel_values=pixels, output_hidden_states=True
    ).hidden_states
    if layer == LAYERS:  # transformers lists the last layer's output after its final norm
        seen["states"] = theirs.model.language_model.norm(seen["states"])
    torch.testing.assert_close(seen["states"], states[layer], atol=1e-6, rtol=0)  # measured: 0


class _Spy:
    def __init__(self, design, seen):
        self.design, self.seen = design, seen

    def read(self, states, positions):
        self.seen["states"] = states
        return self.design.read(states, positions)


@torch.no_grad()
def test_final_norm_is_applied_when_asked(llava_dir):
    bare, normed = (tiny_model(llava_dir, readout={"final_norm": on}) for on in (False, True))
    assert not torch.allclose(image_features(bare, films(1))[0], image_features(normed, films(1))[0])


def test_features_are_unit_and_shaped(model):
    for features in (*image_features(model, films(3)), *text_features(model, TEXTS)):
        assert features.shape == (3, 8)
        torch.testing.assert_close(features.norm(dim=1), torch.ones(3))


@torch.no_grad()
def test_a_film_of_one_channel_becomes_the_values_that_three_would_have(model):
    shown = [np.random.default_rng(i).random((1, 30 + 9 * i, 50), dtype=np.float32) for i in range(3)]
    three = [torch.from_numpy(film).expand(3, -1, -1) for film in shown]
    settings = {"do_rescale": False, "return_tensors": "pt", "input_data_format": "channels_first"}
    theirs = model.processor.image_processor(images=three, **settings)["pixel_values"]
    torch.testing.assert_close(model.processor.pixel_values(shown), theirs, rtol=0, atol=1e-5)  # measured 1.4e-6
    assert len(set(model.processor.image_processor.image_mean)) == 3, "CLIP normalises each channel in its own way"


@pytest.mark.parametrize("shape", [(320, 262), (64, 80), (7, 1001), (224, 300), (224, 224)])
def test_films_are_resized_as_torchvision_does_it(shape):
    film = torch.rand(1, *shape, generator=torch.Generator().manual_seed(0))
    theirs = tv.resize(film, [224, 224], interpolation=InterpolationMode.BICUBIC, antialias=True)[0]
    torch.testing.assert_close(resize(film[0], 224, 224), theirs, rtol=0, atol=2e-6)  # measured 7e-7


def test_films_are_resized_here_where_the_whole_film_becomes_one_size():
    square = {"height": 28, "width": 20}
    assert whole_size(CLIPImageProcessor(size=square, do_center_crop=False)) == (28, 20)
    assert whole_size(CLIPImageProcessor(size=square, crop_size=square)) == (28, 20)
    assert whole_size(CLIPImageProcessor(size=square, crop_size={"height": 20, "width": 20})) is None
    assert whole_size(CLIPImageProcessor(size={"shortest_edge": 28}, crop_size=28)) is None
    assert whole_size(CLIPImageProcessor(size=square, do_center_crop=False, resample=2)) is None
    assert whole_size(SiglipImageProcessor(size=square)) is None


def test_the_image_does_not_leak_into_the_text(model):
    processor = model.processor

    def both(shown, texts):
        return model(image_batch(model, shown), processor.text_prompt(texts))

    here, other_films, other_texts = both(films(3), TEXTS), both(films(3, 9), TEXTS), both(films(3), TEXTS[::-1])
    assert torch.equal(here.text_global, other_films.text_global)
    assert torch.equal(here.text_local, other_films.text_local)
    assert torch.equal(here.image_global, other_texts.image_global)
    assert not torch.allclose(here.image_global, other_films.image_global)
    assert not torch.allclose(here.text_global, other_texts.text_global)


@torch.no_grad()
def test_padding_side_does_not_matter(model):
    right = text_features(model, TEXTS)
    model.processor.padding_side = "left"
    assert not model.processor.text_prompt(TEXTS).attention_mask[1, 0]
    close(text_features(model, TEXTS), right)


@torch.no_grad()
def test_batch_composition_does_not_matter(model):
    shown = films(4)
    close([f[2:3] for f in image_features(model, shown)], image_features(model, shown[2:3]))
    close([f[1:2] for f in text_features(model, TEXTS)], text_features(model, TEXTS[1:2]))


@torch.no_grad()
def test_truncation_equals_cutting_the_text_and_keeps_the_tokens(llava_dir):
    model = tiny_model(llava_dir, max_report_tokens=6)
    tokenizer = model.processor.tokenizer
    cut = tokenizer.decode(tokenizer(TEXTS[2], add_special_tokens=False)["input_ids"][:6])
    assert cut != TEXTS[2]
    prompt = model.processor.text_prompt([TEXTS[2]])
    assert prompt.input_ids[0, prompt.modality_tokens[0]].tolist() == model.processor.text_ids
    close(text_features(model, [TEXTS[2]]), text_features(model, [cut]), 0)


@torch.no_grad()
def test_a_text_that_writes_a_modality_token_is_text(model):
    """Report words may spell anything; they must not be taken for the model's own tokens."""
    for words in ("<TxtCls_1>", "<image>", "</s>"):
        prompt = model.processor.text_prompt([f"mass {words}"])
        own = prompt.input_ids[prompt.local].tolist()
        assert not {*own} & {*model.processor.special_ids, model.processor.image_token_id}
        assert model.processor.tokenizer.decode(own) == f"mass {words}"


def test_every_sequence_begins_with_the_token_that_begins_sequences(model, llava_dir):
    """Whether the tokenizer puts it there, as LLaVA's does, or not, as the default model's does."""
    silent = AutoProcessor.from_pretrained(llava_dir)
    silent.tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="$A")
    silent.tokenizer.add_tokens(["<image>"], special_tokens=True)
    assert silent.tokenizer("mass")["input_ids"][0] != silent.tokenizer.bos_token_id
    other = RadzProcessor(silent, model.design, model.config)
    begin = model.processor.tokenizer.bos_token_id
    for got, expected in (
        (other.image_prompt(1), model.processor.image_prompt(1)),
        (other.text_prompt(["Mass"]), model.processor.text_prompt(["Mass"])),
    ):
        assert got.input_ids.tolist() == expected.input_ids.tolist()
        assert got.input_ids[0].tolist().index(begin) == 0
        assert got.input_ids[0].tolist().count(begin) == 1


def test_gradient_reaches_new_rows_only_and_moves_nothing_else(model):
    freeze(model, ("tokens",))
    before = {n: p.clone() for n, p in model.named_parameters()}
    features = model(image_batch(model, films(2)))
    text = text_features(model, TEXTS[:2])
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1.0)
    (features.image_global * text[0]).sum().backward()
    optimiser.step()
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert len(moved) == 1
    (name,) = moved
    assert part_of(name) == "tokens"
    delta = dict(model.named_parameters())[name] - before[name]
    assert delta.shape[0] == len(model.processor.special_ids)
    assert (delta.norm(dim=1) > 0).all()


def test_projector_dropout_acts_in_training_only(llava_dir):
    model = tiny_model(llava_dir, projector_dropout=0.5)
    batch = image_batch(model, films(2))
    assert torch.equal(model(batch).image_global, model(batch).image_global)
    assert torch.equal(model(batch).image_global, tiny_model(llava_dir)(batch).image_global)
    model.train()
    assert not torch.equal(model(batch).image_global, model(batch).image_global)


def test_every_part_trains_end_to_end(model):
    parts = ("tower", "projector", "lora", "tokens", "heads")
    freeze(model, parts)
    shake(model)  # LoRA's second factor starts at zero and lets no gradient through to the first
    features = model(image_batch(model, films(3)))
    text = text_features(model, TEXTS)
    (features.image_global @ text[1].T + features.image_local @ text[0].T).square().mean().backward()
    reached = {part_of(n) for n, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert reached == set(parts)
    assert all(p.grad is None for n, p in model.named_parameters() if part_of(n) is None)


@torch.no_grad()
def test_save_load_and_merge_give_the_same_features(model, tmp_path):
    shake(model)
    shown, expected = films(2), text_features(model, TEXTS)
    images = image_features(model, shown)
    save_checkpoint(model, tmp_path / "c", PROVENANCE)
    loaded, provenance = load_checkpoint(tmp_path / "c")
    assert len(provenance.fingerprint) == 16
    close(text_features(loaded, TEXTS), expected, 0)
    close(image_features(loaded, shown), images, 0)
    loaded.decoder = loaded.decoder.merge_and_unload()
    close(text_features(loaded, TEXTS), expected, 1e-5)  # measured: 2.1e-6
    close(image_features(loaded, shown), images, 1e-5)


@torch.no_grad()
def test_parts_written_in_half_come_back_rounded_and_the_others_exactly(model, tmp_path):
    shake(model)
    save_checkpoint(model, tmp_path / "c", PROVENANCE, halved=("lora",))
    loaded = {n: p for n, p in load_checkpoint(tmp_path / "c")[0].named_parameters() if part_of(n)}
    for name, parameter in model.named_parameters():
        if part := part_of(name):
            assert loaded[name].dtype == torch.float32
            torch.testing.assert_close(loaded[name], parameter.half().float() if part == "lora" else parameter)


def test_a_checkpoint_of_another_backbone_is_refused(model, tmp_path, tmp_path_factory):
    save_checkpoint(model, tmp_path / "c", PROVENANCE)
    other = save_tiny_llava(tmp_path_factory.mktemp("other"), seed=5)
    with pytest.raises(CheckpointError, match=r"was trained on hf weights .* Features would be meaningless"):
        load_checkpoint(tmp_path / "c", str(other))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: (d / "config.json").unlink(), "has no config.json"),
        (lambda d: (d / "config.json").write_text("{"), "is damaged"),
        (lambda d: (d / "model.safetensors").unlink(), "has no model.safetensors"),
        (lambda d: (d / "model.safetensors").write_bytes(b"\0" * 40), "is damaged"),
        (lambda d: (d / "provenance.json").write_text("[]"), "is damaged"),
    ],
)
def test_a_damaged_checkpoint_is_refused(model, tmp_path, damage, message):
    save_checkpoint(model, tmp_path / "c", PROVENANCE)
    damage(tmp_path / "c")
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(tmp_path / "c")


def test_nothing_is_left_of_a_save_that_failed(model, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("safetensors.torch.save_file", fail)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(model, tmp_path / "c", PROVENANCE)
    assert list(tmp_path.iterdir()) == []


@torch.no_grad()
def test_llava_without_a_class_token_and_several_vision_layers(tmp_path):
    source = save_tiny_llava(tmp_path / "full", strategy="full")
    model = tiny_model(source)
    prompt = model.processor.image_prompt(1)
    assert prompt.local.sum() == 5  # 2 × 2 patches and the class token
    assert image_features(model, films(1))[0].shape == (1, 8)


def test_only_the_layers_that_are_read_are_loaded(llava_dir):
    model = tiny_model(llava_dir, readout={"layer": 2})
    assert len(model.decoder.base_model.model.layers) == 2


@pytest.mark.parametrize("layer", [LAYERS + 1, -LAYERS - 1, 0])
def test_a_layer_out_of_range_is_refused(llava_dir, layer):
    with pytest.raises(ConfigError, match=r"model\.readout\.layer is"):
        tiny_model(llava_dir, readout={"layer": layer})


def test_backbones_refuse_what_they_cannot_load(tmp_path):
    with pytest.raises(ConfigError, match=r"needs model\.source"):
        build_model(tiny_config(None))
    with pytest.raises(CheckpointError, match="could not be loaded as a LLaVA-class checkpoint"):
        build_model(tiny_config(tmp_path / "nothing"))
    with pytest.raises(ConfigError, match="'smollm2' takes no source"):
        build_model(tiny_config(tmp_path, backbone="smollm2"))
    with pytest.raises(UnknownNameError, match="Did you mean 'smollm2'"):
        build_model(tiny_config(tmp_path, backbone="smollm"))


def test_lora_targets_that_do_not_exist_are_refused(llava_dir):
    with pytest.raises(ConfigError, match="do not fit this decoder"):
        tiny_model(llava_dir, lora={"targets": ["no_such_layer"]})


def test_adapters_take_their_input_in_the_number_format_of_the_decoder(llava_dir):
    model = tiny_model(llava_dir, lora={"r": 2, "dropout": 0.3}).train()
    freeze(model, ("lora", "heads"))
    hold_base_in(model, torch.bfloat16)
    taken = []
    for name, module in model.named_modules():
        if name.endswith("lora_dropout.default"):
            module.register_forward_pre_hook(lambda _, given: taken.append(given[0].dtype))
    model(texts=model.processor.text_prompt(["There is a mass."])).text_global.sum().backward()
    assert {*taken} == {torch.bfloat16}
    assert {p.grad.dtype for n, p in model.named_parameters() if ".lora_B." in n} == {torch.float32}
