"""``python -m radz``."""

from radz.cli import main

main()
