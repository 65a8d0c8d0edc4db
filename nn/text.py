"""How modules write themselves: PyTorch's indented tree."""

from __future__ import annotations

from collections.abc import Iterable


def tree(kind: str, extra: str, children: Iterable[tuple[str, str]]) -> str:
    """`Kind(extra)` on one line, or with one indented line a child.

    >>> print(tree("Sequential", "", [("0", "ReLU()")]))
    Sequential(
      (0): ReLU()
    )
    """
    settings = extra.split("\n") if extra else []
    lines = [f"({name}): {indented(text)}" for name, text in children]
    if len(settings) <= 1 and not lines:
        return f"{kind}({extra})"
    body = "\n  ".join([*settings, *lines])
    return f"{kind}(\n  {body}\n)"


def indented(text: str) -> str:
    """All lines but the first two columns to the right.

    >>> print(indented(tree("ReLU", "", []) + chr(10) + "second"))
    ReLU()
      second
    """
    return text.replace("\n", "\n  ")
