"""Number formats of the frozen base and its adapters."""

from __future__ import annotations

import torch

from radz.model.build import freeze, part_of
from radz.model.precision import choose_dtype, hold_base_in, make_fast
from tiny import tiny_model


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


def test_a_number_format_that_is_named_is_taken():
    assert choose_dtype("float32") is torch.float32
    assert choose_dtype("bfloat16") is torch.bfloat16


def test_auto_takes_bfloat16_only_where_the_processor_multiplies_it(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for capabilities, expected in (({"avx2": True}, torch.float32), ({"avx512_bf16": True}, torch.bfloat16)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda capabilities=capabilities: capabilities)
        assert choose_dtype("auto") is expected


def test_a_fast_model_holds_only_its_frozen_base_in_the_format(llava_dir):
    model = tiny_model(llava_dir)
    make_fast(model, torch.bfloat16)
    dtypes = {(part_of(name), parameter.dtype) for name, parameter in model.named_parameters()}
    assert dtypes == {(None, torch.bfloat16), *((part, torch.float32) for part in ("tower", "projector", "heads"))}
    assert model.compute_dtype is torch.bfloat16
