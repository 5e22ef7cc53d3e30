"""Tiny random checkpoints in the genuine formats: ``save_NAME(directory)`` for each baseline over a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizerFast,
    Blip2Config,
    Blip2ForImageTextRetrieval,
    Blip2Processor,
    Blip2QFormerConfig,
    Blip2VisionConfig,
    BlipImageProcessor,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    CLIPTextConfig,
    CLIPTokenizerFast,
    CLIPVisionConfig,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    SiglipProcessor,
    SiglipTextConfig,
    SiglipVisionConfig,
)

from radz.baselines.dual_encoder import PairConfig, PairNet, PairProcessor, load_sentence_encoder
from radz.provenance import Provenance
from tiny import save_tiny_llava, tiny_model

SENTENCES = ["There is no pleural effusion, mass or nodule.", "There is pneumothorax. A photo of cardiomegaly."]
SIDE = {"height": 28, "width": 28}
SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def save_clip(directory: Path) -> Path:
    """CLIP with 28-px films, two layers a side, in transformers' format."""
    torch.manual_seed(0)
    tokenizer = _clip_tokenizer(directory)
    text = CLIPTextConfig(
        **SMALL, vocab_size=len(tokenizer), max_position_embeddings=32, initializer_range=0.5,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    vision = CLIPVisionConfig(**SMALL, image_size=28, patch_size=14, initializer_range=0.5)
    CLIPModel(CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=8)).save_pretrained(
        directory
    )
    CLIPProcessor(CLIPImageProcessor(size={"shortest_edge": 28}, crop_size=SIDE), tokenizer).save_pretrained(directory)
    return directory


save_radclip = save_clip


def save_siglip(directory: Path) -> Path:
    """SigLIP of the same size."""
    torch.manual_seed(0)
    tokenizer = _word_tokenizer("</s>")
    text = SiglipTextConfig(**SMALL, vocab_size=len(tokenizer), max_position_embeddings=16, projection_size=16,
                            bos_token_id=1, eos_token_id=1, pad_token_id=0)  # fmt: skip
    vision = SiglipVisionConfig(**SMALL, image_size=28, patch_size=14)
    SiglipModel(SiglipConfig(text_config=text.to_dict(), vision_config=vision.to_dict())).save_pretrained(directory)
    SiglipProcessor(SiglipImageProcessor(size=SIDE), tokenizer).save_pretrained(directory)
    return directory


def save_biomedclip(directory: Path) -> Path:
    """A timm ViT and a BERT under open_clip, with what a download of BiomedCLIP holds: its configuration, weights
    and tokenizer, and the text encoder's own configuration."""
    import open_clip

    torch.manual_seed(0)
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer = bert_tokenizer(directory)
    BertConfig(**SMALL, initializer_range=0.5, vocab_size=len(tokenizer), max_position_embeddings=32).save_pretrained(
        directory
    )
    vision = {"timm_model_name": "test_vit", "timm_model_pretrained": False, "timm_pool": "", "timm_proj": "linear",
              "image_size": 160}  # fmt: skip
    text = {"hf_model_name": str(directory), "hf_tokenizer_name": "not/asked", "hf_proj_type": "mlp",
            "hf_pooler_type": "cls_last_hidden_state_pooler", "context_length": 32,
            "hf_model_pretrained": False}  # fmt: skip
    model = open_clip.CustomTextCLIP(embed_dim=8, vision_cfg=dict(vision), text_cfg=dict(text))
    save_file({n: t.contiguous() for n, t in model.state_dict().items()}, directory / "open_clip_model.safetensors")
    named = text | {"hf_model_name": "not/asked"}
    config = {"model_cfg": {"embed_dim": 8, "vision_cfg": vision, "text_cfg": named}, "preprocess_cfg": {}}
    (directory / "open_clip_config.json").write_text(json.dumps(config))
    return directory


