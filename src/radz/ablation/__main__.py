"""``python -m radz.ablation DIR``: make the run of one directory. ``radz ablate`` starts it, a process for each run."""

from __future__ import annotations

import sys
from pathlib import Path

from radz.ablation.make import make
from radz.errors import RadzError

if __name__ == "__main__":
    try:
        make(Path(sys.argv[1]))
    except RadzError as error:
        sys.exit(f"error: {error}")
