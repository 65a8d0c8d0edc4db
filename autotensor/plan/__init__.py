"""Running a function without its numbers: `trace` learns shapes and dtypes from the primitives' shape rules."""

from autotensor.plan.trace import Symbol, TraceError, abstract

__all__ = ["Symbol", "TraceError", "abstract"]
