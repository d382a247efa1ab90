"""`driftduel describe`, as it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from driftduel import cli, main
from producer.dataset import load_dataset
from producer.files import read_records

LINES = [
    f"{place % 11},{('tcp', 'udp')[place % 2]},[same],{('Normal', 'Attack')[place % 5 == 0]}" for place in range(60)
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A labelled file."""
    path = tmp_path / "my flows.csv"
    path.write_text("\n".join(["size,proto,[site],Label", *LINES]) + "\n")
    return path


def test_describe_writes_a_contract_and_says_what_to_do_next(file: Path, tmp_path: Path) -> None:
    """The draft loads and reads every row; stdout has the columns, the label and the next command."""
    out = tmp_path / "new" / "flows.toml"
    result = CliRunner().invoke(cli, ["describe", str(file), "--out", str(out)], catch_exceptions=False)
    assert 0 == result.exit_code
    assert ["size", "proto"] == [column.name for column in load_dataset(out).features]
    assert (60, ()) == (len(read_records(file, load_dataset(out)).records), read_records(file, load_dataset(out)).dead)
    for expected in (
        "The columns of my flows.csv",
        "[site]   string   no        constant: '[same]' in every row",
        "Label: Label, found by its name. Class 1 is Attack (12 of 60 rows), class 0 is Normal.",
        f"Draft: {out}. Read and correct it, then:",
        f"driftduel train '{file}' --dataset {out} --out MODEL",
    ):
        assert expected in result.stdout
    assert "Reading lines, twice: 120" in result.stderr


def test_json_is_for_scripts(file: Path, tmp_path: Path) -> None:
    """With --json stdout is one JSON object with every decision."""
    out = tmp_path / "flows.toml"
    arguments = ["describe", str(file), str(file), "--out", str(out), "--name", "mine", "--label", "Label", "--json"]
    found = json.loads(CliRunner().invoke(cli, arguments, catch_exceptions=False).stdout)
    assert (str(out), 120, 0, {"0": 96, "1": 24}) == tuple(
        found[key] for key in ("contract", "rows", "dead", "class_counts")
    )
    assert {"column": "Label", "found": "as asked", "sure": True} == found["label"]
    assert [True, True, False, False] == [column["feature"] for column in found["columns"]]
    assert "mine" == load_dataset(out).name


def test_an_existing_contract_needs_force(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a user has corrected isn't written over by the way."""
    out = tmp_path / "flows.toml"
    out.write_text("mine")
    with pytest.raises(SystemExit) as ended:
        main(["describe", str(file), "--out", str(out)])
    assert 2 == ended.value.code
    assert f"{out} is there already; choose another name, or replace it with --force" in capsys.readouterr().err
    assert "mine" == out.read_text()
    assert 0 == CliRunner().invoke(cli, ["describe", str(file), "--out", str(out), "--force"]).exit_code
    assert "my flows" == load_dataset(out).name


def test_without_a_label_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence, exit code 1, and no half contract."""
    path, out = tmp_path / "flows.csv", tmp_path / "flows.toml"
    path.write_text("size,proto\n1,tcp\n2,udp\n3,tcp\n")
    with pytest.raises(SystemExit) as ended:
        main(["describe", str(path), "--out", str(out)])
    assert 1 == ended.value.code
    assert f"no label was found in {path}" in capsys.readouterr().err
    assert [path] == list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_named(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is a file ends in a sentence."""
    with pytest.raises(SystemExit) as ended:
        main(["describe", str(file), "--out", str(file / "flows.toml")])
    assert 1 == ended.value.code
    assert "can't be written (" in capsys.readouterr().err
