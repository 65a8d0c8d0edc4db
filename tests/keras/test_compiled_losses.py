"""Compiled training equals eager training for every loss and metric, with and without weights of samples."""

import numpy as np
import pytest

import autotensor as at
from autotensor import keras

layers, losses, metrics = keras.layers, keras.losses, keras.metrics
X = np.sin(np.arange(21 * 4) * 1.3).reshape(21, 4).astype("float32")
LABELS = np.arange(21) % 3
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
CURVE = (np.cos(np.arange(21 * 3)).reshape(21, 3) + 1.5).astype("float32") / 4
WEIGHTS = np.linspace(0.0, 2.0, 21)


def trained(y, **settings):
    def use(model):
        data = {"validation_data": (X[:9], y[:9])}
        history = model.fit(X, y, batch_size=8, epochs=3, verbose=0, **data, **settings).history
        weight = settings.get("sample_weight")
        return history, model.evaluate(X, y, batch_size=6, sample_weight=weight, verbose=0, return_dict=True)

    return use


def network(loss, measured=(), last="softmax", units=3, **settings):
    def make(**how):
        model = keras.Sequential([keras.Input((4,)), layers.Dense(5, "tanh"), layers.Dense(units, last)])
        model.compile("adam", loss() if isinstance(loss, type) else loss, metrics=list(measured), **settings, **how)
        return model

    return make


BY_NAME = sorted({name for name, loss in losses.lookup.FUNCTIONS.items() if not name.startswith("sparse")})


@pytest.mark.parametrize("name", BY_NAME)
def test_every_loss_by_its_name(name, compiled_equals_eager):
    compiled_equals_eager(network(name), trained(ONE_HOT * 0.8 + CURVE * 0.1))


CLASSES = [kind for kind in losses.lookup.CLASSES if not kind.__name__.startswith("Sparse")]


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight"])
@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_loss_with_every_reduction_and_weights(kind, reduction, compiled_equals_eager):
    compiled_equals_eager(network(kind(reduction=reduction)), trained(ONE_HOT, sample_weight=WEIGHTS))


SETTINGS = {
    "sparse, from logits": (losses.SparseCategoricalCrossentropy(from_logits=True), LABELS, None),
    "sparse, a class ignored": (losses.SparseCategoricalCrossentropy(ignore_class=1), LABELS, "softmax"),
    "sparse, -1 ignored": (losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1), LABELS - 1, None),
    "sparse, a column of labels": ("sparse_categorical_crossentropy", LABELS[:, None], "softmax"),
    "sparse, floating labels": ("sparse_categorical_crossentropy", LABELS.astype("float64"), "softmax"),
    "categorical, from logits": (losses.CategoricalCrossentropy(from_logits=True), ONE_HOT, None),
    "categorical, smoothed": (losses.CategoricalCrossentropy(label_smoothing=0.2), ONE_HOT, "softmax"),
    "binary, from logits": (losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), ONE_HOT, None),
    "binary, of integers": ("binary_crossentropy", ONE_HOT.astype("int32"), "sigmoid"),
    "in double precision": (losses.MeanSquaredError(dtype="float64"), CURVE, "sigmoid"),
    "huber": (losses.Huber(delta=0.3), CURVE, None),
    "cosine over the samples": (losses.CosineSimilarity(axis=0), CURVE, None),
    "a function": (lambda y, p: ((y - p) ** 4).mean(axis=-1), CURVE, None),
    "a function of NumPy's names": (lambda y, p: np.mean(np.abs(y - p) ** 3, axis=-1), CURVE, "tanh"),
}


@pytest.mark.parametrize("weighted", ["alike", "by sample", "by class"])
@pytest.mark.parametrize("case", SETTINGS)
def test_every_setting_of_a_loss(case, weighted, compiled_equals_eager):
    loss, y, last = SETTINGS[case]
    if (weighted == "by class" and y is CURVE) or (weighted != "alike" and case == "cosine over the samples"):
        return  # no classes, no samples
    settings = {"alike": {}, "by sample": {"sample_weight": WEIGHTS}, "by class": {"class_weight": {0: 0.5, 2: 3.0}}}
    compiled_equals_eager(network(loss, last=last), trained(y, **settings[weighted]))


def test_a_loss_weight(compiled_equals_eager):
    compiled_equals_eager(network("mse", loss_weights=[0.3], last=None), trained(CURVE))


class Cubed(losses.Loss):
    def call(self, y_true, y_pred):
        return at.mean(at.abs(y_true - y_pred) ** 3, axis=-1)


