"""``python -m radz.experiments.ablation DIR``: make the run of one directory.

``radz ablate`` starts one such process for each run.
"""

from __future__ import annotations

import sys
from pathlib import Path

from radz.errors import RadzError
from radz.experiments.ablation.make import make

if __name__ == "__main__":
    try:
        make(Path(sys.argv[1]))
    except RadzError as error:
        sys.exit(f"error: {error}")
