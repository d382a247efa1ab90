"""The synthetic stream: its bytes, its classes, its drift."""

from __future__ import annotations

import csv
import gzip
import io
import json
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier

from producer.dataset import load_dataset
from producer.dns_names import BENIGN, DRAWS, PAYLOAD, TUNNELS, Builder
from producer.errors import DriftduelError, UsageError
from producer.output import truth_path
from producer.recipe import SOURCES, Drift, Recipe, parse_drift, truth_of, usual_attack_share
from producer.synthetic import GENERATORS, records_of, write

DATASET = load_dataset("dns-exfil")
FEATURES = [DATASET.names.index(column.name) for column in DATASET.features]
DRIFTS = (Drift("encoding", 20_000, 20_000), Drift("mix", 30_000, 35_000))

PINNED = "7fb4a4b8bdb336fd85a6f0a421aca78a2d74c5370d26311e759bad139b8ed501"

Matrix = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def lines(recipe: Recipe) -> list[str]:
    return [line for block, _ in records_of(recipe) for line in block]


@cache
def table(recipe: Recipe) -> tuple[Matrix, Labels]:
    rows = list(csv.reader(io.StringIO("\n".join(lines(recipe)))))
    return np.array([[float(row[i]) for i in FEATURES] for row in rows]), np.array([int(row[-1]) for row in rows])


def fitted(features: Matrix, labels: Labels) -> RandomForestClassifier:
    return RandomForestClassifier(50, max_depth=10, random_state=0).fit(features, labels)


@cache
def trained(error: float) -> RandomForestClassifier:
    return fitted(*table(Recipe(20_000, 1, error=error)))


# --- bytes


def test_bytes_are_pinned(tmp_path: Path) -> None:
    """The same recipe gives these bytes on any machine; a changed digest changes everybody's streams."""
    drifts = (Drift("encoding", 1000, 1000), Drift("mix", 2000, 4000), Drift("prior", 4500, 4500))
    written = write(Recipe(5000, 7, drifts=drifts), tmp_path / "stream.csv")
    assert written.sha256 == PINNED


def test_gzip_repeats_too(tmp_path: Path) -> None:
    """Neither the time nor the name of a compressed file gets into its bytes, and it holds the plain file."""
    recipe = Recipe(50, 7)
    first, second = (write(recipe, tmp_path / name) for name in ("a.csv.gz", "b.csv.gz"))
    assert first.sha256 == second.sha256
    assert first.path.read_bytes()[3:8] == bytes(5)  # no flags, so no name; and the time is 0
    write(recipe, tmp_path / "c.csv")
    assert gzip.decompress(first.path.read_bytes()) == (tmp_path / "c.csv").read_bytes()


@settings(max_examples=10)
@given(st.integers(1, 9000), st.integers(0, 2**70))
def test_a_longer_stream_begins_with_the_shorter(records: int, seed: int) -> None:
    """How many records are asked for doesn't change the records."""
    shorter = lines(Recipe(records, seed))
    assert len(shorter) == records
    assert shorter == lines(Recipe(9000, seed))[:records]


def test_drift_leaves_what_came_before_alone() -> None:
    """Records before a drift are those of the stream without it."""
    plain, drifted = (lines(Recipe(3000, 3, drifts=drifts)) for drifts in ((), (Drift("encoding", 2000, 2000),)))
    assert plain[:2000] == drifted[:2000]
    assert plain[2000:] != drifted[2000:]


def test_another_seed_is_another_stream() -> None:
    """Seeds don't share records."""
    first, second = (set(lines(Recipe(2000, seed))) for seed in (1, 2))
    assert len(first & second) < 20


@pytest.mark.parametrize("dataset", SOURCES)
def test_every_dataset_with_a_generator_has_all_that_it_takes(dataset: str) -> None:
    """A generator, a preset that says what its lines hold, and a usual share of attacks."""
    recipe = Recipe(50, 1, dataset=dataset, attack_share=usual_attack_share(dataset))
    assert set(SOURCES) == set(GENERATORS)
    assert {len(load_dataset(dataset).names)} == {len(line.split(",")) for line in lines(recipe)}


def test_there_is_no_usual_share_without_a_generator() -> None:
    """An unknown dataset is refused, and those that there are are named."""
    with pytest.raises(UsageError, match="no generator for dataset 'kddcup99'; there is one for: dns-exfil, linux"):
        usual_attack_share("kddcup99")


# --- records


