"""What taking a run up again costs: what it holds is looked up, read once, and never gathered or computed again."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from contents import content

from online import ledger, memo
from online.duel import DuelOutcome
from online.interfaces import Rows, Span
from online.labels import Labels
from online.learners.batch import ScikitLearn
from online.ledger import Ledger
from online.memo import Fit, Memo, Refused
from producer.errors import ModelError
from static_model.artifact import load_model, save_model

ARMS = ("static", "dynamic", "a:policy=always,train=cumulative,gate=none", "b:policy=always,train=last-2,gate=crossfit")
Call = Callable[..., DuelOutcome]


@pytest.fixture
def duel(run_asked, tiny_lines, tiny_file, tiny_model, tmp_path: Path) -> Call:
    """Runs a duel with retraining, in ten windows of which one holds a dead letter, into the run directory `run`."""
    model = tiny_model(tmp_path / "model")
    lines = tiny_lines(1000, seed=3, flip_from=250)
    lines[437] = b"1,2.0"
    file = tiny_file(tmp_path / "stream.csv", lines)
    options = {"model": model, "file": file, "window": 100, "arms": ARMS, "seed": 5}
    return lambda **more: run_asked(run=tmp_path / "run", **options, **more)


def counted(monkeypatch: pytest.MonkeyPatch, module: object, name: str, key: Callable) -> Counter:
    """Counts the calls of a module's function by what `key` makes of their first argument."""
    calls: Counter = Counter()
    function = getattr(module, name)

    def call(first, *arguments, **options):
        calls[key(first)] += 1
        return function(first, *arguments, **options)

    monkeypatch.setattr(module, name, call)
    return calls


def test_each_segment_is_read_once(duel: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the one with a dead letter, and a duel that isn't taken up again reads that one only."""
    read = counted(monkeypatch, ledger, "read_segments", lambda paths: paths[0].name)
    duel()
    assert read == {"000004.arrow": 1}
    before = content(tmp_path / "run")
    read.clear()
    duel()
    assert read == {f"{index:06d}.arrow": 1 + (index == 4) for index in range(10)}
    assert content(tmp_path / "run") == before


def test_no_rows_are_gathered_for_fits_that_are_there(
    duel: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many rows it was made from is said by the model itself: only folds count those of their own window."""
    gathered = counted(monkeypatch, memo, "gather", lambda rows: rows.span.last - rows.span.first + 1)
    duel()
    assert gathered[10] == 1, "the cumulative arm's last fit"
    before = content(tmp_path / "run")
    gathered.clear()
    duel()
    assert gathered.keys() == {1}
    assert content(tmp_path / "run") == before


def test_a_fit_that_is_there_needs_no_rows(duel: Call, tiny, tmp_path: Path) -> None:
    """How many it was made from is known where no window is, and whether these are enough for whoever asks."""
    duel()
    models = tmp_path / "run" / "models"
    known = Memo(Ledger(tmp_path / "empty", tiny), models, static=static_of(tmp_path / "run"), seed=5)
    fit = known.fit(ScikitLearn(), Rows(Span(0, 9)), minimum=999)
    assert isinstance(fit, Fit)
    assert fit.rows == 999
    refused = known.fit(ScikitLearn(), Rows(Span(0, 9)), minimum=1000)
    assert refused == Refused("only 999 rows, 1000 are needed")


def test_a_fit_of_other_labels_is_another_fit(duel: Call, tiny, tmp_path: Path) -> None:
    """The share of them that is known decides on which rows it was made: by that its id and its seed differ."""
    duel(max_windows=1)
    made = {"static": static_of(tmp_path / "run"), "seed": 5}
    memos = [
        Memo(Ledger(tmp_path / "empty", tiny), tmp_path / "run/models", labels=Labels(size=100, share=share), **made)
        for share in (1.0, 0.5, 0.4)
    ]
    assert len({each.identify(ScikitLearn(), Rows(Span(0, 9))) for each in memos}) == 3


def test_few_windows_are_held_at_once(duel: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older ones are read from the ledger again, and the run comes out the same."""
    duel()
    before = content(tmp_path / "run")
    shutil.rmtree(tmp_path / "run")
    held, opened = [], Memo.open
    monkeypatch.setattr(memo, "REMEMBERED", 2)
    monkeypatch.setattr(Memo, "open", lambda self, window: (opened(self, window), held.append(len(self._windows))))
    duel()
    assert max(held) == 2
    assert content(tmp_path / "run") == before


@pytest.mark.parametrize("rows", [None, "many", True])
def test_a_model_that_does_not_say_its_rows_is_named(duel: Call, tmp_path: Path, rows: object) -> None:
    """It isn't one that this run made; deleted, it is made anew."""
    duel(max_windows=6)
    fitted = next(path for path in (tmp_path / "run/models").iterdir() if path.name != static_of(tmp_path / "run"))
    model = load_model(fitted)
    shutil.rmtree(fitted)
    save_model(replace(model, info={"rows": rows}), fitted)
    said = rf"{fitted.name} doesn't say how many rows it was trained on\. .* made anew: delete"
    with pytest.raises(ModelError, match=said):
        duel()


def static_of(run: Path) -> str:
    """The id of a run's starting model."""
    return str(json.loads((run / "manifest.json").read_text())["static"])


def test_tables_are_whole_when_taking_up_is_interrupted(duel: Call, tmp_path: Path) -> None:
    """Of the windows that weren't gone through yet, rows, events and dead letters are there all the same."""
    duel()
    names = ("windows.csv", "events.jsonl", "dead_letters.jsonl")
    before = [(tmp_path / "run" / name).read_bytes() for name in names]

    @contextmanager
    def interrupting(total: int | None) -> Iterator[Callable[[int], None]]:
        def advance(done: int) -> None:
            windows.append(done)
            if len(windows) == 3:
                raise KeyboardInterrupt

        yield advance

    windows: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        duel(bar=interrupting)
    assert [(tmp_path / "run" / name).read_bytes() for name in names] == before
