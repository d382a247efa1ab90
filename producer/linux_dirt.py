"""The dirt in synthetic Linux telemetry: what atop and careless exports do to a column of numbers.

It says nothing about the class, so a contract's cleaning rules lose nothing. Each column has its own draws.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

MISSING = "-"
TEXT = ("norm", "n/a", "?", "atop")
MISSING_SHARE = 0.004
TEXT_SHARE = 0.002
BLANK_SHARE = 0.03
"""The share of cells with blanks around or inside the number."""
NICE_ZERO_SHARE = 0.02
NICE_UNSIGNED_SHARE = 0.02

MIB = 1024
UNTIL_K, UNTIL_M = 100_000, 1000 * MIB


def dirty(words: Sequence[str], draws: npt.NDArray[np.float64]) -> list[str]:
    """The column with some cells missing, some holding text, and some with blanks; one draw a cell."""
    made = list(words)
    for place in np.flatnonzero(draws < MISSING_SHARE + TEXT_SHARE + BLANK_SHARE).tolist():
        made[place] = _soiled(made[place], float(draws[place]))
    return made


def _soiled(word: str, draw: float) -> str:
    if draw < MISSING_SHARE:
        return MISSING
    if draw < MISSING_SHARE + TEXT_SHARE:
        return TEXT[int((draw - MISSING_SHARE) / TEXT_SHARE * len(TEXT)) % len(TEXT)]
    digits = len(word) - len(word.lstrip("0123456789"))
    inside = f"{word[: digits - 3]} {word[digits - 3 :]}" if digits > 3 else f" {word}"
    return inside if draw < MISSING_SHARE + TEXT_SHARE + BLANK_SHARE / 2 else f"  {word} "


def size_word(kibibytes: int) -> str:
    """A size as atop writes it: at most five digits, then the next unit with one decimal."""
    if kibibytes < UNTIL_K:
        return f"{kibibytes}K"
    if kibibytes < UNTIL_M:
        return f"{kibibytes / MIB:.1f}M"
    return f"{kibibytes / (MIB * MIB):.1f}G"


def broken_nice(nice: npt.NDArray[np.int64], draws: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Nice values [rows] with the sign lost, as in every public file; some are 0 or unsigned (2^32 - n) instead."""
    unsigned = np.where(nice < 0, nice + 2**32, nice)
    rest = np.where(draws < NICE_ZERO_SHARE + NICE_UNSIGNED_SHARE, unsigned, np.abs(nice))
    return np.where(draws < NICE_ZERO_SHARE, 0, rest)
