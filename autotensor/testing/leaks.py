"""What a test must leave as it found it: whether this thread records, and the module path that it is in."""

from __future__ import annotations

from typing import NamedTuple

from autotensor.core.recording import Scope, current


class Recording(NamedTuple):
    """This thread's recording state at one time.

    >>> from autotensor.core.recording import no_grad
    >>> before = Recording.now()
    >>> no_grad().__enter__()
    >>> before.restored()
    'recording was left off; leave no_grad() by `with`, also where an error passes'
    >>> before.restored()
    ''
    """

    scope: Scope | None
    outer: Scope

    @classmethod
    def now(cls) -> Recording:
        """The state at present."""
        return cls(current.scope, current.outer)

    def restored(self) -> str:
        """Put this state back; what differed from it, in words."""
        now = Recording.now()
        current.scope, current.outer = self
        found = []
        if (now.scope is None) != (self.scope is None):
            left, switch = ("off", "no_grad()") if now.scope is None else ("on", "enable_grad()")
            found.append(f"recording was left {left}; leave {switch} by `with`, also where an error passes")
        if now.outer != self.outer:
            found.append(f"the module path was left at {str(now.outer)!r}, it was {str(self.outer)!r}")
        return " and ".join(found)
