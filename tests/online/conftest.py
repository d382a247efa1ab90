"""A tiny contract with a learnable rule: its stream, its file, and a real model of it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from online.arms import DYNAMIC, STATIC, parse_arm
from online.by_record import ByRecord
from online.contestant import Contestant
from online.evaluation import RunningArm, prequential
from online.interfaces import Event, Pool
from online.labels import Labels
from online.ledger import Entry, Ledger
from online.memo import Memo
from online.run import Run, open_run
from online.source import START, FileSource
from online.static_rows import StaticRows
from online.windows import Window
from producer.codec import decode
from producer.dataset import Column, Dataset, Label
from static_model.artifact import Model, Numeric, load_model, save_model
from static_model.fitted import forest_from_sklearn
from static_model.scorer import Scorer, featurise

Open = Callable[..., AbstractContextManager[Run]]
NOISE = 0.05
SIZE = 100
WORDS = ("alpha", "nan", "null", "Zürich", '"quoted, too"', "")
PARAMETERS = {"trees": 10, "max_depth": 5, "min_instances": 5}


@pytest.fixture
def tiny() -> Dataset:
    """The contract: two features, a word that is none, and the label."""
    return Dataset(
        name="tiny",
        label=Label(positive=("attack",), negative=("benign",)),
        columns=(
            Column(name="a", type="int"),
            Column(name="b", type="float"),
            Column(name="word", type="string", feature=False),
            Column(name="y", type="label"),
        ),
    )


@pytest.fixture
def tiny_lines() -> Callable[..., list[bytes]]:
    """Makes `n` seeded CSV lines: an attack iff a > 10 b, but for 5 % noise; inverted from `flip_from` on."""
    return make_lines


@pytest.fixture
def tiny_file(tiny: Dataset) -> Callable[[Path, Sequence[bytes]], Path]:
    """Writes lines under the contract's header to a path, and returns the path."""

    def write(path: Path, lines: Sequence[bytes]) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(line + b"\n" for line in (",".join(tiny.names).encode(), *lines)))
        return path

    return write


@pytest.fixture
def tiny_model(tiny: Dataset) -> Callable[[Path], Path]:
    """Saves a real forest, trained on 2,000 lines and tried on 500 further ones, to a directory, and returns that."""

    def save(directory: Path) -> Path:
        save_model(fit_model(tiny), directory)
        return directory

    return save


@pytest.fixture
def stream_files(tiny: Dataset, tiny_lines, tiny_file, tiny_model, tmp_path: Path) -> Callable[[int], Path]:
    """A folder for the command line: model, tiny.toml, and stream.csv of so many records with a change after 1,000."""

    def write(records: int) -> Path:
        tiny_model(tmp_path / "model")
        tiny_file(tmp_path / "stream.csv", tiny_lines(records, seed=3, flip_from=1_000))
        contract = {"format": 1, **tiny.model_dump(mode="json", exclude_defaults=True)}
        (tmp_path / "tiny.toml").write_text(tomli_w.dumps(contract))
        return tmp_path

    return write


@pytest.fixture
def tiny_start(tiny_model, tmp_path: Path) -> Model:
    """A starting model."""
    return load_model(tiny_model(tmp_path / "model"))


@pytest.fixture(scope="session")
def scripted() -> Any:
    """The module `scripted.py`: arms on windows and fits that are written down beforehand."""
    return _module("scripted_of_tests", Path(__file__).with_name("scripted.py"))


