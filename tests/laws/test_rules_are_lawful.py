"""What can be seen in the source alone: rules never compute with NumPy, and late bindings are those that are known."""

import ast
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import autotensor as at
from autotensor.core import namespace
from autotensor.core.primitive import customs, registry

OPS = Path(at.ops.__file__).parent
RULES = {"vjp", "jvp"}
TABLES_OF_RULES = {"partials", "transposes"}
DTYPES = {"dtype", "bool_", "float16", "float32", "float64", "int32", "int64", "intp", "complex64", "complex128", "ndarray"}


def parameters(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        return [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return []


def rules_in(tree: ast.AST) -> list[ast.AST]:
    """Functions that compute in a namespace, and the tables of rules with all that stands in them."""
    found: list[ast.AST] = []
    for node in ast.walk(tree):
        if (isinstance(node, ast.FunctionDef) and node.name in RULES) or "ns" in parameters(node):
            found.extend(node.body if isinstance(node, ast.FunctionDef) else [node])
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(t, ast.Name) and t.id in TABLES_OF_RULES for t in targets):
                found.append(node.value)
    return found


def computes_with_numpy(source: str) -> list[str]:
    """Every use of NumPy inside a rule, but for dtypes."""
    uses = set()
    for rule in rules_in(ast.parse(source)):
        constants = {id(n.value) for n in ast.walk(rule) if isinstance(n, ast.Attribute) and n.attr in DTYPES}
        uses |= {
            f"line {n.lineno}"
            for n in ast.walk(rule)
            if isinstance(n, ast.Name) and n.id in {"np", "numpy"} and id(n) not in constants
        }
    return sorted(uses)


@pytest.mark.parametrize("path", sorted(OPS.glob("*.py")), ids=lambda path: path.stem)
def test_no_rule_computes_with_numpy(path: Path) -> None:
    assert computes_with_numpy(path.read_text(encoding="utf-8")) == []


WRONG = (
    "class A:\n    partials = (lambda ns, y, x: np.cos(x),)",
    "class A:\n    partials: tuple = (1, lambda n, y, x: np.cos(x))",
    "class A:\n    transposes = (np.negative,)",
    "class A:\n    def vjp(self, i, n, g, y, x):\n        return g * np.cos(x)",
    "class A:\n    def jvp(self, n, t, y, x):\n        return [t * numpy.cos(x)]",
    "def helper(ns, x):\n    def inner(z):\n        return np.cos(z)\n    return inner(x)",
)
RIGHT = (
    "class A:\n    partials = (lambda ns, y, x: ns.cast(x, dtype=np.float32),)",
    "class A:\n    numpy = np.cos\n    def value(self, x):\n        return np.cos(x)",
    "class A:\n    def vjp(self, i, ns, g: np.ndarray, y, x):\n        return ns.cast(g, dtype=np.dtype(np.float64))",
    "class A:\n    def kinks(self, x):\n        return np.abs(x)",
)


@pytest.mark.parametrize("source", WRONG)
def test_a_rule_that_computes_with_numpy_is_seen(source: str) -> None:
    assert computes_with_numpy(source) != []


@pytest.mark.parametrize("source", RIGHT)
def test_values_kinks_and_dtypes_may_use_numpy(source: str) -> None:
    assert computes_with_numpy(source) == []


def test_the_late_bindings_are_these_and_no_others() -> None:
    kinds = (SimpleNamespace, dict, list, set, threading.local)
    found = {name for name, value in vars(namespace).items() if isinstance(value, kinds) and not name.startswith("__")}
    assert found == {"plain", "recorded", "public", "numpy_functions", "late"}
    assert set(namespace.Late.__annotations__) == {"backward", "draw", "namespace"}
    assert set(vars(namespace.late)) <= set(namespace.Late.__annotations__)


@pytest.mark.parametrize("table", [namespace.plain, namespace.recorded], ids=["plain", "recorded"])
def test_both_tables_provide_what_the_protocol_promises(table: Any) -> None:
    promised = set(namespace.Namespace.__annotations__)
    assert promised <= set(vars(table))
    assert set(vars(table)) - set(customs) == set(registry)  # what tests and examples declare for themselves aside
    assert all(callable(getattr(table, name)) for name in promised)


def test_the_recorded_table_is_the_registry_and_the_plain_one_its_values() -> None:
    for name, primitive in registry.items():
        assert getattr(namespace.recorded, name) == primitive.__call__
        assert getattr(namespace.plain, name) == primitive.value


def test_every_primitive_states_its_fact_in_its_first_line() -> None:
    silent = [name for name, p in registry.items() if not (type(p).__doc__ or "").splitlines()[0].rstrip().endswith((".", ";"))]
    assert silent == []
