"""`driftduel train`, as a user calls it: what it prints, what it writes, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from analysis.train_command import train
from analysis.train_report import data_sentences
from producer.errors import ContractError, UsageError
from static_model.artifact import load_model

CONTRACT = """
name = "queries"
label = { positive = ["yes"], negative = ["no"], kind = "kind" }
columns = [
    { name = "size", type = "float" },
    { name = "word", type = "string", feature = false, note = "it names the tool" },
    { name = "kind", type = "string", feature = false },
    { name = "attack", type = "label" },
]
"""
QUICK = ("--trees", "5", "--depth", "3", "--boosts", "3", "--folds", "0", "--repeats", "2")


def lines_of(count: int = 240) -> list[str]:
    """Rows whose size says something about the label, and whose word says more."""
    random = np.random.default_rng(0)
    labels = random.random(count) < 0.4
    sizes = random.normal(size=count) + labels
    words = np.where(labels & (random.random(count) < 0.8), "tool", "[b]mail[/b]")
    kinds = np.where(labels, np.where(sizes > 1, "flood", "scan"), "normal")
    rows = zip(sizes, words, kinds, np.where(labels, "yes", "no"), strict=True)
    return ["size,word,kind,attack", *(f"{size},{word},{kind},{label}" for size, word, kind, label in rows)]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Writes lines to a file and calls the command on it; whatever it raises comes through."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    (tmp_path / "d.toml").write_text(CONTRACT)

    def call(lines: list[str], *options: str) -> Result:
        (tmp_path / "r.csv").write_text("\n".join(lines) + "\n")
        arguments = ["r.csv", "--dataset", "d.toml", "--out", "m", *QUICK, *options]
        return CliRunner().invoke(train, arguments, catch_exceptions=False)

    return call


@pytest.mark.spark
def test_the_report_says_what_was_compared_kept_and_why(spark, call, tmp_path: Path) -> None:
    """Tables, the choice, the counts, the parity check and the paths go to stdout, progress to stderr."""
    options = ("--feature", "word", "--compare-encodings", "--balance", "undersample", "--ratio", "1.5")
    two = ("--algorithm", "logistic_regression", "--algorithm", "random_forest")
    result = call(lines_of(), *options, *two, "--prevalence", "0.01", "--cost-fn", "20", "--threshold", "cost")
    assert 0 == result.exit_code
    for expected in (
        "Records: 240 (",
        "Fitted on after balancing (undersample): ",
        "Duplicates: 0 of 48 held-out records have an exact duplicate (in all columns) in the training part",
        "logistic_regression   random_forest   kept, with duplicates",
        "recall at 1 % false positives",
        "expected cost per record",
        "predicted 1",
        "95 % interval",
        "by the corrected resampled t-test",
        "the lowest cost on ",
        "The expected cost should decide: a missed attack is said to cost 20",
        "Top features: ",
        "What a column would buy",
        "it names the tool",
        "What each encoding of words is worth",
        "Kinds of attack",
        "macro-F1 of ",
        "agree on all 48 held-out records",
        "card: m/MODEL_CARD.md",
    ):
        assert expected in result.stdout
    assert "Training with Spark: " in result.stderr
    model = load_model(tmp_path / "m")
    assert ["size", "word"] == [step.column for step in model.steps]
    figures = {path.name for path in (tmp_path / "m" / "assessment" / "figures").iterdir()}
    assert {f"{name}.{form}" for name in ("roc", "pr", "calibration") for form in ("svg", "png", "pdf")} <= figures
    tables = {path.name for path in (tmp_path / "m" / "assessment").glob("*.csv")}
    assert {"metrics.csv", "confusion.csv", "with_without.csv", "encodings.csv", "kinds.csv", "cost.csv"} <= tables
    card = (tmp_path / "m" / "MODEL_CARD.md").read_text()
    assert r"| word | with |" in card
    assert "What each encoding of words is worth" in card


@pytest.mark.spark
def test_json_holds_the_tables_and_repeats(spark, call) -> None:
    """Repeated by force, in place: the same digest; another seed gives another model."""
    options = ("--json", "--force", "--algorithm", "random_forest")
    answers = [json.loads(call(lines_of(), *options, "--seed", seed).stdout) for seed in ("1", "1", "2")]
    digests = [answer["digest"] for answer in answers]
    assert digests[0] == digests[1] != digests[2]
    first = answers[0]
    assert ["random_forest"] == list(first["info"]["comparison"])
    assert {"normal", "flood", "scan"} == {row["kind"] for row in first["tables"]["kinds_detected"]}
    assert [] == first["tables"]["with_without"]
    assert {"records": 0, "errors": 0} == first["holdout"]


@pytest.mark.spark
def test_bad_rows_are_refused_until_they_are_left_out_and_counted(spark, call, tmp_path: Path) -> None:
    """The refusal gives the first line's number and the reason; with --skip-bad-rows they are counted."""
    lines = [*lines_of()[:50], "many,a,scan,yes", *lines_of()[50:], "1.0,a,scan,maybe"]
    with pytest.raises(ContractError, match=r"r.csv, line 51, is no record: 'size': 'many' is not a finite number"):
        call(lines)
    assert not (tmp_path / "m").exists()
    printed = call(lines, "--skip-bad-rows", "--algorithm", "decision_tree", "--no-kinds", "--no-refit").stdout
    assert "Left out: 2 rows that are no records, 0 repeated header lines." in printed
    assert "Kinds of attack: how many" in printed
    assert "actual kind (rows)" not in printed
    assert 48 == load_model(tmp_path / "m").holdout_records


