"""Do windows' error counts scatter as a constant error rate would have it? The default detector relies on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

LEVEL = 0.01
"""The warning's p-value: without overdispersion it stands in one of 100 reports."""


@dataclass(frozen=True, slots=True)
class Dispersion:
    """How window error counts scatter around their stretch's rate.

    Attributes:
        index: their variance over the binomial one; about 1 where records are exchangeable.
        degrees: of freedom: windows minus stretches.
        p_value: of as much or more, by chi-squared (approximate: too small a p-value where fewer than one error is
            expected in a window).
    """

    index: float
    degrees: int
    p_value: float

    @property
    def excessive(self) -> bool:
        """Whether it must be warned of."""
        return self.p_value < LEVEL


def dispersion(errors: Numbers, records: Numbers, stretches: Numbers) -> Dispersion | None:
    """The dispersion index of window error counts, or None where no stretch has two windows and an error.

    Args:
        errors: int[n], how many of each window's records were wrong.
        records: int[n], how many labelled records it has.
        stretches: int[n], equal for windows within which one rate is expected: the same model, no change dated in
            between. A negative number leaves a window out.

    The trap: a change of the stream that nobody dated within a stretch is overdispersion, too.

    >>> rng = np.random.default_rng(3)
    >>> found = dispersion(rng.binomial(1000, 0.1, 200), np.full(200, 1000), np.repeat([0, 1], 100))
    >>> round(found.index, 2), found.degrees, found.excessive
    (0.91, 198, False)
    """
    from scipy.special import chdtrc

    statistic, degrees = 0.0, 0
    for stretch in np.unique(stretches[(stretches >= 0) & (records > 0)]):
        here = (stretches == stretch) & (records > 0)
        rate = errors[here].sum() / records[here].sum()
        if here.sum() > 1 and 0 < rate < 1:
            expected = records[here] * rate
            statistic += float(((errors[here] - expected) ** 2 / (expected * (1 - rate))).sum())
            degrees += int(here.sum()) - 1
    return Dispersion(statistic / degrees, degrees, float(chdtrc(degrees, statistic))) if degrees else None


def warning(arm: str, found: Dispersion) -> str:
    """What an excessive index means for the arm's alarms; the numbers were simulated for SS-SR with c = 1443."""
    return (
        f"Windows scatter more than a constant error rate allows: of '{arm}' the dispersion index is "
        f"{found.index:.2f} (1 is expected; p = {found.p_value:.2g}). Overdispersed windows break the default "
        "detector's budget of false alarms: a variance factor of 1.25 gives 1.1 false episodes per 1,000 windows, "
        f"2 gives 6.6. Dividing its z by the root of the index, {found.index**0.5:.2f}, restores it. A change that "
        "no alarm has dated looks the same."
    )
