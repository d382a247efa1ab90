"""Four real streams through `driftduel experiment`: the full table of arms for each, and what a user should conclude.

`streams/NAME.toml` says what is asked, `streams/NAME.txt` what is to be concluded. `python tests/evidence/streams.py`
runs the long form (about ten minutes a stream); what is there already in the work folder is not done again. Models are
Spark forests of 50 trees of depth 10 on the features that the contracts name: numbers only for the DNS data and elec.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from planted_streams import CONTRACT, forest_of

from analysis.inference.compare import no_change
from producer.errors import UsageError
from producer.files import read_lines
from static_model.artifact import save_model

HERE = Path(__file__).parent / "streams"
SHORT_ROWS, SHORT_WINDOWS = 20_000, 15
TRAINING = ("--algorithm", "random_forest", "--folds", "0", "--repeats", "1")
MODELS: Mapping[str, tuple[str, ...]] = {"model": (), "model-held-out": ("--no-refit",)}
"""Starting models: as `train` makes them, in the end fitted on all rows; and one that keeps held-out rows unseen."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream: its name, the contract, and the file that the starting model is trained on."""

    name: str
    contract: str
    training: str


STREAMS = (
    Stream("control", "dns-exfil", "$DATA/dns_exf_static.csv.gz"),
    Stream("tunnels", "dns-exfil", "$DATA/dns_tunnels_static.csv.gz"),
    Stream("elec", str(HERE / "elec-contract.toml"), "$WORK/elec/first-tenth.csv"),
    Stream("nsl-kdd", "nsl-kdd", "$DATA/nslkdd_train20.csv.gz"),
)


def folders() -> dict[str, str]:
    """What the placeholders stand for."""
    data = os.environ.get("DRIFTDUEL_DATA")
    if not data:
        raise UsageError("the real streams are nowhere: set DRIFTDUEL_DATA to the folder with the data sets")
    return {"$DATA": data, "$WORK": str(Path(os.environ.get("DRIFTDUEL_EVIDENCE", ".evidence")).resolve())}


def filled(text: str) -> str:
    """A text with its placeholders filled in."""
    for name, folder in folders().items():
        text = text.replace(name, folder)
    return text


