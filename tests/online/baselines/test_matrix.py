"""The matrix of losses over a real run: as a loop by hand makes it, resumed, found again, by several processes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from online.baselines.building import Ask, build, models_of
from online.baselines.matrix import read_matrix
from online.baselines.oracle import always, count_errors, never, periodic
from online.baselines.whole import Whole, open_whole
from online.interfaces import Rows, Span, Training
from online.labels import label_values
from online.learners.batch import ScikitLearn
from online.ledger import Ledger
from online.memo import Memo
from online.run import read_contract, read_manifest
from online.tracker import count_cost
from online.training_sets.cumulative import Cumulative
from online.training_sets.last import Last
from online.training_sets.static_last import StaticLast
from producer.errors import RunError, UsageError
from static_model.artifact import load_model
from static_model.scorer import Scorer, featurise

SIZE = 100
ALWAYS = "always:policy=always,train=last-1,gate=none"
LAST = Ask(Last(windows=1), ScikitLearn())


def by_hand(run: Path) -> np.ndarray:
    """Errors of the model fitted on each window alone, on each window after it, by a plain loop; NaN elsewhere."""
    static = load_model(run / "models" / read_manifest(run)["static"])
    windows = [entry.window for entry in Ledger(run / "segments", read_contract(run)).entries()]
    features = [featurise(static.steps, window.records) for window in windows]
    labels = [label_values(window.records.column("y")) for window in windows]
    memo = Memo(Ledger(run / "segments", static.dataset), run / "models", static=read_manifest(run)["static"], seed=5)
    errors = np.full((len(windows) - 1, len(windows), 2), -1)
    for i in range(len(windows) - 1):
        _, seed = memo.identify(ScikitLearn(), Rows(Span(i, i)))
        rows = Training(features[i], labels[i], lambda i=i: windows[i].records)
        scorer = Scorer(ScikitLearn().fit(rows, like=static, seed=seed).estimator)
        for j in range(i + 1, len(windows)):
            wrong = (scorer.score(features[j]) > 0.5) != (labels[j] == 1)
            for parity in (0, 1):
                errors[i, j, parity] = wrong[windows[j].seqs % 2 == parity].sum()
    return errors


def test_it_equals_a_loop_by_hand(whole) -> None:
    """Each model's errors on each later window, on even and on odd numbers, are those of a plain loop."""
    stream, mapped = whole("static")
    matrix = read_matrix(build(stream, LAST, mapped=mapped))
    expected = by_hand(stream.run)
    assert matrix.fitted.tolist() == list(range(12))
    served = expected >= 0
    assert np.array_equal(matrix.errors[1:][served], expected[served])
    assert not matrix.errors[1:][~served].any()


def tracked(run: Path, arm: str) -> list[int]:
    """An arm's errors by window, as the tracker has them."""
    lines = (run / "windows.csv").read_text().splitlines()
    rows = [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:]]
    return [int(row["fp"]) + int(row["fn"]) for row in rows if row["arm"] == arm]


