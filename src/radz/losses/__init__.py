"""Features (and anchors) to named scalar losses; one file per term."""

from radz.losses._rows import places

__all__ = ["places"]
