"""`at.compile`: signatures, what is read from outside, state, draws, when the function itself runs, and what is refused."""

import copy
import math
import threading
import warnings
from typing import Any, NamedTuple

import numpy as np
import pytest

import autotensor as at
from autotensor import nn
from autotensor.autodiff.trees import flatten
from autotensor.core.errors import DTypeError, GraphError, IndexRangeError, InPlaceError, ShapeError
from autotensor.core.recording import current
from autotensor.core.tensor import Tensor
from autotensor.plan import TraceError

X = at.tensor(np.linspace(-1, 1, 12).reshape(4, 3))
ROW = at.tensor([0.25, -0.5, 1.0])
A = at.tensor(np.linspace(-0.5, 1, 9).reshape(3, 3).astype("float32"))


def equal(one, other):
    """Bit for bit, in structure, shape and dtype."""
    ours, theirs = flatten(one)[0], flatten(other)[0]
    pairs = list(zip(ours, theirs, strict=True))
    return bool(pairs) and all(a.dtype == b.dtype and np.array_equal(a.data, b.data, equal_nan=True) for a, b in pairs)


def bowl(x):
    return (at.tanh(A.astype(x.dtype) @ x) ** 2).sum()


# what it gives
def test_a_hand_worked_number():
    assert at.compile(lambda x: (x * x).sum())(at.tensor([3.0, 4.0])).item() == 25.0


def test_the_source_is_numpy_that_one_can_read():
    @at.compile
    def f(x, w):
        return at.tanh(x @ w).sum()

    f(at.ones((2, 3)), at.ones((3, 4)))
    calls = [line.strip() for line in f.source.splitlines()]
    assert calls[0] == "def f(x, w):"
    assert [line.partition("(")[0] for line in calls if "out=" in line] == ["matmul", "tanh", "add.reduce"]
    assert calls[2].startswith("matmul(x, w, out=")
    assert f.signatures == ("(x: float32(2, 3), w: float32(3, 4))",)
    assert repr(f) == "<compiled f, 1 signature>"
    assert f.__name__ == "f"


def test_the_source_before_any_call_is_an_error_that_says_what_to_do():
    f = at.compile(bowl)
    with pytest.raises(GraphError, match="bowl has no source before its first call: call it once, or pass examples"):
        _ = f.source
    assert "tanh" in f.plan_for(ROW).source
    assert "tanh" in f.source


class Pair(NamedTuple):
    first: Any
    second: Any


def test_arguments_and_results_are_trees():
    def f(p, pair, *, scale):
        return {"sum": p["w"] + pair.first, "rest": [pair.second * scale, None, "text", 3], "pair": Pair(p["w"], p["w"])}

    given = {"w": ROW}, Pair(ROW * 2, np.ones(3, "float32"))
    found, eager = at.compile(f)(*given, scale=2.0), f(*given, scale=2.0)
    assert found["rest"][1:] == [None, "text", 3]
    assert isinstance(found["pair"], Pair)
    assert np.array_equal(found["sum"].data, eager["sum"].data)
    assert np.array_equal(found["rest"][0].data, [2, 2, 2])
    assert found["pair"].first is found["pair"].second


def test_results_share_no_memory_with_anything():
    kept = at.arange(3)

    def f(x):
        y = x + 1
        return x, x.T, y, x + 1, y[0], at.reshape(y, (-1,)), kept, at.zeros((2,))

    compiled = at.compile(f)
    first, second = compiled(X), compiled(X)
    arrays = [y.data for y in (*first, *second)]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in [*arrays[:i], X.data, kept.data])
    assert all(a.flags.writeable for a in arrays)
    assert equal(first, f(X))


