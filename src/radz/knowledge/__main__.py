"""``python -m radz.knowledge > docs/knowledge.md``: what the knowledge base holds, counted."""

from __future__ import annotations

import sys

from radz.knowledge.inventory import describe

if __name__ == "__main__":
    sys.stdout.write(describe())
