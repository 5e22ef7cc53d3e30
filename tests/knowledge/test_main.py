"""``python -m radz.knowledge``."""

from __future__ import annotations

import runpy

from radz.knowledge.inventory import inventory


def test_the_command_prints_the_page(capsys):
    runpy.run_module("radz.knowledge", run_name="__main__")
    assert capsys.readouterr().out == inventory()
