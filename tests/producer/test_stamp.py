"""The stamp in a message key, written and read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.errors import ContractError
from producer.stamp import LARGEST_SEQ, make_stamp, read_stamps

PRINT = "00ab00cd" + 56 * "0"
STREAM = b"\x00stream\x00"


def stamp(seq: int, *, fingerprint: str = PRINT, stream: bytes = STREAM) -> bytes:
    """A stamp, of the same stream unless asked otherwise."""
    return make_stamp(fingerprint=fingerprint, stream=stream, seq=seq)


def test_the_layout_of_a_stamp_is_fixed() -> None:
    """Topics outlive programs: 24 bytes, the number last and big-endian."""
    assert b"ddk1\x00\xab\x00\xcd\x00stream\x00\x00\x00\x00\x00\x00\x00\x01\x02" == stamp(258)


@given(seqs=st.lists(st.integers(0, LARGEST_SEQ), min_size=1))
def test_stamps_are_read_as_they_were_made(seqs: list[int]) -> None:
    """Any sequence numbers, in any order and doubled, come back as int64, zero bytes in the rest untouched."""
    found = read_stamps([stamp(seq) for seq in seqs])
    assert found is not None
    assert (seqs, np.int64) == (found.seqs.tolist(), found.seqs.dtype)
    assert (b"\x00\xab\x00\xcd", STREAM) == (found.fingerprint, found.stream)


@pytest.mark.parametrize("keys", [[], [None, None], [b"", b"k"], [b"x" * 24], [None, b"ddk1"], [stamp(1) + b"x"]])
def test_keys_that_are_no_stamps_are_none(keys: list[bytes | None]) -> None:
    """A topic that others filled has no stamps, whatever its keys are."""
    assert read_stamps(keys) is None


@pytest.mark.parametrize("other", [None, b"", b"ddk1", b"y" * 24, stamp(3)[:-1]])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_stamps_among_other_keys_are_refused(other: bytes | None, place: int) -> None:
    """A topic that something else writes to as well has no order to rely on."""
    keys: list[bytes | None] = [stamp(1), stamp(2)]
    keys.insert(place, other)
    with pytest.raises(ContractError, match=r"1 of 3 messages have no sequence number.*onto a topic of its own"):
        read_stamps(keys)


@pytest.mark.parametrize("streams", [(STREAM, b"another!"), (b"another!", STREAM)])
def test_two_streams_are_refused(streams: tuple[bytes, bytes]) -> None:
    """Two replays on one topic are named, and not mixed."""
    keys = [stamp(1, stream=streams[0]), stamp(2, stream=streams[0]), stamp(3, stream=streams[1])]
    with pytest.raises(
        ContractError, match=r"different streams \(0073747265616d00, 616e6f7468657221\).*topic of its own"
    ):
        read_stamps(keys)


def test_two_contracts_are_refused() -> None:
    """The same stream name with another contract's fingerprint is no better."""
    with pytest.raises(ContractError, match=r"different contracts \(00ab00cd, ff000000\)"):
        read_stamps([stamp(1), stamp(2, fingerprint="ff" + 62 * "0")])


def test_a_number_too_large_for_a_sequence_number_is_refused() -> None:
    """What doesn't fit int64 never wraps around."""
    with pytest.raises(ContractError, match=r"a sequence number is larger than 9223372036854775807"):
        read_stamps([stamp(1), stamp(0)[:-8] + b"\x80" + 7 * b"\0"])


@pytest.mark.parametrize("wrong", [{"seq": -1}, {"seq": LARGEST_SEQ + 1}, {"stream": b"short"}, {"fingerprint": "ab"}])
def test_a_stamp_that_could_not_be_read_is_never_made(wrong: dict[str, object]) -> None:
    """Parts of the wrong size fail when the stamp is made."""
    with pytest.raises(ValueError, match=r"sequence numbers are from 0|a stamp takes 4 bytes"):
        stamp(**{"seq": 1, **wrong})  # type: ignore[arg-type]
