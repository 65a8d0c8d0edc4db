"""Einstein's summation convention, read into a plan of permutations, sums and matrix products, so that it is differentiable."""

from __future__ import annotations

import itertools
import math
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.ops.arithmetic import multiply
from autotensor.ops.conversion import lift
from autotensor.ops.products import matmul
from autotensor.ops.reduction import sum as sum_over
from autotensor.ops.shaping import permute_dims, reshape

LETTERS = string.ascii_letters


class Term(NamedTuple):
    """A tensor with a label for each axis; labels that stand for "..." are numbers, counted from the right."""

    x: Any
    labels: tuple[Any, ...]


def einsum(subscripts: Any, /, *operands: Any, optimize: Any = True) -> Any:
    """Sum of products of the operands over the labels that are not in the output: einsum("ij,jk->ik", a, b) is a @ b.

    NumPy's whole grammar: an omitted output has the labels that stand once, in alphabetical order; a label that an operand has
    twice takes its diagonal; "..." stands for further axes, which broadcast; einsum(a, [0, 1], b, [1, 2], [0, 2]) has no letters.
    `optimize` is accepted for NumPy's sake: pairs are always contracted in an order that keeps what is in between small.
    Raises: ArgumentError for subscripts that cannot be read; ShapeError where they do not fit the operands.

    >>> import autotensor as at
    >>> a = at.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> at.einsum("ii", a), at.einsum("ij->j", a)
    (tensor(5.), tensor([4., 6.]))
    """
    if not isinstance(subscripts, str):
        subscripts, operands = _lettered((subscripts, *operands))
    tensors = [lift(x) for x in operands]
    inputs, output = _read(subscripts, [len(x.shape) for x in tensors])
    terms = [Term(x, labels) for x, labels in zip(tensors, inputs, strict=True)]
    lengths = _lengths(subscripts, terms)
    terms = [_diagonal_free(term, lengths) for term in terms]
    while len(terms) > 1:
        a, b = _best_pair(terms, output, lengths)
        first, second = terms[a], terms[b]
        rest = [term for i, term in enumerate(terms) if i not in {a, b}]
        terms = [*rest, _contract(first, second, {*output, *(label for term in rest for label in term.labels)})]
    last = _summed(terms[0], set(output))
    return permute_dims(last.x, [last.labels.index(label) for label in output])


