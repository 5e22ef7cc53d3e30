"""One file per baseline; all meet ZeroShotModel."""
