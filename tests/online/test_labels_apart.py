"""The duel with labels from a file of their own: late, out of order, doubled, and some never."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from contents import content

from online.duel import DuelOutcome
from online.label_store import read_table
from online.ledger import Ledger
from online.outcome import LabelBooks
from producer.dataset import Dataset
from producer.errors import RunError, UsageError
from producer.label_plan import Lateness, plan_arrivals, write_label_file

CLASSICAL = "classical:policy=threshold,metric=accuracy,below=0.9,train=last-1,gate=none"
BY_RECORD = "river:learner=river(logistic-regression, warm_up=false)"
ARMS = ("static", "dynamic", CLASSICAL, BY_RECORD)
RECORDS, SIZE = 1250, 200
Rows = list[tuple[int, str, int]]
Call = Callable[..., DuelOutcome]


@pytest.fixture
def lines(tiny_lines) -> list[bytes]:
    """1,250 lines with one change, among them two dead letters."""
    found = tiny_lines(RECORDS, seed=3, flip_from=600)
    found[37], found[799] = b"one,2.0,word,attack", b"1,2.0"
    return found


@pytest.fixture
def file(tiny_file, lines: list[bytes], tmp_path: Path) -> Path:
    """The lines as a file."""
    return tiny_file(tmp_path / "stream.csv", lines)


@pytest.fixture
def planned(file: Path, tiny: Dataset) -> Callable[..., Rows]:
    """The labels of the file as rows (seq, word, after), as late as asked."""

    def call(**lateness) -> Rows:
        found = plan_arrivals(file, tiny, Lateness(**lateness))
        return list(zip(found.seqs.tolist(), found.words.to_pylist(), found.after.tolist(), strict=True))

    return call


@pytest.fixture
def duel(run_asked, tiny_model, file: Path, tmp_path: Path) -> Call:
    """Runs the duel in windows of 200 into the named run directory; labels as rows go into a file of that name."""
    model = tiny_model(tmp_path / "model")

    def call(run: str, labels: Iterable[object] | None = None, **options) -> DuelOutcome:
        if labels is not None:
            rows = [",".join(map(str, row)) if isinstance(row, tuple) else row for row in labels]
            path = tmp_path / f"{run}.labels.csv"
            path.write_text("\n".join(["seq,label,after", *rows]) + "\n")
            options = {"labels_file": path, "label_horizon": 0, **options}
        asked = {"model": model, "file": file, "window": SIZE, "arms": ARMS, "seed": 5} | options
        return run_asked(run=tmp_path / run, **asked)

    return call


def done(run: Path, tiny: Dataset, *, windows: int | None = None) -> list[object]:
    """All scores and events of the first windows."""
    entries = list(Ledger(run / "segments", tiny).entries())[:windows]
    return [({m: s.tobytes() for m, s in e.scores.items()}, {a: p.events for a, p in e.arms.items()}) for e in entries]


def events(run: Path) -> list[dict]:
    """What happened."""
    return [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]


def flipped(rows: Rows, which: Callable[[tuple[int, str, int]], bool]) -> Rows:
    """The same labels, some of them poisoned."""
    other = {"attack": "benign", "benign": "attack"}
    return [(seq, other[word] if which((seq, word, after)) else word, after) for seq, word, after in rows]


def test_labels_that_come_at_once_change_nothing(duel: Call, planned, tmp_path: Path, tiny: Dataset) -> None:
    """The same segments, models and tables as with the records' own labels, for arms of every kind."""
    duel("own")
    outcome = duel("apart", planned())
    own, apart = content(tmp_path / "own"), content(tmp_path / "apart")
    assert {"labels.arrow", "dead_labels.jsonl"} == apart.keys() - own.keys()
    differing = {name for name in own if own[name] != apart[name]}
    assert {"experiment.toml", "manifest.json"} == differing
    assert len(events(tmp_path / "own")) > 5
    assert outcome.labels == LabelBooks(
        messages=1248, labels=1248, elsewhere=0, doubles=0, unreadable=0, never=0, too_late=0
    )


