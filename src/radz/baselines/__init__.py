"""One file per baseline; all meet ZeroShotModel.

The convention, which ``tests/test_baselines.py`` checks for every file of this folder without being told of it:

- ``plugin(...)`` returns an object with ``name`` and ``score(studies, anchors) -> Scores``. A baseline that
  learns takes its training studies, or its trained parts, as arguments; it never opens a corpus itself.
- ``plugin.example(train)`` returns a tiny ready one, offline and in well under a second, from labelled studies
  with pixels (1, H, W) of one size.
- ``plugin.packages`` (optional) is a tuple of import names of an extra, imported no sooner than a baseline is made;
  without them the contract is skipped, saying so.

The contract: values (B, C) float32 in the order of ``studies`` and of ``anchors.concepts``; a score depends on its
study and its concept alone, not on the order or number of the others; labels and reports are never looked at.
"""
