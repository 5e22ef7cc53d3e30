"""Raw scores to numbers with intervals."""
