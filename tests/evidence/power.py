"""Power: what the intervals find when there is something to find, and whether the printed detectable difference is met.

`python tests/evidence/power.py` runs the long form and prints its tables; the tests run the short one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.inference.blocks import more_of_the_same
from analysis.inference.compare import pooled_difference
from analysis.inference.power import POWER, Discordance, discordance, smallest_detectable

Differences = npt.NDArray[np.float64]
WINDOWS, DISCORDANT = 140, 0.06


@dataclass(frozen=True, slots=True)
class Form:
    """How much is simulated: records in a window, duels with a gain in few windows, and duels at the difference."""

    window: int
    gains: int
    duels: int


FULL, SHORT = Form(window=1000, gains=100, duels=400), Form(window=200, gains=40, duels=100)


def signs(
    rng: np.random.Generator, gain: Differences, size: int, *, sticky: float = 0.0, memory: float = 0.0
) -> Differences:
    """Paired differences of records, float64[n, size]: -1, 0 or 1, discordant in 6 of 100, `gain[w]` on average.

    `sticky` is the probability that a record repeats the difference of its predecessor. With `memory` the mean of a
    window follows an AR(1) around its gain, with this correlation and as much variance as its records bring.
    """
    if memory:
        shift = rng.standard_normal(len(gain))
        for window in range(1, len(gain)):
            shift[window] = memory * shift[window - 1] + math.sqrt(1 - memory**2) * shift[window]
        gain = gain + shift * math.sqrt(DISCORDANT / size)
    draws = rng.random((len(gain), size))
    better = (DISCORDANT + gain[:, None]) / 2
    found = np.where(draws < better, 1.0, np.where(draws < DISCORDANT, -1.0, 0.0))
    repeats = rng.random((len(gain), size)) < sticky
    repeats[:, 0] = False
    kept = np.maximum.accumulate(np.where(repeats, 0, np.arange(size)), axis=1)
    return np.take_along_axis(found, kept, axis=1)


def few_windows(form: Form) -> dict[str, Any]:
    """A gain of 10 points in 5 of 100 windows: how often it is found on this stream, and for more of the same."""
    rng = np.random.default_rng(1)
    found = foretold = 0
    models = [f"m{window}" for window in range(100)]
    for _ in range(form.gains):
        differences = signs(rng, np.zeros(100), form.window)
        start = int(rng.integers(0, 96))
        gained = rng.random((5, form.window)) < 0.1
        differences[start : start + 5] = np.where(gained, 1.0, differences[start : start + 5])
        found += pooled_difference(list(differences)).low > 0
        foretold += more_of_the_same(list(differences), models, ["static"] * 100).finding == "better"
    return {"duels": form.gains, "found": int(found), "foretold": foretold}


def never_and_always(differences: Differences) -> Discordance:
    """Never against always, from records' differences of these two."""
    return discordance(list(differences > 0), list(differences < 0))


def at_the_difference(form: Form, *, first: int = 0, more: bool = False, **dependence: float) -> dict[str, Any]:
    """The share of duels in which a true gain of the printed size, from window `first` on, is found.

    The discordance of never and always is measured for each duel on a stream of its own, as a user would have it.
    """
    rng = np.random.default_rng((2, first, len(dependence), more))
    models = ["static"] * first + [f"m{window}" for window in range(first, WINDOWS)]
    found, printed = 0, []
    for _ in range(form.duels):
        noise = never_and_always(signs(rng, np.zeros(WINDOWS), form.window, **dependence))
        size = smallest_detectable(noise, first=first, units=8 if more else None)
        gain = np.where(np.arange(WINDOWS) < first, 0.0, size / 100)
        differences = signs(rng, gain, form.window, **dependence)
        differences[:first] = 0.0  # the arm is the reference until then
        printed.append(size)
        if more:
            found += more_of_the_same(list(differences), models, ["static"] * WINDOWS).finding == "better"
        else:
            found += pooled_difference(list(differences)).low > 0
    power = int(found) / form.duels
    return {"printed": float(np.mean(printed)), "power": power, "error": math.sqrt(POWER * (1 - POWER) / form.duels)}


SETTINGS = {
    "this stream": {},
    "this stream, first new model in window 105 of 140": {"first": 105},
    "this stream, a record repeats its predecessor's difference in 30 %": {"sticky": 0.3},
    "more of the same, 8 blocks": {"more": True},
    "more of the same, windows follow an AR(1) with 0.6": {"more": True, "memory": 0.6},
    "more of the same, first new model in window 60 of 140": {"more": True, "first": 60},
}


def main(full: bool) -> dict[str, Any]:
    """Run and print the simulations.

    Returns:
        `few_windows`: of how many duels, how many were found, and how many foretold for more of the stream.
        `settings`: by name, the mean printed difference, its power, and the power's standard error.
    """
    form = FULL if full else SHORT
    gains = few_windows(form)
    print(
        f"A gain of 10 points in 5 of 100 windows: found on this stream in {gains['found']} of {gains['duels']} duels, "
        f"claimed for more of the same stream (where it may not come again) in {gains['foretold']}.\n"
    )
    print("| detectable difference, 140 windows, 6 % discordant | printed, points | its power |")
    print("| --- | --- | --- |")
    settings = {}
    for name, options in SETTINGS.items():
        row = settings[name] = at_the_difference(form, **options)
        print(f"| {name} | {row['printed']:.3f} | {row['power']:.3f} +- {row['error']:.3f} |", flush=True)
    return {"few_windows": gains, "settings": settings}


if __name__ == "__main__":
    main(full=True)
