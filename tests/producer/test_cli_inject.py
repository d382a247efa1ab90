"""`driftduel inject`, as it is called; and on real data."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner
from sklearn.ensemble import RandomForestClassifier

from driftduel import cli, main
from producer.dataset import load_dataset
from producer.files import read_records
from producer.inject import inject_file
from producer.injection_spec import parse_injection
from producer.recipe import Recipe, read_truth
from producer.synthetic import write

DATASET = load_dataset("dns-exfil")


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    """A synthetic stream of 2,000 records."""
    return write(Recipe(2000, 7), tmp_path / "stream.csv").path


def test_inject_writes_the_file_and_its_truth(stream: Path, tmp_path: Path) -> None:
    """--kind and --at are one drift, each --drift is one more; stdout says where all is and what was changed."""
    out = tmp_path / "new" / "drifted.csv.gz"
    single = ["--kind", "scaling", "--at", "500-900", "--shape", "incremental", "--factor", "3", "--feature", "len"]
    more = ["--drift", "label-swap@1000", "--drift", "missing@1500,period=100,feature=sld"]
    arguments = ["inject", str(stream), "--dataset", "dns-exfil", *single, *more, "--out", str(out), "--seed", "4"]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert 0 == result.exit_code
    assert f"{out}: 2,000 rows, sha256 " in result.stdout
    assert (
        f"{out}.truth.json: what was planted (scaling@500-900,shape=incremental,factor=3.0,feature=len: 1,499 records "
        "changed; label-swap@1000: 1,000 records changed; missing@1500,period=100,feature=sld: 300 records changed)"
    ) in result.stdout
    assert "Reading rows, twice: 4,000" in result.stderr
    truth = read_truth(Path(f"{out}.truth.json"))
    assert 4 == truth["seed"]
    assert ["scaling", "label-swap", *["missing"] * 5] == [drift["kind"] for drift in truth["drifts"]]


def test_json_is_for_scripts(stream: Path, tmp_path: Path) -> None:
    """With --json stdout is one JSON object: the files, the digest, the truth, and how many records changed."""
    out = tmp_path / "drifted.csv"
    arguments = ["inject", str(stream), "--dataset", "dns-exfil", "--kind", "label-swap", "--at", "1500", "--json"]
    found = json.loads(CliRunner().invoke(cli, [*arguments, "--out", str(out)], catch_exceptions=False).stdout)
    assert (str(out), f"{out}.truth.json", 2000) == (found["file"], found["truth"], found["records"])
    assert [{"drift": "label-swap@1500", "changed": 500}] == found["changed"]
    assert hashlib.sha256(out.read_bytes()).hexdigest() == found["sha256"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kind", "label-swop", "--at", "5"], "no kind 'label-swop' (did you mean 'label-swap'?); there are: prior"),
        (["--kind", "label-swap"], "a drift needs both --kind and --at; or write it as --drift KIND@N[-END]"),
        (["--at", "5"], "a drift needs both --kind and --at"),
        (["--factor", "5"], "a drift needs both --kind and --at"),
        ([], "nothing is to be planted; name a kind and a place, as in --kind label-swap --at 40000"),
        (["--kind", "scaling", "--at", "x"], "--at x says no place; write START or START-END"),
        (["--kind", "scaling", "--at", "5", "--share", "2"], "--kind scaling: share: Input should be less than or eq"),
        (["--kind", "scaling", "--at", "2000"], "starts beyond the last of the 2,000 rows"),
        (["--kind", "category", "--at", "5"], "no columns of type string among the features of dataset 'dns-exfil'"),
        (["--kind", "scaling", "--at", "5", "--feature", "entropi"], "(did you mean 'entropy'?)"),
    ],
)
def test_what_cannot_be_meant_ends_with_a_sentence_and_code_2(
    arguments: list[str], message: str, stream: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong usage is told on stderr without a traceback, and nothing is written."""
    with pytest.raises(SystemExit) as ended:
        main(["inject", str(stream), "--dataset", "dns-exfil", *arguments, "--out", str(tmp_path / "out.csv")])
    assert 2 == ended.value.code
    assert message in capsys.readouterr().err
    assert not [file for file in tmp_path.iterdir() if "out" in file.name]


# --- real data


Table = tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]


def table(path: Path) -> Table:
    records = read_records(path, DATASET).records
    columns = [records.column(column.name).to_numpy() for column in DATASET.features]
    return np.column_stack(columns), records.column(DATASET.label_name).to_numpy()


@pytest.fixture(scope="module")
def forest(data_dir: Path) -> RandomForestClassifier:
    """A model of the static part, never trained again."""
    features, labels = table(data_dir / "dns_exf_static.csv.gz")
    return RandomForestClassifier(10, max_depth=10, random_state=0).fit(features[:20_000], labels[:20_000])


def planted(data_dir: Path, tmp_path: Path, drift: str) -> tuple[Table, Table]:
    path, out = data_dir / "dns_exf_kafka.csv.gz", tmp_path / "out.csv.gz"
    inject_file(path, DATASET, [parse_injection(drift)], seed=1, out=out)
    return table(path), table(out)


@pytest.mark.data
def test_swapped_labels_turn_a_model_round(data_dir: Path, tmp_path: Path, forest: RandomForestClassifier) -> None:
    """Where all labels are swapped a fixed model is right exactly where it was wrong before."""
    (X, y), (new_X, new_y) = planted(data_dir, tmp_path, "label-swap@40000")
    assert (X == new_X).all()
    right = forest.predict(X) == y
    assert (right ^ (np.arange(len(y)) >= 40_000)).tolist() == (forest.predict(new_X) == new_y).tolist()
    assert 0.8 < right[40_000:].mean() < 0.83


@pytest.mark.data
def test_a_prior_shift_keeps_each_class_as_it_is(
    data_dir: Path, tmp_path: Path, forest: RandomForestClassifier
) -> None:
    """The share of attacks changes; how often a fixed model recognises either class doesn't."""
    (X, y), (new_X, new_y) = planted(data_dir, tmp_path, "prior@40000,share=0.2")
    late = np.arange(len(y)) >= 40_000
    assert 0.2 == pytest.approx(new_y[late].mean(), abs=0.005)
    for label in (0, 1):
        before, after = (
            forest.predict(features[late & (labels == label)]).mean() for features, labels in ((X, y), (new_X, new_y))
        )
        assert before == pytest.approx(after, abs=0.015)


@pytest.mark.data
@pytest.mark.parametrize("drift", ["permutation@40000", "scaling@40000,factor=0.5", "missing@40000"])
def test_changed_features_cost_a_model(
    data_dir: Path, tmp_path: Path, forest: RandomForestClassifier, drift: str
) -> None:
    """At least five points of accuracy from the start on, and none before."""
    (X, y), (new_X, new_y) = planted(data_dir, tmp_path, drift)
    before, after = ((forest.predict(features) == labels) for features, labels in ((X, y), (new_X, new_y)))
    assert (y == new_y).all()
    assert before[:40_000].tolist() == after[:40_000].tolist()
    assert before[40_000:].mean() - after[40_000:].mean() > 0.05
