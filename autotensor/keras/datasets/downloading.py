"""Fetching a file into the cache: whole or not at all, once for all processes, and on from where it was cut off."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import secrets
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError

from autotensor.core.errors import DataError, DownloadError
from autotensor.keras.datasets.locking import exclusive
from autotensor.keras.datasets.partial import Note, Partial

TIMEOUT = 30.0  # seconds of silence, while connecting or between two pieces, before the server counts as gone
PATIENCE = 600.0  # seconds to wait for another process that is fetching the same file
TRIES = 5  # connections in a row, as long as each brings something
_PIECE = 1 << 16

Check = Callable[[Path], object]  # raises DataError if the file is not what it should be
Advance = Callable[[int, int | None], None]  # called with the bytes that have come, and of how many


class AddressMissingError(DownloadError):
    """The server answers, but has no such file."""


class _CutOffError(DownloadError):
    """The connection ended before the file did."""


def cache_folder() -> Path:
    """The folder that Keras caches in too: `$KERAS_HOME/datasets`, or else `~/.keras/datasets`."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets"


def sha256_check(expected: str, label: str) -> Check:
    """A check for `fetch` that the file has this SHA-256; `label` is what an error calls the file."""

    def check(file: Path) -> None:
        with file.open("rb") as handle:
            got = hashlib.file_digest(handle, "sha256").hexdigest()
        if got != expected:
            size = file.stat().st_size
            raise DataError(f"{label}: expected a file with the SHA-256 {expected}, got {got} ({size} bytes).")

    return check


def fetch(url: str, destination: Path, check: Check, *, advice: str) -> Path:
    """The file `destination`, fetched from `url` (http or https) unless it is there already.

    What comes is collected beside it in `destination` + ".part", which stays when the connection breaks or the user
    interrupts, and the next call asks for the rest only. Only a file that `check` accepts gets its name, in one step.
    Of several processes one fetches and the others wait. `advice` ends an error's message: what else one can do.

    Raises: DownloadError if the file cannot be had or written; DataError if `check` refuses it: nothing is kept then.
    """
    if destination.exists():
        return destination
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(_beside(destination, ".lock"), patience=PATIENCE) as held:
            if destination.exists():  # another process fetched it while this one waited
                return destination
            partial = Partial(_beside(destination, ".part" if held else f".{secrets.token_hex(8)}.part"))
            try:
                _fetch_checked(url, partial, check, destination)
            finally:
                if not held:  # nobody else could find it again
                    partial.discard()
    except DataError as error:
        raise DataError(f"{error} Nothing of it was kept. {advice}") from error
    except DownloadError as error:
        raise type(error)(f"{error} {advice}") from error.__cause__
    except TimeoutError as error:
        raise DownloadError(f"Waited {PATIENCE:.0f} s for another process to fetch {destination}: {error}. {advice}") from error
    except OSError as error:
        raise DownloadError(
            f"Could not write {destination}: {error}. Make room or get the right to write there, or choose another "
            f"folder by the environment variable KERAS_HOME or an absolute path. {advice}"
        ) from error
    return destination


def _fetch_checked(url: str, partial: Partial, check: Check, destination: Path) -> None:
    for again in (True, False):
        with _bar(destination.name) as advance:
            spliced = _receive_all(url, partial, advance)
        try:
            check(partial.path)
        except DataError:
            partial.discard()
            # a kept beginning and a later end may stem from different files: once more, and from the start
            if not (spliced and again):
                raise
        else:
            partial.finish(destination)
            return


def _receive_all(url: str, partial: Partial, advance: Advance) -> bool:
    """Fills `partial`; whether its bytes came over more than one connection."""
    spliced = False
    for tries_left in reversed(range(TRIES)):
        note = partial.note(url)
        before = partial.size() if note else 0
        if note is not None and note.total == before:
            return True  # ended between the last byte and the check
        spliced = spliced or note is not None
        try:
            if _receive(url, partial, note, advance):
                return spliced
        except _CutOffError as error:
            if tries_left == 0 or partial.size() <= before:
                raise DownloadError(f"{error}{_kept(url, partial)}") from error.__cause__
        except DownloadError as error:
            raise type(error)(f"{error}{_kept(url, partial)}") from error.__cause__
    raise DownloadError(f"Could not download {url}: {TRIES} answers in a row did not continue what had come before.")


def _receive(url: str, partial: Partial, note: Note | None, advance: Advance) -> bool:
    """One connection, that begins the file or appends to it; False if what was kept turned out useless and is gone."""
    response = _opened(url, partial.size() if note else 0, note)
    if response is None:
        partial.discard()
        return False
    with response:
        if response.status == 206 and not _continues(url, partial, note, response):
            partial.discard()
            return False
        length = _number(response.headers.get("Content-Length"))
        if note is None or response.status != 206:
            note = Note.from_headers(url, response.headers, length)
            partial.begin(note)
        received = 0
        with partial.path.open("ab") as file:
            while piece := _read(response, url):
                file.write(piece)
                received += len(piece)
                advance(file.tell(), note.total)
            file.flush()
            os.fsync(file.fileno())
    if length is not None and received < length:
        raise _CutOffError(f"Could not download {url}: the connection ended after {received} of {length} bytes.")
    return True


def _opened(url: str, start: int, note: Note | None) -> http.client.HTTPResponse | None:
    """The answer for the bytes from `start`; None if the server has none from there."""
    # identity: the range counts the bytes of the file, not those of a compressed transfer
    headers = {"User-Agent": "autotensor", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if note is not None and note.validator is not None:
            headers["If-Range"] = note.validator
    try:
        # S310 asks to forbid file: URLs, which never come here: mnist reads them as paths
        request = urllib.request.Request(url, headers=headers)  # noqa: S310
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310
    except HTTPError as error:
        error.close()
        if error.code == 416 and start:
            return None
        # S3 answers 403 for a file that is not there
        kind = AddressMissingError if error.code in {403, 404, 410} else DownloadError
        raise kind(f"Could not download {url}: the server answered {error.code} {error.reason}.") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = str(error.reason if isinstance(error, URLError) else error) or type(error).__name__
        raise DownloadError(f"Could not download {url}: {reason}.") from error
    return response


def _read(response: http.client.HTTPResponse, url: str) -> bytes:
    try:
        return response.read1(_PIECE)
    except (OSError, http.client.HTTPException) as error:
        reason = str(error) or type(error).__name__
        raise _CutOffError(f"Could not download {url}: the connection broke ({reason}).") from error


def _continues(url: str, partial: Partial, note: Note | None, response: http.client.HTTPResponse) -> bool:
    span = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip())
    if note is None or span is None or int(span[1]) != partial.size():
        return False
    return note.agrees_with(Note.from_headers(url, response.headers, _number(span[2])))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _kept(url: str, partial: Partial) -> str:
    note = partial.note(url)
    if note is None:
        return ""
    total = note.total or "an unknown number of"
    return f" {partial.size()} of {total} bytes are kept: calling again fetches only the rest."


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


@contextmanager
def _bar(name: str) -> Iterator[Advance]:
    """A progress bar on the terminal or in the notebook, and nothing where nobody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (TextColumn(name), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not (console.is_terminal or console.is_jupyter)) as progress:
        task = progress.add_task(name, total=None)

        def advance(received: int, total: int | None) -> None:
            progress.update(task, completed=received, total=total)

        yield advance
