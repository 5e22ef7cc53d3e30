"""A backbone that writes text: its whole decoder and head behind transformers' ``generate``, without an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from radz.errors import ConfigError
from radz.model.backbone import Backbone
from radz.model.quiet import quietly

TEMPERATURE, TOP_P, MOST_TOKENS = 0.7, 0.9, 120
SAMPLING = f"temperature {TEMPERATURE}, top_p {TOP_P}, at most {MOST_TOKENS} tokens"


@dataclass(frozen=True, slots=True)
class Written:
    """finished: whether the model ended the text, rather than the limit of tokens."""

    text: str
    finished: bool


class Writer:
    """Writes texts with a backbone whose decoder was loaded whole. Raises ConfigError for one without a head."""

    def __init__(self, backbone: Backbone) -> None:
        if backbone.head is None:
            raise ConfigError(f"The backbone '{backbone.name}' has no head that predicts words, so it cannot write.")
        self.backbone, self.tokenizer = backbone, backbone.processor.tokenizer
        self.model = _whole(backbone)

    def prompt(self, request: str) -> str:
        """The request in the model's chat template, where it has one."""
        if not self.tokenizer.chat_template:
            return f"{self.tokenizer.bos_token or ''}{request}\n"
        turn = [{"role": "user", "content": request}]
        text: str = self.tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
        return text

    @torch.inference_mode()
    def write(self, prompt: str, seed: int) -> Written:
        """A sampled continuation of ``prompt``; the same for the same seed on the same machine."""
        inputs = self.tokenizer(prompt, add_special_tokens=False, return_tensors="pt").to(self.model.device)
        with torch.random.fork_rng(), quietly():
            torch.manual_seed(seed)
            ids = self.model.generate(**_inputs(inputs), **self._settings())[0, inputs["input_ids"].shape[1] :]
        finished = ids[-1].item() == self.tokenizer.eos_token_id
        text: str = self.tokenizer.decode(ids, skip_special_tokens=True)
        return Written(text.strip(), finished)

    def _settings(self) -> dict[str, Any]:
        end, padding = self.tokenizer.eos_token_id, self.tokenizer.pad_token_id
        return {
            "do_sample": True,
            "temperature": TEMPERATURE,
            "top_p": TOP_P,
            "top_k": 0,
            "max_new_tokens": MOST_TOKENS,
            "eos_token_id": end,
            "pad_token_id": end if padding is None else padding,
        }


def _inputs(tokens: Any) -> dict[str, Any]:
    return {name: tokens[name] for name in ("input_ids", "attention_mask")}


def _whole(backbone: Backbone) -> Any:
    """transformers' generating class around the parts that are loaded, without new weights."""
    from transformers import AutoModelForImageTextToText

    with torch.device("meta"), quietly():
        whole = AutoModelForImageTextToText.from_config(backbone.llava.config, trust_remote_code=False)
    whole.model = backbone.llava
    whole.set_output_embeddings(backbone.head)
    return whole.eval()
