"""Checks of derivatives: the laws that every primitive obeys, and the numeric derivatives and strategies behind them."""

from autotensor.core.errors import missing_extra

try:
    import hypothesis  # noqa: F401 - this room is what needs it; `import autotensor` does not come here
except ImportError as reason:
    raise missing_extra("hypothesis", "test", "autotensor.testing") from reason

from autotensor.testing import laws, numeric, strategies, subject

__all__ = ["laws", "numeric", "strategies", "subject"]
