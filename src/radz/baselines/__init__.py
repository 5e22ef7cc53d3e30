"""One file per baseline; all meet ZeroShotModel.

The convention, which ``tests/baselines/test_baselines.py`` checks for every file of this folder:

- ``plugin.open(checkpoint, around, *, option=...)`` returns an object with ``name`` and
  ``score(studies, anchors) -> Scores``. ``checkpoint`` is what stands behind the colon on the command line, or
  ``None``; the keyword arguments are the options that may stand there. What it needs of the corpus it takes from
  ``around``, a ``BaselineContext``; it never opens a corpus itself.
- ``plugin.example(train)`` returns a tiny ready one, offline and in well under a second, from labelled studies
  with pixels (1, H, W) of one size. A baseline over a checkpoint has ``save_NAME(directory)`` in
  ``tests/support/tiny_checkpoints.py`` instead, which writes a tiny one in the genuine format; ``open`` then reads it.
- ``plugin.packages`` (optional) is a tuple of import names of an extra, imported no sooner than a baseline is made;
  without them the contract is skipped, saying so.
- ``plugin.of_run`` (optional) says what it reads in an ablation that names no checkpoint: ``"own"``, the checkpoint of
  the arm's run; ``"start"``, the one that the run started from; ``"pair"``, a dual encoder trained on the run's films.

The contract: values (B, C) float32 in the order of ``studies`` and of ``anchors.concepts``; a score depends on its
study and its concept alone, not on the order or number of the others; labels and reports are never looked at.

A score may use the words of ``anchors`` (names, texts, denials), never its vectors: they are another model's.
"""

from radz.baselines._opening import BaselineContext, open_baseline

__all__ = ["BaselineContext", "open_baseline"]
