"""What is to be shown: each claim with what was asked, and the module that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import evidence_tables as tables
from evidence_tables import Result, Table


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim.

    Attributes:
        number: of the claim, or of several.
        title: in words.
        module: of this folder, whose `main(full)` shows it.
        asked: in words.
        tables: from what `main` returned.
        sentence: what was measured, and whether that is what was asked.
    """

    number: str
    title: str
    module: str
    asked: str
    tables: Callable[[Result], Iterable[Table]]
    sentence: Callable[[Result], str]


CLAIMS = (
    Claim(
        "1 and 4",
        "The default detector: false alarms and delays",
        "ss_sr",
        "enumeration E[e] <= 1; at most 1 false episode in 1,000 drift-free windows at 2 % and 18 % errors (exact "
        "Poisson bound); abrupt changes of 10 points found within 2 windows in at least 95 of 100.",
        tables.ss_sr_tables,
        tables.ss_sr_sentence,
    ),
    Claim(
        "2",
        "A/A duels: equals are seldom told apart",
        "aa",
        "two arms on independent bootstraps; claimed in at most 25 of 200 duels where both retrain every window.",
        tables.aa_tables,
        tables.aa_sentence,
    ),
    Claim(
        "3",
        "Power: what there is is found",
        "power",
        "a gain of 10 points in 5 of 100 windows is found in at least 80 % of 100 duels; the printed smallest "
        "detectable difference has power 0.8 within its error.",
        tables.power_tables,
        tables.power_sentence,
    ),
    Claim(
        "4",
        "Recovery after planted drift",
        "recovery",
        "the default arm recovers at least 90 % of the oracle's gain after an abrupt drift of 10 points or more, and "
        "at least 80 % where it grows over 20 windows.",
        tables.recovery_tables,
        tables.recovery_sentence,
    ),
    Claim(
        "5 and 6",
        "Four real streams, and the classical exercise",
        "streams",
        "the full table of arms for each, and what a user should conclude.",
        tables.streams_tables,
        tables.streams_sentence,
    ),
    Claim(
        "7",
        "What many arms cost",
        "costs",
        "forty arms over ten models at most 3 times those ten; a new arm costs only itself; under 1.5 GB; the loss "
        "matrix of 140 windows under 3 minutes on 2 cores.",
        tables.costs_tables,
        tables.costs_sentence,
    ),
    Claim(
        "8",
        "Agreement with CapyMOA and river",
        "agreement",
        "prequential, windowed and fading values equal CapyMOA's on the same predictions; detectors equal river's "
        "alarm by alarm.",
        tables.agreement_tables,
        tables.agreement_sentence,
    ),
)
