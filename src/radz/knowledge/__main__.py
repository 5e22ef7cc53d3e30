"""``python -m radz.knowledge > docs/knowledge.md`` lists and counts the entries of the knowledge base."""

from __future__ import annotations

import sys

from radz.knowledge.inventory import inventory

if __name__ == "__main__":
    sys.stdout.write(inventory())
