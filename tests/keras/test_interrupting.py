"""Ctrl-C while a model learns: what it leaves is what so many whole steps, made eagerly, give."""

import contextlib
import os
import signal
import sys
import threading
import time

import numpy as np
import pytest

from autotensor import keras
from autotensor.keras.training.interrupting import Interrupts, whole

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGINT to a process of its own")
layers = keras.layers
X = np.sin(np.arange(60 * 4) * 1.3).reshape(60, 4).astype("float32")
Y = np.arange(60) % 3
WAYS = {"planned": {}, "eager": {"run_eagerly": True}}
UPDATES = {"in the plan": {}, "by the optimizer": {"clipnorm": 1.0, "use_ema": True}}


@pytest.fixture(autouse=True)
def python_s_own_handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    left = signal.signal(signal.SIGINT, before)
    assert left is signal.default_int_handler


def network(updates=UPDATES["in the plan"], **how):
    chosen = [layers.Dense(5, "relu"), layers.BatchNormalization(), layers.Dropout(0.25, seed=5), layers.Dense(3, "softmax")]
    keras.utils.set_random_seed(8)
    model = keras.Sequential([keras.Input((4,)), *chosen])
    model.compile(keras.optimizers.Adam(0.01, **updates), "sparse_categorical_crossentropy", metrics=["accuracy"], **how)
    return model


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def numbers(model):
    return [*model.get_weights(), *model.optimizer.state_dict().values()]


def assert_whole(model, updates=UPDATES["in the plan"], batch_size=6):
    """The model holds what as many steps give that nobody has interrupted."""
    n = model.optimizer.iterations
    twin = network(updates, run_eagerly=True)
    batches = -(-len(X) // batch_size)
    for i in range(n):
        rows = slice(i % batches * batch_size, (i % batches + 1) * batch_size)
        twin.train_on_batch(X[rows], Y[rows])
    assert twin.optimizer.iterations == n
    for ours, expected in zip(numbers(model), numbers(twin) if n else numbers(model), strict=True):
        assert np.array_equal(ours, expected)


class InterruptsAt(keras.callbacks.Callback):
    """Ctrl-C in the user's code, after a number of steps."""

    def __init__(self, step):
        super().__init__()
        self.left = step

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            interrupt()
            pytest.fail("outside of steps Ctrl-C comes at once")


@pytest.mark.parametrize("updates", UPDATES.values(), ids=UPDATES)
@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("step", [1, 7, 13])
def test_ctrl_c_in_a_callback_leaves_whole_steps(how, updates, step):
    model = network(updates, **how)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=6, epochs=5, verbose=0, shuffle=False, callbacks=[InterruptsAt(step)])
    assert model.optimizer.iterations == step
    assert_whole(model, updates)


@pytest.mark.parametrize("updates", UPDATES.values(), ids=UPDATES)
@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("seconds", [0.0, 0.0107, 0.0201])
def test_ctrl_c_at_any_time_leaves_whole_steps(how, updates, seconds):
    model, ended = network(updates, **how), threading.Event()

    def wait():
        while model.optimizer.iterations < 20 and not ended.is_set():
            time.sleep(0.001)
        if not ended.wait(seconds):
            interrupt()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            model.fit(np.tile(X, (2000, 1)), np.tile(Y, 2000), batch_size=6, verbose=0, shuffle=False)
    finally:
        ended.set()
        thread.join()
    assert model.optimizer.iterations >= 20
    assert_whole(model, updates)


@contextlib.contextmanager
def interrupted_at(line, *files):
    """Ctrl-C when as many lines of these files have been run."""
    left = line

    def trace(frame, event, _):
        nonlocal left
        if not any(file in frame.f_code.co_filename for file in files):
            return None
        left -= event == "line"
        if not left:
            left = -1
            interrupt()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


WHERE = {  # the plan's lines, its publishing, the optimizer's
    "planned": ("<autotensor plan", "training/arenas.py"),
    "eager": ("optimizers/optimizer.py", "optim/adam.py"),
}


@pytest.mark.parametrize("how", WAYS)
def test_ctrl_c_on_a_line_of_a_step_comes_after_the_step(how):
    found = set()
    for line in range(900, 1500, 31):
        model = network(**WAYS[how])
        with pytest.raises(KeyboardInterrupt), interrupted_at(line, *WHERE[how]):
            model.fit(X, Y, batch_size=6, epochs=100, verbose=0, shuffle=False)
        found.add(model.optimizer.iterations)
        assert_whole(model)
    assert len(found) > 2


