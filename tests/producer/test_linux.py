"""The synthetic Linux telemetry: its bytes, its columns, its shares."""

from __future__ import annotations

import csv
import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from driftduel import cli
from producer import linux_memory, linux_process
from producer.dataset import load_dataset
from producer.linux_attacks import ATTACKS
from producer.output import truth_path
from producer.recipe import Drift, Recipe, usual_attack_share
from producer.synthetic import records_of, write

NAMES = ("linux-process", "linux-memory")
PINNED = {
    "linux-process": "4cd58d5d1b8db6564f4bad8d68a8d71d2abc5e8b2dae15cc1597a03fb4a3ea7c",
    "linux-memory": "b0c1bdebf81a832af6a1ecadaefb5b387b1637442ebdb43643ae840d6a5fcbc4",
}
SHAPES = {
    "linux-process": (linux_process.COLUMNS, linux_process.LAYOUT),
    "linux-memory": (linux_memory.COLUMNS, linux_memory.LAYOUT),
}


@cache
def lines(recipe: Recipe) -> tuple[str, ...]:
    return tuple(line for block, _ in records_of(recipe) for line in block)


def recipe_of(name: str, records: int, seed: int, drifts: tuple[Drift, ...] = (), share: float = 0.1) -> Recipe:
    return Recipe(records, seed, attack_share=share, drifts=drifts, dataset=name)


@cache
def rows(recipe: Recipe) -> list[dict[str, str]]:
    return list(csv.DictReader(lines(recipe), fieldnames=load_dataset(recipe.dataset).names))


# --- bytes


@pytest.mark.parametrize("name", NAMES)
def test_bytes_are_pinned(name: str, tmp_path: Path) -> None:
    """The same recipe gives these bytes on any machine; a changed digest changes everybody's streams."""
    drifts = (Drift("encoding", 1000, 1000), Drift("mix", 2000, 4000), Drift("prior", 4500, 4500))
    written = write(recipe_of(name, 9000, 7, drifts), tmp_path / "stream.csv")
    assert written.sha256 == PINNED[name]
    assert written.sha256 == write(recipe_of(name, 9000, 7, drifts), tmp_path / "again.csv").sha256


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 95, 7680, 8320, 8321])
def test_a_longer_stream_begins_with_the_shorter(name: str, size: int) -> None:
    """How many records are asked for doesn't change the records, within a block and across blocks."""
    assert lines(recipe_of(name, size, 5)) == lines(recipe_of(name, 17_000, 5))[:size]


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_is_another_stream(name: str) -> None:
    """Seeds don't share records: not even their days are the same."""
    first, second = (lines(recipe_of(name, 2000, seed)) for seed in (1, 2))
    assert set() == set(first) & set(second)


@pytest.mark.parametrize("name", NAMES)
def test_columns_are_those_of_the_contract(name: str) -> None:
    """The generator and the preset agree on names and order, and every block holds whole looks."""
    columns, layout = SHAPES[name]
    assert load_dataset(name).names == columns
    assert layout.block % layout.per_look == 0


@pytest.mark.parametrize("name", NAMES)
def test_it_says_that_it_is_synthetic(name: str, tmp_path: Path) -> None:
    """Sidecar and summary say it, so that nobody takes the records for the public capture; the share is the usual."""
    out = tmp_path / "stream.csv"
    result = CliRunner().invoke(cli, ["generate", name, "--records", "10", "--out", str(out)], catch_exceptions=False)
    truth = json.loads(truth_path(out).read_text("utf-8"))
    note = "synthetic, with the columns and the dirt of TON_IoT's telemetry; no labelled capture is among it"
    assert (note, 0.1) == (truth["synthetic"], truth["attack_share"])
    assert f"({note})" in result.stdout


# --- classes


@pytest.mark.parametrize("name", NAMES)
def test_all_five_kinds_attack(name: str) -> None:
    """Each kind has its share of the attacks, and `type` says `normal` where there is none."""
    found = Counter((row["type"], row["attack"]) for row in rows(recipe_of(name, 40_000, 3)))
    assert {*((kind, "1") for kind in ATTACKS), ("normal", "0")} == set(found)
    assert min(found.values()) > 300


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
def test_the_attack_share_is_what_was_asked_for(name: str, share: float) -> None:
    """Bursts don't move the share of attacks, which is 0.1 unless asked."""
    labels = [line.split(",")[-2] for line in lines(recipe_of(name, 40_000, 2, share=share))]
    assert labels.count("1") / len(labels) == pytest.approx(share, abs=0.01)
    assert usual_attack_share(name) == 0.1


@pytest.mark.parametrize("name", NAMES)
def test_a_prior_drift_halves_the_attacks_and_the_next_restores_them(name: str) -> None:
    """The share goes from 0.2 to 0.1 and back."""
    era = 3 * SHAPES[name][1].block
    drifts = (Drift("prior", era, era), Drift("prior", 2 * era, 2 * era))
    attacks = [line.split(",")[-2] == "1" for line in lines(recipe_of(name, 3 * era, 2, drifts, share=0.2))]
    shares = [sum(attacks[first : first + era]) / era for first in (0, era, 2 * era)]
    assert shares == pytest.approx([0.2, 0.1, 0.2], abs=0.01)
