"""One file per multimodal language model family."""