def save_chexzero(directory: Path) -> Path:
    """Weights in OpenAI's naming, float32, as CheXzero's authors save them: a state dict in a .pt file."""
    import open_clip

    directory.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    vision = open_clip.CLIPVisionCfg(layers=1, width=64, patch_size=16, image_size=32)
    text = open_clip.CLIPTextCfg(context_length=24, vocab_size=49408, width=64, heads=1, layers=1)
    model = open_clip.CLIP(8, vision, text, quick_gelu=True)
    state = {n: t for n, t in model.state_dict().items() if n != "attn_mask"}
    torch.save(state, directory / "tiny.pt")
    return directory / "tiny.pt"


def save_llava(directory: Path) -> Path:
    """LLaVA-1.5 in miniature."""
    return save_tiny_llava(directory)


save_frozen_mllm = save_llava


def save_sentence_encoder(directory: Path) -> Path:
    """A BERT of two layers in the place of MiniLM."""
    torch.manual_seed(0)
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer = bert_tokenizer(directory)
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    bert = BertConfig(**SMALL, **still, initializer_range=0.1, vocab_size=len(tokenizer), max_position_embeddings=160)
    BertModel(bert).save_pretrained(directory)
    return directory


def save_dual_encoder(directory: Path) -> Path:
    """A pair around the tiny LLaVA's tower, untrained, as training saves it."""
    model = tiny_model(save_tiny_llava(directory / "llava"))
    text, tokenizer = load_sentence_encoder(str(save_sentence_encoder(directory / "sentences")))
    torch.manual_seed(0)
    processor = PairProcessor(model.processor.image_processor, tokenizer)
    net = PairNet(PairConfig(8, model.vision.vision_feature_layer, "default"), model.tower, text, processor)
    net.save(directory, Provenance(corpus="fake", split="train"))
    return directory


def save_blip2(directory: Path) -> Path:
    """BLIP-2's image-text matching model: a ViT, a querying transformer and both heads."""
    torch.manual_seed(0)
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer = bert_tokenizer(directory)
    vision = Blip2VisionConfig(**SMALL, image_size=28, patch_size=14, initializer_range=0.5)
    former = Blip2QFormerConfig(
        **SMALL, vocab_size=len(tokenizer), max_position_embeddings=32, encoder_hidden_size=16,
        cross_attention_frequency=1, use_qformer_text_input=True, initializer_range=0.5,
    )  # fmt: skip
    config = Blip2Config(
        vision_config=vision.to_dict(), qformer_config=former.to_dict(), num_query_tokens=4, image_text_hidden_size=8
    )
    model = Blip2ForImageTextRetrieval(config)
    torch.nn.init.normal_(model.query_tokens)
    model.save_pretrained(directory)
    images = BlipImageProcessor(size=SIDE, do_convert_rgb=True)
    Blip2Processor(images, tokenizer).save_pretrained(directory)
    return directory


def bert_tokenizer(directory: Path) -> BertTokenizerFast:
    """A word-piece tokenizer, saved."""
    words = sorted({word for sentence in SENTENCES for word in sentence.lower().replace(".", " .").split()})
    letters = [*"abcdefghijklmnopqrstuvwxyz"]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, *letters, *(f"##{c}" for c in letters)]
    (directory / "vocab.txt").write_text("\n".join(dict.fromkeys(vocabulary)) + "\n")
    tokenizer = BertTokenizerFast(vocab=str(directory / "vocab.txt"))
    tokenizer.save_pretrained(directory)
    return tokenizer


def _clip_tokenizer(directory: Path) -> CLIPTokenizerFast:
    directory.mkdir(parents=True, exist_ok=True)
    letters = [*pre_tokenizers.ByteLevel.alphabet()]
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizerFast(vocab={token: i for i, token in enumerate(vocabulary)}, merges=[])


def _word_tokenizer(end: str) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        SENTENCES, trainers.BpeTrainer(vocab_size=300, special_tokens=["<pad>", end], initial_alphabet=alphabet)
    )
    tokenizer.post_processor = processors.TemplateProcessing(single=f"$A {end}", special_tokens=[(end, 1)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=end, pad_token="<pad>")
