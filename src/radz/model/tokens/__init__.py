"""One file per modality-token design."""
