"""KSWIN, as river has it."""

from __future__ import annotations

import warnings
from collections import deque
from functools import cache, lru_cache
from random import Random
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from .by_record import ByRecord

Steps = tuple[tuple[int, int], ...]


class Kswin(ByRecord):
    """Kolmogorov-Smirnov between the latest losses and a sample of those before (Raab et al., Neurocomputing 2020).

    Gives no warnings. Two-sided. The trap: it compares 30 losses with 30, so that rises of the error rate by 10 points
    are seldom found, however long they last. The sample is drawn by `seed`, so that a run can be repeated.

    Eats losses of any size. Cost: some 10 ms per window of 1,000 losses that are 0 or 1, as their tests are remembered;
    320 ms where losses take many values, dearer than all else in the loop. State: `window_size` losses.
    """

    kind: Literal["kswin"] = "kswin"
    alpha: float = Field(default=0.005, gt=0, lt=1)
    window_size: int = Field(default=100, ge=1)
    stat_size: int = Field(default=30, ge=1)
    seed: int = 0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if 2 * self.stat_size > self.window_size:
            raise ValueError(
                f"window_size={self.window_size} is too small for two samples of stat_size={self.stat_size}"
            )
        return self

    def fresh(self) -> Any:
        """River's own object with these parameters, that makes no test twice."""
        return _remembering()(**self.model_dump(exclude={"kind"}))


@cache
def _remembering() -> Any:
    from river.drift import KSWIN

    class Remembering(KSWIN):  # type: ignore[misc]
        """River's, word by word, but for the test: two samples of 0/1 losses are soon the same as two before."""

        window: deque[float]

        def update(self, x: float) -> None:
            """Take in one loss."""
            if self.drift_detected:
                self._reset()
            self.n += 1
            self.window.append(x)
            self._drift_detected = False
            if len(self.window) < self.window_size:
                return
            values, older = list(self.window), self.window_size - self.stat_size
            drawn = _draw(self._rng, values[:older], self.stat_size)
            statistic, self.p_value = _test(tuple(sorted(drawn)), tuple(sorted(values[older:])))
            if self.p_value <= self.alpha and statistic > 0.1:
                self._drift_detected = True
                self.window = deque(values[older:], maxlen=self.window_size)

    return Remembering


def _draw(rng: Random, values: list[float], size: int) -> list[float]:
    """What `rng.sample(values, size)` draws, by the same random bits, in half its time, which is most of KSWIN's."""
    steps = _steps(len(values), size)
    return rng.sample(values, size) if steps is None else _pick(rng, values, steps)


def _pick(rng: Random, values: list[float], steps: Steps) -> list[float]:
    """Draws without putting back: the place of each is taken by the last of those that are left."""
    bits, drawn = rng.getrandbits, []
    for left, length in steps:
        while (place := bits(length)) >= left:
            pass
        drawn.append(values[place])
        values[place] = values[left - 1]
    return drawn


@cache
def _steps(values: int, size: int) -> Steps | None:
    """For each draw how many values are left, and how many bits such a number has.

    None where `sample` draws in another way: a few of many, or in a Python that has changed it.
    """
    steps = tuple((left, left.bit_length()) for left in range(values, values - size, -1))
    ours, theirs = Random(0), Random(0)  # noqa: S311 - as river draws
    numbers = [float(number) for number in range(values)]
    alike = all(_pick(ours, numbers.copy(), steps) == theirs.sample(numbers, size) for _ in range(10))
    return steps if alike else None


@lru_cache(maxsize=4096)
def _test(drawn: tuple[float, ...], recent: tuple[float, ...]) -> tuple[float, float]:
    """Statistic and p-value of the Kolmogorov-Smirnov test, which sorts its samples first."""
    from scipy.stats import ks_2samp

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=RuntimeWarning)  # where it can't count exactly, it says so
        found = ks_2samp(drawn, recent, method="auto")
    return float(found.statistic), float(found.pvalue)
