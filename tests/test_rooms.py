"""Imports go down: the floors of the rooms, the circles between modules, and the names that modules must not bear.

An import counts wherever it stands: at the top, in a function, or as `import_module("autotensor...")`. One for typing
alone (`if TYPE_CHECKING:`) still knows a higher room, so the floors hold for it; it makes no circle, as nothing runs.
"""

import ast
import graphlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import autotensor as at

ROOT = Path(__file__).resolve().parent.parent

# From the ground up. Rooms on one floor are siblings and never import each other.
FLOORS = (
    ("core",),
    ("ops",),
    ("random",),
    ("autodiff",),
    ("plan",),
    ("testing",),
    ("pictures",),
    ("nn", "optim"),
    ("keras",),
    ("doctor",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
GROUND = "_version"  # a literal, below everything
ROOF = "the roof"  # the modules directly in autotensor/: they may import everything


class Import(NamedTuple):
    importer: str  # dotted name of a module
    imported: str
    where: str  # file:line
    runs: bool  # False below `if TYPE_CHECKING:`


def modules(root: Path) -> dict[str, Path]:
    """Dotted name -> file. os.walk does not follow the links in autotensor/, so nothing is seen twice."""
    found = {}
    for top in ("autotensor", "nn", "optim"):
        for folder, _, files in os.walk(root / top):
            for path in (Path(folder, name) for name in files if name.endswith(".py")):
                parts = path.relative_to(root).with_suffix("").parts
                parts = parts if top == "autotensor" else ("autotensor", *parts)
                found[".".join(parts).removesuffix(".__init__")] = path
    return found


def room_of(module: str) -> str:
    """The room that a module belongs to."""
    _, _, inner = module.partition(".")
    first, _, rest = inner.partition(".")
    return first if rest or first in FLOOR or first == GROUND else ROOF


def is_package(path: Path) -> bool:
    return path.name == "__init__.py"


def named_by(node: ast.AST, package: str) -> Iterator[str]:
    """The dotted names that one statement or call imports, `from a import b` as a.b."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package.split(".")[: 1 - node.level or None] if node.level else []
        source = ".".join([*above, *([node.module] if node.module else [])])
        yield from (f"{source}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in {"import_module", "__import__"}:
            yield str(node.args[0].value)


def for_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def imports_of(root: Path) -> Iterator[Import]:
    """Every import of one of the project's modules by another, wherever it stands in the file."""
    known = modules(root)
    for importer, path in known.items():
        package = importer if is_package(path) else importer.rpartition(".")[0]
        todo: list[tuple[ast.AST, bool]] = [(ast.parse(path.read_text(encoding="utf-8")), True)]
        while todo:
            node, runs = todo.pop()
            for name in named_by(node, package):
                imported = name
                while imported and imported not in known:  # a.b is the module a where b is a name in it
                    imported = imported.rpartition(".")[0]
                if imported and imported != importer:
                    yield Import(importer, imported, f"{path.relative_to(root)}:{getattr(node, 'lineno', 0)}", runs)
            typed = set(map(id, node.body)) if for_typing(node) else set()
            todo.extend((child, runs and id(child) not in typed) for child in ast.iter_child_nodes(node))


def homeless_rooms(root: Path) -> list[str]:
    """Folders of autotensor/ that have no floor."""
    homes = {path.parent.relative_to(root).parts[:2] for path in modules(root).values()}
    rooms = {home[1] for home in homes if home[0] == "autotensor" and len(home) == 2}
    return [f"autotensor.{room}: has no floor, add it to FLOORS" for room in sorted(rooms - set(FLOOR))]


def upward_imports(root: Path) -> list[str]:
    """Imports of a higher room, or of the roof."""
    floor = {GROUND: -1, **FLOOR, ROOF: len(FLOORS)}
    return [
        f"{one.where}: {one.importer} imports {one.imported}, which is higher"
        for one in imports_of(root)
        if floor.get(room_of(one.importer), 0) < floor.get(room_of(one.imported), 0)
    ]


def sibling_imports(root: Path) -> list[str]:
    """Imports between rooms of one floor."""
    complaints = []
    for one in imports_of(root):
        here, there = room_of(one.importer), room_of(one.imported)
        if here != there and here in FLOOR and FLOOR[here] == FLOOR.get(there):
            complaints.append(f"{one.where}: {one.importer} imports {one.imported}, its sibling")
    return complaints


def circles(root: Path) -> list[str]:
    """A circle of modules that import each other, if there is one."""
    graph: dict[str, set[str]] = {}
    for one in imports_of(root):
        if one.runs:
            graph.setdefault(one.importer, set()).add(one.imported)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return ["circle: " + " <- ".join(error.args[1])]
    return []


def names_bound_in(tree: ast.Module, package: str) -> Iterator[tuple[str, str]]:
    """Public names that a package's __init__ binds, each with where it comes from."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, "defined there"
        elif isinstance(node, ast.Assign):
            yield from ((target.id, "assigned there") for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.ImportFrom):
            for alias, source in zip(node.names, named_by(node, package), strict=True):
                yield alias.asname or alias.name, source


def names_of_functions(root: Path) -> list[str]:
    """Modules that bear the name of something else that their package exports: importing the module would hide it."""
    known = modules(root)
    return [
        f"{path.relative_to(root)}: exports {name} ({source}), and there is a module {package}.{name}"
        for package, path in known.items()
        if is_package(path)
        for name, source in names_bound_in(ast.parse(path.read_text(encoding="utf-8")), package)
        if f"{package}.{name}" in known and source != f"{package}.{name}"
    ]


CHECKS = (homeless_rooms, upward_imports, sibling_imports, circles, names_of_functions)


@pytest.mark.parametrize("check", CHECKS)
def test_rooms_hold(check: Callable[[Path], list[str]]) -> None:
    assert check(ROOT) == []


def test_no_module_bears_the_name_of_a_public_function() -> None:
    inside = {module.split(".")[1] for module in modules(ROOT) if "." in module}
    exported = inside & {*dir(at), *at.__all__}
    assert [name for name in sorted(exported) if callable(getattr(at, name))] == []


def plant(root: Path, files: dict[str, str]) -> Path:
    for name, source in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return root


LAWFUL = {
    "autotensor/__init__.py": "from autotensor import keras\nfrom autotensor.autodiff.transforms import grad",
    "autotensor/__main__.py": "from autotensor import demo\nimport autotensor as at",
    "autotensor/_version.py": "",
    "autotensor/demo.py": "import autotensor.keras.model",
    "autotensor/core/__init__.py": "from autotensor.core.tensor import Tensor, tensor as as_tensor",
    "autotensor/core/spec.py": "if TYPE_CHECKING:\n    from autotensor.core import Tensor",
    "autotensor/core/tensor.py": "import numpy\nfrom autotensor.core import spec\nfrom autotensor import _version",
    "autotensor/autodiff/__init__.py": "",
    "autotensor/autodiff/transforms.py": "from ..core import Tensor\ndef grad():\n    import autotensor.core.spec",
    "autotensor/keras/__init__.py": "from autotensor.keras.model import Model",
    "autotensor/keras/model.py": "from autotensor import nn, optim\nfrom autotensor.nn.linear import Linear",
    "nn/__init__.py": "from autotensor.nn.linear import Linear",
    "nn/linear.py": "from autotensor.core import Tensor\nfrom autotensor.autodiff import transforms",
    "optim/__init__.py": "",
}


def test_a_lawful_tree_passes(tmp_path: Path) -> None:
    plant(tmp_path, LAWFUL)
    (tmp_path / "autotensor/nn").symlink_to("../nn")
    assert [complaint for check in CHECKS for complaint in check(tmp_path)] == []


SPEC, LINEAR, MODEL = "autotensor/core/spec.py", "nn/linear.py", "autotensor/keras/model.py"
IN_FUNCTION = "def f():\n    "
FOR_TYPING = "if TYPE_CHECKING:\n    "
VIOLATIONS = {
    upward_imports: (
        (SPEC, "from autotensor.autodiff import transforms", "core.spec imports autotensor.autodiff.transforms, which"),
        (SPEC, "from autotensor.nn import Linear", "core.spec imports autotensor.nn, which is higher"),
        (SPEC, "import autotensor.keras.model as m", "core.spec imports autotensor.keras.model, which is higher"),
        (SPEC, "from ..autodiff.transforms import grad", "core.spec imports autotensor.autodiff.transforms, which"),
        (SPEC, "from .. import keras", "core.spec imports autotensor.keras, which is higher"),
        (SPEC, IN_FUNCTION + "import autotensor.nn.linear", "core/spec.py:2: autotensor.core.spec imports"),
        (SPEC, FOR_TYPING + "import autotensor.keras", "core/spec.py:2: autotensor.core.spec imports"),
        (SPEC, "importlib.import_module('autotensor.keras')", "core.spec imports autotensor.keras, which is higher"),
        (LINEAR, "from autotensor.keras import Model", "nn/linear.py:1: autotensor.nn.linear imports"),
        (MODEL, "from autotensor import grad", "keras.model imports autotensor, which is higher"),
        (MODEL, "from autotensor.demo import main", "keras.model imports autotensor.demo, which is higher"),
    ),
    sibling_imports: (
        (LINEAR, "from autotensor import optim", "nn.linear imports autotensor.optim, its sibling"),
        (LINEAR, IN_FUNCTION + "import autotensor.optim", "nn/linear.py:2: "),
    ),
    circles: (
        (SPEC, "from autotensor.core.tensor import Tensor", "autotensor.core.spec <- autotensor.core.tensor"),
        (SPEC, "from autotensor.core import Tensor", "autotensor.core.spec <- autotensor.core.tensor"),
        (SPEC, IN_FUNCTION + "from autotensor.core import tensor", "autotensor.core.spec <- autotensor.core.tensor"),
    ),
    names_of_functions: (
        ("autotensor/__init__.py", "from autotensor.core.tensor import demo", "there is a module autotensor.demo"),
        ("autotensor/__init__.py", "from autotensor.core import spec as demo", "demo (autotensor.core.spec)"),
        ("autotensor/core/__init__.py", "def spec(): ...", "exports spec (defined there)"),
        ("nn/__init__.py", "linear = print", "exports linear (assigned there)"),
    ),
    homeless_rooms: (
        ("autotensor/vision/__init__.py", "", "autotensor.vision: has no floor"),
        ("autotensor/vision/resize.py", "", "autotensor.vision: has no floor"),
    ),
}


@pytest.mark.parametrize(
    ("check", "file", "source", "complaint"),
    [(check, *row) for check, rows in VIOLATIONS.items() for row in rows],
)
def test_a_violation_is_seen(tmp_path: Path, check: Callable[[Path], list[str]], file: str, source: str, complaint: str) -> None:
    found = check(plant(tmp_path, {**LAWFUL, file: source}))
    assert len(found) == 1
    assert complaint in found[0]


def test_every_check_has_a_violation() -> None:
    assert set(VIOLATIONS) == set(CHECKS)
