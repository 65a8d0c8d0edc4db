"""The comparisons of one candidate: element by element in reverse mode, along directions in forward mode, ties together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.spec import Array
from autotensor.testing.candidate import Candidate, joined
from autotensor.testing.judging import Ledger, Row, guarded, spread
from autotensor.testing.measuring import Measure, wobble
from autotensor.testing.outcome import wrong
from autotensor.testing.suspicion import Evidence, cause

Rules = Callable[[Sequence[Array], Sequence[Array]], list[Array]]  # point, seeds -> what the rules make of them
FEWER = 4  # of each input of a further derivative, so many times fewer elements are looked at


class Stage:
    """One candidate at one order, with its random cotangents and tangents."""

    def __init__(self, candidate: Candidate, ledger: Ledger, order: int, over: str) -> None:
        self.candidate, self.ledger, self.order, self.over = candidate, ledger, order, over
        settings = ledger.settings
        self.point = candidate.point
        self._repeatable()
        self.measure: Measure = guarded(
            ledger, self.what("derivative", "any"), lambda: Measure(candidate, settings.method if order == 1 else "auto")
        )
        if self.measure.coarse:
            ledger.notes.append(
                f"{self.measure.coarse} computes below float64, too coarsely to check; a Keras layer takes dtype='float64'"
            )
        self.height = float(np.max(np.abs(self.measure.middle), initial=0.0))
        self.g = spread(self.outputs, settings.seed)
        self.t = spread(self.point, settings.seed + 1)
        self.samples = settings.samples if order == 1 else max(4, settings.samples // FEWER)

    def _repeatable(self) -> None:
        """Nothing, if f says the same twice and is finite."""
        c, ledger = self.candidate, self.ledger
        if self.order > 1:
            self.outputs = guarded(ledger, self.what("derivative", "any"), lambda: [y.data for y in c.outputs(*c.tensors())])
            return
        self.outputs = [y.data for y in c.outputs(*c.tensors())]
        if not np.array_equal(joined(self.outputs), c.row(self.point), equal_nan=True):
            raise ledger.stop(
                "the function gives two results for the same inputs. Seed what is random in it; what at.random draws is seeded.",
                "inconclusive",
            )
        if not np.isfinite(joined(self.outputs)).all():
            raise ledger.stop("the function is not finite at these inputs: check it where it is.", "inconclusive")

    def what(self, of: str, mode: str) -> str:
        """What a row of numbers is."""
        ordinal = {1: "gradient", 2: "second derivative", 3: "third derivative"}.get(
            self.order, f"derivative of order {self.order}"
        )
        return f"{ordinal} of {of}, {mode}{self.over} mode" if self.order == 1 else f"{ordinal} of {of}, {mode}{self.over}"

    # reverse mode
    def reverse(self) -> None:
        """J' g of every input, at each element."""
        pulled = guarded(self.ledger, self.what("the function", "reverse"), lambda: self._pull(self.point, self.g))
        for x, c, name in zip(self.point, pulled, self.candidate.names, strict=True):
            if c.shape != x.shape:
                raise self.ledger.stop(f"the gradient of {name} has shape {c.shape}, the input {x.shape}.")
        rounding = self._rounding(self._pull, joined(pulled), self.g)
        found, start = [], 0
        for k, c in enumerate(pulled):
            found.append(self._elements(k, c, rounding[start : start + c.size].reshape(c.shape)))
            start += c.size
        failing = [(row.at(i), k) for k, (row, _) in enumerate(found) if (i := row.worst(row.failing)) is not None]
        if failing:
            self._accuse(found, max(failing, key=lambda one: _excess(one[0]))[1])
        for row, _ in found:
            self.ledger.enter(row)
        self._ties(pulled, rounding, [row for row, _ in found])

    def _pull(self, arrays: Sequence[Array], g: Sequence[Array]) -> list[Array]:
        seeds = [np.copy(c) for c in g]
        pulled = self.candidate.pulled(arrays, seeds)
        self._untouched(seeds, g, "the cotangent")
        return pulled

    def _rounding(self, rules: Rules, value: Array, seeds: Sequence[Array]) -> Array:
        """How far rounding may move what the rules give."""
        n = len(self.point)
        return wobble(lambda arrays: joined(rules(arrays[:n], arrays[n:])), value, [*self.point, *seeds])

    def _untouched(self, now: Sequence[Array], before: Sequence[Array], what: str) -> None:
        if not all(np.array_equal(a, b) for a, b in zip(now, before, strict=True)):
            message = f"a rule changes {what} that it is given, in place."
            raise self.ledger.stop(message, cause="an in-place operation (+=, *=, out=) in a rule")

    def _elements(self, k: int, c: Array, rounding: Array) -> tuple[Row, Array]:
        """The row of one input, and the numeric derivative of each output by each element."""
        x = self.point[k]
        chosen = np.arange(x.size)
        if x.size > self.samples:
            chosen = np.sort(np.random.default_rng(self.ledger.settings.seed).choice(x.size, self.samples, replace=False))
        columns = [self.measure.along(self._one(k, i)) for i in chosen.tolist()]
        g = np.abs(joined(self.g))
        value, error, jump = (np.array([s[i] for s in columns]).reshape(len(columns), g.size).T for i in range(3))
        names = [_place(self.candidate.names[k], x.shape, i) for i in chosen.tolist()]
        rules = c.ravel()[chosen], rounding.ravel()[chosen]
        numeric = joined(self.g) @ value, g @ error, g @ np.abs(jump)
        return Row(self.what(self.candidate.names[k], "reverse"), names, *rules, *numeric, height=self.height), value

    def _one(self, k: int, i: int) -> list[Array]:
        direction = [np.zeros(x.shape) for x in self.point]
        direction[k].flat[i] = 1.0
        return direction

    def _accuse(self, found: Sequence[tuple[Row, Array]], k: int) -> None:
        row, columns = found[k]
        i = row.worst(row.failing)
        shape = self.point[k].shape
        names = self.candidate.names
        others = [
            (name, other.numeric)
            for name, (other, _), x in zip(names, found, self.point, strict=True)
            if other is not row and x.shape == shape
        ]
        kinked = i is not None and bool(row.jump[i])
        evidence = Evidence(
            row.analytic, row.numeric, row.tolerance, self.order, columns, self.g, shape, others, kinked=kinked, mode="reverse"
        )
        self._raise(row, cause(evidence))

    def _raise(self, row: Row, suspected: str) -> None:
        i = row.worst(row.failing)
        if i is not None:
            self.ledger.methods |= self.measure.used
            raise wrong(row.at(i), self.ledger.report("fail", row.at(i), self.order), suspected)

    # ties
    def _ties(self, pulled: Sequence[Array], rounding: Array, rows: Sequence[Row]) -> None:
        """Elements at kinks that are equal, moved together: a tie stays a tie, and along that direction f is smooth."""
        sampled = [row for row in rows if row.jump.any()]
        if not sampled or self.order > 1:
            return
        values = joined(self.point)
        kinked = np.zeros(values.shape, bool)
        start = 0
        for x, row, name in zip(self.point, rows, self.candidate.names, strict=True):
            places = {_place(name, x.shape, i): start + i for i in range(x.size)}
            kinked[[places[row.names[i]] for i in np.flatnonzero(row.jump).tolist()]] = True
            start += x.size
        for value in np.unique(values[kinked]):
            together = kinked & (values == value)
            if np.count_nonzero(together) > 1:
                self._together(pulled, rounding, together, float(value))

    def _together(self, pulled: Sequence[Array], rounding: Array, together: Array, value: float) -> None:
        t = _cut(together.astype(np.float64), self.point)
        s, g = self.measure.along(t), joined(self.g)
        name = f"the {np.count_nonzero(together)} elements equal to {value:g}, moved together"
        sums = joined(pulled) @ together, rounding @ together
        numeric = g @ s.value, np.abs(g) @ s.error, np.abs(g) @ np.abs(s.jump)
        one, other = [np.atleast_1d(n) for n in sums], [np.atleast_1d(n) for n in numeric]
        row = Row(self.what("a tie", "reverse"), [name], one[0], one[1], other[0], other[1], other[2], self.height)
        if row.failing.any() and not row.jump.any():
            k = row.analytic[0] / row.numeric[0] if row.numeric[0] else np.inf
            self._raise(row, f"ties: the shares of the elements that tie add up to {k:.4g}, not 1")
        if "forward" in self.ledger.settings.modes:
            self._along(t, name)

    # forward mode
    def forward(self) -> None:
        """J t, at each output, with every input moving alone and all together."""
        moves = [range(len(self.point)), *([k] for k in range(len(self.point)) if len(self.point) > 1)]
        for moving in moves:
            t = [x if k in moving else np.zeros(x.shape) for k, x in enumerate(self.t)]
            names = self.candidate.names
            self._along(t, "the function" if len(moving) == len(names) else f"the function along {names[moving[0]]}")

    def _along(self, t: Sequence[Array], of: str) -> None:
        what = self.what(of, "forward")
        carried = joined(guarded(self.ledger, what, lambda: self._push(self.point, t)))
        rounding = self._rounding(self._push, carried, t)
        s = self.measure.along(t)
        names = [_place(f"result[{i}]", y.shape, j) for i, y in enumerate(self.outputs) for j in range(y.size)]
        row = Row(what, names, carried, rounding, s.value, s.error, s.jump, self.height)
        if row.failing.any():
            i = row.worst(row.failing)
            kinked = i is not None and bool(row.jump[i])
            evidence = Evidence(row.analytic, row.numeric, row.tolerance, self.order, kinked=kinked, mode="forward")
            also = "; reverse mode agrees, so look at the jvp rule" if "reverse" in self.ledger.settings.modes else ""
            self._raise(row, cause(evidence) + also)
        self.ledger.enter(row)

    def _push(self, arrays: Sequence[Array], t: Sequence[Array]) -> list[Array]:
        tangents = [np.copy(x) for x in t]
        pushed = self.candidate.pushed(arrays, tangents)
        self._untouched(tangents, t, "the tangent")
        return pushed


