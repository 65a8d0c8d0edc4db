"""Running a function without its numbers: `trace` learns shapes and dtypes, `compiling` makes NumPy source of what was run."""

from autotensor.plan.compiling import Compiled, compile
from autotensor.plan.trace import Symbol, TraceError, abstract

__all__ = ["Compiled", "compile", "Symbol", "TraceError", "abstract"]
