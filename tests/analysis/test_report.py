"""The report as a user gets it: the table, the verdict, summary.json and the figures."""

from __future__ import annotations

import csv
import html
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from analysis.cli import report
from analysis.inference.power import Discordance
from analysis.report import write_report
from analysis.summary import NO_DISCORDANCE
from producer.errors import RunError, UsageError

PNG = b"\x89PNG\r\n\x1a\n"


def shown(*arguments: object) -> Result:
    """What the command prints; an unexpected error is raised."""
    return CliRunner().invoke(report, [str(a) for a in arguments], catch_exceptions=False)


def test_the_summary_counts_and_compares(drifting: Path) -> None:
    """Totals from summed counts, costs from events, baselines from labels, and the paired comparison."""
    summary = write_report(drifting).summary
    static, dynamic = summary["arms"]["static"], summary["arms"]["dynamic"]
    assert static["counts"] == {"tp": 410, "fp": 90, "tn": 410, "fn": 90}
    assert static["metrics"]["accuracy"] == pytest.approx(0.82)
    assert dynamic["metrics"]["accuracy"] == pytest.approx(0.94)
    cost = {"alarms": 1, "fits": 1, "rows": 500, "promoted": 1, "rejected": 1, "refused": 1, "rolled_back": 0}
    cost["labels"] = 100  # of the window in which it was judged; its policy looks at none
    assert dynamic["cost"] == cost
    assert summary["baselines"]["no-change"]["metrics"]["accuracy"] == pytest.approx(0.001)
    assert summary["baselines"]["majority"]["counts"] == {"tp": 0, "fp": 0, "tn": 500, "fn": 500}
    found = summary["comparisons"]["dynamic"]
    assert (found["finding"], found["reference_only_wrong"], found["arm_only_wrong"]) == ("better", 120, 0)
    assert found["estimate"]["difference"] == pytest.approx(12.0)
    assert (summary["format"], summary["finished"], summary["windows"], summary["records"]) == (1, True, 10, 1000)


def test_everything_is_written(drifting: Path) -> None:
    """summary.json, and pictures and a table for each metric, lie in the run; nothing temporary is left."""
    written = write_report(drifting)
    assert json.loads((drifting / "summary.json").read_text()) == written.summary
    names = sorted(path.name for path in (drifting / "figures").iterdir())
    drawn = ("accuracy", "f1", "difference", "saved", "confusion")
    assert {f"{name}.{ending}" for name in drawn for ending in ("csv", "png", "svg")} <= set(names)
    assert all(path.read_bytes().startswith(PNG) for path in written.figures)
    assert not [path.name for path in drifting.iterdir() if path.name.endswith(".tmp")]


def test_figures_for_a_paper_are_as_wide_as_its_columns(drifting: Path) -> None:
    """Each figure is there as PDF, 3.5 or 7.16 inches wide (72 points each), beside those for a screen."""
    write_report(drifting, metrics=["accuracy"], paper=["one-column", "two-column"])
    figures = drifting / "figures"
    for name, points in (("one-column", 252), ("two-column", 515.52)):
        drawn = sorted(path.stem for path in (figures / name).glob("*.pdf"))
        assert drawn == sorted(path.stem for path in figures.glob("*.png"))
        for path in (figures / name).iterdir():
            box = re.search(rb"/MediaBox \[ 0 0 ([0-9.]+) ", path.read_bytes())
            assert points == float(box[1])


def test_each_figure_has_its_caption(drifting: Path) -> None:
    """captions.json says in words what each figure shows, as the page does."""
    page = html.unescape(write_report(drifting).page.read_text("utf-8"))
    captions = json.loads((drifting / "figures" / "captions.json").read_text())
    assert set(captions) == {path.stem for path in (drifting / "figures").glob("*.png")}
    assert [name for name, caption in captions.items() if caption["text"] not in page] == []