def driftduel(*arguments: object) -> str:
    """Run the command as a user would."""
    command = [sys.executable, "-m", "driftduel", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def elec_lines() -> tuple[str, list[str]]:
    """The header of elec and its rows."""
    with gzip.open(filled("$DATA/elec.csv.gz"), "rt") as file:
        header, *lines = file.read().splitlines()
    return header, lines


def split_elec(folder: Path) -> None:
    """Write the first tenth and the rest of elec."""
    header, lines = elec_lines()
    tenth = len(lines) // 10
    for name, part in (("first-tenth", lines[:tenth]), ("rest", lines[tenth:])):
        (folder / f"{name}.csv").write_text("\n".join([header, *part, ""]))


def whole_elec() -> Iterator[dict[str, Any]]:
    """The row of the no-change classifier on all of elec, the figure that the literature quotes."""
    labels = np.array([line[-1] == "1" for line in elec_lines()[1]], dtype=np.int8)
    yield {"arm": "(no-change, first tenth included)", "accuracy": float((no_change(labels) == labels).mean())}


def run(stream: Stream) -> Iterator[tuple[str, dict[str, Any]]]:
    """Train, run the experiment, and read what it says of each of its streams."""
    folder = Path(folders()["$WORK"]) / stream.name
    folder.mkdir(parents=True, exist_ok=True)
    if stream.name == "elec":
        split_elec(folder)
    asked, out = folder / "experiment.toml", folder / "out"
    asked.write_text(filled((HERE / f"{stream.name}.toml").read_text()))
    for model, options in MODELS.items():
        if f'/{model}"' in asked.read_text() and not (folder / model).exists():
            train = ("train", filled(stream.training), "--dataset", stream.contract, "--out", folder / model)
            driftduel(*train, *TRAINING, *options)
    driftduel("experiment", asked, "--out", out, "--processes", 1)
    about = (HERE / f"{stream.name}.toml").read_text().partition("\n")[0].removeprefix("# ")
    for name, summary in json.loads((out / "summary.json").read_text())["runs"].items():
        shown = {"about": about, "windows": summary["windows"], "records": summary["records"]}
        more = whole_elec() if stream.name == "elec" else ()
        yield name.partition("/")[0], {**shown, "table": [*table(summary), *more]}


def table(summary: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each arm, for the baselines without a model, and for the oracles, where a retrain costs nothing."""
    for arm, found in summary["arms"].items():
        estimate = summary["comparisons"].get(arm, {}).get("estimate") or {}
        beside = summary["hindsight"]["arms"].get(arm, {})
        cost = found["cost"]
        yield {
            "arm": arm,
            "accuracy": found["metrics"]["accuracy"],
            "saved per 100": estimate.get("difference"),
            **{end: estimate.get(end) for end in ("low", "high")},
            **{what: cost[what] for what in ("alarms", "fits", "rows", "promoted")},
            "share of the oracle's gain": beside["regret"][0]["share"] if "regret" in beside else None,
            "percentile among random schedules": (beside.get("random") or {}).get("percentile"),
        }
    for name, found in summary["baselines"].items():
        yield {"arm": f"({name})", "accuracy": found["metrics"]["accuracy"]}
    for name, paths in summary["hindsight"]["tables"].items():
        best = paths["oracle"][0]
        gains = (100 * best[what] / summary["labelled"] for what in ("gain", "low", "high"))
        saved = dict(zip(("saved per 100", "low", "high"), gains, strict=True))
        accuracy = 1 - best["errors"] / summary["labelled"]
        refitted = ", refit" if paths["learner"].get("refit_features") else ""
        yield {
            "arm": f"(oracle, {name.partition(',')[0]}{refitted})",
            "accuracy": accuracy,
            **saved,
            "fits": best["retrains"],
        }


def conclusion(name: str, shown: Mapping[str, Any]) -> str:
    """`streams/NAME.txt` with its numbers: `{arm[column]}`, a hyphen in either written as `_`."""
    rows = {row["arm"].strip("()").replace("-", "_"): row for row in shown["table"]}
    text = (HERE / f"{name}.txt").read_text().strip()
    return text.format(**rows, windows=shown["windows"], records=shown["records"])


def short(folder: Path) -> dict[str, Any]:
    """The control's first windows, two of its arms, and a small forest that needs no Spark; as `run` has it."""
    lines = list(islice(read_lines(Path(filled("$DATA/dns_exf_static.csv.gz")), CONTRACT), SHORT_ROWS))
    save_model(forest_of(lines, trees=20, depth=10), folder / "model")
    asked = tomllib.loads(filled((HERE / "control.toml").read_text()))
    arms = [arm for arm in asked["arm"] if arm["name"] in ("dynamic", "threshold")]
    parts = {"model": str(folder / "model"), "training": [], "max_windows": SHORT_WINDOWS, "arm": arms}
    (folder / "experiment.toml").write_text(
        tomli_w.dumps({**asked, **parts, "baselines": {"training_sets": ["last-1"]}})
    )
    driftduel("experiment", folder / "experiment.toml", "--out", folder / "out", "--processes", 1)
    summary = json.loads((folder / "out" / "summary.json").read_text())["runs"]["control/seed-0"]
    return {"windows": summary["windows"], "records": summary["records"], "table": list(table(summary))}


def main(full: bool) -> dict[str, Any]:
    """Run all streams (what is done already isn't done again), or the short form of the control.

    Returns:
        `streams`: by name what it is, how long, its table, and what is to be concluded.
    """
    if not full:
        with tempfile.TemporaryDirectory() as folder:
            return {"streams": {"control": short(Path(folder))}}
    found = dict(result for stream in STREAMS for result in run(stream))
    return {"streams": {name: {**shown, "conclusion": conclusion(name, shown)} for name, shown in found.items()}}


if __name__ == "__main__":
    for stream in STREAMS:
        if stream.name in sys.argv[1:]:
            print(json.dumps(dict(run(stream)), indent=1))
