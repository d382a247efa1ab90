"""What the `dns-exfil` columns say about a DNS name: fourteen numbers and words computed from its text.

A name falls into subdomain, second-level domain and suffix: `mail.example.co.uk` is `mail`, `example` and
`co.uk`. A name without a suffix (a host of the local network) is its own second-level domain. Entropy and
`len` look at subdomain, a dot and second-level domain, the dot being there even when the subdomain is empty;
dots count in the length but add nothing to the entropy. These are the rules by which the public captures of
this layout were made, so figures computed here and there can be compared.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
import numpy.typing as npt

DOUBLE_SUFFIXES = frozenset({"in-addr.arpa", "co.uk", "com.br", "com.au"})
PRIVATE = frozenset({"local", "lan"})
"""Endings that are no suffix: the last label is then the second-level domain itself."""

_WORD = re.compile(r"[A-Za-z]+|[0-9]+")
_LONGEST_NAME = 255
_C_LOG_C = np.array([0.0, *(count * math.log2(count) for count in range(1, _LONGEST_NAME + 1))])
_LOG = np.array([0.0, *(math.log2(length) for length in range(1, _LONGEST_NAME + 2))])


@dataclass(frozen=True, slots=True)
class NameFeatures:
    """The columns of the `dns-exfil` contract that describe one name, in its order.

    The fields are named as the columns are; `timestamp` and the label aren't among them.
    """

    FQDN_count: int
    subdomain_length: int
    upper: int
    lower: int
    numeric: int
    entropy: float
    special: int
    labels: int
    labels_max: int
    labels_average: float
    longest_word: str
    sld: str
    len: int
    subdomain: int


def features_of(name: str) -> NameFeatures:
    """The features of one name, e.g. `www.example.org`.

    Raises:
        ValueError: the name is empty, holds other than ASCII, or is longer than 255 characters.
    """
    row = next(iter(zip(*features_of_all([name]), strict=True)))
    return NameFeatures(*row)


def features_of_all(names: Sequence[str]) -> list[list[int] | list[float] | list[str]]:
    """The features of many names: one list per field of `NameFeatures`, in its order, each as long as `names`.

    Raises:
        ValueError: a name is empty, holds other than ASCII, or is longer than 255 characters.
    """
    if not all(0 < len(name) <= _LONGEST_NAME for name in names):
        raise ValueError(f"a name has 1 to {_LONGEST_NAME} characters")
    splits = [_split(name) for name in names]
    slds = [sld for _, sld in splits]
    total = np.fromiter(map(len, names), np.int64, len(names))
    sub = np.array([length for length, _ in splits], np.int64)
    body = sub + 1 + np.fromiter(map(len, slds), np.int64, len(names))
    counts = _counts(names, total, body)
    upper, lower, numeric, dots = counts.classes
    labels = dots + 1
    columns: dict[str, list[int] | list[float] | list[str]] = {
        "FQDN_count": total.tolist(),
        "subdomain_length": sub.tolist(),
        "upper": upper.tolist(),
        "lower": lower.tolist(),
        "numeric": numeric.tolist(),
        "entropy": counts.entropy(body).tolist(),
        "special": (total - upper - lower - numeric).tolist(),
        "labels": labels.tolist(),
        "labels_max": [max(map(len, name.split("."))) for name in names],
        "labels_average": ((total - dots) / labels).tolist(),
        "longest_word": [_longest_word(sld) for sld in slds],
        "sld": slds,
        "len": body.tolist(),
        "subdomain": (sub > 0).astype(np.int64).tolist(),
    }
    return [columns[field.name] for field in fields(NameFeatures)]


def _split(name: str) -> tuple[int, str]:
    """The length of the subdomain, and the second-level domain."""
    parts = name.split(".")
    suffix = 0 if len(parts) == 1 or parts[-1] in PRIVATE else 2 if ".".join(parts[-2:]) in DOUBLE_SUFFIXES else 1
    kept = parts[: len(parts) - suffix]
    if not kept:  # a suffix alone, e.g. "co.uk"
        return 0, name
    return sum(map(len, kept[:-1])) + max(0, len(kept) - 2), kept[-1]


@lru_cache(maxsize=1 << 14)
def _longest_word(sld: str) -> str:
    """The longest run of letters, or of digits where there are no letters; the first of equals."""
    return max(_WORD.findall(sld), key=lambda word: (word.isalpha(), len(word)), default="")


@dataclass(frozen=True, slots=True)
class _Counts:
    """How often each character occurs: `body` [names, 128] before the suffix, `classes` in the whole name."""

    body: npt.NDArray[np.int64]
    classes: tuple[npt.NDArray[np.int64], ...]

    def entropy(self, length: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Shannon entropy in bits, `length` [names] being the denominator; dots add nothing."""
        counted = self.body.sum(axis=1) * _LOG[length] - _C_LOG_C[self.body].sum(axis=1)
        return np.asarray(counted / length, np.float64)


def _counts(names: Sequence[str], total: npt.NDArray[np.int64], body: npt.NDArray[np.int64]) -> _Counts:
    """Count characters; `total` [names] is each name's length, `body` [names] how many stand before the suffix.

    `body` may be one too many: what follows is then the suffix's dot, and dots are left out.
    """
    codes = np.frombuffer("".join(names).encode("ascii"), np.uint8)
    row = np.repeat(np.arange(len(names)), total)
    place = np.arange(len(codes)) - np.repeat(np.cumsum(total) - total, total)

    def histogram(which: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        flat = np.bincount(row[which] * 128 + codes[which], minlength=len(names) * 128)
        return flat.reshape(len(names), 128)

    before, after = (histogram(side) for side in (place < body[row], place >= body[row]))
    whole = before + after
    before[:, ord(".")] = 0
    upper, lower, numeric = (whole[:, ord(first) : ord(last) + 1].sum(axis=1) for first, last in ("AZ", "az", "09"))
    return _Counts(before, (upper, lower, numeric, whole[:, ord(".")]))
