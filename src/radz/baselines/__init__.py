"""One file per baseline; all are ``ZeroShotModel``.

The convention, which ``tests/baselines/test_baselines.py`` checks for every file of this folder:

- ``plugin.open(checkpoint, context, *, option=...)`` returns an object with ``name`` and
  ``score(studies, anchors) -> Scores``. A baseline that encodes images independently of the concepts has
  ``encode`` and ``similarity`` too (``TwoStepModel``), and its ``score`` from ``radz.model.two_step.TwoStep``.
  ``checkpoint`` is the text behind the colon on the command line, or ``None``; the keyword arguments are the options
  that it takes there. Training studies come from ``context``, a ``BaselineContext``; a baseline never opens a corpus.
- ``modules()`` (for models that hold torch modules) lists those that scoring runs, from which cost is counted.
- ``plugin.example(train)`` returns a tiny ready one, offline and in well under a second, from labelled studies
  with pixels (1, h, w) of one size. A baseline over a checkpoint has ``save_NAME(directory)`` in
  ``tests/support/tiny_checkpoints.py`` instead, which writes a tiny one in the genuine format; ``open`` then reads it.
- ``plugin.packages`` (optional) is a tuple of import names of an extra, imported no sooner than a baseline is made;
  without them the contract is skipped, saying so.
- ``plugin.of_run`` (optional) says what it reads in an ablation that names no checkpoint: ``"own"``, the checkpoint of
  the arm's run; ``"start"``, the one that the run started from; ``"pair"``, a dual encoder trained on the run's images.

The contract: values (B, C) float32 in the order of ``studies`` and of ``anchors.concepts``; a score depends on its
study and its concept alone, not on the order or number of the others; labels and reports are never used.

A score may use the words of ``anchors`` (names, texts, denials), never its vectors: they are another model's.
"""

from radz.baselines._opening import BaselineContext, open_baseline

__all__ = ["BaselineContext", "open_baseline"]
