"""The memo: fits made once under ids that tell what determines them, and scores that never change."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from contents import content

from online.interfaces import Rows, Span
from online.learners.batch import ScikitLearn
from online.ledger import Entry, Ledger
from online.memo import Fit, Memo, Refused
from online.source import START, FileSource
from online.windows import Window
from producer.dataset import Dataset
from static_model.artifact import Forest, Model, load_model, save_model

SIZE = 100
LAST = "x:policy=threshold,below=0.9,train=last-5,gate=none"
Make = Callable[..., Memo]


class Counting(ScikitLearn):
    """The scikit-learn learner, which counts its fits by seed."""

    seeds: ClassVar[list[int]] = []

    def fit(self, *args, seed: int, **options) -> Model:
        """As the learner's."""
        self.seeds.append(seed)
        return super().fit(*args, seed=seed, **options)


@pytest.fixture
def counting() -> Iterator[Counting]:
    """A learner that counts from nought."""
    Counting.seeds.clear()
    yield Counting()
    Counting.seeds.clear()


@pytest.fixture
def stream(tiny: Dataset, tiny_file, tmp_path: Path) -> Callable[[Sequence[bytes]], list[Window]]:
    """Cuts lines into windows of 100."""

    def call(lines: Sequence[bytes]) -> list[Window]:
        source = FileSource(tiny_file(tmp_path / "lines.csv", lines), tiny, SIZE)
        return [window for window, _ in source.windows(START)]

    return call


@pytest.fixture
def make(tiny_start: Model, tiny_lines, stream, tmp_path: Path) -> Make:
    """A memo in the named run, with three windows taken up; its starting model goes by the name given."""

    def call(run: str = "run", *, static: str = "start", seed: int = 7, lines: Sequence[bytes] | None = None) -> Memo:
        folder = tmp_path / run
        if not (folder / "models" / static).exists():
            save_model(tiny_start, folder / "models" / static)
        memo = Memo(Ledger(folder / "segments", tiny_start.dataset), folder / "models", static=static, seed=seed)
        for window in stream(tiny_lines(3 * SIZE, seed=3) if lines is None else lines):
            memo.open(window)
        return memo

    return call


def models(tmp_path: Path, run: str = "run") -> set[str]:
    """The models of a run."""
    return {path.name for path in (tmp_path / run / "models").iterdir()}


def test_too_few_rows_are_refused_in_words(make: Make, tmp_path: Path) -> None:
    """Below the minimum nothing is fitted; with just as many rows it is."""
    assert make().fit(ScikitLearn(), Rows(Span(1, 2)), minimum=201) == Refused("only 200 rows, 201 are needed")
    assert models(tmp_path) == {"start"}
    fit = make().fit(ScikitLearn(), Rows(Span(1, 2)), minimum=200)
    assert isinstance(fit, Fit)
    assert (fit.rows, {"start", fit.model}) == (200, models(tmp_path))


@pytest.mark.parametrize(("label", "known"), [(b"benign", 0), (b"attack", 1)])
def test_rows_of_one_class_are_refused_in_words(
    make: Make, tiny_lines, tmp_path: Path, label: bytes, known: int
) -> None:
    """Nothing can be learned from a single class, and nothing is left behind."""
    lines = [line.rsplit(b",", 1)[0] + b"," + label for line in tiny_lines(SIZE, seed=3)]
    found = make(lines=lines).fit(ScikitLearn(), Rows(Span(0, 0)), minimum=2)
    assert found == Refused(f"all 100 rows are of class {known}")
    assert models(tmp_path) == {"start"}


def test_rows_that_are_no_records_do_not_count(make: Make, tiny_lines) -> None:
    """Dead letters of the span aren't trained on."""
    lines = tiny_lines(SIZE, seed=3)
    lines[10:13] = [b"bad", b"", b"one,2.0,word,attack"]
    fit = make(lines=lines).fit(ScikitLearn(), Rows(Span(0, 0)), minimum=2)
    assert isinstance(fit, Fit)
    assert fit.rows == 97


