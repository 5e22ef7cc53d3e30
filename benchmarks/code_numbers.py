"""Numbers on the code itself: docstrings, shapes, hints, tests, names and error messages, each with its goal.

    python benchmarks/code_numbers.py              # the table
    python benchmarks/code_numbers.py --missing    # and each place that counts against a number
    python benchmarks/code_numbers.py --check      # exit status 1 if a goal is missed

Reads the syntax trees of ``src/radz`` and ``tests``; imports neither.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE, TESTS = ROOT / "src" / "radz", ROOT / "tests"
Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.Module | ast.ClassDef | Function

ARRAY = r"(?:Tensor|NDArray|ndarray|ArrayLike)\b"
SIZE = r"(?:\.\.\.|\d?[A-Zhwxyn]'?[\w' +*/-]{0,8}|\d+[\w +-]{0,12})"
SHAPE = re.compile(rf"\({SIZE}(?:,\s{SIZE})*,?\)|\([a-z]+,\)|\b[Ss]calars?\b|any shape|shape kept")
EMPTY_NAMES = {"found", "made", "own"}
IMAGE_WORDS = {"film", "films", "picture", "pictures"}
CORPUS_OPTION = "films"
"""An option of the corpus ``chestxray14``, written in users' YAML; its parameter has the same name."""
PHRASE = 14
"""Characters; shorter runs of text occur in many messages."""


@dataclass(frozen=True)
class Count:
    """How many of ``total`` things are as they should be: all but the places in ``missing``. goal: the least share."""

    name: str
    total: int
    missing: tuple[str, ...]
    goal: float

    @property
    def share(self) -> float:
        """In [0, 1]; 1 where there is nothing to count."""
        return 1 - len(self.missing) / self.total if self.total else 1.0


def main() -> None:
    """Print the table; with ``--check`` fail where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit status 1 if a goal is missed")
    parser.add_argument("--missing", action="store_true", help="list each place that counts against a number")
    options = parser.parse_args()
    missed = False
    for measure in MEASURES:
        count = measure()
        missed |= count.share < count.goal
        good = count.total - len(count.missing)
        print(f"{count.name:58} {good:5} of {count.total:5} {count.share:7.1%}  goal {count.goal:.0%}")
        if options.missing:
            print("".join(f"    {place}\n" for place in count.missing), end="")
    test_lines, source_lines = lines_of(TESTS), lines_of(PACKAGE)
    ratio = test_lines / source_lines
    missed |= ratio < LINES_GOAL
    print(f"{'test lines per source line':58} {test_lines:5} to {source_lines:5} {ratio:7.2f}  goal {LINES_GOAL}")
    if options.check and missed:
        sys.exit("a goal is missed; --missing lists the places")


# -- documentation ---------------------------------------------------------------------------------------------------


def shapes() -> Count:
    """Functions that take or return a tensor or array; the docstring of ``__init__`` may be its class's."""
    array = re.compile(rf"\b{ARRAY}|\b(?:{'|'.join(sorted(array_aliases()))})\b")
    places, total = [], 0
    for file in sources(PACKAGE):
        for name, node, parent in definitions(file):
            if isinstance(node, Function) and any(array.search(text) for text in types_of(node)):
                total += 1
                texts = [docstring(node), docstring(parent) if node.name == "__init__" else ""]
                if not any(SHAPE.search(text) for text in texts):
                    places.append(place(file, node, name))
    return Count("functions with arrays whose docstring gives shapes", total, tuple(places), 0.85)


def public_docstrings() -> Count:
    """Modules, and public classes, functions and methods, with a docstring."""
    places, total = [], 0
    for file in sources(PACKAGE):
        for name, node, _ in definitions(file):
            if not any(part.startswith("_") for part in name.split(".")):
                total += 1
                if not docstring(node):
                    places.append(place(file, node, name))
    return Count("public things with a docstring", total, tuple(places), 0.96)


def hints() -> Count:
    """Functions whose every parameter and result has a type."""
    places, total = [], 0
    for file in sources(PACKAGE):
        for node in ast.walk(tree(file)):
            if isinstance(node, Function):
                total += 1
                untyped = [a for a in arguments(node) if a.annotation is None and a.arg not in ("self", "cls")]
                if untyped or node.returns is None:
                    places.append(place(file, node, node.name))
    return Count("functions with full type hints", total, tuple(places), 1.0)