def _module(name: str, path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look up the module that they are made in
    spec.loader.exec_module(module)
    return module


@dataclass
class Played:
    """A duel over windows of 100, with what it is made of."""

    entries: list[Entry]
    models: Path
    start: Model

    def events(self, arm: str, *kinds: str) -> list[tuple[int, Event]]:
        """Window and event, of one arm; of these kinds, or of all."""
        found = [(entry.window.index, event) for entry in self.entries for event in entry.arms[arm].events]
        return [(window, event) for window, event in found if not kinds or event["event"] in kinds]

    def in_force(self, arm: str) -> list[str]:
        """The model in force in each window."""
        return [entry.arms[arm].model for entry in self.entries]

    def scores(self, arm: str) -> list[np.ndarray]:
        """The arm's scores in each window."""
        return [entry.scores[entry.arms[arm].model] for entry in self.entries]

    def learnable(self, window: int) -> tuple[np.ndarray, np.ndarray]:
        """A window's features and labels."""
        records = self.entries[window].window.records
        return featurise(self.start.steps, records), records.column("y").to_numpy()

    def model(self, name: str) -> Model:
        """A model of the run."""
        return load_model(self.models / name)


@pytest.fixture
def play(tiny: Dataset, tiny_start: Model, tiny_file: Callable[..., Path], tmp_path: Path) -> Callable[..., Played]:
    """Lets arms duel over lines in windows of 100, in a run of its own; the windows can be tampered with."""

    def call(
        lines: Sequence[bytes],
        *specs: str,
        labels: Labels | None = None,
        static_rows: StaticRows | None = None,
        tamper: Callable[[Window], Window] = lambda window: window,
    ) -> Played:
        folder = tmp_path / f"played{len(list(tmp_path.glob('played*')))}"
        save_model(tiny_start, folder / "models" / "start")
        known = labels or Labels(size=SIZE)
        memo = Memo(
            Ledger(folder / "segments", tiny),
            folder / "models",
            static="start",
            seed=7,
            labels=known,
            static_rows=static_rows,
        )
        pool = Pool(tiny_start.holdout_records, tiny_start.holdout_errors)
        arms: list[RunningArm] = [
            ByRecord(arm, memo, known) if arm.by_record else Contestant(arm, champion="start", pool=pool)
            for arm in map(parse_arm, specs)
        ]
        source = FileSource(tiny_file(folder / "stream.csv", lines), tiny, SIZE)
        windows = (tamper(window) for window, _ in source.windows(START))
        entries = list(prequential(windows, arms, labels=known, memo=memo))
        return Played(entries, folder / "models", tiny_start)

    return call


@pytest.fixture
def opened(tiny_start: Model, tmp_path: Path) -> Open:
    """Opens the run directory `run` for a plain run; what differs is named."""

    def call(**options: Any) -> AbstractContextManager[Run]:
        asked = {"format": 1, "window": 1000, "source": {"file": "stream.csv"}}
        plain = {"model": tiny_start, "arms": (STATIC, DYNAMIC), "source": {"file": "abc"}, "window": 1000, "seed": 0}
        return open_run(**{"path": tmp_path / "run", "asked": asked} | plain | options)

    return call


def make_lines(n: int, seed: int, flip_from: int | None = None) -> list[bytes]:
    """The lines of `tiny_lines`; a shorter list is the beginning of a longer one of the same seed and drift."""
    rng = np.random.default_rng(seed)
    rows = rng.random((n, 4))
    flips = np.arange(n) >= (n if flip_from is None else flip_from)
    return [
        make_line(int(a * 100), round(b * 10, 3), WORDS[int(w * len(WORDS))], flipped=(noise < NOISE) != flip)
        for (a, b, w, noise), flip in zip(rows.tolist(), flips.tolist(), strict=True)
    ]


def make_line(a: int, b: float, word: str, *, flipped: bool) -> bytes:
    """One line by the rule, or by its inverse."""
    return f"{a},{b},{word},{'attack' if (a > 10 * b) != flipped else 'benign'}".encode()


def fit_model(tiny: Dataset) -> Model:
    """The model of `tiny_model`."""
    from sklearn.ensemble import RandomForestClassifier

    records = decode(make_lines(2500, seed=0), tiny, wire="csv").records
    steps = (Numeric("a"), Numeric("b"))
    features, labels = featurise(steps, records), records.column("y").to_numpy()
    classifier = RandomForestClassifier(n_estimators=10, max_depth=5, min_samples_leaf=5, random_state=0, n_jobs=1)
    forest = forest_from_sklearn(classifier.fit(features[:2000], labels[:2000]), parameters=PARAMETERS)
    wrong = (Scorer(forest).score(features[2000:]) > 0.5) != (labels[2000:] == 1)
    return Model(
        dataset=tiny,
        steps=steps,
        estimator=forest,
        threshold=0.5,
        holdout_records=500,
        holdout_errors=int(wrong.sum()),
        info={"engine": "scikit-learn", "seed": 0},
    )
