"""Four real streams through `driftduel experiment`: the full table of arms for each, and what a user should conclude.

`streams/NAME.toml` says what is asked, `streams/NAME.txt` what is to be concluded. `python tests/evidence/streams.py`
runs the long form (about ten minutes a stream); what is there already in the work folder is not done again. Models are
Spark forests of 50 trees of depth 10 on the features that the contracts name: numbers only for the DNS data and elec.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "streams"
TRAINING = ("--algorithm", "random_forest", "--folds", "0", "--repeats", "1")


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
        raise SystemExit("The streams are in a folder of their own: set DRIFTDUEL_DATA to it")
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


def split_elec(folder: Path) -> None:
    """Write the first tenth and the rest of elec."""
    with gzip.open(filled("$DATA/elec.csv.gz"), "rt") as file:
        header, *lines = file.read().splitlines()
    tenth = len(lines) // 10
    for name, part in (("first-tenth", lines[:tenth]), ("rest", lines[tenth:])):
        (folder / f"{name}.csv").write_text("\n".join([header, *part, ""]))


def run(stream: Stream) -> dict[str, Any]:
    """Train, run the experiment, and read its tables."""
    folder = Path(folders()["$WORK"]) / stream.name
    folder.mkdir(parents=True, exist_ok=True)
    if stream.name == "elec":
        split_elec(folder)
    model, asked, out = folder / "model", folder / "experiment.toml", folder / "out"
    if not model.exists():
        driftduel("train", filled(stream.training), "--dataset", stream.contract, "--out", model, *TRAINING)
    asked.write_text(filled((HERE / f"{stream.name}.toml").read_text()))
    began = time.monotonic()
    driftduel("experiment", asked, "--out", out, "--processes", 1)
    summary = next(iter(json.loads((out / "summary.json").read_text())["runs"].values()))
    with (out / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {"seconds": time.monotonic() - began, "rows": rows, **kept(summary)}


def kept(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What of a run's summary goes into the evidence."""
    return {
        "windows": summary["windows"],
        "records": summary["records"],
        "verdicts": summary["verdicts"],
        "notes": summary["notes"],
        "summary": summary,
    }


if __name__ == "__main__":
    for one in STREAMS:
        if one.name in sys.argv[1:]:
            run(one)
