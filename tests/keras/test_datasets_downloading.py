"""Downloading into the cache, against a server on this machine that can be told to misbehave."""

import errno
import gzip
import hashlib
import io
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from autotensor.core.errors import DataError, DownloadError
from autotensor.keras.datasets import downloading, locking, mnist
from autotensor.keras.datasets.downloading import fetch, sha256_check

CONTENT = np.random.default_rng(0).bytes(200_000)
ADVICE = "Or ask a friend."
ROOT = Path(downloading.__file__).parents[3]


@dataclass
class Site:
    """What the server has and how it behaves, and what it was asked."""

    files: dict = field(default_factory=dict)
    url: str = ""
    ranges: bool = True
    validators: dict = field(default_factory=lambda: {"ETag": '"one"'})
    heeds_if_range: bool = True
    chunked: bool = False  # no Content-Length
    status: int | None = None  # answer everything with this
    cuts: list = field(default_factory=list)  # for each request to come: the bytes after which the connection ends
    stall: threading.Event | None = None  # instead of ending it, wait for this
    lingers: bool = False  # stalls after the last byte too
    pause: float = 0.0  # seconds before the body
    spoil: int = 0  # added to the start that Content-Range claims
    requests: list = field(default_factory=list)  # (path, Range, If-Range)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        site = self.server.site
        site.requests.append((self.path, self.headers.get("Range"), self.headers.get("If-Range")))
        content = site.files.get(self.path.partition("?")[0])
        if site.status or content is None:
            self.send_error(site.status or 404)
            return
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        current = self.headers.get("If-Range") in {None, *site.validators.values()} or not site.heeds_if_range
        if asked and site.ranges and current:
            start = int(asked[1])
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start + site.spoil}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        for name, value in site.validators.items():
            self.send_header(name, value)
        body = content[start:]
        self.send_header(*(("Connection", "close") if site.chunked else ("Content-Length", str(len(body)))))
        self.end_headers()
        time.sleep(site.pause)
        cut = site.cuts.pop(0) if site.cuts else len(body)
        self.wfile.write(body[:cut])
        self.wfile.flush()
        if site.stall and (site.lingers or cut < len(body)):
            site.stall.wait(20)
        self.close_connection = site.chunked or cut < len(body)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Clients that hang up are what is tested here."""


@pytest.fixture
def site(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Server(("127.0.0.1", 0), Handler)
    server.site = Site({"/file": CONTENT}, f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.site
    if server.site.stall:
        server.site.stall.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "cache" / "deep" / "file"


def accept_content(path):
    if path.read_bytes() != CONTENT:
        raise DataError("not the content")


def get(site, target, check=accept_content):
    return fetch(site.url + "/file", target, check, advice=ADVICE)


def left_in(target):
    return sorted(path.name for path in target.parent.iterdir())


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- the whole file, once


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


# --- cut off, and on from there


def test_a_cut_connection_is_taken_up_where_it_ended(site, target):
    site.cuts = [70_000, 50_000]
    get(site, target)
    assert target.read_bytes() == CONTENT
    assert [asked for _, asked, _ in site.requests] == [None, "bytes=70000-", "bytes=120000-"]
    assert {tag for _, asked, tag in site.requests if asked} == {'"one"'}
    assert left_in(target) == ["file"]


def test_what_came_is_kept_for_the_next_call(site, target):
    site.cuts = [70_000, 0]
    with pytest.raises(DownloadError, match=r"70000 of 200000 bytes are kept: calling again fetches only the rest\. Or ask"):
        get(site, target)
    assert left_in(target) == ["file.part", "file.part.json"]
    assert (target.parent / "file.part").read_bytes() == CONTENT[:70_000]
    site.requests.clear()
    get(site, target)
    assert target.read_bytes() == CONTENT
    assert site.requests == [("/file", "bytes=70000-", '"one"')]
    assert left_in(target) == ["file"]


def test_being_offline_in_between_loses_nothing(site, target):
    site.cuts = [70_000, 0]
    with pytest.raises(DownloadError):
        get(site, target)
    site.status = 503
    with pytest.raises(DownloadError, match=r"answered 503 .*70000 of 200000 bytes are kept"):
        get(site, target)
    site.status = None
    get(site, target)
    assert target.read_bytes() == CONTENT


def test_a_server_that_goes_on_cutting_is_given_up(site, target):
    site.cuts = [100] * 50
    with pytest.raises(DownloadError, match=r"ended after 100 of \d+ bytes.*500 of 200000 bytes are kept"):
        get(site, target)
    assert len(site.requests) == downloading.TRIES


def test_silence_counts_as_a_cut(site, target, monkeypatch):
    monkeypatch.setattr(downloading, "TIMEOUT", 0.2)
    site.cuts, site.stall = [70_000], threading.Event()
    get(site, target)
    assert target.read_bytes() == CONTENT
    assert site.requests[1][1] == "bytes=70000-"


@pytest.mark.parametrize("validators", [{"Last-Modified": "Wed, 01 Jul 1998 00:00:00 GMT"}, {"ETag": 'W/"weak"'}, {}])
def test_any_validator_or_none_will_do(site, target, validators):
    site.cuts, site.validators = [70_000], validators
    get(site, target)
    assert target.read_bytes() == CONTENT
    assert site.requests[1] == ("/file", "bytes=70000-", validators.get("Last-Modified"))  # a weak tag must not be sent


def test_a_server_that_knows_no_ranges_starts_over(site, target):
    site.cuts, site.ranges = [70_000], False
    get(site, target)
    assert target.read_bytes() == CONTENT
    assert [asked for _, asked, _ in site.requests] == [None, "bytes=70000-"]


@pytest.mark.parametrize("heeds_if_range", [True, False])
@pytest.mark.parametrize("name", ["ETag", "Last-Modified"])
def test_a_file_that_has_changed_is_not_spliced(site, target, name, heeds_if_range):
    site.cuts, site.validators, site.heeds_if_range = [70_000, 0], {name: "before"}, heeds_if_range
    with pytest.raises(DownloadError):
        get(site, target)
    site.files["/file"], site.validators = CONTENT[::-1], {name: "after"}
    get(site, target, check=lambda path: None)
    assert target.read_bytes() == CONTENT[::-1]


def test_a_file_of_another_length_is_not_spliced(site, target):
    site.cuts, site.validators = [70_000, 0], {}
    with pytest.raises(DownloadError):
        get(site, target)
    site.files["/file"] = CONTENT[::-1] + b"more"
    get(site, target, check=lambda path: None)
    assert target.read_bytes() == CONTENT[::-1] + b"more"


def test_a_splice_that_fails_its_check_is_fetched_once_more_from_the_start(site, target):
    site.cuts, site.validators = [70_000, 0], {}
    site.files["/file"] = CONTENT[::-1]
    with pytest.raises(DownloadError):
        get(site, target)
    site.files["/file"] = CONTENT
    site.requests.clear()
    get(site, target)
    assert target.read_bytes() == CONTENT
    assert [asked for _, asked, _ in site.requests] == ["bytes=70000-", None]


def test_what_came_from_another_address_is_not_continued(site, target):
    site.cuts = [70_000, 0]
    with pytest.raises(DownloadError):
        get(site, target)
    site.files["/other"] = CONTENT[::-1]
    site.requests.clear()
    fetch(site.url + "/other", target, lambda path: None, advice=ADVICE)
    assert target.read_bytes() == CONTENT[::-1]
    assert site.requests == [("/other", None, None)]


def test_a_range_that_starts_elsewhere_is_not_appended(site, target):
    site.cuts, site.spoil = [70_000], 1
    get(site, target)
    assert target.read_bytes() == CONTENT
    assert [asked for _, asked, _ in site.requests] == [None, "bytes=70000-", None]


@pytest.mark.parametrize("note", [None, b"", b"[]", b"{}", b"\xff", b'{"url": 1, "etag": 2, "modified": 3, "total": 4}'])
def test_bytes_without_a_note_of_their_own_are_thrown_away(site, target, note):
    target.parent.mkdir(parents=True)
    (target.parent / "file.part").write_bytes(b"from an unknown past")
    if note is not None:
        (target.parent / "file.part.json").write_bytes(note)
    get(site, target)
    assert target.read_bytes() == CONTENT
    assert site.requests == [("/file", None, None)]
    assert left_in(target) == ["file"]


def test_a_file_that_was_whole_before_its_check_needs_no_request(site, target):
    site.cuts = [199_999, 0]
    with pytest.raises(DownloadError):
        get(site, target)
    with (target.parent / "file.part").open("ab") as part:
        part.write(CONTENT[-1:])
    site.requests.clear()
    get(site, target)
    assert site.requests == []
    assert target.read_bytes() == CONTENT


def test_more_bytes_than_the_file_has_start_over(site, target):
    site.cuts = [199_999, 0]
    with pytest.raises(DownloadError):
        get(site, target)
    with (target.parent / "file.part").open("ab") as part:
        part.write(b"too many")
    get(site, target)
    assert target.read_bytes() == CONTENT


# --- failures leave nothing half-written


def test_a_wrong_checksum_leaves_nothing(site, target):
    check = sha256_check("0" * 64, site.url)
    got = hashlib.sha256(CONTENT).hexdigest()
    with pytest.raises(DataError, match=rf"expected .* SHA-256 0{{64}}, got {got} \(200000 bytes\)\. Nothing .*kept\. Or ask"):
        get(site, target, check)
    assert left_in(target) == []
    assert len(site.requests) == 1
    get(site, target, sha256_check(got, site.url))
    assert target.read_bytes() == CONTENT


def test_a_spliced_wrong_checksum_ends_after_one_more_try(site, target):
    site.cuts = [70_000, 0]
    with pytest.raises(DownloadError):
        get(site, target)
    site.requests.clear()
    site.cuts = [130_000, 50]
    with pytest.raises(DataError, match="SHA-256"):
        get(site, target, sha256_check("0" * 64, site.url))
    assert [asked for _, asked, _ in site.requests] == ["bytes=70000-", None, "bytes=50-"]
    assert left_in(target) == []


def test_offline_says_what_was_tried_and_what_else_one_can_do(tmp_path):
    url = f"http://127.0.0.1:{closed_port()}/file"
    with pytest.raises(DownloadError, match=rf"Could not download {url}: .*refused.* Or ask a friend\."):
        fetch(url, tmp_path / "cache" / "file", accept_content, advice=ADVICE)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("status", [404, 403, 410, 500, 503])
def test_an_error_of_the_server_is_told(site, target, status):
    site.status = status
    with pytest.raises(DownloadError, match=rf"Could not download {site.url}/file: the server answered {status} [A-Z]") as caught:
        get(site, target)
    assert isinstance(caught.value, downloading.AddressMissingError) == (status in {403, 404, 410})
    assert left_in(target) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:port/", "http:///file", "http://a b/", "nonsense"])
def test_an_address_that_makes_no_sense_is_told(target, url):
    with pytest.raises(DownloadError, match=f"Could not download {url}: "):
        fetch(url, target, accept_content, advice=ADVICE)


def test_a_server_that_does_not_answer_is_told(target, monkeypatch):
    monkeypatch.setattr(downloading, "TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/file"
        with pytest.raises(DownloadError, match=rf"Could not download {url}: .*timed out"):
            fetch(url, target, accept_content, advice=ADVICE)
    assert left_in(target) == []


def test_a_folder_that_cannot_be_written_is_told(site, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(DownloadError, match=r"Could not write .*cache.file: .*KERAS_HOME or an absolute path\. Or ask"):
        get(site, tmp_path / "cache" / "file")


def test_an_interrupted_check_leaves_no_file_under_the_final_name(site, target):
    def interrupted(path):
        assert not target.exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(site, target, interrupted)
    assert left_in(target) == ["file.part", "file.part.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGINT to another process")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL] if sys.platform != "win32" else [])
def test_an_interrupted_process_leaves_what_came(site, target, sent):
    site.cuts, site.stall = [70_000], threading.Event()
    process = start_fetching(site, target)
    part = target.parent / "file.part"
    deadline = time.monotonic() + 20
    while not (part.exists() and part.stat().st_size >= 60_000) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(sent)
    process.communicate()
    assert process.returncode != 0
    assert not target.exists()
    kept = part.stat().st_size
    assert part.read_bytes() == CONTENT[:kept]
    site.requests.clear()
    get(site, target)
    assert target.read_bytes() == CONTENT
    assert site.requests == [("/file", f"bytes={kept}-", '"one"')]
    assert left_in(target) == ["file"]


# --- several at once


def start_fetching(site, target):
    code = (
        "import sys; from pathlib import Path; from autotensor.keras.datasets.downloading import fetch\n"
        "fetch(sys.argv[1], Path(sys.argv[2]), lambda path: None, advice='')"
    )
    arguments = [sys.executable, "-c", code, site.url + "/file", str(target)]
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


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


# --- MNIST over the wire


@pytest.fixture
def arrays():
    generator = np.random.default_rng(1)
    sizes = {"x_train": (5, 28, 28), "y_train": (5,), "x_test": (2, 28, 28), "y_test": (2,)}
    return {key: generator.integers(0, 10, shape, dtype=np.uint8) for key, shape in sizes.items()}


@pytest.fixture
def home(tmp_path, monkeypatch, site):
    """An empty cache, and an official address that is the site's."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(mnist, "OFFICIAL", site.url + "/official/mnist.npz")
    return tmp_path / "home"


