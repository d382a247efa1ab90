"""`driftduel train`, as a user calls it."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from producer.errors import ContractError, UsageError
from static_model.artifact import load_model
from static_model.cli import train

CONTRACT = """
name = "queries"
label = { positive = ["yes"], negative = ["no"] }
columns = [
    { name = "size", type = "float" },
    { name = "word", type = "string", feature = false },
    { name = "attack", type = "label" },
]
"""


def _lines(count=200):
    rng = np.random.default_rng(0)
    labels = np.where(rng.random(count) < 0.4, "yes", "no")
    sizes = rng.normal(size=count) + (labels == "yes")
    return [
        "size,word,attack",
        *(f"{s},{w},{y}" for s, w, y in zip(sizes, rng.choice(["a", "b"], count), labels, strict=True)),
    ]


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Write lines to a file and call the command on it; whatever it raises comes through."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.toml").write_text(CONTRACT)

    def call(lines, *options):
        (tmp_path / "r.csv").write_text("\n".join(lines) + "\n")
        arguments = ["r.csv", "--dataset", "d.toml", "--out", "m", "--trees", "5", "--depth", "3", *options]
        return CliRunner().invoke(train, arguments, catch_exceptions=False)

    return call


@pytest.mark.spark
def test_the_summary_compares_both_and_says_what_was_kept(spark, call, tmp_path):
    """The table, the choice, the counts, the parity check and the paths go to stdout, progress to stderr."""
    result = call(_lines(), "--feature", "word")
    assert result.exit_code == 0
    negative, positive = (sum(line.endswith(word) for line in _lines()) for word in (",no", ",yes"))
    for expected in (
        "logistic_regression",
        "random_forest",
        "log_loss",
        "Kept: logistic_regression (MCC of random_forest minus that of logistic_regression",
        f"Records: 200 ({negative} of class 0, {positive} of class 1), of which 40 held out",
        "agree on all 40 held-out records",
        "Model: m (digest ",
    ):
        assert expected in result.stdout
    assert "Training with Spark: 4 of 4" in result.stderr
    model = load_model(tmp_path / "m")
    assert [step.column for step in model.steps] == ["size", "word"]
    assert model.info["training"]["file"] == "r.csv"


@pytest.mark.spark
def test_bad_rows_are_refused_until_they_are_left_out_and_counted(spark, call, tmp_path):
    """The refusal gives the count, the first line's number and the reason; JSON says so too."""
    lines = [*_lines()[:50], "many,a,yes", *_lines()[50:], "1.0,a,maybe"]
    with pytest.raises(ContractError, match=r"r.csv has 2 rows that are no records; the first is in line 51: .*size"):
        call(lines)
    assert not (tmp_path / "m").exists()
    result = call(lines, "--skip-bad-rows", "--json", "--algorithm", "random_forest")
    answer = json.loads(result.stdout)
    assert (answer["skipped"], answer["info"]["training"]["dead"], answer["holdout"]["records"]) == (2, 2, 40)
    assert list(answer["info"]["comparison"]) == ["random_forest"]


@pytest.mark.spark
def test_the_same_file_and_seed_give_the_same_digest(spark, call, tmp_path):
    """Repeated by force, in place; another seed gives another model."""
    digests = [
        json.loads(call(_lines(), "--json", "--force", "--algorithm", "random_forest", "--seed", seed).stdout)["digest"]
        for seed in ("1", "1", "2")
    ]
    assert digests[0] == digests[1] != digests[2]


def test_wrong_calls_are_sentences_before_spark_starts(call, tmp_path):
    """An unknown column, a header that doesn't fit, a model in the way, no file."""
    with pytest.raises(UsageError, match="no column 'nothing' in dataset 'queries'"):
        call(_lines(), "--feature", "nothing")
    with pytest.raises(ContractError, match="missing 'word'"):
        call(["size,attack", "1.0,yes"])
    (tmp_path / "m").mkdir()
    with pytest.raises(UsageError, match="m exists already and is no model directory"):
        call(_lines())
    (tmp_path / "m" / "model.json").touch()
    with pytest.raises(UsageError, match=r"m holds a model already; .* --force"):
        call(_lines())
    with pytest.raises(UsageError, match="there is no file"):
        CliRunner().invoke(train, ["no.csv", "--dataset", "d.toml", "--out", "n"], catch_exceptions=False)


def test_help_does_not_load_spark():
    """Asking for help imports neither Spark nor Arrow nor pandas, and ends with an example."""
    code = (
        "import sys; from click.testing import CliRunner; from static_model.cli import train\n"
        "print(CliRunner().invoke(train, ['--help']).output)\n"
        "assert not {'pyspark', 'pyarrow', 'pandas', 'sklearn'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Example: driftduel train static.csv --dataset dns-exfil --out model" in done.stdout