# -- tests -----------------------------------------------------------------------------------------------------------

LINES_GOAL = 0.6


def mirrored() -> Count:
    """Modules with a test at the mirrored path: ``a/_b.py`` has ``tests/a/test_b.py``."""
    modules = [file for file in sources(PACKAGE) if not file.stem.startswith("__")]
    places = []
    for file in modules:
        test = TESTS / file.relative_to(PACKAGE).with_name(f"test_{file.stem.removeprefix('_')}.py")
        if not test.is_file():
            places.append(f"{file.relative_to(ROOT)}: no {test.relative_to(ROOT)}")
    return Count("modules with their test at the mirrored path", len(modules), tuple(places), 0.85)


def messages() -> Count:
    """Messages of radz's errors that a test matches.

    A text or regular expression of the tests shares a run of ``PHRASE`` characters with the message, one that at most
    one other message has.
    """
    tested = {phrase for text in test_texts() for phrase in phrases(unescaped(text))}
    raised = [
        (f"{place(file, node, '')}{max(parts, key=len)!r}", {phrase for part in parts for phrase in phrases(part)})
        for file in sources(PACKAGE)
        for node, parts in raised_messages(file)
    ]
    uses = Counter(phrase for _, message in raised for phrase in message)
    places = [at for at, message in raised if not any(phrase in tested and uses[phrase] <= 2 for phrase in message)]
    return Count("error messages matched by a test", len(raised), tuple(places), 0.9)


def phrases(text: str) -> Iterator[str]:
    """Every run of ``PHRASE`` characters of ``text``."""
    return (text[start : start + PHRASE] for start in range(len(text) - PHRASE + 1))


# -- names -----------------------------------------------------------------------------------------------------------


def empty_names() -> Count:
    """Variables and parameters that are not called ``found``, ``made`` or ``own``."""
    folders = (PACKAGE, TESTS, ROOT / "benchmarks")
    return names("variables not called found, made or own", folders, variables, EMPTY_NAMES.isdisjoint)


def image_names() -> Count:
    """Identifiers without ``film`` or ``picture``, outside the simulated film."""
    return names("identifiers without film or picture", (PACKAGE,), identifiers, without_image_words)


def helper_imports() -> Count:
    """Imports that do not reach into another folder's ``_helper`` module."""
    places, total = [], 0
    for file in sources(PACKAGE):
        folder = ".".join(file.relative_to(PACKAGE.parent).parent.parts)
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("radz"):
                for module in (str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)):
                    total += 1
                    above, _, last = module.rpartition(".")
                    helper = PACKAGE.parent / (module.replace(".", "/") + ".py")
                    if last.startswith("_") and helper.is_file() and above != folder:
                        places.append(place(file, node, module))
    return Count("imports that reach into no other folder's helper", total, tuple(places), 1.0)


def names(
    title: str,
    folders: Sequence[Path],
    names_of: Callable[[ast.AST], Sequence[str]],
    accepts: Callable[[Sequence[str]], bool],
) -> Count:
    """The names that ``names_of`` finds at each node; a node's names are accepted together."""
    places, total = [], 0
    for file in (file for folder in folders for file in sources(folder)):
        if PACKAGE / "simulate" in file.parents:
            continue
        for node in ast.walk(tree(file)):
            total += len(names_of(node))
            if not accepts(names_of(node)):
                places.append(place(file, node, " ".join(names_of(node))))
    return Count(title, total, tuple(places), 1.0)