def test_a_record_fits_the_contract(tmp_path: Path) -> None:
    """Header and values are those of the preset; times are MM:SS.s; floats have at most ten digits."""
    write(Recipe(200, 5), tmp_path / "stream.csv")
    with (tmp_path / "stream.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == DATASET.names
    for row in rows:
        record = dict(zip(DATASET.names, row, strict=True))
        minutes, seconds = record["timestamp"].split(":")
        assert int(minutes) < 60
        assert len(record["timestamp"]) == 7
        assert float(seconds) < 60
        assert all(int(record[c.name]) >= 0 for c in DATASET.columns if c.type == "int")
        assert all("." in record[name] for name in ("entropy", "labels_average"))
        assert all(len(record[name].replace(".", "").lstrip("0")) <= 10 for name in ("entropy", "labels_average"))
        assert record["Target Attack"] in DATASET.label.positive + DATASET.label.negative


@pytest.mark.parametrize("build", [*BENIGN, *TUNNELS])
@given(draws=st.lists(st.floats(0, 1, exclude_max=True), min_size=DRAWS, max_size=DRAWS), payload=st.data())
def test_names_could_be_asked_for(build: Builder, draws: list[float], payload: st.DataObject) -> None:
    """Whatever is drawn, a name keeps the limits of DNS: 253 characters, labels of 1 to 63."""
    name = build(draws, payload.draw(st.binary(min_size=PAYLOAD, max_size=PAYLOAD)))
    assert len(name) <= 253
    assert all(1 <= len(label) <= 63 for label in name.split("."))


def test_everyday_domains_are_unequally_popular() -> None:
    """A few domains get much of the traffic and most get little."""
    where = DATASET.names.index("sld")
    rows = csv.reader(lines(Recipe(20_000, 1, attack_share=0.01, error=0.0)))
    _, counts = np.unique([row[where] for row in rows], return_counts=True)
    assert np.sort(counts)[-10:].sum() > 4000
    assert len(counts) > 1000


def test_the_truth_is_in_the_sidecar_only(tmp_path: Path) -> None:
    """What was planted stands beside the file, whole; the columns stay those of the contract."""
    drifts = (Drift("prior", 40, 60), Drift("encoding", 20, 20))
    written = write(Recipe(100, 5, error=0.18, drifts=drifts), tmp_path / "stream.csv.gz")
    assert json.loads((tmp_path / "stream.csv.gz.truth.json").read_text("utf-8")) == {
        "format": 1,
        "dataset": "dns-exfil",
        "records": 100,
        "seed": 5,
        "error": 0.18,
        "attack_share": 0.4,
        "drifts": [
            {"kind": "encoding", "shape": "abrupt", "start": 20, "end": 20},
            {"kind": "prior", "shape": "gradual", "start": 40, "end": 60},
        ],
    }
    with gzip.open(written.path, "rt", encoding="utf-8") as file:
        assert all(len(line.split(",")) == len(DATASET.names) for line in file)


def test_no_drift_is_told_as_none() -> None:
    """A stream without drift has an empty list, not a missing one."""
    assert truth_of(Recipe(10, 1))["drifts"] == []


# --- classes and drift


@pytest.mark.parametrize(("error", "tolerance"), [(0.02, 0.007), (0.18, 0.02)])
def test_the_planted_error_is_what_a_forest_reaches(error: float, tolerance: float) -> None:
    """A forest trained on one seed errs on another as often as was planted."""
    features, labels = table(Recipe(10_000, 7, error=error))
    assert 1 - trained(error).score(features, labels) == pytest.approx(error, abs=tolerance)


def test_drift_costs_an_old_model_and_a_retrained_one_recovers() -> None:
    """Each drift takes at least five points from the model before it; trained anew it is back at the floor."""
    features, labels = table(Recipe(40_000, 2, drifts=DRIFTS))

    def accuracy(model: RandomForestClassifier, first: int, end: int) -> float:
        return float(model.score(features[first:end], labels[first:end]))

    old = trained(0.02)
    after_encoding = fitted(features[20_000:23_000], labels[20_000:23_000])
    after_mix = fitted(features[35_000:38_000], labels[35_000:38_000])
    assert accuracy(old, 0, 20_000) > 0.973
    assert 0.65 < accuracy(old, 23_000, 30_000) < 0.85
    assert accuracy(after_encoding, 23_000, 30_000) > 0.97
    assert accuracy(old, 38_000, 40_000) < accuracy(old, 23_000, 30_000)
    assert accuracy(after_encoding, 38_000, 40_000) < 0.9
    assert accuracy(after_mix, 38_000, 40_000) > 0.97


def test_a_gradual_drift_grows() -> None:
    """The share of machine-named hosts rises in a straight line from none to all of the new share."""
    drift = Drift("mix", 10_000, 20_000)
    features, labels = table(Recipe(30_000, 4, error=0.0, drifts=(drift,)))
    upper, longest = (features[:, i] for i in (2, 8))
    machine = (labels == 0) & (upper > 0) & (longest > 50)
    shares = [machine[a : a + 5000].sum() / (labels[a : a + 5000] == 0).sum() for a in range(0, 30_000, 5000)]
    assert shares == pytest.approx([0, 0, 0.3 / 4, 0.9 / 4, 0.3, 0.3], abs=0.03)
    assert shares[:2] == [0, 0]


def test_a_prior_drift_halves_the_attacks_and_the_next_restores_them() -> None:
    """The share of attacks goes from 0.4 to 0.2 and back."""
    drifts = (Drift("prior", 10_000, 10_000), Drift("prior", 20_000, 20_000))
    _, labels = table(Recipe(30_000, 4, drifts=drifts))
    shares = [labels[a : a + 10_000].mean() for a in (0, 10_000, 20_000)]
    assert shares == pytest.approx([0.4, 0.2, 0.4], abs=0.02)


def test_the_third_encoding_is_another_one() -> None:
    """A second drift of the encoding brings a third tool, the one after it the first tool again."""
    drifts = tuple(Drift("encoding", at, at) for at in (1000, 2000, 3000))
    features, labels = table(Recipe(4000, 4, error=0.0, drifts=drifts))
    upper, numeric, lower = (features[:, i] for i in (2, 4, 3))
    attacks = [(labels == 1) & (np.arange(4000) // 1000 == era) for era in range(4)]
    assert [bool((upper[era] > 0).mean() > 0.9) for era in attacks] == [False, True, False, False]
    assert [bool((numeric[era] > 0.8 * lower[era]).mean() > 0.4) for era in attacks] == [False, False, True, False]


# --- what can't be meant


@pytest.mark.parametrize(
    ("text", "drift"),
    [("encoding@40000", Drift("encoding", 40_000, 40_000)), ("mix@70-80", Drift("mix", 70, 80))],
)
def test_a_drift_is_read_and_written_alike(text: str, drift: Drift) -> None:
    """KIND@START is abrupt, KIND@START-END gradual."""
    assert drift == parse_drift(text)
    assert text == str(drift)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("speed@5", "unknown kind of drift 'speed' in 'speed@5'; known are: encoding, mix, prior"),
        ("mix", "drift 'mix' says no place; write mix@START or mix@START-END"),
        ("mix@", "says no place"),
        ("mix@-5", "says no place"),
        ("mix@5-", "says no place"),
        ("mix@5-x", "says no place"),
    ],
)
def test_a_drift_that_cannot_be_read(text: str, message: str) -> None:
    """The message names the kinds, or shows the form."""
    with pytest.raises(UsageError, match=message):
        parse_drift(text)


@pytest.mark.parametrize(
    ("drifts", "message"),
    [
        ("mix@100", r"drift mix@100 starts beyond the last record \(99\)"),
        ("mix@50-101", "drift mix@50-101 ends beyond the stream of 100 records"),
        ("mix@50-40", "drift mix@50-40 ends before it starts"),
        ("mix@10-50 mix@40-60", "drifts mix@10-50 and mix@40-60 overlap"),
        ("prior@10 prior@10", "drifts prior@10 and prior@10 overlap"),
        ("prior@10 prior@10-20", "drifts prior@10 and prior@10-20 overlap"),
    ],
)
def test_drifts_that_do_not_fit(drifts: str, message: str) -> None:
    """A drift lies inside the stream, and those of one kind follow one another."""
    with pytest.raises(UsageError, match=message):
        Recipe(100, 1, drifts=tuple(map(parse_drift, drifts.split())))


def test_drifts_of_different_kinds_may_overlap() -> None:
    """Only drifts of one kind exclude each other; one may begin where the last has ended."""
    drifts = tuple(map(parse_drift, ("mix@10-50", "encoding@20-40", "mix@50-60")))
    assert drifts == Recipe(100, 1, drifts=drifts).drifts


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"records": 0}, "0 records can't be generated; ask for 1 or more"),
        ({"seed": -1}, "the seed -1 is negative"),
        ({"error": 0.5}, r"an error of 0\.5 can't be planted"),
        ({"error": float("nan")}, "an error of nan can't be planted"),
        ({"attack_share": 1.0}, r"an attack share of 1\.0 leaves one class only"),
        (
            {"dataset": "weather"},
            "no generator for dataset 'weather'; there is one for: dns-exfil, linux-process, linux-memory",
        ),
    ],
)
def test_a_recipe_that_cannot_be_meant(values: dict[str, object], message: str) -> None:
    """Each value says what was found and what is possible."""
    with pytest.raises(UsageError, match=message):
        Recipe(**{"records": 10, "seed": 1, **values})  # type: ignore[arg-type]


