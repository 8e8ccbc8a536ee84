"""Gzip files of several members: unpacked as one, and each of them found again."""

from __future__ import annotations

import gzip
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.gzip_members import GzipMembers, TooLargeError

_PART = st.binary(max_size=300) | st.binary(max_size=20).map(lambda each: each * 9000)
PARTS = st.lists(_PART, min_size=1, max_size=8)


def unpack(packed: bytes, *, offset: int = 0, limit: int = 2**30) -> io.BufferedReader:
    file = io.BytesIO(packed)
    file.seek(offset)
    reader: io.BufferedReader = io.BufferedReader(GzipMembers(file, limit))
    return reader


@given(parts=PARTS, zeros=st.integers(0, 70_000), size=st.integers(1, 100_000))
def test_members_are_unpacked_as_one_and_from_each_on_the_rest(
    parts: list[bytes], zeros: int, size: int
) -> None:
    packed_parts = [gzip.compress(part) for part in parts]
    packed = b"".join(packed_parts) + bytes(zeros)
    with unpack(packed) as file:
        assert b"".join(iter(lambda: file.read1(size), b"")) == b"".join(parts)

    for index in range(len(parts)):
        offset = len(b"".join(packed_parts[:index]))
        with unpack(packed, offset=offset) as file:
            assert file.read() == b"".join(parts[index:])


@given(parts=PARTS)
def test_a_member_is_found_by_where_its_bytes_begin(parts: list[bytes]) -> None:
    packed_parts = [gzip.compress(part + b".") for part in parts]
    members = GzipMembers(io.BytesIO(b"".join(packed_parts)), 2**30)
    buffer = bytearray(2**16)
    while members.readinto(buffer):
        pass

    position = offset = 0
    for part, packed in zip(parts, packed_parts, strict=True):
        assert members.offset_of_member(position) == offset
        assert not part or members.offset_of_member(position + 1) is None
        position += len(part) + 1
        offset += len(packed)


def test_what_is_damaged_cut_short_too_large_or_no_gzip_raises_what_stands_before_is_read() -> None:
    packed = gzip.compress(b"a" * 1000)
    for damaged, error in (
        (packed[:-1], OSError),
        (packed[:15], OSError),
        (packed[:-8] + bytes(8), zlib.error),
        (b"no gzip at all", zlib.error),
    ):
        with unpack(packed + damaged) as file:
            assert file.read(1000) == b"a" * 1000
            with pytest.raises(error):
                file.read()

    with unpack(packed, limit=999) as file, pytest.raises(TooLargeError, match="than 999 bytes"):
        file.read()
