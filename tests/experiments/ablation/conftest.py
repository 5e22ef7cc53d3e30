"""One tiny ablation for all tests of the folder."""

from ablation_fakes import finished, folder

__all__ = ["finished", "folder"]
