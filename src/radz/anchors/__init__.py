"""Knowledge to anchors; one file per strategy."""
