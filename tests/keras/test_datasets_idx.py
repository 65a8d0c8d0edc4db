"""The IDX format: what is read, and what each kind of damage is called."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autotensor.core.errors import DataError
from autotensor.keras.datasets.idx import read_idx

CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def idx_bytes(array):
    header = bytes([0, 0, CODES[array.dtype.name], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def whole(array):
    return idx_bytes(np.asarray(array, dtype=np.uint8))


@given(
    st.sampled_from(sorted(CODES)).flatmap(
        lambda name: hnp.arrays(name, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4))
    ),
    st.booleans(),
)
def test_what_was_written_is_read(tmp_path_factory, array, zipped):
    file = tmp_path_factory.mktemp("idx") / "any-name"
    content = idx_bytes(array)
    file.write_bytes(gzip.compress(content) if zipped else content)
    got = read_idx(file)
    assert got.dtype == array.dtype
    assert got.dtype.isnative
    assert got.shape == array.shape
    assert got.tobytes() == array.tobytes()  # NaN included
    assert got.flags.writeable
    assert got.flags.c_contiguous


def test_a_file_written_by_hand(tmp_path):
    file = tmp_path / "hand"
    file.write_bytes(bytes([0, 0, 0x0B, 2, 0, 0, 0, 2, 0, 0, 0, 1, 1, 0, 255, 254]))
    assert read_idx(file).tolist() == [[256], [-2]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", r"got b''", id="empty"),
        pytest.param(b"\0\0\x08", r"expected an IDX file", id="three bytes"),
        pytest.param(b"<html>", r"expected an IDX file.*got b'<htm'", id="a web page"),
        pytest.param(b"\0\0\x07\x01\0\0\0\0", r"0x08.*got b'\\x00\\x00\\x07\\x01'", id="unknown type"),
        pytest.param(b"\0\0\x08\0\5", r"got b'\\x00\\x00\\x08\\x00'", id="no axes"),
        pytest.param(b"\0\0\x08\x03\0\0\0\1", r"header of 16 bytes for 3 axes, got 8", id="cut in the header"),
        pytest.param(whole([1, 2, 3])[:-1], r"expected 3 bytes.*\(3,\); got 2\. .*cut off", id="cut in the data"),
        pytest.param(whole([1, 2, 3]) + b"!", r"expected 3 bytes.*got 4\. .*longer", id="too long"),
        pytest.param(b"\0\0\x08\4" + b"\xff" * 16, r"expected \d{38,} bytes.*got 0", id="an absurd shape"),
        pytest.param(gzip.compress(whole([1, 2, 3]))[:-9], r"whole gzip file of \d+ bytes", id="cut gzip"),
        pytest.param(gzip.compress(whole(range(99)))[:-8] + b"\0" * 8, r"whole gzip file.*CRC", id="wrong CRC"),
        pytest.param(b"\x1f\x8bnonsense here", r"whole gzip file", id="no gzip after all"),
        pytest.param(gzip.compress(b"text"), r"expected an IDX file.*got b'text'", id="gzip of something else"),
    ],
)
def test_damage_is_named_with_what_was_expected_and_what_came(tmp_path, content, message):
    file = tmp_path / "damaged"
    file.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(file)
    assert str(caught.value).startswith(str(file))


def test_the_label_names_the_file_in_an_error(tmp_path):
    file = tmp_path / "x.part"
    file.write_bytes(b"text")
    with pytest.raises(DataError, match=r"^https://example\.org/x: "):
        read_idx(file, label="https://example.org/x")
