"""How each module's result becomes tables, and a sentence that says what was measured and whether it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Result = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, rows, and perhaps a title."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    title: str = ""


def met(reached: bool) -> str:
    """The verdict."""
    return "**Met**" if reached else "**Not met**"


def columns_of(rows: Sequence[Mapping[str, Any]], title: str = "") -> Table:
    """A table of dicts with the same keys."""
    return Table(list(rows[0]), [list(row.values()) for row in rows], title)


def ss_sr_tables(result: Result) -> Iterable[Table]:
    """False episodes, delays, and abrupt changes found in time."""
    yield columns_of(result["false_alarms"], "False episodes on drift-free windows of 1,000 records:")
    yield columns_of(result["delays"], "Delays in windows, from the change to the first alarm:")
    yield columns_of(result["abrupt"], "Abrupt changes found within 2 windows:")


def ss_sr_sentence(result: Result) -> str:
    """False alarms and enumeration of claim 1, and the first half of claim 4."""
    mine = [row for row in result["false_alarms"] if row["detector"] == "ss-sr"]
    worst = max(row["at_most"] for row in mine)
    fewest = min(row["found"] / row["seeds"] for row in result["abrupt"])
    largest = result["largest_expectation"]
    return (
        f"{met(largest <= 1 + 1e-9)}: the largest expectation of a window's factor is {largest:.9f}. "
        f"{met(worst <= 1)}: SS-SR's false episodes are at most {worst:.2f} in 1,000 windows at 95 %. "
        f"{met(fewest >= 0.95)}: of abrupt changes at least {fewest:.0%} are found within 2 windows."
    )


def aa_tables(result: Result) -> Iterable[Table]:
    """The share of duels in which something was claimed."""
    columns = ("windows", "retrained every", "duels", "claimed", "of the first 200", "refused", "HAC claims", "policy")
    yield Table(
        columns,
        [
            (
                row["windows"],
                row["every"],
                row["duels"],
                row["claimed"] / row["duels"],
                row["claimed_of_first_200"],
                row["refused"] / row["duels"],
                row["hac"] / row["duels"],
                row["policy"],
            )
            for row in result["rows"]
        ],
    )


def aa_sentence(result: Result) -> str:
    """Claim 2."""
    each = [row["claimed_of_first_200"] for row in result["rows"] if row["every"] == 1]
    rest = [row["claimed"] / row["duels"] for row in result["rows"]]
    policy = max(row["policy"] for row in result["rows"])
    return (
        f"{met(max(each) <= 25)}: arms that retrain every window were told apart in {' and '.join(map(str, each))} of "
        f"the first 200 duels, by length; in all rows in at most {max(rest):.1%}. The test for claims about policies "
        f"claimed at most {policy:.1%} of the time."
    )


def power_tables(result: Result) -> Iterable[Table]:
    """The printed difference and its power."""
    yield Table(
        ("detectable difference, 140 windows, 6 % discordant", "printed, points", "its power", "standard error"),
        [(name, row["printed"], row["power"], row["error"]) for name, row in result["settings"].items()],
    )


def power_sentence(result: Result) -> str:
    """Claim 3."""
    gains = result["few_windows"]
    off = max(abs(row["power"] - 0.8) / row["error"] for row in result["settings"].values())
    return (
        f"{met(gains['found'] >= 0.8 * gains['duels'])}: the gain was found in {gains['found']} of {gains['duels']} "
        f"duels (and foretold for more of the stream in {gains['foretold']}). {met(off <= 3)}: the power at the "
        f"printed difference is within {off:.1f} standard errors of 0.8."
    )


def recovery_tables(result: Result) -> Iterable[Table]:
    """The share of the oracle's gain."""
    yield columns_of(result["rows"])


def recovery_sentence(result: Result) -> str:
    """Claim 4, second half."""
    rows = [row for row in result["rows"] if row["arm"] == "dynamic"]
    said = [
        f"{met(row['share'] >= row['asked'])}: {row['kind']}, {row['shape']}: {row['share']:.1%} of the gain of the "
        f"oracle over the last 20 windows in the {result['after']} windows from the drift's first on, "
        f"{row['worst']:.1%} in the worst of {row['duels']} duels."
        for row in rows
    ]
    why = (
        "More than 100 % is possible where a concept changed: the arm also trains on what came since the change alone, "
        "which the oracle over the last 20 windows can't; the oracle over the last window stands beside it."
    )
    return " ".join([*said, why])