@pytest.fixture
def npz(arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


@pytest.fixture
def official(site, home, npz, monkeypatch):
    site.files["/official/mnist.npz"] = npz
    monkeypatch.setattr(mnist, "OFFICIAL_SHA256", hashlib.sha256(npz).hexdigest())


def idx_files(arrays, *, dotted=False, zipped=True):
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    files = {}
    for name, array in zip(names, arrays.values(), strict=True):
        content = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
        full = (name.replace("-idx", ".idx") if dotted else name) + "-ubyte" + ".gz" * zipped
        files["/data/" + full] = gzip.compress(content) if zipped else content
    return files


def same(data, arrays):
    flat = [array for part in data for array in part]
    return all(np.array_equal(got, expected) for got, expected in zip(flat, arrays.values(), strict=True))


def test_the_official_file_is_keras_file():
    assert mnist.OFFICIAL == "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
    assert mnist.OFFICIAL_SHA256 == "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


def test_the_official_file_is_fetched_once(site, home, official, arrays):
    assert same(mnist.load_data(), arrays)
    assert same(mnist.load_data(), arrays)
    assert site.requests == [("/official/mnist.npz", None, None)]
    assert [path.relative_to(home).as_posix() for path in home.rglob("*")] == ["datasets", "datasets/mnist.npz"]


def test_the_official_file_goes_to_an_absolute_path(site, home, official, arrays, tmp_path):
    assert same(mnist.load_data(tmp_path / "mine" / "digits.npz"), arrays)
    assert (tmp_path / "mine" / "digits.npz").is_file()
    assert not home.exists()


def test_an_official_file_with_a_wrong_checksum_is_not_kept(site, home, npz, arrays):
    site.files["/official/mnist.npz"] = npz  # a sound file, but another one
    with pytest.raises(DataError, match=r"official/mnist\.npz: expected .*731c5ac6.*, got .*Put the file by hand at .*source="):
        mnist.load_data()
    assert list((home / "datasets").iterdir()) == []


def test_offline_names_address_reason_place_and_source(home, monkeypatch):
    url = f"http://127.0.0.1:{closed_port()}/mnist.npz"
    monkeypatch.setattr(mnist, "OFFICIAL", url)
    place = re.escape(str(home / "datasets" / "mnist.npz"))
    with pytest.raises(DownloadError, match=rf"download {url}: .*refused.*by hand at {place}, or name by source= another URL"):
        mnist.load_data()
    with pytest.raises(OSError, match="refused"):  # what a Keras user would catch
        mnist.load_data()


@pytest.mark.parametrize("source", ["/data/mnist.npz", "/data/other.npz?download=1", "/data", "/data/", "/data/?token=1"])
def test_a_source_url_of_an_npz_or_of_its_folder_is_fetched_once(site, home, npz, arrays, source):
    site.files |= {"/data/mnist.npz": npz, "/data/other.npz": npz}
    assert same(mnist.load_data(source=site.url + source), arrays)
    assert same(mnist.load_data(source=site.url + source), arrays)
    assert len(site.requests) == 1
    assert site.requests[0][0].partition("?")[2] == source.partition("?")[2]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("path", ["mnist.npz", "mnist"])
def test_a_source_url_of_a_folder_of_idx_files_is_fetched_once(site, home, arrays, dotted, zipped, path):
    site.files |= idx_files(arrays, dotted=dotted, zipped=zipped)
    assert same(mnist.load_data(path, source=site.url + "/data"), arrays)
    site.requests.clear()
    assert same(mnist.load_data(path, source=site.url + "/data"), arrays)
    assert site.requests == []


def test_idx_files_that_were_cut_off_are_taken_up(site, home, arrays):
    files = idx_files(arrays)
    last = "/data/t10k-labels-idx1-ubyte.gz"
    site.files |= {name: content for name, content in files.items() if name != last}
    with pytest.raises(DownloadError, match=r"expected mnist\.npz or the four IDX files.*t10k-labels\.idx1-ubyte\. Put the file"):
        mnist.load_data(source=site.url + "/data")
    site.files |= files
    site.requests.clear()
    assert same(mnist.load_data(source=site.url + "/data"), arrays)
    assert site.requests == [(last, None, None)]


def test_an_empty_source_folder_names_what_was_looked_for(site, home):
    with pytest.raises(DownloadError, match=r"neither mnist\.npz nor train-images-idx3-ubyte\.gz, train-images-idx3-ubyte, "):
        mnist.load_data(source=site.url + "/data")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"<html>please log in</html>",
            r"expected a whole \.npz file, got 26 bytes that begin with b'<html>please log'",
        ),
        (b"", r"got 0 bytes"),
    ],
)
def test_a_source_that_sends_something_else_is_not_kept(site, home, npz, arrays, content, message):
    site.files["/data/mnist.npz"] = content
    with pytest.raises(DataError, match=rf"{site.url}/data/mnist\.npz: .*{message}.*Nothing of it was kept\. Put the file"):
        mnist.load_data(source=site.url + "/data/mnist.npz")
    assert not [path for path in home.rglob("*") if path.is_file()]
    site.files["/data/mnist.npz"] = npz
    assert same(mnist.load_data(source=site.url + "/data/mnist.npz"), arrays)


