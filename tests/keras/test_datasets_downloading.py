"""Downloading into the cache: a file comes whole and once, and progress goes to a terminal."""

import re
import subprocess
import sys
import threading
import time
from pathlib import Path

from autotensor.keras.datasets import downloading
from tests.keras.misbehaving_server import CONTENT, ROOT, get, left_in


def test_a_file_comes_whole_and_nothing_else_stays(site, target):
    assert get(site, target) == target
    assert target.read_bytes() == CONTENT
    assert left_in(target) == ["file"]
    assert site.requests == [("/file", None, None)]


def test_a_second_call_makes_no_request(site, target):
    get(site, target)
    site.requests.clear()
    assert get(site, target) == target
    assert site.requests == []


def test_a_cached_file_needs_no_right_to_write(site, target, monkeypatch):
    get(site, target)
    monkeypatch.setattr(downloading, "exclusive", None)
    monkeypatch.setattr(Path, "mkdir", None)
    assert get(site, target) == target


def test_a_connection_that_stays_open_after_the_last_byte_is_not_waited_for(site, target, monkeypatch):
    monkeypatch.setattr(downloading, "TIMEOUT", 8)
    site.stall, site.lingers = threading.Event(), True
    start = time.monotonic()
    get(site, target)
    assert time.monotonic() - start < 6


def test_a_file_of_unannounced_length_comes_whole(site, target):
    site.chunked = True
    get(site, target)
    assert target.read_bytes() == CONTENT


def test_the_file_has_the_rights_of_any_new_file(site, target):
    get(site, target)
    (target.parent / "other").touch()
    assert target.stat().st_mode == (target.parent / "other").stat().st_mode


def test_progress_goes_to_a_terminal_and_nowhere_else(site, target, capfd, monkeypatch):
    get(site, target)
    assert capfd.readouterr() == ("", "")
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it for a terminal
    monkeypatch.setenv("COLUMNS", "120")
    target.unlink()
    get(site, target)
    out, err = capfd.readouterr()
    assert out == ""
    assert "file" in err
    assert "200.0/200.0 kB" in re.sub(r"\x1b\[[^m]*m", "", err)


def test_rich_is_not_imported_before_a_download():
    code = "import sys, autotensor.keras.datasets; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
