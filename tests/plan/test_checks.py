"""What functions ask of numbers, of labels above all: compiled they ask it at each call, and refuse in the same words."""

import numpy as np
import pytest

import autotensor as at
from autotensor import keras, nn
from autotensor.core.errors import AutotensorError, DataError, IndexRangeError
from autotensor.nn import functional as F

X = at.tensor(np.sin(np.arange(12.0)).reshape(3, 4).astype("float32"))
IMAGES = at.tensor(np.cos(np.arange(24.0)).reshape(2, 4, 3).astype("float32"))
P = at.sigmoid(X)
WEIGHT = at.tensor([1.0, 2.0, 0.0, 4.0])
BY_LABEL = {
    "cross_entropy": F.cross_entropy,
    "of each label": lambda x, label: F.cross_entropy(x, label, reduction="none"),
    "weighted": lambda x, label: F.cross_entropy(x, label, WEIGHT),
    "smoothed": lambda x, label: F.cross_entropy(x, label, WEIGHT, label_smoothing=0.1),
    "ignoring a class": lambda x, label: F.cross_entropy(x, label, ignore_index=1),
    "nll_loss": lambda x, label: F.nll_loss(x, label, reduction="sum"),
    "multi_margin_loss": F.multi_margin_loss,
    "one_hot": lambda x, label: F.one_hot(label, 4) + x[:, :1],
    "take": lambda x, label: at.take(x, label, axis=1),
    "index": lambda x, label: x[:, label],
    "take_along_axis": lambda x, label: at.take_along_axis(x, label[:, None], axis=1),
}
LABELS = {
    "right": [0, 3, 1],
    "too large": [0, 1, 4],
    "negative": [2, -1, 0],
    "far out": [0, -5, 9],
    "ignored": [-100, 1, 3],
    "all ignored": [-100, -100, -100],
    "of weight 0": [2, 2, 2],
}


def told(f, *arguments):
    """What a call gives, or the error that it raises."""
    try:
        y = f(*arguments)
    except AutotensorError as refusal:
        return type(refusal), str(refusal)
    return [(a.dtype, a.numpy().tobytes()) for a in (y if isinstance(y, tuple) else (y,))]


@pytest.mark.parametrize("which", LABELS)
@pytest.mark.parametrize("name", BY_LABEL)
def test_labels_are_what_they_are_eagerly(name, which):
    f, labels = BY_LABEL[name], at.tensor(LABELS[which])
    slope = at.value_and_grad(lambda x, label: f(x, label).sum())
    for one in (f, slope):
        compiled = at.compile(one)
        for _ in range(2):
            assert told(compiled, X, labels) == told(one, X, labels)
            assert told(compiled, X, at.tensor([1, 2, 3])) == told(one, X, at.tensor([1, 2, 3]))


@pytest.mark.parametrize(
    ("f", "good", "bad", "message"),
    [
        (F.soft_margin_loss, [1.0, -1.0], [1.0, 0.5], r"labels are -1 or 1 here, got 0\.5\. For labels 0 and 1 write"),
        (F.hinge_embedding_loss, [1.0, -1.0], [0.0, 1.0], r"labels are -1 or 1 here, got 0\.0"),
        (lambda x, t: F.margin_ranking_loss(x, 2 * x, t), [1.0, -1.0], [3.0, 1.0], "labels are -1 or 1 here, got 3"),
        (lambda t, p: F.binary_cross_entropy(p, t), [0.0, 1.0], [1.5, -2.0], r"takes probabilities from 0 to 1, got -2\.0"),
    ],
)
def test_signs_and_probabilities_are_asked_at_each_call(f, good, bad, message):
    x, compiled = at.tensor([0.25, 0.75]), at.compile(f)
    for _ in range(2):
        assert told(compiled, x, at.tensor(good)) == told(f, x, at.tensor(good))
        with pytest.raises(DataError, match=message):
            compiled(x, at.tensor(bad))
    assert "checked(" in compiled.source