def _lettered(given: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """The form with lists of numbers, as subscripts and operands."""
    operands, lists = tuple(given)[: len(given) // 2 * 2 : 2], [*given[1::2]]
    if len(given) % 2:
        lists.append(given[-1])

    def letters(one: Iterable[Any]) -> str:
        try:
            return "".join("..." if i is Ellipsis else LETTERS[int(i)] for i in one)
        except (IndexError, TypeError, ValueError):
            raise ArgumentError(f"einsum takes lists of ints from 0 to {len(LETTERS) - 1} and ..., got {one!r}.") from None

    text = ",".join(letters(one) for one in lists[: len(operands)])
    return text + ("->" + letters(lists[-1]) if len(given) % 2 else ""), operands


def _read(subscripts: str, ndims: Sequence[int]) -> tuple[list[tuple[Any, ...]], tuple[Any, ...]]:
    """The labels of each operand and of the output; those that "..." stands for are numbers."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    parts = left.split(",")
    if len(parts) != len(ndims):
        raise ArgumentError(f"einsum {subscripts!r} names {len(parts)} operands, got {len(ndims)}.")
    inputs = []
    for part, ndim in zip(parts, ndims, strict=True):
        extra = ndim - len(part.replace("...", ""))
        if extra < 0 or (extra and "..." not in part):
            raise ShapeError(f"einsum {subscripts!r}: {part!r} does not label the {ndim} axes of its operand.")
        inputs.append(_labels(part, extra, subscripts))
    most = max((len([i for i in labels if isinstance(i, int)]) for labels in inputs), default=0)
    if arrow:
        output = _labels(right, most, subscripts)
    else:
        counts = Counter(label for labels in inputs for label in labels if isinstance(label, str))
        output = (*range(most, 0, -1), *sorted(label for label, n in counts.items() if n == 1))
    known = {label for labels in inputs for label in labels}
    if len(set(output)) != len(output) or not known.issuperset(output):
        raise ArgumentError(f"einsum {subscripts!r}: an output label stands once, and in some operand too.")
    return inputs, output


def _labels(part: str, extra: int, subscripts: str) -> tuple[Any, ...]:
    head, dots, tail = part.partition("...")
    if not all(c in LETTERS for c in head + tail):
        raise ArgumentError(f"einsum {subscripts!r}: labels are letters, at most one ... in a term, a comma, a single ->.")
    return (*head, *(range(extra, 0, -1) if dots else ()), *tail)


def _lengths(subscripts: str, terms: Sequence[Term]) -> dict[Any, int]:
    """How long the axis of each label is; 1 broadcasts."""
    lengths: dict[Any, int] = {}
    for x, labels in terms:
        for label, n in zip(labels, x.shape, strict=True):
            known = lengths.setdefault(label, n)
            if n not in {known, 1} and known != 1:
                name = label if isinstance(label, str) else "..."
                raise ShapeError(
                    f"einsum {subscripts!r}: label {name!r} is {known} long and {n} long, in operands of shapes "
                    f"{', '.join(str(tuple(term.x.shape)) for term in terms)}."
                )
            lengths[label] = n if known == 1 else known
    return lengths


def _diagonal_free(term: Term, lengths: dict[Any, int]) -> Term:
    """Each label once: diagonals taken, and axes of length one dropped where others broadcast against them."""
    x, labels = term
    thin = [i for i, label in enumerate(labels) if x.shape[i] == 1 != lengths[label]]
    if thin:
        x = reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in thin))
        labels = tuple(label for i, label in enumerate(labels) if i not in thin)
    for label in [label for label, n in Counter(labels).items() if n > 1]:
        along = [i for i, one in enumerate(labels) if one == label]
        rest = [i for i in range(len(labels)) if i not in along]
        place = np.arange(lengths[label])
        x = permute_dims(x, along + rest)[(place,) * len(along)]
        labels = (label, *(labels[i] for i in rest))
    return Term(x, labels)


def _best_pair(terms: Sequence[Term], output: tuple[Any, ...], lengths: dict[Any, int]) -> tuple[int, int]:
    """The pair whose product is smallest beside what it replaces."""

    def growth(pair: tuple[int, int]) -> int:
        kept = {*output, *(label for i, term in enumerate(terms) if i not in pair for label in term.labels)}
        both = {*terms[pair[0]].labels, *terms[pair[1]].labels}
        return (
            math.prod(lengths[label] for label in both & kept)
            - math.prod(terms[pair[0]].x.shape)
            - math.prod(terms[pair[1]].x.shape)
        )

    return min(itertools.combinations(range(len(terms)), 2), key=growth)


def _contract(a: Term, b: Term, kept: set[Any]) -> Term:
    """The product of two terms, summed over the labels that nobody else needs: a batch of matrix products."""
    a, b = _summed(a, kept | set(b.labels)), _summed(b, kept | set(a.labels))
    batch = [label for label in a.labels if label in b.labels and label in kept]
    inner = [label for label in a.labels if label in b.labels and label not in kept]
    rows = [label for label in a.labels if label not in b.labels]
    columns = [label for label in b.labels if label not in a.labels]
    if not inner:  # nothing to sum: a product with broadcasting is exact and makes no copies
        x = multiply(_arranged(a, batch, rows, [None] * len(columns)), _arranged(b, batch, [None] * len(rows), columns))
        return Term(x, (*batch, *rows, *columns))
    size = {**dict(zip(a.labels, a.x.shape, strict=True)), **dict(zip(b.labels, b.x.shape, strict=True))}
    shape = [size[label] for label in batch]
    m, k, n = (math.prod(size[label] for label in group) for group in (rows, inner, columns))
    left = reshape(_arranged(a, batch, rows, inner), (*shape, m, k))
    right = reshape(_arranged(b, batch, inner, columns), (*shape, k, n))
    x = reshape(matmul(left, right), (*shape, *(size[label] for label in (*rows, *columns))))
    return Term(x, (*batch, *rows, *columns))


def _summed(term: Term, kept: set[Any]) -> Term:
    axes = tuple(i for i, label in enumerate(term.labels) if label not in kept)
    return Term(sum_over(term.x, axes), tuple(label for label in term.labels if label in kept)) if axes else term


def _arranged(term: Term, *groups: Sequence[Any]) -> Any:
    """Axes in the order of the labels, with an axis of length one for each None."""
    labels = [label for group in groups for label in group]
    x = permute_dims(term.x, [term.labels.index(label) for label in labels if label is not None])
    if None not in labels:
        return x
    lengths = iter(x.shape)
    return reshape(x, tuple(1 if label is None else next(lengths) for label in labels))