def test_a_figure_comes_with_its_numbers(drifting: Path) -> None:
    """The table beside a figure holds the value and the band of every window and arm."""
    write_report(drifting, metrics=["accuracy"])
    with (drifting / "figures" / "accuracy.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    fallen = next(row for row in rows if (row["window"], row["arm"]) == ("9", "static"))
    assert (fallen["first_seq"], fallen["last_seq"], fallen["accuracy"]) == ("900", "999", "0.7")
    assert 0.60 < float(fallen["low"]) < 0.7 < float(fallen["high"]) < 0.79


def test_the_same_run_gives_the_same_bytes(drifting: Path, tmp_path: Path) -> None:
    """A report made twice is the same, pictures included."""
    for name in ("a", "b"):
        write_report(drifting, out=tmp_path / name)
    for file in ("summary.json", "figures/accuracy.png", "figures/accuracy.csv", "figures/f1.png"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize("change", ["truth", "events", "band"])
def test_a_figure_shows_what_it_is_given(drifting: Path, tmp_path: Path, change: str) -> None:
    """Planted truth, events and the metric each leave their mark in the picture."""
    before = write_report(drifting, metrics=["f1"], out=tmp_path / "a").figures[0].read_bytes()
    if change == "truth":
        (drifting / "truth.json").unlink()
    if change == "events":
        shutil.rmtree(drifting / "segments")  # which hold the events, too
        (drifting / "events.jsonl").write_text("")
    metric = "recall" if change == "band" else "f1"
    after = write_report(drifting, metrics=[metric], out=tmp_path / "b").figures[0].read_bytes()
    assert before != after


def test_the_command_shows_table_verdict_and_paths(drifting: Path) -> None:
    """Arms and baselines in one table no wider than 80 columns, the verdict in words, and every path."""
    output = shown(drifting, "--out", drifting / "out").output
    table = output.split("\n\n")[0].splitlines()
    assert max(map(len, table)) <= 80
    assert [line.split()[0] for line in table[2:]] == ["static", "dynamic", "majority", "no-change"]
    assert table[3].split() == ["dynamic", *["0.9400"] * 4, "0.8800", "1", "1", "500", "1"]
    assert "On this stream of 1,000 records the arm 'dynamic' made 12.00 errors per 100 records fewer" in output
    assert f"figure:  {drifting / 'out' / 'figures' / 'accuracy.png'} (its numbers: accuracy.csv)" in output
    assert f"summary: {drifting / 'out' / 'summary.json'}" in output


def test_json_is_the_summary(drifting: Path) -> None:
    """With --json nothing but the summary is on stdout."""
    assert json.loads(shown(drifting, "--json").stdout) == json.loads((drifting / "summary.json").read_text())


def test_an_unfinished_run_is_reported_as_such(drifting: Path) -> None:
    """What is there is reported, with a plain statement that more will follow."""
    manifest = (drifting / "manifest.json").read_text()
    (drifting / "manifest.json").write_text(manifest.replace("finished", "running"))
    assert "This run isn't finished: 10 windows are reported." in shown(drifting).output


def test_a_stream_of_one_class(make_run: Callable[..., Path]) -> None:
    """With one class there is accuracy only: no F1, an honest figure, and a note."""
    ones = [np.ones(100, dtype=np.int8)] * 3
    output = shown(make_run(ones, {"static": ones, "dynamic": ones})).output
    assert "All labels are of one class: only accuracy is defined." in output
    assert "was identical to 'static' in every window: it never promoted another model" in output


def test_a_run_of_one_arm(make_run: Callable[..., Path]) -> None:
    """One arm is reported without a comparison."""
    labels = [np.array([0, 1] * 50, dtype=np.int8)]
    summary = write_report(make_run(labels, {"static": labels})).summary
    assert summary["verdicts"] == {"static": "Only the arm 'static' ran: there is nothing to compare it with."}
    assert summary["comparisons"] == {}


def test_a_window_without_records(make_run: Callable[..., Path]) -> None:
    """A window in which every message was a dead letter breaks no report."""
    labels = [np.array([0, 1] * 50, dtype=np.int8), np.empty(0, dtype=np.int8)]
    summary = write_report(make_run(labels, {"static": labels, "dynamic": labels})).summary
    assert (summary["windows"], summary["labelled"]) == (2, 100)


def test_nothing_labelled_at_all(make_run: Callable[..., Path]) -> None:
    """Without any record there is a report all the same, and it says that nothing can be said."""
    empty = [np.empty(0, dtype=np.int8)]
    output = shown(make_run(empty, {"static": empty, "dynamic": empty})).output
    assert "no record of this stream is labelled" in output


def test_several_arms_are_primary_unless_some_were_declared(make_run: Callable[..., Path]) -> None:
    """Each arm is held against static; Holm's correction covers those declared beforehand, or all of them."""
    labels = [np.array([0, 1] * 50, dtype=np.int8)]
    run = make_run(labels, {"static": labels, "one": labels, "two": labels, "three": labels})
    summary = write_report(run).summary
    assert sorted(summary["verdicts"]) == ["one", "three", "two"]
    assert summary["notes"][0].startswith("Primary arms: one, three, two. Holm's correction covers them, for this")
    manifest = json.loads((run / "manifest.json").read_text()) | {"primary": ["two"]}
    (run / "manifest.json").write_text(json.dumps(manifest))
    declared = write_report(run).summary
    assert declared["notes"][0] == "Exploratory arms, not corrected for their number: one, three."
    assert [arm["primary"] for arm in declared["comparisons"].values()] == [False, False, True]


def test_a_report_without_always_says_what_is_missing(drifting: Path, make_run: Callable[..., Path]) -> None:
    """Where nothing was found and nobody knows what could have been, a note says so; a found difference needs none."""
    labels = [np.array([0, 1] * 50, dtype=np.int8)]
    assert (
        NO_DISCORDANCE
        in write_report(make_run(labels, {"static": labels, "one": labels}, name="equal")).summary["notes"]
    )
    assert NO_DISCORDANCE not in write_report(drifting).summary["notes"]


def test_discordance_gives_the_smallest_detectable_difference(make_run: Callable[..., Path]) -> None:
    """With the discordance of never and always, arms that were identical come with what could have been found."""
    labels = [np.array([0, 1] * 50, dtype=np.int8)] * 10
    run = make_run(labels, {"static": labels, "dynamic": labels}, models=lambda *_: "static")
    noise = Discordance(np.full(10, 100), np.full(10, 0.06))
    summary = write_report(run, noise=noise).summary
    assert summary["comparisons"]["dynamic"]["detectable"] == pytest.approx(280.16 * np.sqrt(0.06 / 1000), rel=1e-4)
    assert "This stream could have shown 2.2 errors per 100 records." in summary["verdicts"]["dynamic"]


def test_a_deployment_is_weighed_where_one_is_asked_for(drifting: Path) -> None:
    """At 1 % attacks most alarms of static are false; the table stands only where prevalence or costs are given."""
    assert "Where it is to work" not in shown(drifting).output
    asked = shown(drifting, "--prevalence", 0.01, "--cost-fn", 10)
    assert "Where it is to work" in asked.output
    where = json.loads((drifting / "summary.json").read_text())["measures"]["static"]["deployment"]
    right, false = 0.01 * 0.82, 0.99 * 0.18
    assert where["precision"] == pytest.approx(right / (right + false))
    assert where["cost"] == pytest.approx(1000 * (false + 0.01 * 0.18 * 10))


def test_an_unknown_metric_is_refused(drifting: Path) -> None:
    """A misspelt metric is named, with the nearest one and all that are known."""
    with pytest.raises(
        UsageError, match=r"no metric 'acuracy' \(did you mean 'accuracy'\?\); known are accuracy, balanced"
    ):
        write_report(drifting, metrics=["acuracy"])


def test_a_place_that_cannot_be_written(drifting: Path, tmp_path: Path) -> None:
    """A report that can't be written says so."""
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"can't write the report to .*file: .*choose another --out"):
        write_report(drifting, out=tmp_path / "file")


def test_overdispersed_windows_are_warned_of(make_run: Callable[..., Path]) -> None:
    """Where an arm follows a detector and its windows scatter too much, the report says what that does to alarms."""
    labels = [np.zeros(100, dtype=np.int8) for _ in range(20)]
    wild = [np.repeat(np.array([1, 0], dtype=np.int8), [40 * (w % 2), 100 - 40 * (w % 2)]) for w in range(20)]
    predictions = {"static": wild, "dynamic": wild}
    followed, blind = (
        write_report(make_run(labels, predictions, name=name, policies={"dynamic": name})).summary
        for name in ("drift", "never")
    )
    words = "Windows scatter more than a constant error rate allows: of 'dynamic' the dispersion index is 26.32"
    assert [note for note in followed["notes"] if note.startswith(words)]
    assert not [note for note in blind["notes"] if note.startswith("Windows scatter")]
    assert followed["dispersion"]["dynamic"]["degrees"] == 19
