"""Studies to features: the paper's figure as a folder."""
