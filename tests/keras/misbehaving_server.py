"""A server on this machine that can be told to misbehave, and what the tests of downloading ask of it."""

import re
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from autotensor.core.errors import DataError
from autotensor.keras.datasets import downloading
from autotensor.keras.datasets.downloading import fetch

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


def start_fetching(site, target):
    code = (
        "import signal, sys; from pathlib import Path; from autotensor.keras.datasets.downloading import fetch\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background programs ignore it
        "fetch(sys.argv[1], Path(sys.argv[2]), lambda path: None, advice='')"
    )
    arguments = [sys.executable, "-c", code, site.url + "/file", str(target)]
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
