"""LLaVA asked in words, in parity with transformers' logits and answers."""

from __future__ import annotations

import torch
from transformers import (
    AutoProcessor,
    LlavaForConditionalGeneration,
)

from baseline_fakes import rgb_images, score
from eval_fakes import FINDINGS
from radz.baselines.llava import parse_answer


def test_llava_is_yes_against_no_of_transformers_logits(checkpoint):
    source = checkpoint("llava")
    model, processor = LlavaForConditionalGeneration.from_pretrained(source), AutoProcessor.from_pretrained(source)
    ours = score("llava", source, dtype="float32")
    for j, name in enumerate(FINDINGS):
        text = f"USER: <image>\nIs there {name} in this radiograph? Answer yes or no. ASSISTANT:"
        for i, picture in enumerate(rgb_images()):
            logits = model(**processor(images=picture, text=text, return_tensors="pt")).logits[0, -1]
            ids = [processor.tokenizer(word, add_special_tokens=False)["input_ids"] for word in ("Yes", "no", " no")]
            assert [len(pieces) for pieces in ids] == [3, 1, 1], "the tiny tokenizer has no word 'Yes'"
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
    inputs = processor(images=rgb_images()[0], text=text, return_tensors="pt")
    ids = model.generate(**inputs, max_new_tokens=8, min_new_tokens=8, do_sample=False)
    expected = processor.tokenizer.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    assert spoken[0] == expected


def test_the_first_yes_or_no_counts():
    scores = {"Yes, there is.": 1, "No. Yes would be wrong": 0, "There is nothing": 0.5, "yesterday": 0.5, "NO": 0}
    assert {text: parse_answer(text) for text in scores} == scores
