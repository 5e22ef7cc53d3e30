"""Files with one bit flipped."""

from __future__ import annotations

import json
import struct
from pathlib import Path


def flip_last_bit(path: Path) -> None:
    """Change the last bit of a file."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def flip_weight(path: Path, part: str) -> None:
    """Change a high bit of the middle value of the first tensor of a safetensors file that has ``part`` in its name."""
    content = bytearray(path.read_bytes())
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    name = next(name for name in header if part in name)
    begin, end = header[name]["data_offsets"]
    content[8 + length + begin + (end - begin) // 2 // 4 * 4 + 3] ^= 0x40
    path.write_bytes(content)
