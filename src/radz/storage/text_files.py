"""Read YAML and JSON that anyone may have written: bounded in size, and refused with one short reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

YAML_BYTES, JSON_BYTES = 4 << 20, 1 << 28
"""Largest files that are read; the largest that radz writes have a tenth of it."""
NODES = 100_000
"""Most values of a YAML document with its aliases written out."""
LONGEST = 300
"""Characters of a reason."""
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class UnreadableError(ValueError):
    """A file is not YAML or JSON that is read. The short message follows its name: "is not valid YAML (...)"."""


def load_yaml(path: Path) -> Any:
    """The value of a YAML file, by the safe loader. Raises FileNotFoundError, and UnreadableError for all else."""
    return parse_yaml(_text(path, YAML_BYTES))


def parse_yaml(text: str) -> Any:
    """The value of a YAML document. Raises UnreadableError, also where aliases would grow beyond ``NODES`` values."""
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _require_bounded(node)
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except UnreadableError:
        raise
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError, AttributeError) as error:
        raise UnreadableError(f"is not valid YAML ({shortened(error)})") from None


def load_json(path: Path) -> Any:
    """The value of a JSON file. Raises FileNotFoundError, and UnreadableError for all else."""
    return parse_json(_text(path, JSON_BYTES))


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON document. Raises UnreadableError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"is not valid JSON ({shortened(error)})") from None


def shortened(error: object) -> str:
    """The message of an error in one line of at most ``LONGEST`` characters."""
    text = str(error)[: 4 * LONGEST]
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."


def _text(path: Path, limit: int) -> str:
    try:
        size = path.stat().st_size
        if size > limit:
            raise UnreadableError(f"has {size:,} bytes, the limit is {limit:,}")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise
    except UnicodeDecodeError as error:
        raise UnreadableError(f"is not encoded as UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise UnreadableError(f"cannot be opened ({error.strerror})") from None


def _require_bounded(root: yaml.Node) -> None:
    """Raise UnreadableError if the values below ``root``, with its aliases written out, are more than ``NODES``."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting[-1]
        children = _children(node)
        unknown = [child for child in children if id(child) not in sizes]
        if not unknown:
            sizes[id(node)] = 1 + sum(sizes[id(child)] for child in children)
            open_nodes.discard(id(node))
            waiting.pop()
            if sizes[id(node)] > NODES:
                raise UnreadableError(f"holds more than {NODES:,} values, its aliases written out")
            continue
        open_nodes.add(id(node))
        if any(id(child) in open_nodes for child in unknown):
            raise UnreadableError("holds a value that contains itself by an alias")
        waiting += unknown


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