@pytest.mark.parametrize("updates", UPDATES.values(), ids=UPDATES)
@pytest.mark.parametrize("how", WAYS)
def test_ctrl_c_on_a_line_of_a_single_step_comes_after_it(how, updates):
    model, made = network(updates, **WAYS[how]), set()
    model.train_on_batch(X[:6], Y[:6])
    weights, kept, generator = model.get_weights(), model.optimizer.state_dict(), model.layers[2]._generator
    drawn = generator.state
    for line in range(1, 300, 3):
        model.train_on_batch(X[6:12], Y[6:12])  # its plan is made, or there still
        model.set_weights(weights)
        model.optimizer.load_state_dict(kept)
        generator.state = drawn
        with interrupted_at(line, *WHERE["planned"], *WHERE["eager"], "training/planned_steps.py"):
            try:
                model.train_on_batch(X[6:12], Y[6:12])
                break  # it has fewer lines
            except KeyboardInterrupt:
                pass
        assert_whole(model, updates)
        made.add(model.optimizer.iterations)
    assert 2 in made  # or 1, before the step


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
def test_ctrl_c_within_a_step_ends_the_training_with_that_step(how, watched):
    def rate(iteration):  # which is asked within the step
        if iteration == 3:
            interrupt()
        return 0.01

    model, seen = network(), []
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", **how)
    watcher = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=6, verbose=0, shuffle=False, callbacks=[watcher] if watched else None)
    assert model.optimizer.iterations == 4
    assert seen == ([0, 1, 2] if watched else [])


def test_a_second_ctrl_c_does_not_wait():
    def twice(y, y_pred):
        interrupt()
        interrupt()
        pytest.fail("the second comes at once")

    model = network()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=[twice], run_eagerly=True)
    with pytest.raises(KeyboardInterrupt):
        model.train_on_batch(X, Y)


def test_a_handler_of_the_users_stays_and_is_called_at_once():
    heard = []
    signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        model = network()
        watcher = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: batch == 3 and interrupt())
        model.fit(X, Y, batch_size=6, verbose=0, callbacks=[watcher])
        with whole():
            interrupt()
            assert heard == [signal.SIGINT] * 2
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert model.optimizer.iterations == 10


def test_a_handler_that_a_callback_installs_stays():
    def mine(number, frame):
        pass

    watcher = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: signal.signal(signal.SIGINT, mine))
    network().fit(X, Y, verbose=0, callbacks=[watcher])
    assert signal.signal(signal.SIGINT, signal.default_int_handler) is mine


def test_other_threads_install_nothing():
    seen = []
    watcher = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(signal.getsignal(signal.SIGINT)))
    thread = threading.Thread(target=lambda: network().fit(X, Y, verbose=0, callbacks=[watcher]))
    thread.start()
    thread.join()
    assert set(seen) == {signal.default_int_handler}


def test_a_model_that_a_callback_trains_is_whole_too():
    inner = network()

    def train(batch, logs):
        with interrupted_at(40, "<autotensor plan"):
            inner.fit(X, Y, batch_size=6, verbose=0, shuffle=False)

    outer = network()
    with pytest.raises(KeyboardInterrupt):
        outer.fit(
            X, Y, batch_size=6, verbose=0, shuffle=False, callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=train)]
        )
    assert inner.optimizer.iterations in range(1, 9)
    assert outer.optimizer.iterations == 1
    assert_whole(inner)
    assert_whole(outer)


def test_what_a_step_of_ones_own_trains_belongs_to_the_step():
    inner = network()

    class Both(keras.Sequential):
        def train_step(self, data):
            watcher = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: batch == 2 and interrupt())
            inner.fit(X, Y, batch_size=6, verbose=0, shuffle=False, callbacks=[watcher])
            return super().train_step(data)

    outer = Both([keras.Input((4,)), layers.Dense(3, "softmax")])
    outer.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    with pytest.raises(KeyboardInterrupt):
        outer.fit(X, Y, batch_size=6, verbose=0)
    assert (inner.optimizer.iterations, outer.optimizer.iterations) == (10, 1)
    assert_whole(inner)


def test_training_goes_on_after_ctrl_c():
    model, twin = network(), network()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=6, epochs=2, verbose=0, shuffle=False, callbacks=[InterruptsAt(10)])
    model.fit(X, Y, batch_size=6, verbose=0, shuffle=False)
    twin.fit(X, Y, batch_size=6, epochs=2, verbose=0, shuffle=False)
    assert all(np.array_equal(a, b) for a, b in zip(numbers(model), numbers(twin), strict=True))


def test_what_was_asked_for_is_raised_at_the_end_at_the_latest():
    def wait():
        with Interrupts() as interrupts:
            interrupts.hold()
            interrupt()

    with pytest.raises(KeyboardInterrupt):
        wait()
