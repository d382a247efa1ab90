"""SS-SR: its validity by enumeration, its false alarms and delays by simulation, river's detectors beside it.

`python tests/evidence/ss_sr.py` runs the long form (some minutes) and prints its tables; the tests run the short one.
Every detector sees the same streams of losses in windows of 1,000 records. An alarm is an episode: the detector then
starts anew, with all records up to the alarm as its pool.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
from scipy.stats import chi2

from online.detectors.ss_sr import SHIFTS, _normal_score
from online.interfaces import Detector, Losses, Outcome, Pool, Situation
from online.policies.drift import Drift
from online.registry import build

WINDOW, HELD_OUT, CALM, LONGEST = 1000, 5000, 60, 100
RATES = (0.02, 0.18)
RISES: Mapping[str, tuple[float, int]] = {
    "+1 pp": (0.01, 1),
    "+2 pp": (0.02, 1),
    "+5 pp": (0.05, 1),
    "+10 pp": (0.10, 1),
    "+20 pp": (0.20, 1),
    "5 pp over 20": (0.05, 20),
}
"""By how much the error rate rises, and within how many windows."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much of a detector is simulated: drift-free windows in streams of that length, and streams with a change.

    Such a stream has `calm` windows before the change and at most `longest` after it.
    """

    windows: int
    stream: int
    streams: int
    calm: int = CALM
    longest: int = LONGEST


ENOUGH, DEAR, DEAREST = Effort(20_000, 1000, 40), Effort(2000, 1000, 10), Effort(100, 20, 2, calm=3, longest=8)
FULL = {
    "ss-sr": Effort(20_000, 1000, 200),
    **dict.fromkeys(("adwin", "ddm", "eddm", "page-hinkley"), ENOUGH),
    **dict.fromkeys(("hddm-a", "hddm-w"), DEAR),
    "kswin": DEAREST,
}
"""HDDM and KSWIN are thinned, as they are dear: KSWIN takes 0.3 s per window."""
SHORT = {"ss-sr": Effort(20_000, 1000, 40), "adwin": Effort(200, 100, 3)}


def largest_expectation() -> float:
    """Of the factor that a window contributes for any shift, given the number of all errors, over small pools.

    Exact: every way to place the errors is counted. Validity asks for at most 1.
    """
    largest = 0.0
    for pool, draws in ((0, 8), (5, 8), (12, 8), (40, 12), (200, 20)):
        for total in range(pool + draws + 1):
            factors = np.zeros(len(SHIFTS))
            for errors in range(max(0, total - pool), min(draws, total) + 1):
                ways = comb(total, errors) * comb(pool + draws - total, draws - errors) / comb(pool + draws, draws)
                score = _normal_score(Pool(pool, total - errors), draws, errors)
                factors += ways * np.exp(np.array(SHIFTS) * score - np.array(SHIFTS) ** 2 / 2)
            largest = max(largest, float(factors.max()))
    return largest


def episodes(detector: Detector, windows: Iterator[Losses], pool: Pool) -> Iterator[bool]:
    """Whether each window raised an alarm; after one the detector starts anew."""
    for losses in windows:
        detector.update(losses)
        pool = Pool(pool.records + len(losses), pool.errors + int(losses.sum()))
        alarm = detector.drift
        yield alarm
        if alarm:
            detector.reset(pool)


def start(kind: str, rate: float, rng: np.random.Generator) -> tuple[Detector, Pool]:
    """A detector that knows a model of that error rate by its held-out records."""
    pool = Pool(HELD_OUT, int(rng.binomial(HELD_OUT, rate)))
    return build("detector", kind).begin(pool), pool


def false_alarms(kind: str, effort: Effort) -> Iterator[dict[str, Any]]:
    """False episodes in drift-free windows, and the exact upper 95 % bound (Poisson) of their number in 1,000."""
    for rate in RATES:
        found = 0
        for stream in range(effort.windows // effort.stream):
            rng = np.random.default_rng([1, stream, int(rate * 1000)])
            detector, pool = start(kind, rate, rng)
            windows = ((rng.random(WINDOW) < rate).astype(float) for _ in range(effort.stream))
            found += sum(episodes(detector, windows, pool))
        bound = float(chi2.isf(0.05, 2 * (found + 1))) / 2
        per_thousand = {"per_1000": 1000 * found / effort.windows, "at_most": 1000 * bound / effort.windows}
        yield {"detector": kind, "rate": rate, "windows": effort.windows, "episodes": found, **per_thousand}


def delays(kind: str, effort: Effort) -> Iterator[dict[str, Any]]:
    """Windows from the change to the first alarm: median and 90th percentile; unfound ones count as the longest."""
    for rate in RATES:
        for name, (rise, over) in RISES.items():
            found = [delay(kind, rate, rise, over, effort=effort, stream=k) for k in range(effort.streams)]
            median, late = np.quantile(found, [0.5, 0.9], method="inverted_cdf")
            numbers = {"streams": effort.streams, "median": int(median), "p90": int(late)}
            yield {"detector": kind, "rate": rate, "rise": name, **numbers}


def delay(kind: str, rate: float, rise: float, over: int, *, effort: Effort, stream: int) -> int:
    """How many windows of the change passed until the alarm, the window of the alarm included."""
    rng = np.random.default_rng([2, stream, int(rate * 1000), int(rise * 1000), over])
    detector, pool = start(kind, rate, rng)
    ramp = np.minimum(np.arange(1, effort.longest + 1) / over, 1) * rise
    levels = np.concatenate([np.full(effort.calm, rate), rate + ramp])
    windows = ((rng.random(WINDOW) < level).astype(float) for level in levels)
    for window, alarm in enumerate(episodes(detector, windows, pool)):
        if alarm and window >= effort.calm:
            return window - effort.calm + 1
    return effort.longest


def abrupt(seeds: int = 100) -> Iterator[dict[str, Any]]:
    """How many of so many abrupt changes the default policy finds within two windows, that is 2,000 records.

    The change comes at any record of windows 30 to 89, so that most lie inside a window.
    """
    for rate in RATES:
        for rise in (0.10, 0.20):
            found = sum(found_in_time(rate, rise, seed) for seed in range(seeds))
            yield {"rate": rate, "rise": f"+{100 * rise:.0f} pp", "seeds": seeds, "found": found}


def found_in_time(rate: float, rise: float, seed: int) -> bool:
    """Whether the policy's first alarm is at the end of the window of the change, or of the next one."""
    rng = np.random.default_rng([3, seed, int(rate * 1000), int(rise * 1000)])
    change = int(rng.integers(30 * WINDOW, 90 * WINDOW))
    policy = Drift().begin(Pool(HELD_OUT, int(rng.binomial(HELD_OUT, rate))))
    for window in range(change // WINDOW + 2):
        level = np.where(np.arange(window * WINDOW, (window + 1) * WINDOW) < change, rate, rate + rise)
        losses = (rng.random(WINDOW) < level).astype(float)
        outcome = Outcome(window, np.zeros(WINDOW, np.int8), losses, losses, 0.5)
        if policy.step(Situation(outcome)):
            return window >= change // WINDOW
    return False


def main(full: bool) -> dict[str, Any]:
    """Everything that is to be shown about SS-SR."""
    efforts = FULL if full else SHORT
    return {
        "largest_expectation": largest_expectation(),
        "false_alarms": [row for kind, effort in efforts.items() for row in false_alarms(kind, effort)],
        "delays": [row for kind, effort in efforts.items() for row in delays(kind, effort)],
        "abrupt": list(abrupt()),
    }


if __name__ == "__main__":
    shown = main(full=True)
    print(f"largest expectation of a window's factor: {shown['largest_expectation']:.6f}")
    for table in ("false_alarms", "delays", "abrupt"):
        print(f"\n{table}: {', '.join(shown[table][0])}")
        for row in shown[table]:
            print(", ".join(f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()))
