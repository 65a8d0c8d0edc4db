"""Several downloads of one file at once: one fetches, and all have it."""

import errno
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from autotensor.core.errors import DownloadError
from autotensor.keras.datasets import downloading, locking
from tests.keras.misbehaving_server import CONTENT, get, left_in, start_fetching


def test_of_several_processes_one_fetches_and_all_have_it(site, target):
    site.pause = 0.5
    processes = [start_fetching(site, target) for _ in range(4)]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, outputs
    assert target.read_bytes() == CONTENT
    assert len(site.requests) == 1
    assert left_in(target) == ["file"]


def test_of_several_threads_one_fetches_and_all_have_it(site, target):
    site.pause = 0.2
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: get(site, target), range(8))) == [target] * 8
    assert len(site.requests) == 1
    assert left_in(target) == ["file"]


def test_when_the_one_fails_the_next_goes_on_from_there(site, target):
    site.cuts, site.pause = [70_000, 0], 0.2
    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(get, site, target) for _ in range(2)]
    assert {type(result.exception()) for result in results} == {DownloadError, type(None)}
    assert target.read_bytes() == CONTENT
    assert [asked for _, asked, _ in site.requests] == [None, "bytes=70000-", "bytes=70000-"]
    assert left_in(target) == ["file"]


def test_waiting_for_another_has_an_end(site, target, monkeypatch):
    monkeypatch.setattr(downloading, "PATIENCE", 0.2)
    target.parent.mkdir(parents=True)
    message = r"Waited 0 s for another process to fetch .*file\.lock is still held.* Or ask"
    with locking.exclusive(target.parent / "file.lock", patience=0), pytest.raises(DownloadError, match=message):
        get(site, target)
    assert left_in(target) == []


def test_a_lock_is_exclusive_and_leaves_no_file(tmp_path):
    inside, most = [], []

    def enter(_):
        with locking.exclusive(tmp_path / "lock", patience=20):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.005)
            inside.pop()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(enter, range(12)))
    assert most == [1] * 12
    assert list(tmp_path.iterdir()) == []


def test_a_lock_file_that_was_removed_in_between_is_no_lock(tmp_path, monkeypatch):
    path, lock, removals = tmp_path / "lock", locking._lock, [1]

    def lock_after_removal(handle):
        if removals:
            removals.pop()
            path.unlink()  # as the holder before does
        lock(handle)

    monkeypatch.setattr(locking, "_lock", lock_after_removal)
    with locking.exclusive(path, patience=1) as held:
        assert held
        with pytest.raises(TimeoutError), locking.exclusive(path, patience=0):
            pass


def test_where_the_file_system_knows_no_locks_each_uses_a_file_of_its_own(site, target, monkeypatch):
    def refuse(handle):
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(locking, "_lock", refuse)
    site.pause = 0.2
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda _: get(site, target), range(3))) == [target] * 3
    assert target.read_bytes() == CONTENT
    assert [name for name in left_in(target) if not name.endswith(".lock")] == ["file"]
    target.unlink()
    site.cuts = [70_000, 0]
    with pytest.raises(DownloadError):
        get(site, target)
    assert [name for name in left_in(target) if not name.endswith(".lock")] == []
