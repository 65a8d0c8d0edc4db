"""Derivatives of recorded graphs: `reverse` carries cotangents back to the leaves, `forward` carries tangents on."""

from autotensor.autodiff import forward, reverse

__all__ = ["forward", "reverse"]