def test_an_equal_fit_is_made_once(make: Make, counting: Counting, tmp_path: Path) -> None:
    """Asked for again, by another arm or after a restart, it is looked up."""
    memo = make()
    first = memo.fit(counting, Rows(Span(0, 1)), minimum=20)
    assert (
        first == memo.fit(counting, Rows(Span(0, 1)), minimum=50) == make().fit(counting, Rows(Span(0, 1)), minimum=20)
    )
    assert len(counting.seeds) == 1
    assert models(tmp_path) == {"start", first.model}  # type: ignore[union-attr]


def test_two_arms_with_equal_wishes_share_their_models(duel, tmp_path: Path) -> None:
    """The id of a fit doesn't depend on which arm asks, nor on how its training set is called."""
    duel("one", arms=(LAST,), max_windows=6)
    duel("two", arms=(LAST.replace("x:", "y:").replace("last-5", "last-5+last-9"), LAST), max_windows=6)
    assert models(tmp_path, "one") == models(tmp_path, "two")
    assert len(models(tmp_path, "one")) > 1


class Other(ScikitLearn):
    """A learner that goes by another name."""

    kind: str = "other"  # type: ignore[assignment]


def test_a_fits_id_tells_what_determines_it(make: Make, counting: Counting) -> None:
    """Another seed, span, learner or starting model makes another fit, with a seed of its own."""
    wishes = {
        "the same": make("one").fit(counting, Rows(Span(0, 1)), minimum=20),
        "seed": make("two", seed=8).fit(counting, Rows(Span(0, 1)), minimum=20),
        "first": make("one").fit(counting, Rows(Span(1, 1)), minimum=20),
        "last": make("one").fit(counting, Rows(Span(0, 2)), minimum=20),
        "static": make("three", static="other").fit(counting, Rows(Span(0, 1)), minimum=20),
        "learner": make("one").fit(Other(), Rows(Span(0, 1)), minimum=20),
    }
    ids = {fit.model for fit in wishes.values()}  # type: ignore[union-attr]
    assert len(ids) == len(wishes)
    assert len(set(counting.seeds)) == len(wishes) - 1
    assert wishes["the same"] == make("four").fit(counting, Rows(Span(0, 1)), minimum=20)
    assert counting.seeds[-1] == counting.seeds[0]


def test_a_fitted_model_says_where_it_came_from(make: Make, tiny_start: Model, tmp_path: Path) -> None:
    """It has no held-out records, and keeps the contract, the threshold and its span."""
    assert tiny_start.holdout_records == 500
    fit = make().fit(ScikitLearn(), Rows(Span(1, 2)), minimum=20)
    fitted = load_model(tmp_path / "run/models" / fit.model)  # type: ignore[union-attr]
    assert (fitted.holdout_records, fitted.holdout_errors) == (0, 0)
    assert (fitted.dataset, fitted.steps, fitted.threshold) == (tiny_start.dataset, tiny_start.steps, 0.5)
    assert (fitted.info["engine"], fitted.info["rows"]) == ("scikit-learn", 200)
    assert fitted.info["trained_on"]["span"] == {"first": 1, "last": 2}


def test_scores_can_not_be_changed(make: Make, tiny_lines, stream, tmp_path: Path) -> None:
    """Whether just made, or read from the ledger in memory or on disk: they are read-only."""
    memo = make()
    fresh = memo.scores("start", 0)
    (window, *_) = stream(tiny_lines(3 * SIZE, seed=3))
    memo.commit(Entry(window, {"start": fresh}, {}))
    known = make().scores("start", 0)
    np.testing.assert_array_equal(known, fresh)
    for scores in (fresh, known, memo.outcome("start", 0).scores):
        with pytest.raises(ValueError, match="read-only"):
            scores[0] = 0.5


