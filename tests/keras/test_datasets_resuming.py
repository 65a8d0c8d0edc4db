"""Downloads that are cut off, and go on from there where the rest is known to belong to what came."""

import signal
import sys
import threading
import time

import pytest

from autotensor.core.errors import DownloadError
from autotensor.keras.datasets import downloading
from autotensor.keras.datasets.downloading import fetch
from tests.keras.misbehaving_server import ADVICE, CONTENT, get, left_in, start_fetching


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