def test_a_label_of_an_image_is_named_by_its_place():
    compiled = at.compile(F.cross_entropy)
    labels = np.zeros((2, 3), int)
    compiled(IMAGES, labels)
    labels[1, 2] = -1
    with pytest.raises(IndexRangeError, match=r"^label -1 at index \(1, 2\) is outside the 4 classes: labels are 0 to 3\.$"):
        compiled(IMAGES, labels)


def test_a_refusal_names_the_module():
    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.loss = nn.CrossEntropyLoss()

        def forward(self, x, label):
            return self.loss(x, label)

    model = Classifier()
    fast = at.compile(model)
    assert fast(X, [0, 1, 2]) == model(X, [0, 1, 2])
    assert told(fast, X, at.tensor([0, 1, 7])) == told(model, X, at.tensor([0, 1, 7]))
    assert "loss: label 7" in told(fast, X, at.tensor([0, 1, 7]))[1]


def test_ignored_labels_are_computed_by_a_plan_from_the_second_time_on():
    calls = []

    def loss(x, label):
        calls.append(1)
        return F.cross_entropy(x, label)

    compiled, usual, unusual = at.compile(loss), at.tensor([0, 1, 2]), at.tensor([0, -100, 2])
    compiled(X, usual)
    assert "not_equal" not in compiled.source  # nobody pays for what does not occur
    first = [compiled(X, unusual).item() for _ in range(3)]
    assert len(calls) == 3  # traced, run itself, traced for such labels
    assert "not_equal" in compiled.source
    assert first == [F.cross_entropy(X, unusual).item()] * 3
    assert compiled(X, usual).item() == F.cross_entropy(X, usual).item()
    assert len(calls) == 3


def test_where_labels_are_refused_or_ignored_nothing_was_drawn_before():
    def loss(x, label):
        return F.cross_entropy(x + at.random.uniform(x.shape), label)

    compiled = at.compile(loss)
    compiled(X, at.tensor([0, 1, 2]))
    found = []
    for f in (compiled, loss):
        at.random.seed(3)
        found.append([told(f, X, at.tensor(label)) for label in ([0, -100, 2], [0, 0, 4], [3, 2, 1], [-100, 2, 1])])
    assert found[0] == found[1]


def test_labels_that_a_plan_computes_are_checked_in_their_own_memory():
    def loss(x, y):
        between = [at.tanh(at.exp(y * k)).sum() for k in range(1, 5)]  # after the check, and before the labels are read
        return sum(between) + F.nll_loss(x, at.astype(y * 2.0, "int64"))

    compiled = at.compile(loss)
    for y in ([0.0, 0.5, 1.5], [1.0, 1.0, 0.5]):
        assert told(compiled, X, at.tensor(y)) == told(loss, X, at.tensor(y))
    with pytest.raises(IndexRangeError, match=r"label 6 at index \(1,\)"):
        compiled(X, at.tensor([0.0, 3.0, 0.5]))


def test_mapped_labels_are_checked_too():
    compiled = at.compile(at.vmap(F.cross_entropy))
    assert compiled(X, at.tensor([0, 1, 2])).shape == (3,)
    for bad in ([0, 1, 4], [0, -1, 1]):
        with pytest.raises(IndexRangeError):
            compiled(X, at.tensor(bad))


def fitted(loss, labels):
    keras.utils.set_random_seed(4)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    model.compile("sgd", loss, jit_compile=True)
    model.fit(np.tile(X.numpy(), (4, 1)), np.tile(labels, 4), batch_size=3, epochs=2, verbose=0, shuffle=False)
    return model


def test_fit_checks_once_a_data_set_and_not_in_its_steps():
    model = fitted(keras.losses.SparseCategoricalCrossentropy(from_logits=True), [0, 1, 2])
    assert "checked" not in model.train_step_source


def test_fit_with_a_loss_of_nn_checks_in_its_steps_and_knows_ignored_labels():
    def loss(y, scores):
        return F.cross_entropy(scores, at.astype(y, "int64"))

    model = fitted(loss, [0, 1, -100])
    assert "checked" in model.train_step_source
    eager = fitted(loss, [0, 1, -100])
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), eager.get_weights(), strict=True))
    with pytest.raises(IndexRangeError, match="label 4 at index"):
        fitted(loss, [0, 1, 4])
