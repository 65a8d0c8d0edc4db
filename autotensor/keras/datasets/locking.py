"""One process at a time: a lock that the operating system takes back when its holder dies."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: IO[bytes]) -> None:
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(handle: IO[bytes]) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


_TAKEN = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}
_PAUSE = 0.1  # seconds between two tries: neither system waits with a limit


@contextmanager
def exclusive(path: Path, *, patience: float) -> Iterator[bool]:
    """Holds the lock file `path` for the time of the block; it is gone afterwards.

    Gives False where the file system knows no locks (some network ones), and then nothing is held.
    Units: `patience` in seconds, how long to wait for another holder, a process or a thread.
    Raises: TimeoutError if the other holder outlasts `patience`.
    """
    handle = _acquired(path, time.monotonic() + patience)
    try:
        yield handle is not None
    finally:
        if handle is not None:
            # while it is held: once let go, the name may already be another's lock
            with suppress(OSError):
                path.unlink()
            handle.close()
            if sys.platform == "win32":  # which removes no open file, and so no other's lock either
                with suppress(OSError):
                    path.unlink()


def _acquired(path: Path, deadline: float) -> IO[bytes] | None:
    while True:
        handle = path.open("ab")
        held = False
        try:
            _lock(handle)
            # the holder before us may have removed this file, and others then lock a new one of that name
            held = sys.platform == "win32" or _is_still(path, handle)
            if held:
                return handle
        except OSError as error:
            if error.errno not in _TAKEN:
                return None
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} is still held by another process or thread") from error
        finally:
            if not held:
                handle.close()
        time.sleep(_PAUSE)


def _is_still(path: Path, handle: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle.fileno()))
    except FileNotFoundError:
        return False
