"""A download under way: the bytes that have come, and a note of what they are the beginning of."""

from __future__ import annotations

import json
from contextlib import suppress
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple


class Note(NamedTuple):
    """What is known of the whole file: enough to tell whether an answer continues it."""

    url: str
    etag: str | None  # a version's name, given by the server
    modified: str | None  # or else its date
    total: int | None  # bytes

    @classmethod
    def from_headers(cls, url: str, headers: Message, total: int | None) -> Note:
        """The note of an answer from `url`; `total` is the length of the whole file."""
        return cls(url, headers.get("ETag"), headers.get("Last-Modified"), total)

    @property
    def validator(self) -> str | None:
        """What If-Range may carry: RFC 9110, section 13.1.5, forbids weak tags there."""
        if self.etag is not None:
            return None if self.etag.startswith("W/") else self.etag
        return self.modified

    def agrees_with(self, other: Note) -> bool:
        """Whether both may speak of one file: nothing that both know differs."""
        return all(mine is None or its is None or mine == its for mine, its in zip(self, other, strict=True))


class Partial:
    """The file `path` that grows, and beside it the note, `path` + ".json".

    The note is written first and removed last, so bytes without a note belong to nothing and are never continued.
    """

    __slots__ = ("note_path", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.note_path = path.with_name(path.name + ".json")

    def size(self) -> int:
        """The bytes that lie there."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def note(self, url: str) -> Note | None:
        """The note, if what lies here is the beginning of the file at `url`."""
        try:
            fields: Any = json.loads(self.note_path.read_text(encoding="utf-8"))
            note = Note(**fields)
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return note if note.url == url and self.size() else None

    def begin(self, note: Note) -> None:
        """An empty file for what `note` describes."""
        self.discard()
        self.note_path.write_text(json.dumps(note._asdict()), encoding="utf-8")
        self.path.touch()

    def finish(self, destination: Path) -> None:
        """Moves the file to its name in one step: others see nothing of it or all of it."""
        self.path.replace(destination)
        with suppress(OSError):  # a note without bytes does no harm
            self.note_path.unlink()

    def discard(self) -> None:
        """Leaves nothing behind."""
        self.path.unlink(missing_ok=True)
        self.note_path.unlink(missing_ok=True)
