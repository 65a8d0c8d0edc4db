"""A count of what was changed in any module: an attribute, a layer, a hook. What was compiled before is then compiled again."""

from __future__ import annotations

import itertools

_next = itertools.count(1).__next__
_count = 0


def note() -> None:
    """Something has changed."""
    global _count  # noqa: PLW0603 - one number for all modules, so that asking costs nothing
    _count = _next()


def count() -> int:
    """A number that differs from an earlier one if anything has changed since."""
    return _count
