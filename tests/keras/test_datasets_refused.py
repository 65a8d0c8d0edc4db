"""Downloads that fail: wrong checksums, servers and addresses are told, and nothing half-written stays."""

import hashlib
import socket

import pytest

from autotensor.core.errors import DataError, DownloadError
from autotensor.keras.datasets import downloading
from autotensor.keras.datasets.downloading import fetch, sha256_check
from tests.keras.misbehaving_server import ADVICE, CONTENT, accept_content, closed_port, get, left_in


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