def variables(node: ast.AST) -> list[str]:
    """Name that ``node`` binds as a variable or parameter, if it does."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    if isinstance(node, ast.arg):
        return [node.arg]
    return [node.name] if isinstance(node, ast.ExceptHandler) and node.name else []


def identifiers(node: ast.AST) -> list[str]:
    """Name that ``node`` defines: of a variable, parameter, field, function or class."""
    if isinstance(node, Function | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        return [node.attr]
    return [name for name in variables(node) if name != CORPUS_OPTION]


def without_image_words(identifiers: Sequence[str]) -> bool:
    """Whether no word of ``AskedFilms`` or ``asked_films`` is film or picture."""
    return all(
        IMAGE_WORDS.isdisjoint(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_")) for name in identifiers
    )


# -- reading syntax trees --------------------------------------------------------------------------------------------


@cache
def sources(folder: Path) -> tuple[Path, ...]:
    """Python files below ``folder``."""
    return tuple(sorted(folder.rglob("*.py")))


@cache
def tree(file: Path) -> ast.Module:
    """Syntax tree of ``file``."""
    return ast.parse(file.read_text(encoding="utf-8"))


def definitions(file: Path) -> Iterator[tuple[str, Definition, Definition]]:
    """The module, its classes, functions and methods: dotted name, node, and what it is defined in."""
    module = tree(file)
    yield file.stem.removeprefix("_").replace("_init__", "init"), module, module
    stack: list[tuple[str, ast.stmt, Definition]] = [("", node, module) for node in module.body]
    while stack:
        prefix, node, parent = stack.pop()
        if isinstance(node, Function | ast.ClassDef):
            name = f"{prefix}{node.name}"
            yield name, node, parent
            if isinstance(node, ast.ClassDef):
                stack += [(f"{name}.", inner, node) for inner in node.body]


def docstring(node: Definition) -> str:
    """The docstring of ``node``, empty where it has none."""
    return ast.get_docstring(node) or ""


def arguments(node: Function) -> list[ast.arg]:
    """Every parameter of a function."""
    all_of = node.args
    return [
        *all_of.posonlyargs,
        *all_of.args,
        *all_of.kwonlyargs,
        *(a for a in (all_of.vararg, all_of.kwarg) if a is not None),
    ]


def types_of(node: Function) -> list[str]:
    """The types of a function's parameters and result, as text."""
    types = [argument.annotation for argument in arguments(node)] + [node.returns]
    return [ast.unparse(type_) for type_ in types if type_ is not None]


@cache
def array_aliases() -> frozenset[str]:
    """Names that the package gives to types of arrays, as ``Floats = NDArray[np.float64]``."""
    alias = re.compile(rf"^(\w+)(?:: TypeAlias)? = {ARRAY}", re.MULTILINE)
    return frozenset(name for file in sources(PACKAGE) for name in alias.findall(file.read_text(encoding="utf-8")))


@cache
def radz_errors() -> frozenset[str]:
    """RadzError and every class of the package below it."""
    bases = {
        node.name: {ast.unparse(base) for base in node.bases}
        for file in sources(PACKAGE)
        for node in ast.walk(tree(file))
        if isinstance(node, ast.ClassDef)
    }
    errors = {"RadzError"}
    while more := {name for name, above in bases.items() if above & errors} - errors:
        errors |= more
    return frozenset(errors)


def raised_messages(file: Path) -> Iterator[tuple[ast.AST, list[str]]]:
    """Errors of radz that ``file`` builds, with the constant parts of their messages that are long enough to match."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in radz_errors():
            parts = [
                constant.value
                for argument in node.args
                for constant in ast.walk(argument)
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
            ]
            if ast.unparse(node.func) == "UnknownNameError":
                parts[:1] = [f"Unknown {part} '" for part in parts[:1]]
            if any(len(part) >= PHRASE for part in parts):
                yield node, parts


@cache
def test_texts() -> tuple[str, ...]:
    """Every string in the tests."""
    return tuple(
        node.value
        for file in sources(TESTS)
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def unescaped(pattern: str) -> str:
    """A piece of a regular expression as the text that it matches."""
    return re.sub(r"\\(\W)", r"\1", pattern)


def place(file: Path, node: ast.AST, name: str) -> str:
    """Where to look: path, line and name."""
    return f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 1)} {name}"


def lines_of(folder: Path) -> int:
    """Lines of the Python files below ``folder``."""
    return sum(len(file.read_text(encoding="utf-8").splitlines()) for file in sources(folder))


MEASURES: tuple[Callable[[], Count], ...] = (
    shapes,
    public_docstrings,
    hints,
    mirrored,
    messages,
    empty_names,
    image_names,
    helper_imports,
)

if __name__ == "__main__":
    main()