def test_wrong_calls_are_sentences_before_spark_starts(call, tmp_path: Path) -> None:
    """An unknown column, no feature left, a header that doesn't fit, a model in the way, no file."""
    with pytest.raises(UsageError, match="no column 'nothing' in dataset 'queries'"):
        call(lines_of(), "--feature", "nothing")
    with pytest.raises(UsageError, match="'word' is no feature of dataset 'queries'; its features: size"):
        call(lines_of(), "--leave-out", "word")
    with pytest.raises(UsageError, match="no feature of dataset 'queries' would be left"):
        call(lines_of(), "--leave-out", "size")
    with pytest.raises(UsageError, match="there is no encoding 'dummy'"):
        call(lines_of(), "--encode", "dummy")
    with pytest.raises(ContractError, match="missing 'word', 'kind'"):
        call(["size,attack", "1.0,yes"])
    (tmp_path / "m").mkdir()
    with pytest.raises(UsageError, match="m exists already and is no model directory"):
        call(lines_of())
    (tmp_path / "m" / "model.json").touch()
    with pytest.raises(UsageError, match=r"m holds a model already; .* --force"):
        call(lines_of())
    with pytest.raises(UsageError, match="there is no file"):
        CliRunner().invoke(train, ["no.csv", "--dataset", "d.toml", "--out", "n"], catch_exceptions=False)


def test_duplicates_are_told_by_what_was_done_with_them() -> None:
    """Each way of treating them has its own words."""
    rows = {
        **{name: {"0": 5, "1": 5} for name in ("class_counts", "training_class_counts", "held_out_class_counts")},
        "fitted_class_counts": {"0": 2, "1": 1},
        "records": 10,
        "duplicates_across_split": 3,
        "held_out_looked_at": 5,
        "held_out_deciding": 2,
        "same_features_across_split": 4,
    }

    def told(duplicates: str, balance: str = "none") -> str:
        info = {"training": rows, "settings": {"duplicates": duplicates, "balance": balance}}
        return " ".join(data_sentences(info, skipped=0, headers=0))

    assert "3 of 5 held-out records have an exact duplicate (in all columns) in the training part; they don't" in told(
        "across"
    )
    assert "each row was counted once, and those don't decide" in told("all")
    assert "they are kept, and flatter the figures" in told("keep")
    assert "4 of all held-out records have the features and the label of a training one" in told("keep")
    assert "Fitted on after balancing (weights): 2 of class 0, 1 of class 1. So a score is no probability" in told(
        "keep", "weights"
    )


def test_help_does_not_load_spark() -> None:
    """Asking for help imports neither Spark nor Arrow nor pandas, and ends with an example."""
    code = (
        "import sys; from click.testing import CliRunner; from analysis.train_command import train\n"
        "print(CliRunner().invoke(train, ['--help']).output)\n"
        "assert not {'pyspark', 'pyarrow', 'pandas', 'sklearn', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Example: driftduel train static.csv --dataset dns-exfil --out model" in done.stdout