def test_a_signature_is_shapes_dtypes_structure_and_static_values():
    traces = []

    @at.compile
    def f(x, n=1, mode="a"):
        traces.append((x.shape, str(x.dtype), n, mode))
        return x * n

    for given in [(ROW,), (ROW + 1,), (X,), (ROW.astype("float64"),), (ROW, 2), (ROW, 2.0), (ROW, True), (ROW, 1, "b"), (ROW,)]:
        f(*given)
    f(ROW, mode="b")
    assert len(traces) == len(set(map(repr, traces))) + 1 == 8  # f(x, 1, "b") and f(x, mode="b") are spelt differently
    assert (f(ROW, 0.0).data.tobytes(), f(ROW, -0.0).data.tobytes()) == ((ROW * 0.0).data.tobytes(), (ROW * -0.0).data.tobytes())
    assert np.isnan(f(ROW, math.nan).data).all()
    count = len(traces)
    f(ROW, float("nan"))
    assert len(traces) == count


@pytest.mark.parametrize("layout", [lambda x: x.T, lambda x: x[::-1], lambda x: x[:, ::2], lambda x: x[:, 0], lambda x: x[:0]])
def test_arguments_may_lie_in_memory_as_they_like(layout):
    def f(x):
        return at.exp(x).sum(axis=0), x.sum(), at.reshape(x, (-1,)), x.T @ x

    compiled = at.compile(f)
    x = Tensor(layout(np.linspace(-1, 1, 35).reshape(5, 7)))
    assert equal(compiled(x), f(x))
    assert equal(compiled(Tensor(x.data.copy())), f(Tensor(x.data.copy())))


def test_names_of_arguments_hide_no_functions():
    def add(exp, matmul, sum, **more):
        return at.exp(exp) + at.matmul(matmul, matmul) + sum + more["class"]

    assert equal(at.compile(add)(A, A, A, **{"class": A}), add(A, A, A, **{"class": A}))


def test_infinite_and_signed_constants_are_what_they_were():
    def f(x):
        return (
            at.where(x > 0, x, -math.inf),
            at.where(x > 0, math.nan, x),
            x * 0.0,
            x * -0.0,
            at.copysign(x, -0.0) + at.copysign(x, 0.0),
        )

    found, eager = at.compile(f)(ROW), f(ROW)
    assert [y.data.tobytes() for y in found] == [y.data.tobytes() for y in eager]