def test_an_even_delay_is_that_of_label_delay(duel: Call, planned, tmp_path: Path) -> None:
    """Labels that all come 300 records late give what --label-delay 300 gives."""
    duel("own", label_delay=300)
    duel("apart", planned(delay=300), label_horizon=400)
    tables = []
    for run in ("own", "apart"):
        with (tmp_path / run / "windows.csv").open() as table:
            tables.append([{**row, "model": ""} for row in csv.DictReader(table)])  # a learner's id tells the delay
    assert tables[0] == tables[1]
    told = [[(e["window"], e["arm"], e["event"], e["reason"]) for e in events(tmp_path / r)] for r in ("own", "apart")]
    assert told[0] == told[1]


def test_the_records_own_labels_are_ignored(
    duel: Call, planned, lines: list[bytes], tiny_file, tmp_path: Path, tiny: Dataset
) -> None:
    """With labels from elsewhere it doesn't matter what the label column says."""
    labels = planned(delay=50, jitter=300, share=0.8)
    upside_down = [
        line[:-6] + b"attack" if line.endswith(b"benign") else line.replace(b"attack", b"benign") for line in lines
    ]
    duel("one", labels, label_horizon=250)
    duel("two", labels, label_horizon=250, file=tiny_file(tmp_path / "other.csv", upside_down))
    assert done(tmp_path / "one", tiny) == done(tmp_path / "two", tiny)
    assert content(tmp_path / "one")["windows.csv"] == content(tmp_path / "two")["windows.csv"]


@pytest.mark.parametrize("until", [2, 4, 5])
def test_poisoned_labels_that_are_not_revealed_yet_change_nothing(
    duel: Call, planned, tmp_path: Path, tiny: Dataset, until: int
) -> None:
    """Whatever is known only after window k ended, no score and no event up to that window shows it."""
    labels = planned(delay=50, jitter=400, share=0.9)
    duel("true", labels, label_horizon=300)
    duel("poisoned", flipped(labels, lambda row: row[2] >= until * SIZE), label_horizon=300)
    true, poisoned = done(tmp_path / "true", tiny), done(tmp_path / "poisoned", tiny)
    assert true[:until] == poisoned[:until]
    assert true != poisoned


