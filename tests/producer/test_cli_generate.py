"""`driftduel generate`, as it is called."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from driftduel import cli, main
from producer.errors import UsageError

TEN = ["generate", "dns-exfil", "--records", "10", "--out"]


def test_generate_writes_a_stream_and_its_truth(tmp_path: Path) -> None:
    """Options reach the stream; stdout tells where it is and what was planted."""
    out = tmp_path / "new" / "stream.csv.gz"
    arguments = [*TEN, str(out), "--seed", "4", "--drift", "encoding@3", "--drift", "mix@4-8", "--error", "0.18"]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert f"{out}: 10 records" in result.stdout
    assert f"{out}.truth.json: what was planted (encoding@3, mix@4-8)" in result.stdout
    truth = json.loads(Path(f"{out}.truth.json").read_text("utf-8"))
    assert (truth["seed"], truth["error"]) == (4, 0.18)
    assert [drift["kind"] for drift in truth["drifts"]] == ["encoding", "mix"]


def test_json_is_for_scripts(tmp_path: Path) -> None:
    """With --json stdout is one JSON object that names the file and its digest; progress goes to stderr."""
    out = tmp_path / "stream.csv"
    result = CliRunner().invoke(cli, [*TEN, str(out), "--attack-share", "0.9", "--json"], catch_exceptions=False)
    found = json.loads(result.stdout)
    assert (str(out), 10, []) == (found["file"], found["records"], found["drifts"])
    assert hashlib.sha256(out.read_bytes()).hexdigest() == found["sha256"]
    assert sum(line.endswith(b",1") for line in out.read_bytes().splitlines()) == found["attacks"]
    assert "Generating: 10 of 10" in result.stderr


def test_an_existing_file_needs_force(tmp_path: Path) -> None:
    """The second call is refused, and goes through with --force."""
    arguments = [*TEN, str(tmp_path / "stream.csv")]
    assert CliRunner().invoke(cli, arguments).exit_code == 0
    refused = CliRunner().invoke(cli, arguments)
    assert isinstance(refused.exception, UsageError)
    assert CliRunner().invoke(cli, [*arguments, "--force"]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "weather", "--records", "5"], "no generator for dataset 'weather'; there is one for: dns-exfil"),
        (["generate", "dns-exfil", "--records", "0"], "0 records can't be generated"),
        (["generate", "dns-exfil", "--records", "5", "--drift", "mix@5"], "starts beyond the last record (4)"),
        (["generate", "dns-exfil", "--records", "5", "--drift", "x@1"], "known are: encoding, mix, prior"),
    ],
)
def test_what_cannot_be_meant_ends_with_a_sentence_and_code_2(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong usage is told on stderr without a traceback, and nothing is written."""
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--out", str(tmp_path / "stream.csv")])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