@pytest.mark.parametrize("remembered", [128, 1])
def test_what_the_ledger_holds_is_not_computed_again(
    make: Make, tiny_lines, stream, monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    """A committed score stands, whatever the model would say now, also for windows no longer in memory."""
    window, *_ = stream(tiny_lines(3 * SIZE, seed=3))
    committed = np.linspace(0, 1, SIZE)
    make().commit(Entry(window, {"start": committed}, {}))
    monkeypatch.setattr("online.memo.REMEMBERED", remembered)
    outcome = make().outcome("start", 0)
    np.testing.assert_array_equal(outcome.scores, committed)
    np.testing.assert_array_equal(outcome.losses, (committed > 0.5) != (outcome.labels == 1))
    with pytest.raises(ValueError, match="read-only"):
        outcome.scores[0] = 0.5


@pytest.fixture
def duel(run_asked, tiny_lines, tiny_file, tiny_model, tmp_path: Path) -> Callable[..., None]:
    """Runs the duel over 1,000 records with one change, in windows of 100, into the named run directory."""
    model = tiny_model(tmp_path / "starting")
    file = tiny_file(tmp_path / "stream.csv", tiny_lines(1000, seed=3, flip_from=300))

    def call(run: str, **options) -> None:
        asked = {"model": model, "file": file, "window": SIZE, "arms": ("dynamic", LAST), "seed": 5} | options
        run_asked(run=tmp_path / run, **asked)

    return call


def events(run: Path, arm: str, kind: str) -> list[dict]:
    """The events of one arm."""
    lines = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return [line for line in lines if (line["arm"], line["event"]) == (arm, kind)]


def test_how_much_is_remembered_changes_nothing(duel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one window in memory, and all others read again from the ledger, the run has the same bytes."""
    duel("plenty")
    monkeypatch.setattr("online.memo.REMEMBERED", 1)
    duel("one")
    assert content(tmp_path / "one") == content(tmp_path / "plenty")
    spans = {event["last_window"] - event["first_window"] for event in events(tmp_path / "one", "x", "retrain")}
    assert 4 in spans
    assert events(tmp_path / "one", "dynamic", "promoted")


def test_a_fit_may_span_more_windows_than_are_remembered(duel, tiny_lines, tiny_file, tmp_path: Path) -> None:
    """The rows of all of its windows are trained on, however long ago they came."""
    lines = tiny_lines(5 * 140, seed=3, flip_from=5 * 133)
    file = tiny_file(tmp_path / "long.csv", lines)
    duel("run", arms=("x:policy=threshold,below=0.3,train=last-200,gate=none",), file=file, window=5)
    fits = events(tmp_path / "run", "x", "retrain")
    assert fits[-1]["last_window"] > 130
    assert [(fit["first_window"], fit["rows"]) for fit in fits] == [(0, 5 * (fit["last_window"] + 1)) for fit in fits]


def upside_down(model: Model) -> Model:
    """The model that predicts the opposite."""
    assert isinstance(model.estimator, Forest)
    return replace(model, estimator=replace(model.estimator, votes=model.estimator.votes[:, ::-1].copy()))


def test_a_score_once_in_the_ledger_never_changes(duel, tmp_path: Path) -> None:
    """Where its model has become another one, the old segments and rows stay, and a new arm sees the old scores."""
    run = tmp_path / "run"
    duel("run", arms=("dynamic",))
    duel("whole", arms=("dynamic", LAST))
    before, whole = content(run), content(tmp_path / "whole")
    static = json.loads(before["manifest.json"])["static"]
    model = load_model(run / "models" / static)
    (run / "models" / static).rename(tmp_path / "gone")
    save_model(upside_down(model), run / "models" / static)
    duel("run", arms=(LAST,))
    after = content(run)
    segments = [name for name in before if name.startswith("segments/")]
    assert len(segments) == 10
    assert [after[name] for name in segments] == [before[name] for name in segments]
    assert rows(after["windows.csv"], "x") == rows(before["windows.csv"], "x")
    assert (after["windows.csv"], after["events.jsonl"]) == (whole["windows.csv"], whole["events.jsonl"])


def rows(table: bytes, without: str) -> list[dict[str, str]]:
    """The rows of all arms but one."""
    return [row for row in csv.DictReader(table.decode().splitlines()) if row["arm"] != without]
