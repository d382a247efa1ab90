"""A user's own data: the contract that README shows, trained, replayed and evaluated."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.spark]

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def flows(driftduel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with README's contract, 1,500 rows of it, and a model that also uses the time stamp's word."""
    folder = tmp_path_factory.mktemp("flows")
    contract = re.search(r"```toml\n(format = 1\nname = .*?)```", README.read_text("utf-8"), re.DOTALL)
    assert contract
    (folder / "flows.toml").write_text(contract[1])
    rng = random.Random(1)
    rows = [(rng.random(), rng.choice(["day", "night", "nan", "null"])) for _ in range(1500)]
    lines = [f"{x:.4f},{word},{'attack' if x > 0.6 or word == 'null' else 'benign'}" for x, word in rows]
    (folder / "flows.csv").write_text("\n".join(["duration,ts,verdict", *lines, ""]))
    quick = ("--algorithm", "random_forest", "--folds", "0", "--repeats", "1")
    options = ("--dataset", folder / "flows.toml", "--feature", "ts", "--out", folder / "model", *quick)
    driftduel("train", folder / "flows.csv", *options)
    return folder


def test_readmes_contract_works_from_file_and_topic(driftduel, content, flows: Path, bootstrap: str) -> None:
    """Training, replay and both evaluations take it; words such as nan and null stay words."""
    dataset = ("--dataset", flows / "flows.toml", "--topic", "flows", "--bootstrap", bootstrap)
    driftduel("produce", flows / "flows.csv", *dataset, "--wire", "json")
    model = ("--model", flows / "model", "--window", 100)
    driftduel("evaluate", *model, "--file", flows / "flows.csv", "--run", flows / "file")
    where = ("--topic", "flows", "--wire", "json", "--bootstrap", bootstrap)
    driftduel("evaluate", *model, *where, "--run", flows / "topic")
    assert content(flows / "topic") == content(flows / "file")
    accuracies = [float(line.split(",")[15]) for line in (flows / "file" / "windows.csv").read_text().splitlines()[1:]]
    assert min(accuracies) > 0.95


def test_model_and_topic_of_different_contracts_do_not_fit(
    driftduel, flows: Path, synthetic: Path, bootstrap: str, tmp_path: Path
) -> None:
    """A topic that was filled under one contract is refused to a model of another, by fingerprint."""
    stream = ("--dataset", "dns-exfil", "--topic", "other", "--bootstrap", bootstrap)
    driftduel("produce", synthetic / "stream.csv", *stream)
    where = ("--topic", "other", "--bootstrap", bootstrap, "--run", tmp_path / "run")
    printed = driftduel("evaluate", "--model", flows / "model", *where, exit_code=1)
    assert "model and topic don't fit" in printed
    assert "Traceback" not in printed


def test_numbers_that_spark_cannot_take_end_in_a_sentence(driftduel, tmp_path: Path) -> None:
    """Finite but extreme features make Spark's own fit fail; what it said is told, without a traceback."""
    label = 'label = {positive = ["1"], negative = ["0"]}\nname = "x"\n'
    columns = 'columns = [{name = "a", type = "float"}, {name = "y", type = "label"}]\n'
    (tmp_path / "x.toml").write_text(label + columns)
    extremes = ("1e308", "-1e308", "5e-324", "1.0")
    lines = [f"{extremes[(i // 2) % 4]},{i % 2}" for i in range(300)]
    (tmp_path / "x.csv").write_text("\n".join(["a,y", *lines, ""]))
    options = ("--dataset", tmp_path / "x.toml", "--out", tmp_path / "model")
    printed = driftduel("train", tmp_path / "x.csv", *options, exit_code=1)
    assert "Spark failed: " in printed
    assert "Traceback" not in printed
    assert not (tmp_path / "model").exists()