def test_a_loss_that_is_a_class(compiled_equals_eager):
    compiled_equals_eager(network(Cubed), trained(CURVE))


# metrics
def in_numpy(y_true, y_pred):
    return np.abs(np.asarray(y_true) - np.asarray(y_pred)).max(axis=-1)


def traceable(y_true, y_pred):
    return at.max(at.abs(y_true - y_pred), axis=-1)


def of_the_batch(y_true, y_pred):
    return at.mean(y_pred)


class Largest(metrics.Metric):
    """Keeps what it was given: nothing of that may change later."""

    def __init__(self, name="largest", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.top = self.add_weight(name="top", shape=(), initializer="zeros")
        self.given = []

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.given.append((y_true, y_pred, sample_weight))
        self.top.assign(max(float(self.top), *(float(np.max(p)) for _, p, _ in self.given)))
        assert all(np.array_equal(np.sum(t), s) for (t, _, _), s in zip(self.given, self.sums(), strict=True))

    def sums(self):
        self.kept = [*getattr(self, "kept", []), np.sum(self.given[-1][0])]
        return self.kept

    def result(self):
        return self.top


class Doubled(metrics.MeanMetricWrapper):
    def __init__(self, name="doubled"):
        super().__init__(traceable, name=name)

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(y_true, 2 * y_pred, sample_weight)


MEASURED = {
    "accuracy of one-hot labels": (ONE_HOT, ["accuracy"]),
    "accuracy of labels": (LABELS, ["acc", "sparse_categorical_accuracy"]),
    "top k": (ONE_HOT, [metrics.TopKCategoricalAccuracy(k=2), "categorical_accuracy"]),
    "top k of labels": (LABELS, [metrics.SparseTopKCategoricalAccuracy(k=2)]),
    "binary": (ONE_HOT, [metrics.BinaryAccuracy(threshold=0.4), metrics.Accuracy()]),
    "losses by name": (ONE_HOT, ["mse", "mae", "mape", "msle", "bce", "kld", "cosine_similarity", "hinge", "poisson"]),
    "losses as objects": (CURVE, [losses.Huber(delta=0.2), losses.MeanSquaredError(reduction="sum"), Cubed()]),
    "root": (CURVE, [metrics.RootMeanSquaredError(), metrics.LogCoshError(), metrics.SquaredHinge()]),
    "an ignored class": (LABELS, [metrics.SparseCategoricalCrossentropy(ignore_class=1)]),
    "functions": (CURVE, [traceable, of_the_batch]),
    "a function of arrays": (CURVE, [in_numpy]),
    "classes of one's own": (CURVE, [Largest, Doubled]),
    "all together": (ONE_HOT, ["accuracy", in_numpy, Largest, "mse", losses.CategoricalCrossentropy(label_smoothing=0.1)]),
}


@pytest.mark.parametrize("weighs", [False, True])
@pytest.mark.parametrize("case", MEASURED)
def test_every_kind_of_metric(case, weighs, compiled_equals_eager):
    y, measured = MEASURED[case]
    loss = "sparse_categorical_crossentropy" if y is LABELS else "categorical_crossentropy"
    fresh = [type(m).from_config(m.get_config()) if isinstance(m, metrics.Metric) else m for m in measured]
    given = {"weighted_metrics": fresh} if weighs else {"measured": fresh}
    compiled_equals_eager(network(loss, **given), trained(y, **({"sample_weight": WEIGHTS} if weighs else {})))


def test_accuracy_of_one_output(compiled_equals_eager):
    made = network("binary_crossentropy", ["accuracy"], last="sigmoid", units=1)
    compiled_equals_eager(made, trained(LABELS == 1))


# what regularizers add
def penalised(**how):
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(5, "tanh", kernel_regularizer="l2", bias_regularizer=keras.regularizers.L1(0.1)),
            layers.Dense(4, activity_regularizer=keras.regularizers.L1L2(0.01, 0.02)),
            layers.BatchNormalization(gamma_regularizer="l2"),
            layers.Dense(3, "softmax", kernel_regularizer=lambda w: 0.01 * at.sum(w**4)),
        ]
    )
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"], **how)
    return model


@pytest.mark.parametrize("settings", [{}, {"sample_weight": WEIGHTS}, {"class_weight": {1: 2.0}}])
def test_regularizers_of_weights_and_outputs(settings, compiled_equals_eager):
    compiled_equals_eager(penalised, trained(ONE_HOT, **settings))