class Seeds(NamedTuple):
    """What further derivatives are taken with."""

    cotangents: list[Array]
    tangents: list[Array]


def compare(candidate: Candidate, ledger: Ledger, order: int, over: str) -> Seeds:
    """All comparisons of one candidate, entered in the ledger.

    Raises: GradientCheckError.
    """
    before = ledger.compared, len(ledger.kinks) + len(ledger.unclear)
    point = [np.copy(x) for x in candidate.point]
    stage = Stage(candidate, ledger, order, over)
    for mode in ledger.settings.modes:
        (stage.reverse if mode == "reverse" else stage.forward)()
    stage._untouched(candidate.point, point, "an operand")
    ledger.methods |= stage.measure.used
    ledger.enough(before)
    return Seeds(stage.g, stage.t)


def _excess(one: Any) -> float:
    off = abs(one.analytic - one.numeric) - one.analytic_error - one.numeric_error
    return float(np.nan_to_num(off, nan=np.inf))


def _cut(row: Array, like: Sequence[Array]) -> list[Array]:
    ends = np.cumsum([x.size for x in like])
    return [part.reshape(x.shape) for part, x in zip(np.split(row, ends[:-1]), like, strict=True)]


def _place(name: str, shape: Sequence[int], i: int) -> str:
    """An element, as one would write it: inputs[0][1, 2].

    >>> _place("x", (2, 3), 5), _place("x", (), 0)
    ('x[1, 2]', 'x')
    """
    return f"{name}[{', '.join(str(int(j)) for j in np.unravel_index(i, tuple(shape)))}]" if len(shape) else name