# --- files


def test_a_file_is_not_replaced_unless_forced(tmp_path: Path) -> None:
    """A second stream under the same name is refused; forced, it takes the place of file and truth."""
    path = tmp_path / "stream.csv"
    write(Recipe(5, 1), path)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="is there already; choose another name, or replace it with --force"):
        write(Recipe(6, 2), path)
    assert before == path.read_bytes()
    write(Recipe(6, 2), path, force=True)
    assert len(path.read_bytes().splitlines()) == 7
    assert json.loads(truth_path(path).read_text("utf-8"))["seed"] == 2


def test_a_broken_off_stream_leaves_nothing(tmp_path: Path) -> None:
    """Neither file nor truth nor a temporary one stays when writing fails half-way."""

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(Recipe(5000, 1), tmp_path / "stream.csv.gz", advance=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    """A file in the way of a folder is told in a sentence."""
    (tmp_path / "file").touch()
    with pytest.raises(DriftduelError, match="can't be written"):
        write(Recipe(5, 1), tmp_path / "file" / "stream.csv")


def test_a_name_says_the_format(tmp_path: Path) -> None:
    """Only .csv and .csv.gz are written."""
    with pytest.raises(UsageError, match=r"end it in \.csv or \.csv\.gz"):
        write(Recipe(5, 1), tmp_path / "stream.parquet")