def test_a_source_that_sends_other_idx_files_is_not_kept(site, home, arrays):
    site.files |= idx_files(arrays | {"x_test": np.zeros((2, 8, 8), np.uint8)})
    with pytest.raises(DataError, match=r"/data/t10k-images\S+gz: expected x_test to be .*got uint8 of shape \(2, 8, 8\)"):
        mnist.load_data(source=site.url + "/data")
    assert sorted(path.name for path in home.rglob("*") if path.is_file()) == [
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
    ]


def test_one_source_is_never_taken_for_another_nor_for_the_official_file(site, home, official, arrays):
    others = {key: array + 1 for key, array in arrays.items()}
    site.files |= idx_files(others)
    site.files |= {name.replace("/data", "/more"): content for name, content in idx_files(arrays).items()}
    assert same(mnist.load_data(source=site.url + "/data"), others)
    assert same(mnist.load_data(source=site.url + "/more"), arrays)
    assert same(mnist.load_data(), arrays)
    assert same(mnist.load_data(source=site.url + "/data"), others)


def test_a_cached_file_of_an_absolute_path_needs_no_source(site, home, npz, arrays, tmp_path):
    site.files["/data/mnist.npz"] = npz
    assert same(mnist.load_data(tmp_path / "it.npz", source=site.url + "/data/mnist.npz"), arrays)
    site.files.clear()
    assert same(mnist.load_data(tmp_path / "it.npz"), arrays)
    assert os.listdir(tmp_path) == ["it.npz"]  # noqa: PTH208
