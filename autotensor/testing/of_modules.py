"""`check_module`: what every module owes: gradients in training and evaluation, a mode that reaches all, a state that returns."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from autotensor.autodiff.trees import flatten
from autotensor.core.errors import ArgumentError
from autotensor.core.tensor import Tensor
from autotensor.testing import replaying
from autotensor.testing.candidate import joined
from autotensor.testing.checking import MODES, check
from autotensor.testing.judging import Settings
from autotensor.testing.outcome import CheckError, GradientReport


def check_module(
    module: Any, *inputs: Any, order: int = 1, seed: int = 0, samples: int = 16, most_skipped: float = 0.5
) -> dict[str, GradientReport]:
    """Check a module's gradients by parameters and inputs, in "train" and "eval" mode, its modes, and that its state returns.

    A float64 copy is checked, the module itself is only read. Inputs are as for the module: floating ones are differentiated,
    integers are not. Dropout drops the same in every call, and running statistics start each call from where they were.
    `state_dict` must hold copies, and loading it must give the same results to the last bit; in evaluation a call must change
    nothing and give the same twice.
    Raises: GradientCheckError for a gradient, which names the parameter; CheckError for the rest.

    >>> import autotensor as at
    >>> reports = check_module(at.nn.Linear(3, 2), np.ones((4, 3)))
    >>> reports["train"].verdict, reports["eval"].compared
    ('pass', 52)
    """
    if not all(hasattr(module, name) for name in ("named_parameters", "state_dict", "train", "eval")):
        raise ArgumentError(f"check_module takes a module, got {type(module).__name__}. For a function use check_grads.")
    arrays = [rebuild([_wide(x) for x in leaves]) for leaves, rebuild in map(flatten, inputs)]
    twin = copy.deepcopy(module)
    twin(
        *[rebuild([_as_tensor(x) for x in leaves]) for leaves, rebuild in map(flatten, arrays)]
    )  # what is built by its first call
    twin = twin.double()
    settings = Settings(order, MODES, "auto", seed, samples, most_skipped)
    reports = {}
    for mode in ("train", "eval"):
        getattr(twin, mode)()
        _mode_reaches_all(twin, mode)
        with _put_back(twin):
            name = f"{type(module).__name__.lower()}.{mode}()"
            replay = f"check_module({name}, {', '.join(replaying.written(x) for x in inputs)})"
            reports[mode] = check(_as_function(twin), ({**_parameters(twin), **_named(arrays)},), settings, replay)
    _evaluation_changes_nothing(twin, arrays)
    _state_returns(twin, arrays)
    return reports


def _wide(x: Any) -> Any:
    array = x.data if isinstance(x, Tensor) else np.asarray(x)
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _as_tensor(x: Any) -> Any:
    return x if isinstance(x, Tensor) else Tensor(np.asarray(x))


def _parameters(module: Any) -> dict[str, Any]:
    return {path: p.data for path, p in module.named_parameters() if p.requires_grad}


def _named(arrays: list[Any]) -> dict[str, Any]:
    return {f"input {i}": x for i, x in enumerate(arrays)}


def _as_function(module: Any) -> Any:
    """The module as a function of {path: parameter, "input 0": ...}."""
    places: dict[int, list[tuple[Any, str]]] = {}
    for path, p in module.named_parameters(remove_duplicate=False):
        owner, _, name = path.rpartition(".")
        places.setdefault(id(p), []).append((module.get_submodule(owner), name))
    own = {path: (p, places[id(p)]) for path, p in module.named_parameters()}
    buffers = [(b, b.data) for b in module.buffers()]

    def function(values: Mapping[str, Any]) -> Any:
        inputs = [values[f"input {i}"] for i in range(sum(key not in own for key in values))]
        try:
            for path, (_, places) in own.items():
                for owner, name in places if path in values else ():
                    owner.__dict__[name] = values[path]
            return module(*(rebuild([_as_tensor(x) for x in leaves]) for leaves, rebuild in map(flatten, inputs)))
        finally:
            for p, places in own.values():
                for owner, name in places:
                    owner.__dict__[name] = p
            for b, data in buffers:
                b.data = data

    return function


@contextlib.contextmanager
def _put_back(module: Any) -> Iterator[None]:
    """Buffers, which are replaced or written into, are afterwards what they were."""
    before = [(owner, name, b, b.data.copy()) for owner, name, b in _held_buffers(module)]
    try:
        yield
    finally:
        for owner, name, b, data in before:
            owner.__dict__[name] = b
            b.data = data


def _held_buffers(module: Any) -> list[tuple[Any, str, Tensor]]:
    found = []
    for path, b in module.named_buffers(remove_duplicate=False):
        owner, _, name = path.rpartition(".")
        found.append((module.get_submodule(owner), name, b))
    return found


def _mode_reaches_all(module: Any, mode: str) -> None:
    wrong = [path or "itself" for path, one in module.named_modules() if one.training != (mode == "train")]
    if wrong:
        raise CheckError(f"{type(module).__name__}.{mode}() does not reach {', '.join(wrong)}: pass it on to every module held.")


def _evaluation_changes_nothing(module: Any, arrays: list[Any]) -> None:
    before = {name: np.copy(b.data) for name, b in module.named_buffers()}
    module.eval()
    first, second = _results(module, arrays), _results(module, arrays)
    if not np.array_equal(first, second, equal_nan=True):
        raise CheckError(
            f"{type(module).__name__} in eval mode gives two results for the same inputs: what is random is for training."
        )
    changed = [name for name, b in module.named_buffers() if not np.array_equal(b.data, before[name], equal_nan=True)]
    if changed:
        raise CheckError(f"{type(module).__name__} in eval mode changes its buffers {', '.join(changed)}: only training may.")


def _state_returns(module: Any, arrays: list[Any]) -> None:
    kind = type(module).__name__
    saved = module.state_dict()
    first = _results(module, arrays)
    kept = {name: np.copy(_array(value)) for name, value in saved.items()}
    missing = [name for name, _ in module.named_parameters() if name not in saved]
    if missing:
        raise CheckError(f"{kind}.state_dict() leaves out the parameters {', '.join(missing)}.")
    for one in (*module.parameters(), *module.buffers()):
        if one.dtype.kind == "f":
            one.data += 1  # in place: a state that shares memory changes with it
    shared = [name for name, value in saved.items() if not np.array_equal(_array(value), kept[name], equal_nan=True)]
    if shared:
        raise CheckError(f"{kind}.state_dict() shares memory with {', '.join(shared)}: it must copy.")
    module.load_state_dict(saved)
    if not np.array_equal(first, _results(module, arrays), equal_nan=True):
        raise CheckError(f"{kind} computes something else after load_state_dict(state_dict()): some state is not in it.")


def _array(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else np.asarray(x)


def _results(module: Any, arrays: list[Any]) -> Any:
    result = module(*(rebuild([_as_tensor(x) for x in leaves]) for leaves, rebuild in map(flatten, arrays)))
    return joined([y.data for y in flatten(result)[0]])
