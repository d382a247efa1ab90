"""The stamp: which record of which replay a message is, in the message key.

A key has 24 bytes: `MAGIC`, the first 4 bytes of the contract's fingerprint, 8 bytes that name the stream, and
the sequence number as an unsigned big-endian number of 8 bytes. Keys are compared by machines only, and a key
costs less than a header.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
import numpy.typing as npt

from .errors import ContractError

MAGIC = b"ddk1"
STAMP_BYTES = 24
FINGERPRINT_BYTES = 4
STREAM_BYTES = 8
LARGEST_SEQ = 2**63 - 1

_HEAD = len(MAGIC) + FINGERPRINT_BYTES + STREAM_BYTES
_KEY = np.dtype([("head", f"V{_HEAD}"), ("seq", ">u8")])


@dataclass(frozen=True, slots=True)
class Stamps:
    """The stamps of many messages of one stream.

    Attributes:
        fingerprint: the first 4 bytes of the contract's fingerprint.
        stream: the 8 bytes that name the stream.
        seqs: [keys] the sequence numbers, in the order of the keys.
    """

    fingerprint: bytes
    stream: bytes
    seqs: npt.NDArray[np.int64]


def make_stamp(*, fingerprint: str, stream: bytes, seq: int) -> bytes:
    r"""One message's key.

    Args:
        fingerprint: `Dataset.fingerprint`, in hex.
        stream: 8 bytes, the same for all records of one stream.
        seq: the record's number in the stream, from 0 to `LARGEST_SEQ`.

    >>> make_stamp(fingerprint="0a0b0c0d0e", stream=b"stream-1", seq=258)
    b'ddk1\n\x0b\x0c\rstream-1\x00\x00\x00\x00\x00\x00\x01\x02'
    """
    head = MAGIC + short_fingerprint(fingerprint) + stream
    if len(head) != _HEAD:
        raise ValueError(f"a stamp takes 4 bytes of fingerprint and 8 of stream, not {fingerprint!r}, {stream!r}")
    if not 0 <= seq <= LARGEST_SEQ:
        raise ValueError(f"sequence numbers are from 0 to {LARGEST_SEQ}, not {seq}")
    return head + struct.pack(">Q", seq)


def short_fingerprint(fingerprint: str) -> bytes:
    r"""What a stamp holds of a contract's fingerprint, which is in hex.

    >>> short_fingerprint("0a0b0c0d0e")
    b'\n\x0b\x0c\r'
    """
    return bytes.fromhex(fingerprint[: 2 * FINGERPRINT_BYTES])


def is_stamp(key: bytes | None) -> TypeGuard[bytes]:
    """Whether a message's key is a stamp.

    >>> is_stamp(make_stamp(fingerprint="0a0b0c0d", stream=b"stream-1", seq=0)), is_stamp(b"user-1"), is_stamp(None)
    (True, False, False)
    """
    return key is not None and len(key) == STAMP_BYTES and key[:4] == MAGIC


def read_stamps(keys: Sequence[bytes | None]) -> Stamps | None:
    """The stamps in these keys, or None if none of them is a stamp.

    Raises:
        ContractError: stamped messages stand beside others, or beside those of another stream or contract.
    """
    stamped = [key for key in keys if is_stamp(key)]
    if not stamped:
        return None
    if len(stamped) < len(keys):
        raise ContractError(
            f"{len(keys) - len(stamped)} of {len(keys)} messages have no sequence number, the others do: "
            "something else writes to this topic too. Replay the file onto a topic of its own"
        )
    table = np.frombuffer(b"".join(stamped), dtype=_KEY)
    heads, seqs = table["head"].tobytes(), table["seq"].astype(np.int64)
    head = heads[:_HEAD]
    if heads != head * len(keys):
        raise ContractError(_mixed(heads))
    if seqs.min() < 0:
        raise ContractError(f"a sequence number is larger than {LARGEST_SEQ}: no replay wrote it")
    return Stamps(fingerprint=head[4:8], stream=head[8:], seqs=seqs)


def first_other(keys: Sequence[bytes | None]) -> int:
    """The place of the first key that isn't stamped as the first one is, or of the last key.

    >>> first_other([None, b"user-1", b"ddk1abcdstream-100000001"]), first_other([b"user-1", b"user-2"])
    (2, 1)
    """
    heads = [key[:_HEAD] if is_stamp(key) else None for key in keys]
    return next((place for place, head in enumerate(heads) if head != heads[0]), len(keys) - 1)


def _mixed(heads: bytes) -> str:
    found = {heads[i : i + _HEAD] for i in range(0, len(heads), _HEAD)}
    streams = sorted({head[8:].hex() for head in found})
    contracts = sorted({head[4:8].hex() for head in found})
    what = f"streams ({', '.join(streams)})" if len(streams) > 1 else f"contracts ({', '.join(contracts)})"
    return f"the messages belong to different {what}. Replay each onto a topic of its own"