@pytest.mark.parametrize(
    ("latency", "delay"), [(0, 0), (2, 0), (0, 150), (1, 100)], ids=["at once", "latency", "late labels", "both"]
)
def test_its_paths_are_the_arms(whole, latency: int, delay: int) -> None:
    """Never is the static arm, always and periodic are ungated arms of these policies: window by window."""
    late = f",latency={latency}"
    arms = (ALWAYS + late, f"third:policy=periodic(3),train=last-1,gate=none{late}")
    stream, mapped = whole(*arms, label_delay=delay)
    matrix = read_matrix(build(stream, LAST, mapped=mapped))
    losses = matrix.losses(1 + latency + -(-delay // SIZE))
    paths = {"static": never(losses), "always": always(losses), "third": periodic(losses, 3)}
    for arm, path in paths.items():
        assert count_errors(losses, path).sum(axis=1).tolist() == tracked(stream.run, arm)
        assert [int(wrong.sum()) for wrong in matrix.wrong(path)] == tracked(stream.run, arm)
    assert tracked(stream.run, "always") != tracked(stream.run, "static")


def test_fits_are_shared_with_the_arms_of_the_run(whole) -> None:
    """What the arm `always` has fitted isn't fitted again."""
    stream, mapped = whole(ALWAYS)
    before = {path.name for path in (stream.run / "models").iterdir()}
    build(stream, LAST, mapped=mapped)
    assert {path.name for path in (stream.run / "models").iterdir()} == before
    events = [json.loads(line) for line in (stream.run / "events.jsonl").read_text().splitlines()]
    assert count_cost(events, "always").fits == 12


def test_a_refused_fit_is_no_model(whole) -> None:
    """A window of too few rows gives no model, and says why; `always` keeps the one before, as the arm does."""
    gone = range(300, 390)
    stream, mapped = whole(ALWAYS, broken=gone)
    matrix = read_matrix(build(stream, LAST, mapped=mapped))
    assert matrix.facts["refused"] == [{"window": 3, "reason": "only 10 rows, 20 are needed"}]
    losses = matrix.losses(1)
    assert count_errors(losses, always(losses)).sum(axis=1).tolist() == tracked(stream.run, "always")


def content(folder: Path) -> dict[str, bytes]:
    """The files of a matrix."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_second_call_finds_it_and_a_cut_one_is_resumed(whole, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fitted twice; after a kill only what is missing is made, and the bytes are the same."""
    stream, mapped = whole("static")
    folder = build(stream, LAST, mapped=mapped)
    first = content(folder)
    for name in ("matrix.json", "000007.json", "000007.npy", "000008.json", "errors.npy"):
        (folder / name).unlink()
    made: list[int] = []
    score = Whole.wrong
    monkeypatch.setattr(
        Whole, "wrong", lambda self, model, windows: made.append(windows[0]) or score(self, model, windows)
    )
    assert build(stream, LAST, mapped=mapped) == folder
    assert (made, content(folder)) == ([8, 9], first)
    build(stream, LAST, mapped=mapped)
    assert made == [8, 9]


def test_two_processes_make_the_same_bytes(whole) -> None:
    """How many processes work on it leaves no trace."""
    stream, mapped = whole("static", window=50)
    assert models_of(LAST, len(stream)) == 25
    folder = build(stream, LAST, mapped=mapped, processes=1)
    one = content(folder)
    models = {path.name for path in (stream.run / "models").iterdir()}
    shutil.rmtree(folder)
    for model in models - {stream.static}:
        shutil.rmtree(stream.run / "models" / model)
    progress: list[int] = []
    assert build(stream, LAST, mapped=mapped, processes=2, done=progress.append) == folder
    assert (content(folder), sum(progress)) == (one, 25)
    assert {path.name for path in (stream.run / "models").iterdir()} == models


def test_a_thinned_matrix_has_every_kth_model(whole) -> None:
    """With every=4 there is a model after windows 3, 7 and so on: the very ones of the full matrix."""
    stream, mapped = whole("static")
    thin = read_matrix(build(stream, Ask(Last(windows=1), ScikitLearn(), every=4), mapped=mapped))
    full = read_matrix(build(stream, LAST, mapped=mapped))
    assert (thin.facts["every"], thin.fitted.tolist()) == (4, [3, 7, 11])
    assert np.array_equal(thin.errors, full.errors[[0, 4, 8, 12]])


def test_rows_of_old_windows_and_of_the_training_file_are_found(whole, tiny_lines, tiny_file, tmp_path: Path) -> None:
    """Cumulative sets train on all windows so far; static ones need the training file."""
    training = tiny_file(tmp_path / "training.csv", tiny_lines(500, seed=0))
    stream, mapped = whole("static", training=(training,))
    growing = read_matrix(build(stream, Ask(Cumulative(), ScikitLearn()), mapped=mapped))
    assert [fit["rows"] for fit in growing.facts["fits"]][:4] == [99, 199, 299, 399]
    both = read_matrix(build(stream, Ask(StaticLast(windows=1), ScikitLearn(), every=6), mapped=mapped))
    assert [fit["rows"] for fit in both.facts["fits"]] == [600, 600]
    without = open_whole(stream.run, mapped)
    with pytest.raises(UsageError, match="name them with --training"):
        build(without, Ask(StaticLast(windows=1), ScikitLearn()), mapped=mapped)


def forget_labels(run: Path, window: int, places: Sequence[int]) -> None:
    """Commit a run's windows anew, without the labels at these places of one window."""
    ledger = Ledger(run / "segments", read_contract(run))
    entries = list(ledger.entries())
    shutil.rmtree(run / "segments")
    anew = Ledger(run / "segments", ledger.dataset)
    for entry in entries:
        records = entry.window.records
        if entry.window.index == window:
            labels = records.column("y").to_pylist()
            kept = [None if place in places else label for place, label in enumerate(labels)]
            columns = [*records.columns[:-1], pa.array(kept, pa.int8())]
            records = pa.RecordBatch.from_arrays(columns, schema=records.schema)
        anew.commit(replace(entry, window=replace(entry.window, records=records)))


def test_records_without_a_label_are_in_no_count(whole) -> None:
    """Errors are counted on labelled records only, and no model learns from the others."""
    before, mapped = whole("static")
    forget_labels(before.run, 2, range(10, 30))
    stream = open_whole(before.run, mapped)
    matrix = read_matrix(build(stream, LAST, mapped=mapped))
    assert matrix.labelled.tolist() == [99, 100, 80, *[100] * 4, 99, *[100] * 4, 50]
    assert [fit["rows"] for fit in matrix.facts["fits"]][:4] == [99, 100, 80, 100]
    static = matrix.wrong(never(matrix.losses(1)))
    assert [len(wrong) for wrong in static] == matrix.labelled.tolist()
    kept = np.delete(np.arange(100), range(10, 30))
    assert np.array_equal(static[2], before.wrong(before.static, [2])[kept])
    assert matrix.errors[0, 2].tolist() == [static[2][kept % 2 == parity].sum() for parity in (0, 1)]


def test_a_damaged_matrix_is_refused(whole) -> None:
    """Files that don't fit each other are named, and what to do."""
    stream, mapped = whole("static")
    folder = build(stream, LAST, mapped=mapped)
    np.save(folder / "000003.npy", np.zeros(3, np.uint8))
    with pytest.raises(RunError, match=r"are damaged \(000003.npy doesn't hold .* delete that folder"):
        read_matrix(folder).wrong(always(read_matrix(folder).losses(1)))
    (folder / "000003.npy").write_bytes(b"")
    with pytest.raises(RunError, match=r"are damaged \(No data left in file\)"):
        read_matrix(folder).wrong(always(read_matrix(folder).losses(1)))
    np.save(folder / "000003.npy", np.zeros(3, np.uint8))
    broken = (folder / "000003.npy").read_bytes().replace(b"}", b" ")
    (folder / "000003.npy").write_bytes(broken)
    with pytest.raises(RunError, match=r"are damaged \(.*EOF in multi-line statement"):
        read_matrix(folder).wrong(always(read_matrix(folder).losses(1)))
    (folder / "matrix.json").write_text("{}")
    with pytest.raises(RunError, match=r"are damaged \(its format is None, this driftduel reads 1\)"):
        read_matrix(folder)


def test_no_model_predicts_what_it_was_trained_on(whole) -> None:
    """A path on which one would is refused, whoever made it."""
    stream, mapped = whole("static")
    matrix = read_matrix(build(stream, LAST, mapped=mapped))
    with pytest.raises(RunError, match=r"are damaged \(the model of window 0 would predict window 0\); delete that"):
        matrix.wrong(always(matrix.losses(0)))


def test_a_window_without_known_labels_is_no_occasion_to_fit(whole) -> None:
    """Where nothing new is known there is no model, as the arm's policy isn't asked either."""
    stream, mapped = whole("always:policy=always,train=last-3,gate=none", broken=range(300, 400))
    matrix = read_matrix(build(stream, Ask(Last(windows=3), ScikitLearn()), mapped=mapped))
    assert matrix.facts["refused"] == [{"window": 3, "reason": "no label of the window is known"}]
    losses = matrix.losses(1)
    assert count_errors(losses, always(losses)).sum(axis=1).tolist() == tracked(stream.run, "always")
