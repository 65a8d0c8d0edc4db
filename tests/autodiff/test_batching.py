"""vmap: what it maps, what it refuses, and that it composes with every other transform."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import autotensor as at
from autotensor.core.errors import ArgumentError, BatchingError, DTypeError, IndexRangeError, ShapeError
from autotensor.core.recording import current
from autotensor.nn import functional

X = np.linspace(-1, 1, 12).reshape(4, 3)
LABELS = np.array([2, 0, 1, 1])
BATCHES = arrays(np.float64, (4, 3), elements=st.floats(-2, 2))


def loop(f, *arguments):
    """The stack of f over examples."""
    return np.stack([f(*(at.tensor(x[k]) for x in arguments)).numpy() for k in range(len(arguments[0]))])


def mapped(f, *arguments):
    return at.vmap(f)(*map(at.tensor, arguments)).numpy()


def network(w, x):
    return at.tanh(w @ x).sum() + at.softmax(x).max() * x[0]


def bowl(x):
    return (at.sin(x) * x * x).sum() + at.prod(x)


FUNCTIONS = [
    bowl,
    lambda x: x,
    lambda x: at.where(x > 0, x, -2 * x),
    lambda x: x[::-1] * at.argmax(x),
    lambda x: x.astype("int64").astype("float64") + (x > x.mean()).astype("float64"),
    lambda x: at.stack([x, x.detach() ** 2]),
    lambda x: at.sort(x, descending=True),
    lambda x: at.logsumexp(x) * at.ones_like(x),
    lambda x: at.var(x, correction=1) + x.size,
    lambda x: at.expand_dims(x, 0).T @ at.expand_dims(x, 0),
]


@pytest.mark.parametrize("f", FUNCTIONS)
@given(x=BATCHES)
def test_vmap_is_a_loop(f, x):
    np.testing.assert_allclose(mapped(f, x), loop(f, x), rtol=1e-13, atol=1e-13)


def test_per_sample_gradients_of_a_network():
    w = np.linspace(-1, 1, 6).reshape(2, 3)
    each = at.vmap(at.grad(network), in_axes=(None, 0))(at.tensor(w), at.tensor(X))
    assert each.shape == (4, 2, 3)
    assert not each.requires_grad
    for k in range(4):
        np.testing.assert_allclose(each.numpy()[k], at.grad(network)(at.tensor(w), at.tensor(X[k])).numpy(), rtol=1e-13)


def test_labels_are_followed_and_their_losses_and_gradients_too():
    def loss(x, label):
        return functional.cross_entropy(x.reshape(1, 3), label.reshape(1))

    np.testing.assert_allclose(mapped(loss, X, LABELS), loop(loss, X, LABELS), rtol=1e-13)
    np.testing.assert_allclose(mapped(at.grad(loss), X, LABELS), loop(at.grad(loss), X, LABELS), rtol=1e-13)
    rows, some = np.stack([X, -X], axis=1), np.array([[1, -100], [-100, 2], [0, 0], [2, 1]])
    for reduction in ("mean", "sum"):

        def ignoring(x, labels, reduction=reduction):
            return functional.cross_entropy(x, labels, weight=at.tensor(X[3]), reduction=reduction)

        np.testing.assert_allclose(mapped(ignoring, rows, some), loop(ignoring, rows, some), rtol=1e-13)
    np.testing.assert_array_equal(mapped(lambda i: functional.one_hot(i, 3), LABELS), np.eye(3)[LABELS])


INDICES = [
    (lambda x, i: x[i], X, LABELS),
    (lambda x, i: x[i - 3], X, LABELS),
    (lambda x, i: x[None, ..., i], X, LABELS),
    (lambda x, i: x[i], X, np.stack([LABELS, LABELS[::-1]], 1)),
    (lambda x, i: at.take(x.reshape(1, 3), i, axis=1), X, LABELS),
    (lambda x, i: at.tensor(X)[i, i] * x, X, LABELS),
    (lambda x, i: at.tensor(X)[1, i] * x, X, LABELS),
]


@pytest.mark.parametrize(("f", "x", "i"), INDICES)
def test_an_integer_index_may_differ_between_examples(f, x, i):
    np.testing.assert_array_equal(mapped(f, x, i), loop(f, x, i))
    gradient = at.grad(lambda x, i: (f(x, i) ** 2).sum())
    np.testing.assert_allclose(mapped(gradient, x, i), loop(gradient, x, i), rtol=1e-13)


def test_an_index_outside_its_axis_in_a_later_example_is_an_error():
    with pytest.raises(IndexRangeError, match="do not fit axis 0"):
        mapped(lambda x, i: x[i], X, np.array([3, 0, 0, 0]))
    with pytest.raises(IndexRangeError, match="do not fit the axis"):
        mapped(lambda x, i: x[i], X, np.array([0, 0, 0, 3]))
    for label in (-1, 3):
        with pytest.raises(IndexRangeError, match="labels do not fit the axis that they pick from, of length 3"):
            mapped(functional.cross_entropy, X[:, None], np.array([[0], [0], [0], [label]]))


def test_compositions_with_every_transform():
    x, t = at.tensor(X), at.tensor(np.cos(X))
    cases = {
        "hessian": (at.hessian(bowl), (x,)),
        "jacobian": (at.jacobian(at.softmax), (x,)),
        "forward jacobian": (at.jacobian(at.softmax, mode="forward"), (x,)),
        "jvp": (lambda x, t: at.jvp(bowl, (x,), (t,))[1], (x, t)),
        "vjp": (lambda x, t: at.vjp(at.sin, x)[1](t)[0], (x, t)),
        "hvp": (lambda x, t: at.hvp(bowl, x, t), (x, t)),
        "grad of grad": (at.grad(lambda x: (at.grad(bowl)(x) ** 2).sum()), (x,)),
        "vmap": (at.vmap(lambda a: at.sin(a) * a), (x,)),
        "grad of vmap": (at.grad(lambda x: at.vmap(lambda a: at.sin(a) * a)(x).sum()), (x,)),
        "checkpoint": (at.grad(at.autodiff.checkpoint(bowl)), (x,)),
    }
    for name, (f, arguments) in cases.items():
        found = at.vmap(f)(*arguments).numpy()
        np.testing.assert_allclose(found, loop(f, *(a.numpy() for a in arguments)), rtol=1e-12, atol=1e-13, err_msg=name)


def test_an_inner_vmap_may_use_what_an_outer_one_follows():
    table = at.vmap(lambda a: at.vmap(lambda b: at.sin(a) * b + a.detach())(at.tensor(X[0])))(at.tensor(X[:, 0]))
    np.testing.assert_allclose(table.numpy(), np.sin(X[:, :1]) * X[0] + X[:, :1])
    outer = at.vmap(at.vmap(lambda a, b: a * b, in_axes=(0, None)), in_axes=(None, 0))
    np.testing.assert_array_equal(outer(at.tensor(X[0]), at.tensor(X[:, 1])).numpy(), X[:, 1:2] * X[0])


def test_a_parameter_outside_receives_its_gradient():
    w = at.tensor(np.ones(3), requires_grad=True)
    y = at.vmap(lambda x: (w * x).sum() ** 2)(at.tensor(X))
    y.sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), (2 * X.sum(axis=1, keepdims=True) * X).sum(axis=0))


def test_what_encloses_reaches_through_a_gradient_inside():
    def total(scale):
        return (at.vmap(at.grad(lambda x: (scale * x**3).sum()))(at.tensor(X)) ** 2).sum()

    np.testing.assert_allclose(at.grad(total)(2.0).item(), 36 * (X**4).sum(), rtol=1e-6)


def test_no_grad_inside_stops_gradients_and_not_the_examples():
    def f(x):
        with at.no_grad():
            fixed = x * x
        return (fixed * x).sum()

    np.testing.assert_allclose(mapped(f, X), (X**3).sum(axis=1))
    np.testing.assert_allclose(mapped(at.grad(f), X), X * X)
    with at.no_grad():
        np.testing.assert_allclose(mapped(f, X), (X**3).sum(axis=1))


def test_axes_of_arguments_and_results():
    x, y = at.tensor(X), at.tensor(X.T)
    assert np.array_equal(at.vmap(lambda a, b: a + b, in_axes=(0, 1))(x, y).numpy(), 2 * X)
    assert np.array_equal(at.vmap(lambda a, b: a + b, in_axes=(-2, -1), out_axes=-1)(x, y).numpy(), 2 * X.T)
    assert np.array_equal(at.vmap(lambda a: a * 2, in_axes=1, out_axes=1)(x).numpy(), 2 * X)
    tree = {"w": x, "rest": [y, (at.tensor(2.0), None)]}
    axes = {"w": 0, "rest": [1, None]}
    result = at.vmap(lambda p: {"y": p["w"] * p["rest"][1][0], "z": (p["rest"][0],)}, in_axes=(axes,), out_axes={"y": 1, "z": 0})(
        tree
    )
    assert np.array_equal(result["y"].numpy(), 2 * X.T)
    assert np.array_equal(result["z"][0].numpy(), X)
    first, second = at.vmap(lambda a: (a.sum(), at.tensor(7.0)), out_axes=(0, None))(x)
    assert (first.shape, second.item()) == ((4,), 7)


def test_what_is_the_same_for_all_is_repeated():
    assert at.vmap(lambda x: at.tensor([1.0, 2.0]))(at.tensor(X)).tolist() == [[1, 2]] * 4


def test_a_result_may_be_an_argument_or_lead_to_another_result():
    def f(x):
        y = at.sin(x)
        return x, y, y * 2

    for found, expected in zip(at.vmap(f)(at.tensor(X)), (X, np.sin(X), 2 * np.sin(X)), strict=True):
        np.testing.assert_allclose(found.numpy(), expected)


def test_results_are_arrays_of_their_own():
    x = at.tensor(X)
    same, part, turned = at.vmap(lambda x: (x, x[1:], x.reshape(3, 1).T))(x)
    arrays = [x.data, same.data, part.data, turned.data]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])
    assert all(a.flags.c_contiguous and a.flags.writeable for a in arrays)


def test_dtypes_stay():
    x = at.tensor(X.astype(np.float32))
    assert at.vmap(lambda x: x * 2.5)(x).dtype == np.float32
    assert at.vmap(lambda x: x.sum() * 2.5)(x).dtype == np.float32
    assert at.vmap(lambda x: x > 0)(x).dtype == np.bool_
    assert at.vmap(lambda i: i + 1)(at.tensor(LABELS)).dtype == np.int64


def branching(x):
    return x if x[0] > 0 else -x


LEAVING = [
    ("if", branching, "bool() inside vmap of the result of greater"),
    ("float", lambda x: x * float(x[0]), "float() inside vmap of the result of getitem, of shape ()"),
    ("int", lambda x: x * int(x[0]), "int() inside vmap"),
    ("item", lambda x: x * x[0].item(), "item() inside vmap"),
    ("numpy", lambda x: x * x.numpy(), "numpy() inside vmap of an input, of shape (3,)"),
    ("an array", lambda x: x * np.asarray(x), "numpy() inside vmap"),
    ("a list", lambda x: x * at.tensor(x.tolist()), "tolist() inside vmap"),
    ("a new tensor", lambda x: x * at.tensor(x), "numpy() inside vmap"),
    ("a mask", lambda x: x[x > 0], "a mask selects a different number of elements"),
    ("an int for range", lambda x: sum(x for _ in range(at.argmax(x))), "an index made inside vmap"),
    ("backward", lambda x: (x * x).sum().backward(), "Use at.grad"),
    ("requires_grad", lambda x: x.requires_grad_(False), "requires_grad_(False) inside vmap"),
    (
        "running statistics",
        lambda x: functional.batch_norm(at.stack([x, -x]), at.zeros(3), at.ones(3), training=True),
        "inside vmap",
    ),
]


@pytest.mark.parametrize(("f", "words"), [row[1:] for row in LEAVING], ids=[row[0] for row in LEAVING])
def test_no_example_stands_for_all(f, words):
    with pytest.raises(BatchingError) as error:
        at.vmap(f)(at.tensor(X))
    assert words in str(error.value)
    assert current.outer.following is None


def test_the_error_names_the_module_and_the_remedy():
    class Gate(at.nn.Module):
        def forward(self, x):
            return branching(x)

    model = at.nn.Sequential(Gate())
    with pytest.raises(BatchingError, match=r"^0: bool\(\) inside vmap .* Use at.where"):
        at.vmap(model)(at.tensor(X))


def test_what_does_not_depend_on_the_examples_may_leave_the_graph():
    w = at.tensor(2.0, requires_grad=True)
    assert at.vmap(lambda x: x * (w * 3).item() if w > 1 else x)(at.tensor(X)).numpy().tolist() == (6 * X).tolist()


def test_other_threads_know_nothing_of_it():
    seen = []

    def f(x):
        thread = threading.Thread(target=lambda: seen.append(at.tensor(2.0, requires_grad=True).item()))
        thread.start()
        thread.join()
        return x

    at.vmap(f)(at.tensor(X))
    assert seen == [2.0]


class Draws:
    """The ways to draw inside f, each a number or numbers to add to x."""

    ways = (
        lambda: at.random.uniform((3,)),
        lambda: at.random.normal(()),
        lambda: at.random.integers(0, 1000, (3,)),
        lambda: at.random.permutation(3),
        lambda: functional.dropout(at.ones(3), 0.5),
    )


@pytest.mark.parametrize("draw", Draws.ways)
def test_randomness_is_decided_by_the_caller(draw):
    at.random.seed(3)
    x = at.tensor(np.zeros((40, 3)))
    with pytest.raises(BatchingError, match="randomness='same' or randomness='different'"):
        at.vmap(lambda x: x + draw())(x)
    same = at.vmap(lambda x: x + draw(), randomness="same")(x).numpy()
    different = at.vmap(lambda x: x + draw(), randomness="different")(x).numpy()
    assert len(np.unique(same, axis=0)) == 1
    assert len(np.unique(different, axis=0)) > 1


def test_randomness_of_nested_maps():
    x = at.tensor(np.zeros((4, 3)))

    def count(outer, inner):
        at.random.seed(0)
        rows = at.vmap(at.vmap(lambda a: a + at.random.uniform(()), randomness=inner), randomness=outer)
        return len(np.unique(rows(x).numpy()))

    assert (count("same", "same"), count("same", "different"), count("different", "same")) == (1, 3, 4)
    assert count("different", "different") == 12
    with pytest.raises(BatchingError):
        count("error", "same")


def test_a_generator_of_arrays_cannot_differ():
    generator = at.random.Generator(0)
    with pytest.raises(BatchingError, match=r"Draw with at\.random"):
        at.vmap(lambda x: x + generator.uniform((3,)), randomness="different")(at.tensor(X))
    same = at.vmap(lambda x: x * 0 + generator.uniform((3,)), randomness="same")(at.tensor(X)).numpy()
    assert len(np.unique(same, axis=0)) == 1


MISTAKES = [
    (
        "sizes",
        lambda: at.vmap(at.add)(at.tensor(X), at.tensor(X.T)),
        ShapeError,
        "got [4, 3]: shapes [(4, 3), (3, 4)], axes [0, 0]",
    ),
    ("no examples", lambda: at.vmap(at.sin)(at.zeros((0, 3))), ShapeError, "at least one example"),
    ("no axis", lambda: at.vmap(at.sin)(1.0), ShapeError, "axis 0 of an argument of shape ()"),
    ("an axis too far", lambda: at.vmap(at.sin, in_axes=2)(at.tensor(X)), ShapeError, "axis 2 of an argument of shape (4, 3)"),
    ("nothing mapped", lambda: at.vmap(at.sin, in_axes=None)(at.tensor(X)), ArgumentError, "got in_axes=None"),
    (
        "too few axes",
        lambda: at.vmap(at.add, in_axes=(0,))(at.tensor(X), 1.0),
        ArgumentError,
        "has 1 entries, the function was called with 2",
    ),
    ("no structure", lambda: at.vmap(at.sin, in_axes=([0, 0],))(at.tensor(X)), ArgumentError, "got [0, 0] for a Tensor"),
    (
        "other keys",
        lambda: at.vmap(lambda d: d["a"], in_axes=({"b": 0},))({"a": at.tensor(X)}),
        ArgumentError,
        "a dict with keys ['a']",
    ),
    ("a word", lambda: at.vmap(at.sin, in_axes="0")(at.tensor(X)), ArgumentError, "made of ints and None"),
    ("a float result", lambda: at.vmap(lambda x: 3.0)(at.tensor(X)), DTypeError, "it returned float"),
    ("out_axes None", lambda: at.vmap(at.sin, out_axes=None)(at.tensor(X)), ArgumentError, "this one differs, in shape (3,)"),
    ("out_axes", lambda: at.vmap(at.sin, out_axes=3)(at.tensor(X)), ArgumentError, "axis 3 is out of range for a 2-dimensional"),
    ("randomness", lambda: at.vmap(at.sin, randomness="maybe"), ArgumentError, "got 'maybe'"),
]


@pytest.mark.parametrize(("mistake", "kind", "words"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_mistakes_are_answered(mistake, kind, words):
    with pytest.raises(kind) as error:
        mistake()
    assert words in str(error.value)
