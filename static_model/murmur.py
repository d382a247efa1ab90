"""Murmur3 (32 bit) of many texts at once, as Spark hashes terms (Appleby 2008; Spark's `hashUnsafeBytes2`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

SEED = 42
_C1, _C2 = np.uint32(0xCC9E2D51), np.uint32(0x1B873593)
Words = npt.NDArray[np.uint32]


def murmur3(texts: Sequence[str]) -> npt.NDArray[np.int32]:
    """The signed 32-bit hashes of the texts' UTF-8 bytes, with Spark's seed.

    >>> murmur3(["", "a", "word=apache2"]).tolist()[0]
    142593372
    """
    raw = [text.encode() for text in texts]
    hashes = np.zeros(len(raw), np.uint32)
    lengths = np.array([len(text) for text in raw], np.int64)
    for length in np.unique(lengths):
        places = np.flatnonzero(lengths == length)
        bytes_ = np.frombuffer(b"".join(raw[place] for place in places), np.uint8).reshape(len(places), length)
        hashes[places] = _equally_long(bytes_)
    return hashes.view(np.int32)


def buckets(texts: Sequence[str], width: int) -> npt.NDArray[np.int64]:
    """The feature that each text falls into: its hash modulo `width`, never negative."""
    return np.mod(murmur3(texts).astype(np.int64), width)


def _equally_long(rows: npt.NDArray[np.uint8]) -> Words:
    """Hashes of the rows of a matrix of bytes."""
    count, length = rows.shape
    whole = length // 4 * 4
    blocks = np.ascontiguousarray(rows[:, :whole]).view("<u4").reshape(count, whole // 4).astype(np.uint32)
    state = np.full(count, SEED, np.uint32)
    with np.errstate(over="ignore"):
        for block in blocks.T:
            state = _rotate(state ^ _mixed(block), 13) * np.uint32(5) + np.uint32(0xE6546B64)
        tail = np.zeros(count, np.uint32)
        for place in range(length - 1, whole - 1, -1):
            tail = (tail << np.uint32(8)) | rows[:, place]
        if whole < length:
            state = state ^ _mixed(tail)
        state = state ^ np.uint32(length)
        state = (state ^ (state >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        state = (state ^ (state >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        return state ^ (state >> np.uint32(16))


def _mixed(block: Words) -> Words:
    return _rotate(block * _C1, 15) * _C2


def _rotate(values: Words, bits: int) -> Words:
    return (values << np.uint32(bits)) | (values >> np.uint32(32 - bits))