def test_labels_that_come_too_late_are_for_the_report_only(duel: Call, planned, tmp_path: Path, tiny: Dataset) -> None:
    """Poisoned, they change the tracker's counts and nothing that an arm does."""
    labels = planned(jitter=400)
    horizon = 50
    turn = {seq: (seq // SIZE * SIZE + SIZE - 1 + horizon) // SIZE for seq, _, _ in labels}
    outcome = duel("true", labels, label_horizon=horizon)
    duel("poisoned", flipped(labels, lambda row: row[2] // SIZE > turn[row[0]]), label_horizon=horizon)
    assert outcome.labels is not None
    assert outcome.labels.too_late == sum(after // SIZE > turn[seq] for seq, _, after in labels if seq < 1200) > 100
    assert done(tmp_path / "true", tiny) == done(tmp_path / "poisoned", tiny)
    assert content(tmp_path / "true")["windows.csv"] != content(tmp_path / "poisoned")["windows.csv"]


def test_the_tracker_counts_the_labels_that_there_are(duel: Call, planned, tmp_path: Path) -> None:
    """`labelled` is their number; a window without any has no metric, and no arm learns from it."""
    labels = [row for row in planned(share=0.5) if row[0] // SIZE != 1]
    duel("run", labels)
    rows = [row for row in csv.DictReader((tmp_path / "run/windows.csv").open()) if row["arm"] == "static"]
    expected = [sum(seq // SIZE == k for seq, _, _ in labels) for k in range(7)]
    assert [int(row["labelled"]) for row in rows] == expected
    assert (rows[1]["labelled"], rows[1]["accuracy"], rows[1]["tp"]) == ("0", "", "0")
    assert all(sum(int(row[name]) for name in ("tp", "fp", "tn", "fn")) == int(row["labelled"]) for row in rows)


def test_what_becomes_of_every_label_is_counted(duel: Call, planned, tmp_path: Path) -> None:
    """The first of several counts, whenever the others come; labels of numbers without a record, and what is none."""
    labels: list[object] = [*planned(delay=10)]
    rest = [(5, "benign", 0), (5, "attack", 3), (37, "attack", 40), (799, "benign", 0), (5000, "attack", 5000)]
    outcome = duel("run", [*labels[:-10], *rest, "6,perhaps,7", "x"], label_horizon=20)
    duel("plain", labels[:-10], label_horizon=20)
    assert outcome.labels == LabelBooks(
        messages=1245, labels=1238, elsewhere=3, doubles=2, unreadable=2, never=10, too_late=0
    )
    assert content(tmp_path / "run")["windows.csv"] == content(tmp_path / "plain")["windows.csv"]
    dead = [json.loads(line) for line in (tmp_path / "run/dead_labels.jsonl").read_text().splitlines()]
    assert [(d["partition"], d["offset"], d["reason"].partition(";")[0]) for d in dead] == [
        (0, 1243, "unknown label 'perhaps' in 'label'"),
        (0, 1244, "1 columns instead of 3: b'x'"),
    ]


def test_unreadable_labels_that_are_damaged_are_refused_in_a_sentence(duel: Call, planned, tmp_path: Path) -> None:
    """Nested ever deeper, too, which JSON itself can't read."""
    duel("run", planned(delay=10), label_horizon=20)
    digest = json.loads((tmp_path / "run" / "manifest.json").read_text())["identity"]["labels"]["digest"]
    (tmp_path / "run" / "dead_labels.jsonl").write_text("[" * 100_000)
    with pytest.raises(RunError, match="are damaged"):
        read_table(tmp_path / "run", digest)


def test_the_order_of_a_label_file_does_not_matter(duel: Call, planned, tmp_path: Path, tiny: Dataset) -> None:
    """Shuffled, the same labels make the same run: when each is known stands in it."""
    labels = planned(delay=20, jitter=100)
    duel("run", labels, label_horizon=200)
    expected = content(tmp_path / "run")
    np.random.default_rng(1).shuffle(labels)  # type: ignore[arg-type]
    duel("shuffled", [tuple(row) for row in labels], label_horizon=200)
    found = content(tmp_path / "shuffled")
    assert {name for name in expected if found[name] != expected[name]} <= {"experiment.toml"}


def die_at(call: Callable[[], object], run: Path, step: int) -> bool:
    """Do it in a child that vanishes at its n-th write, rename or folder in the run; whether it got that far."""
    child = os.fork()
    if child == 0:
        steps = 0

        def hook(event: str, arguments: tuple) -> None:
            nonlocal steps
            writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if (writes or event in {"os.rename", "os.mkdir"}) and f"{run}/" in f"{arguments[0]}/":
                steps += 1
                if steps == step:
                    os._exit(9)

        sys.addaudithook(hook)
        try:
            call()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_killed_at_any_write_and_resumed_it_has_the_same_bytes(duel: Call, planned, tmp_path: Path) -> None:
    """Wherever the process vanishes, running again ends in the undisturbed run."""
    options = {"labels_file": tmp_path / "labels.csv", "label_horizon": 150, "arms": ("static", CLASSICAL)}
    rows = ["seq,label,after", "oops", *(f"{s},{w},{a}" for s, w, a in planned(delay=30, jitter=250, share=0.9))]
    options["labels_file"].write_text("\n".join(rows) + "\n")  # type: ignore[attr-defined]
    duel("whole", **options)
    expected, step = content(tmp_path / "whole"), 0
    while True:
        step += 1 if step < 12 else 5  # the labels are among the first writes
        run = tmp_path / f"killed{step}"
        if not die_at(partial(duel, run.name, **options), run, step):
            break
        duel(run.name, **options)
        assert content(run) == expected, f"killed at write {step}"
    assert step > 40


def test_a_new_arm_equals_one_asked_for_at_once(duel: Call, planned, tmp_path: Path) -> None:
    """Windows that come from the ledger have these labels, too."""
    labels = planned(delay=30, jitter=250, share=0.9)
    options = {"labels_file": tmp_path / "both.labels.csv", "label_horizon": 150}
    both = duel("both", labels, **options)
    duel("later", **options, arms=("static", BY_RECORD))
    assert duel("later", **options) == both
    for name in ("windows.csv", "events.jsonl"):
        assert content(tmp_path / "later")[name] == content(tmp_path / "both")[name]


def test_other_labels_are_another_run(duel: Call, planned, tmp_path: Path) -> None:
    """So are another horizon, and none; the run stays as it is."""
    duel("run", planned(delay=5), max_windows=2)
    before = content(tmp_path / "run")
    with pytest.raises(RunError, match=r"holds another run: its labels\.digest is '.*, now asked for is '"):
        duel("run", flipped(planned(delay=5), lambda row: row[0] == 1200))
    with pytest.raises(RunError, match=r"holds another run: its labels\.horizon is 0, now asked for is 9"):
        duel("run", planned(delay=5), label_horizon=9)
    with pytest.raises(RunError, match=r"holds another run: its labels is \{.*, now asked for is None"):
        duel("run")
    assert content(tmp_path / "run") == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_horizon": 5}, "--label-horizon is for labels from --labels-topic or --labels-file; name one"),
        ({"labels_file": Path("l"), "labels_topic": "l"}, "from --labels-topic or from --labels-file, not from both"),
        ({"labels_file": Path("l")}, "a label that never comes would be waited for without end: say with --label-hor"),
        ({"labels_topic": "l", "label_horizon": 0, "label_delay": 3}, "--label-delay and --label-share are for labels"),
        ({"labels_topic": "l", "label_horizon": 0, "label_share": 0.5}, "give them to 'driftduel produce' instead"),
        ({"labels_topic": "l", "label_horizon": 0}, "to read label topic 'l' a broker is needed: name one with --boot"),
        ({"labels_file": Path("l"), "label_horizon": 0}, "there is no file l; give the path of a file"),
    ],
)
def test_what_does_not_go_together_is_said(duel: Call, tmp_path: Path, options: dict, message: str) -> None:
    """In a sentence, before there is a run directory."""
    with pytest.raises(UsageError, match=message):
        duel("run", **options)
    assert not (tmp_path / "run").exists()


def test_the_run_holds_what_repeats_it(duel: Call, planned, file: Path, tmp_path: Path, tiny: Dataset) -> None:
    """experiment.toml names the label file and the horizon, and is an experiment."""
    from online.experiment import read_experiment

    path = tmp_path / "labels.csv"
    write_label_file(plan_arrivals(file, tiny, Lateness(delay=3)), path)
    duel("run", labels_file=path, label_horizon=7, max_windows=1)
    stream = read_experiment(tmp_path / "run/experiment.toml").streams[0]
    assert (stream.labels_file, stream.labels_topic, stream.label_horizon) == (path, None, 7)


def test_drift_is_not_planted_under_labels_from_elsewhere(tmp_path: Path) -> None:
    """They would not follow it."""
    from online.experiment import read_experiment

    path = tmp_path / "experiment.toml"
    path.write_text('model = "m"\n[[stream]]\nfile = "f"\nlabels_file = "l"\ndrift = ["label-swap@100"]\n')
    with pytest.raises(
        UsageError, match="the stream 'stream' has drift to plant, which labels from elsewhere don't fo"
    ):
        read_experiment(path)


def test_baselines_know_when_labels_came(duel: Call, planned, tmp_path: Path) -> None:
    """The oracle waits for labels as the arms did, and trains on those that they saw."""
    from online.baselines.computing import Beside, compute, read_baselines

    duel("own", label_delay=300, arms=(CLASSICAL,))
    duel("even", planned(delay=300), label_horizon=300, arms=(CLASSICAL,))
    mixed = [(seq, word, after if seq < 600 else after + 150) for seq, word, after in planned()]
    duel("uneven", mixed, label_horizon=250, arms=(CLASSICAL,))
    found = []
    for run in ("own", "even", "uneven"):
        compute(tmp_path / run, processes=1)
        baselines = read_baselines(tmp_path / run)
        assert baselines is not None
        beside = baselines.arms["classical"]
        assert isinstance(beside, Beside)
        found.append((beside.lag, beside.beats, baselines.matrices[beside.matrix].errors.tolist()))
    assert found[0] == found[1]
    assert found[0][0] == 3
    waits = "the oracle waits after each window as long as after the one whose labels came last"
    assert found[2][:2] == (2, (waits,))


def test_only_labels_that_an_arm_saw_are_counted_as_used(duel: Call, planned, tmp_path: Path) -> None:
    """Those that came too late stand in the tracker, but no arm used them."""
    from analysis.measures.labels_used import run_labels
    from analysis.runs import read_run

    outcome = duel("run", planned(jitter=400), label_horizon=50, arms=(CLASSICAL,)).labels
    assert outcome is not None
    run = read_run(tmp_path / "run")
    short = sum(seq >= 1200 and after // SIZE > 6 for seq, _, after in planned(jitter=400))
    assert run_labels(run)["classical"] == outcome.labels - outcome.too_late - short
    assert outcome.too_late > 100
