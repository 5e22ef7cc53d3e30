"""Label files of public corpora, as they stand in the wheel torchxrayvision.

`make setup` installs it with the extra `baselines`, so that `make test` finds the files. Where the package is not
wanted: pip download torchxrayvision --no-deps, and RADZ_TORCHXRAYVISION=<the wheel, or the folder it was unpacked to>.
"""

from __future__ import annotations

import os
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

VARIABLE = "RADZ_TORCHXRAYVISION"


def public_file(name: str, folder: Path) -> Path:
    """The file of the wheel's ``data`` folder, copied out into ``folder`` where it is packed; skips where it is not."""
    named = os.environ.get(VARIABLE)
    spec = None if named else find_spec("torchxrayvision")
    home = Path(named) if named else Path(spec.origin).parent if spec and spec.origin else None
    if home is None or not home.exists():
        pytest.skip(
            "label files of public corpora are not tested: torchxrayvision is not installed (make setup, or "
            f"pip install 'radz[baselines]'), and {VARIABLE} names no wheel of it"
        )
    if home.is_file():
        with zipfile.ZipFile(home) as wheel:
            return Path(wheel.extract(f"torchxrayvision/data/{name}", folder))
    return next(
        path for path in (home / name, home / "data" / name, home / "torchxrayvision/data" / name) if path.is_file()
    )
