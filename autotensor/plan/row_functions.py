"""What kernels do with one row of a matrix, x[i, :n], bit for bit as NumPy does it. Kernels carry the text of what they call."""

from __future__ import annotations

from typing import Any

LONGEST = 128  # elements of a row; NumPy adds longer ones in halves


def row_sum(x: Any, i: Any, n: Any, zero: Any) -> Any:
    """The sum in NumPy's order: eight partial sums, joined in pairs, then what is left over. `zero` is one of x's dtype."""
    if n < 8:
        total = zero
        for j in range(n):
            total += x[i, j]
        return total
    a, b, c, d = x[i, 0], x[i, 1], x[i, 2], x[i, 3]
    e, f, g, h = x[i, 4], x[i, 5], x[i, 6], x[i, 7]
    whole = n - n % 8
    for j in range(8, whole, 8):
        a += x[i, j]
        b += x[i, j + 1]
        c += x[i, j + 2]
        d += x[i, j + 3]
        e += x[i, j + 4]
        f += x[i, j + 5]
        g += x[i, j + 6]
        h += x[i, j + 7]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for j in range(whole, n):
        total += x[i, j]
    return zero + total


def row_max(x: Any, i: Any, n: Any) -> Any:
    """The largest element; NaN if there is one."""
    found = x[i, 0]
    for j in range(1, n):
        found = x[i, j] if x[i, j] > found or x[i, j] != x[i, j] else found
    return found


def row_min(x: Any, i: Any, n: Any) -> Any:
    """The smallest element; NaN if there is one."""
    found = x[i, 0]
    for j in range(1, n):
        found = x[i, j] if x[i, j] < found or x[i, j] != x[i, j] else found
    return found


def row_argmax(x: Any, i: Any, n: Any) -> Any:
    """The place of the first of the largest elements, or of the first NaN."""
    place = 0
    for j in range(1, n):
        known, other = x[i, place], x[i, j]
        if other > known or (other != other and not known != known):  # noqa: PLR0124, SIM202 - NaN
            place = j
    return place


def row_pick(x: Any, i: Any, n: Any, label: Any, nan: Any) -> Any:
    """x[i, label], counted from the end where label < 0; NaN, never another row's number, where there is no such element."""
    place = label + n if label < 0 else label
    return x[i, place] if 0 <= place < n else nan