def test_many_signatures_warn_once_and_name_the_argument():
    f = at.compile(lambda x, rate: x * rate)
    for i in range(16):
        f(ROW, i / 10)
    with pytest.warns(
        UserWarning, match=r"traced 17 times: argument rate came as 0.0, 0.1, 0.2, .* as a Tensor, at.tensor\(rate\)"
    ):
        f(ROW, 1.6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f(ROW, 1.7)


def test_a_call_that_does_not_fit_the_numbers_says_so_as_the_function_does():
    f = at.compile(lambda e, i: e[i])
    assert equal(f(X, at.tensor([[0, -1]])), X[at.tensor([[0, -1]])])
    with pytest.raises(IndexRangeError, match="4 is out of bounds"):
        f(X, at.tensor([[0, 4]]))
    with pytest.raises(ShapeError, match="matmul"):
        at.compile(lambda x: x @ x)(X)
    with pytest.raises(DTypeError, match="negative does not take dtypes bool"):
        at.compile(lambda x: -x)(at.tensor([True]))
    with pytest.raises(DTypeError, match="got set"):
        f(X, {1})


# transforms see through it, and it sees through transforms
TRANSFORMS = {
    "grad": at.grad(bowl),
    "value_and_grad": at.value_and_grad(bowl),
    "grad of grad": at.grad(lambda x: (at.grad(bowl)(x) ** 2).sum()),
    "hessian": at.hessian(bowl),
    "jacobian": at.jacobian(lambda x: at.tanh(A @ x)),
    "jacobian, forward": at.jacobian(lambda x: at.tanh(A[:, :2] @ x[:2]), mode="forward"),
    "jvp": lambda x: at.jvp(bowl, (x,), (x + 1,)),
    "vjp": lambda x: at.vjp(lambda x: at.tanh(A @ x), x)[1](x),
    "hvp": lambda x: at.hvp(bowl, x, x * 2),
    "linearize": lambda x: at.linearize(bowl, x)[1](x),
    "checkpoint": at.grad(at.checkpoint(bowl)),
    "vmap": lambda x: at.vmap(bowl)(at.outer(x, x)),
    "vmap of grad": lambda x: at.vmap(at.grad(bowl))(at.outer(x, x)),
    "hessian through vmap": at.hessian(lambda x: (at.vmap(bowl)(at.outer(x, x)) ** 2).sum()),
    "grad of vmap": at.grad(lambda x: at.vmap(bowl)(at.outer(x, x)).sum()),
    "vmap of hessian": lambda x: at.vmap(at.hessian(bowl))(at.outer(x, x)),
    "vmap of vmap": lambda x: at.vmap(at.vmap(at.tanh))(at.outer(x, x)),
    "vmap, the axis out": lambda x: at.vmap(lambda r: r * 2, out_axes=1)(at.outer(x, x)),
    "vmap, an index that differs": lambda x: at.vmap(lambda r: r[at.argmax(r)])(at.outer(x, x)),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_compiles(name):
    f = TRANSFORMS[name]
    compiled = at.compile(f)
    assert equal(compiled(ROW), f(ROW))
    assert equal(compiled(ROW * 2), f(ROW * 2))
    assert len(compiled.signatures) == 1


SEEING_THROUGH = {
    "grad": lambda f: at.grad(f)(ROW),
    "hessian": lambda f: at.hessian(f)(ROW),
    "vmap": lambda f: at.vmap(f)(A),
    "vmap of grad": lambda f: at.vmap(at.grad(f))(A),
    "jvp": lambda f: at.jvp(f, (ROW,), (ROW,)),
    "compile": lambda f: at.compile(lambda x: f(x) * 2)(ROW),
    "compile of grad": lambda f: at.compile(at.grad(f))(ROW),
    "checkpoint": lambda f: at.checkpoint(f)(ROW),
    "at.debug": lambda f: at.debug()(f)(ROW),
}


@pytest.mark.parametrize("name", SEEING_THROUGH)
def test_a_transform_goes_through_a_compiled_function(name):
    assert equal(SEEING_THROUGH[name](at.compile(bowl)), SEEING_THROUGH[name](bowl))


def test_a_recorded_argument_gets_its_gradient():
    f, x = at.compile(bowl), at.tensor(ROW.data, requires_grad=True)
    f(x).backward()
    assert equal(x.grad, at.grad(bowl)(ROW))
    with pytest.raises(GraphError, match=r"not compiled for its last call: an argument requires grad.*at.grad\(f\)"):
        _ = f.source
    with pytest.raises(GraphError, match="an argument requires grad"):
        f.plan_for(x)
    with at.no_grad():
        assert equal(f(x), bowl(ROW))
    assert len(f.signatures) == 1


def test_a_symbolic_argument_passes_through():
    symbol = at.plan.abstract(at.compile(bowl), at.core.spec.Spec((3,), np.dtype("float32")))
    assert (symbol.shape, symbol.dtype) == ((), np.float32)


# what is outside
def test_a_model_is_recorded_where_gradients_flow_and_compiled_elsewhere():
    at.random.seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    f = at.compile(model)
    f(ROW).sum().backward()
    assert model[0].weight.grad is not None
    with pytest.raises(GraphError, match="it uses a tensor from outside that requires grad"):
        _ = f.source
    with at.no_grad():
        assert equal(f(ROW), model(ROW))
        model[0].weight.data = model[0].weight.data * 2
        assert equal(f(ROW), model(ROW))
        model[0].bias = nn.Parameter([1.0, 2.0, 3.0, 4.0])
        assert equal(f(ROW), model(ROW))
    assert len(f.signatures) == 2
    assert "# 0\n" in f.source


def test_gradients_of_what_is_outside_are_compiled_when_it_collects_none():
    w = at.tensor([1.0, 2.0, 3.0], requires_grad=True)
    step = at.compile(at.grad(lambda x: (x * w).sum()))
    assert step(ROW).requires_grad
    assert step.signatures == ()
    w.requires_grad_(False)
    assert not step(ROW).requires_grad
    assert len(step.signatures) == 1


def test_tensors_from_outside_are_read_at_each_call():
    w = at.tensor([1.0, 2.0, 3.0])
    f = at.compile(lambda x: x * w)
    f(ROW)
    w[0] = 10.0
    assert f(ROW).data[0] == 2.5
    w.data = np.ones((2, 1), "float64")
    assert f(ROW).shape == (2, 3)
    assert f(ROW).dtype == np.float64


rate = 2.0


def test_a_name_that_stands_for_something_else_is_seen():
    global rate  # noqa: PLW0603 - that it is rebound is the point
    inner = at.tensor([1.0])

    def f(x):
        return x * rate + inner

    compiled = at.compile(f)
    assert equal(compiled(ROW), f(ROW))
    rate, inner = 3.0, at.tensor([2.0])
    assert equal(compiled(ROW), f(ROW))
    rate = 2.0
    assert equal(compiled(ROW), f(ROW))


def test_a_model_goes_to_and_fro_between_training_and_evaluation():
    model = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(3))
    twin = copy.deepcopy(model)

    @at.compile
    def f(x):
        return model(x)

    with at.no_grad():
        for training in (True, False, True, False, True):
            model.train(training)
            twin.train(training)
            at.random.seed(3)
            found = f(X.astype("float32"))
            at.random.seed(3)
            assert equal(found, twin(X.astype("float32")))
            assert equal(model[1].running_var, twin[1].running_var)
    assert len(f.signatures) == 2


def test_a_method_reads_the_attributes_of_its_object():
    class Scale:
        def __init__(self):
            self.by = at.tensor(2.0)

        @at.compile
        def __call__(self, x):
            return x * self.by

        @at.compile
        def other(self, x):
            return x + self.by

    scale = Scale()
    assert equal(scale(ROW), ROW * 2.0)
    scale.by = at.tensor(3.0)
    assert equal(scale(ROW), ROW * 3.0)
    assert equal(scale.other(ROW), ROW + 3.0)
    assert "add" in scale.other.source


def test_an_array_from_outside_stays_as_it_was():
    array = np.array([1, 2, 3], "float32")
    f = at.compile(lambda x: x + array)
    f(ROW)
    array[:] = 5
    assert equal(f(ROW), ROW + at.tensor([1.0, 2.0, 3.0]))


def test_a_tensor_made_inside_is_a_constant():
    plan = at.compile(lambda x: x + at.tensor([1.0, 2.0, 3.0])).plan_for(ROW)
    assert [value.name for value in plan.arguments] == ["x"]


# state and draws
def test_what_is_put_into_a_tensor_is_put_there_at_each_call():
    def f(x, mean):
        (mean * 0.5 + x.sum()).put_into(mean)
        (total + x.sum()).put_into(total)
        at.ones((2,)).put_into(flags)
        return mean * total

    results = []
    for function in (f, at.compile(f)):
        total, flags, mean = at.tensor(1.0), at.zeros((2,)), at.tensor([1.0, 2.0])
        results.append([])
        for _ in range(3):
            flags.data = np.zeros(2, "float32")
            y = function(ROW, mean)
            results[-1] += [y, Tensor(mean.data.copy()), Tensor(total.data.copy()), Tensor(flags.data.copy())]
    assert equal(*results)


def test_draws_are_new_at_each_call_and_those_of_eager_execution():
    f = lambda x: (x + at.random.normal((3,)), at.random.uniform((2,)), at.random.permutation(4))
    compiled = at.compile(f)
    at.random.seed(5)
    eager = [f(ROW) for _ in range(3)]
    at.random.seed(5)
    found = [compiled(ROW) for _ in range(3)]
    assert equal(found, eager)
    assert not equal(found[0], found[1])


@pytest.mark.parametrize("randomness", ["same", "different"])
def test_draws_inside_vmap_are_those_of_eager_execution(randomness):
    f = at.vmap(lambda x: x * at.random.uniform((3,)), randomness=randomness)
    at.random.seed(5)
    eager = f(A)
    at.random.seed(5)
    assert equal(at.compile(f)(A), eager)


def test_threads_have_buffers_of_their_own():
    f = at.compile(lambda x: at.tanh(at.exp(x) @ x.T).sum(axis=0))
    inputs = [at.tensor(np.random.default_rng(i).random((30, 30))) for i in range(4)]
    expected = [f(x).data for x in inputs]
    wrong = []

    def work(i):
        wrong.extend(i for _ in range(100) if not np.array_equal(f(inputs[i]).data, expected[i]))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# what is refused
REFUSED = {
    "float": (lambda x: float(x.sum()), TraceError, r"float\(\) was asked of a value of shape \(\)"),
    "numpy": (lambda x: x.numpy(), TraceError, r"numpy\(\) was asked of a value of shape \(3,\)"),
    "item": (lambda x: x.sum().item(), TraceError, r"item\(\)"),
    "if": (lambda x: x if x.sum() > 0 else -x, TraceError, r"the truth .* Use at.where\(condition, a, b\) instead of `if`"),
    "a mask": (lambda x: x[x > 0], TraceError, "at.where"),
    "nonzero": (at.nonzero, TraceError, "at.where"),
    "range": (lambda x: list(range(x.astype("int64").sum())), TraceError, "an index"),
    "backward": (
        lambda x: (x * at.tensor([1.0], requires_grad=True)).sum().backward(),
        GraphError,
        r"Use at\.grad or at\.value_and_grad",
    ),
    "assignment": (lambda x: x.__setitem__(0, 1.0), InPlaceError, r"x = x.at\[index\].set\(v\)"),
    "+= on an argument": (
        lambda x: x.__iadd__(1.0),
        InPlaceError,
        r"x \+= v in a compiled function .*an argument.* Write x = x \+ v",
    ),
    "+= on a view": (lambda x: (x * 2)[0].__iadd__(1.0), InPlaceError, "a view"),
    "+= outside": (lambda x: Tensor.__iadd__(ROW, x), InPlaceError, "a tensor from outside"),
    "assignment outside": (lambda x: ROW.__setitem__(0, 1.0), InPlaceError, r"once and never again. Use `value.put_into\(x\)`"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_needs_numbers_is_refused_with_the_line_and_the_remedy(what):
    f, error, message = REFUSED[what]
    with pytest.raises(error, match=message) as caught:
        at.compile(f)(at.tensor([1.0, 2.0, 3.0]))
    assert "test_compiling.py" in str(caught.value) or what in {"assignment", "backward"}
    assert current.watcher is None


def test_writing_in_place_into_what_the_function_has_made_is_fine():
    def f(x):
        total, made, y = 0.0, at.zeros((3,)), x * 2
        for k in range(3):
            total += (x * k).sum()
        before = x + made
        made[0] = 5.0
        made += x
        y += 1.5
        z = y
        z *= x
        return total, before, made, y

    assert equal(at.compile(f)(ROW), f(ROW))


def test_a_value_kept_on_the_side_has_no_numbers_and_says_so():
    kept = []

    @at.compile
    def f(x):
        kept.append(x * 2)
        return x

    f(ROW)
    for use in (lambda: kept[0] + 1, kept[0].numpy, lambda: float(kept[0]), lambda: at.compile(lambda x: x + kept[0])(ROW)):
        with pytest.raises(TraceError, match=r"belongs to a function that was compiled, and has no numbers\. Return it"):
            use()
