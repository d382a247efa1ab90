"""A table as a value: what stands in it, whoever shows it: a terminal, a page or a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tabular:
    r"""Headings and rows of words.

    Attributes:
        headings: of each column, the one that heads the rows first; `\n` where a narrow terminal should break one.
        rows: as many cells each as there are headings; what is undefined is empty.
        left: how many columns after the first hold words rather than numbers.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 0


def tabular(headings: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 0) -> Tabular:
    """A table of these headings and rows.

    >>> tabular(["arm", "fits"], [["static", "0"]])
    Tabular(headings=('arm', 'fits'), rows=(('static', '0'),), left=0)
    """
    return Tabular(tuple(headings), tuple(tuple(row) for row in rows), left)


def number(value: float | None, decimals: int) -> str:
    """A number with its thousands marked; nothing for None.

    >>> number(1234.5, 1), number(None, 1)
    ('1,234.5', '')
    """
    return "" if value is None else f"{value:,.{decimals}f}"


def points(value: float | None) -> str:
    """Errors per 100 records, with their sign; nothing for None.

    >>> points(1.25), points(None)
    ('+1.250', '')
    """
    return "" if value is None else f"{value:+.3f}"


def ends(low: float | None, high: float | None) -> str:
    """An interval's ends, in errors per 100 records; nothing where there is no interval.

    >>> ends(-0.5, 2.0), ends(None, None)
    ('-0.500 to +2.000', '')
    """
    return "" if low is None or high is None else f"{low:+.3f} to {high:+.3f}"


def p_value(value: float | None, *, without: str = "") -> str:
    """A p-value, as exact as it deserves; `without` where there is none.

    >>> p_value(0.0004), p_value(0.0312)
    ('< 0.001', '0.031')
    """
    if value is None:
        return without
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