SHOWN: Mapping[str, Callable[[Result], str]] = {
    "arm": lambda row: row["arm"],
    "accuracy": lambda row: f"{row['accuracy']:.4f}",
    "errors saved per 100": lambda row: _shown(row, "saved per 100", ".2f"),
    "95 % interval": lambda row: f"{row['low']:.2f} to {row['high']:.2f}" if row.get("low") is not None else "",
    "fits": lambda row: _shown(row, "fits", ","),
    "rows": lambda row: _shown(row, "rows", ","),
    "alarms": lambda row: _shown(row, "alarms", ","),
    "promoted": lambda row: _shown(row, "promoted", ","),
    "of the oracle's gain": lambda row: _shown(row, "share of the oracle's gain", ".1%"),
    "percentile among random schedules": lambda row: _shown(row, "percentile among random schedules", ".0f"),
}
"""The columns of a stream's table. README has the first six."""
COMPACT = 6


def _shown(row: Result, column: str, form: str) -> str:
    return "" if row.get(column) is None else format(row[column], form)


def stream_table(stream: Result, title: str, columns: int = len(SHOWN)) -> Table:
    """A stream's table, with so many of its columns."""
    chosen = list(SHOWN)[:columns]
    return Table(chosen, [[SHOWN[column](row) for column in chosen] for row in stream["table"]], title)


def streams_tables(result: Result) -> Iterable[Table]:
    """One table for each stream, and above it what it is and what is to be concluded."""
    for name, stream in result["streams"].items():
        length = f"{stream['windows']:,} windows, {stream['records']:,} records."
        yield stream_table(stream, f"### {name}\n\n{stream['about']}\n{length}\n\n{stream['conclusion']}")


def compact_tables(result: Result) -> Iterable[Table]:
    """The same in few columns."""
    return (stream_table(stream, f"{name}:", COMPACT) for name, stream in result["streams"].items())


def streams_sentence(result: Result) -> str:
    """Claim 6, on the control."""
    control = result["streams"]["control"]
    rows = {row["arm"]: row for row in control["table"]}
    classical, dynamic = rows["threshold"], rows["dynamic"]
    return (
        f"The classical exercise on the control retrained after {classical['fits']} of {control['windows']} windows, "
        f"on {classical['rows']:,} rows in all, and saved {classical['saved per 100']:.2f} errors per 100 records "
        f"({classical['low']:.2f} to {classical['high']:.2f}); the default arm retrained {dynamic['fits']} times. "
        "River's arms learn every record, which fits and rows don't count; oracles pay nothing for a retrain, and "
        "their fits are a mean of two paths; a percentile of 50 is no better than retraining as often at random."
    )


def costs_tables(result: Result) -> Iterable[Table]:
    """Lines as they were printed."""
    rows = [*result["arms"], [f"loss matrix of {result['windows']} windows, seconds", result["matrix_seconds"]]]
    yield Table(("what", "measured"), rows)


def costs_sentence(result: Result) -> str:
    """Claim 7."""
    seconds = result["matrix_seconds"]
    said = [f"{met(seconds <= 180)}: the loss matrix took {seconds:.0f} s on this machine."]
    if result["arms"]:
        many, _, memory = (float(value.split()[0].replace(",", "")) for _, value in result["arms"])
        said.append(f"{met(many <= 3)}: forty arms cost {many:.2f} times what their ten models do.")
        said.append(f"{met(memory < 1500)}: they take {memory:,.0f} MB at most.")
    return " ".join(said)


def agreement_tables(result: Result) -> Iterable[Table]:
    """Values and alarms."""
    yield columns_of(result["metrics"], "Beside CapyMOA's, in percent:")
    yield columns_of(result["detectors"], "Beside river's, record by record:")


def agreement_sentence(result: Result) -> str:
    """Claim 8."""
    largest = max(row["largest difference"] for row in result["metrics"])
    return (
        f"{met(largest < 1e-9)}: no value differs by more than {largest:.1g} percent. "
        f"{met(all(row['same'] for row in result['detectors']))}: every detector's alarms are river's. Kappas of a "
        "window with one class are undefined here, where MOA has numbers."
    )
