"""Features (and anchors) to named scalar losses; one file per term."""
