"""Several runs beside each other: what they say together, and which of them are set apart, and why."""

from __future__ import annotations

import csv
import html
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from analysis.cli import report
from analysis.comparison import compare_runs
from analysis.comparison_page import comparison_page
from analysis.comparison_report import write_comparison
from analysis.comparison_tables import sentences
from analysis.experiment_tables import policy_claims
from analysis.figures import critical_difference
from analysis.figures.forest import Forest
from analysis.members import Member, names_of
from analysis.runs import read_run
from producer.errors import RunError, UsageError

ARMS = {"static": {"name": "static"}, "dynamic": {"name": "dynamic", "policy": {"kind": "drift"}}}


def summary(**differences: float) -> dict[str, Any]:
    """What a report says of arms that saved so many errors per 100 records."""
    metrics = dict.fromkeys(("accuracy", "precision", "recall", "f1", "mcc"), 0.9)
    total = {"counts": {"tp": 1, "fp": 1, "tn": 1, "fn": 1}, "metrics": metrics}
    comparisons = {
        arm: {"reference": "static", "finding": "better", "estimate": {"difference": value, "low": 0.1, "high": 9.0}}
        for arm, value in differences.items()
    }
    return {
        "windows": 10,
        "records": 1000,
        "labelled": 1000,
        "arms": dict.fromkeys(("static", *differences), total),
        "baselines": {},
        "comparisons": comparisons,
        "verdicts": dict.fromkeys(differences, "It did something."),
    }


def one(name: str, difference: float = 1.0, *, stream: str = "a", seed: int = 0, **changes: Any) -> Member:
    """A run; what differs from a plain one is named."""
    identity = {"source": {"file": stream * 20}, "contract": "c", "model": "m", "window": 1000, "seed": seed}
    identity |= {"label_delay": 0, "label_share": 1.0, **changes.pop("identity", {})}
    manifest = {"identity": identity, "arms": ARMS, "windows": changes.pop("manifest_windows", 10)}
    plain = {"manifest": manifest | changes.pop("manifest", {}), "finished": True}
    plain |= {"truth": None, "summary": summary(dynamic=difference)}
    return Member(name, Path(name), **(plain | changes))


def test_seeds_of_one_stream_are_units() -> None:
    """Five runs that differ by seed alone: a claim for seeds like these, on this stream."""
    found = compare_runs([one(f"s{n}", 1 + n / 10, seed=n) for n in range(5)])
    claim = found["claims"]["dynamic"]
    assert ("seeds", 5, "better") == (claim["unit"], claim["units"], claim["finding"])
    assert pytest.approx(1.2) == claim["difference"]
    assert found["verdicts"]["dynamic"].startswith("Over 5 seeds the policy of 'dynamic' made 1.200 errors per 100")
    assert ["All of these runs read the same stream: what they say of a policy holds for this stream alone."] == (
        found["notes"]
    )


def test_seeds_are_averaged_within_streams() -> None:
    """Five streams with two seeds each are five units, not ten."""
    runs = [
        one(f"{s}{n}", value + n, stream=s, seed=n) for s, value in zip("abcde", range(5), strict=True) for n in (0, 1)
    ]
    claim = compare_runs(runs)["claims"]["dynamic"]
    assert ("streams", 5, [0.5, 1.5, 2.5, 3.5, 4.5]) == (claim["unit"], claim["units"], claim["differences"])


def test_one_file_with_drift_planted_in_many_ways_is_one_stream() -> None:
    """Streams that were made from the same file say nothing about others."""
    truth = {"injected_into": "tool.csv", "drifts": []}
    runs = [one(f"s{n}", 1 + n, stream="abcde"[n], seed=n, truth=truth) for n in range(5)]
    claim = compare_runs(runs)["claims"]["dynamic"]
    assert ("seeds", 5) == (claim["unit"], claim["units"])


def test_from_few_runs_nothing_is_claimed() -> None:
    """Two seeds are two results."""
    found = compare_runs([one("a", 1.0), one("b", 2.0, seed=1)])
    assert ("too few seeds", None) == (found["claims"]["dynamic"]["finding"], found["claims"]["dynamic"]["low"])
    assert "Nothing is claimed about the policy of 'dynamic': 2 seeds were run" in found["verdicts"]["dynamic"]


def test_seeds_that_change_nothing_are_one_result() -> None:
    """An arm without chance comes out the same for every seed: its interval would be a point, and a lie."""
    found = compare_runs([one(f"s{n}", 1.0, seed=n) for n in range(6)])
    assert ("same for every seed", None) == (
        found["claims"]["dynamic"]["finding"],
        found["claims"]["dynamic"]["low"],
    )
    assert "it came out the same for each of 6 seeds, which are one result" in found["verdicts"]["dynamic"]


def test_an_arm_is_primary_only_where_every_run_declared_it() -> None:
    """Declared in one run and not in the other, it is exploratory."""
    runs = [one("a", manifest={"primary": ["dynamic"]}), one("b", seed=1, manifest={"primary": ["other"]})]
    assert not compare_runs(runs)["claims"]["dynamic"]["primary"]


def test_an_experiment_claims_as_a_comparison_does() -> None:
    """The same five seeds give the same interval; six that came out the same are one result there, too."""
    spread, same = ([(n, 1.0 + n * step) for n in range(6)] for step in (0.1, 0.0))
    for seeds in (spread, same):
        runs = {("a", seed): summary(dynamic=value) for seed, value in seeds}
        claim = policy_claims(runs)["a"]["dynamic"]
        other = compare_runs([one(f"s{seed}", value, seed=seed) for seed, value in seeds])["claims"]["dynamic"]
        assert 6 == claim.pop("seeds")
        assert claim == {key: other[key] for key in claim}
    assert ("same for every seed", None, False) == (claim["finding"], claim["low"], "p_value" in claim)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (one("x", seed=1, identity={"window": 500}), "its window is 500, that of first 1000"),
        (one("x", seed=1, identity={"label_delay": 9}), "its label_delay is 9, that of first 0"),
        (one("x", seed=1, identity={"labels": {"horizon": 7}}), "its label_horizon is 7, that of first None"),
        (one("x", seed=1, identity={"model": "n"}), "its model is 'n', that of first 'm'"),
        (one("x", seed=1, identity={"contract": "d"}), "its contract is 'd', that of first 'c'"),
        (one("x", seed=1, finished=False), "it isn't finished"),
        (one("x", manifest={"identity": {}}), "its manifest doesn't say what it is"),
        (one("x", seed=1, manifest_windows=12), "of its 12 windows only 10 are left"),
        (one("x", seed=1, summary=summary(dynamic=1.0) | {"comparisons": {}}), "its predictions are lost, and only"),
    ],
)
def test_what_cannot_be_compared_is_set_apart(other: Member, reason: str) -> None:
    """It stands in the tables, and its difference in no claim; the words say why."""
    found = compare_runs([one("first"), other])
    assert found["apart"]["x"].startswith(reason)
    assert [1.0] == found["claims"]["dynamic"]["differences"]
    assert ["first", "x"] == list(found["runs"])
    assert ["dynamic"] == [arm for arm, claim in found["claims"].items() if claim["primary"]]
    words = f"x is set apart, and nothing is claimed from it together with the others: {found['apart']['x']}."
    assert words in found["notes"]


@pytest.mark.parametrize("broken", [{"manifest": {"identity": {}}}, {"manifest_windows": 12}, {"finished": False}])
def test_a_run_that_can_not_be_compared_sets_nobody_else_apart(broken: dict[str, Any]) -> None:
    """Named first, it doesn't say what the others must be like."""
    first = one("x", **({"identity": {"window": 500}} if "manifest" not in broken else {}), **broken)
    assert ["x"] == list(compare_runs([first, one("a"), one("b", seed=1)])["apart"])


def test_a_directory_that_is_not_whole_is_said_to_be_so() -> None:
    """What is missing stands in the run's own report."""
    found = compare_runs([one("a", missing=("events.jsonl is cut.",)), one("b", seed=1)])
    assert "a isn't whole; its own report says what is missing (1)." in found["notes"]


@pytest.mark.parametrize(
    "apart",
    [one("x", stream="b", finished=False), one("x", seed=2, identity={"model": "n"})],
    ids=["another stream", "another model"],
)
def test_a_note_is_of_the_runs_that_are_claimed_from(apart: Member) -> None:
    """One that is set apart makes neither two streams of one, nor models of one model."""
    notes = compare_runs([one("a"), one("b", seed=1), apart])["notes"]
    assert [note for note in notes if note.startswith("All of these runs read the same stream")]
    assert not [note for note in notes if "of their own" in note]


def test_streams_may_have_models_of_their_own() -> None:
    """Another stream comes with its own contract and model; the words say so."""
    found = compare_runs([one("a"), one("b", stream="b", identity={"model": "n", "contract": "d"})])
    assert {} == found["apart"]
    assert (
        "The streams have contracts of their own; a claim over them is about the policy with each of these."
        in (found["notes"])
    )


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (one("b", 2.0), r"another run has the same stream, arm and seed (0)"),
        (
            one("b", 2.0, seed=1, manifest={"arms": {"dynamic": {"policy": {"kind": "always"}, "name": "dynamic"}}}),
            "it is another arm than that of a: its policy.kind is 'always', not 'drift'",
        ),
        (one("b", seed=1, summary=summary() | {"comparisons": {"dynamic": {"reference": "x"}}}), "held against 'x'"),
        (
            one(
                "b", seed=1, summary=summary() | {"comparisons": {"dynamic": {"reference": "static", "estimate": None}}}
            ),
            "no record is labelled",
        ),
    ],
)
def test_an_arm_that_is_no_unit_is_left_out(other: Member, reason: str) -> None:
    """It isn't counted twice, and nothing else is counted under its name."""
    found = compare_runs([one("a"), other])
    assert [1.0] == found["claims"]["dynamic"]["differences"]
    assert any(note.startswith("The arm 'dynamic' of b is left out") and reason in note for note in found["notes"])


def test_arms_of_different_runs_of_one_stream_stand_together() -> None:
    """Each arm's claim rests on the runs that have it."""
    found = compare_runs([one("a"), one("b", summary=summary(other=2.0))])
    assert {"dynamic": [1.0], "other": [2.0]} == {arm: c["differences"] for arm, c in found["claims"].items()}


def test_an_arm_of_which_nothing_is_claimed_is_one_of_the_family() -> None:
    """Holm's correction covers all that were looked at."""
    values = (1.0, 1.3, 0.8, 1.1, 1.2)
    runs = [one(f"s{n}", seed=n, summary=summary(dynamic=v, constant=1.0)) for n, v in enumerate(values)]
    claims = compare_runs(runs)["claims"]
    assert (2, None) == (claims["constant"]["family"], claims["constant"]["p_holm"])
    assert pytest.approx(2 * claims["dynamic"]["p_value"]) == claims["dynamic"]["p_holm"]


def test_many_arms_are_corrected_for_unless_they_are_exploratory() -> None:
    """Primary arms by Holm; of others it is said that nothing corrects them."""

    def runs(**manifest: Any) -> list[Member]:
        values = (1.0, 1.3, 0.8, 1.1, 1.2)
        return [
            one(f"s{n}", seed=n, summary=summary(dynamic=v, other=v + 1), manifest=manifest)
            for n, v in enumerate(values)
        ]

    every, declared = compare_runs(runs()), compare_runs(runs(primary=["other"]))
    assert "After Holm's correction for 2 arms it holds (p = " in every["verdicts"]["dynamic"]
    assert "This arm is exploratory: nothing corrects its claim" in declared["verdicts"]["dynamic"]
    assert (True, False) == tuple(declared["claims"][arm]["primary"] for arm in ("other", "dynamic"))
    assert "Holm" not in declared["verdicts"]["other"]


def test_names_are_as_short_as_tells_them_apart(tmp_path: Path) -> None:
    """A run is called by the end of its path, whatever the current folder."""
    assert ["a", "b"] == names_of([tmp_path / "a", tmp_path / "x/b"])
    assert ["x/a", "y/a"] == names_of([tmp_path / "x/a", tmp_path / "y/a"])


@pytest.fixture
def runs(make_run: Callable[..., Path]) -> list[Path]:
    """Two runs of one stream with other seeds, and one with other windows."""
    found = []
    for seed, (name, size) in enumerate((("one", 100), ("two", 100), ("three", 90))):
        labels = [np.tile(np.array([0, 1], dtype=np.int8), size // 2) for _ in range(10)]
        wrong = np.array([1] * 30 + [0] * (size - 30), dtype=np.int8)
        better = [window ^ np.roll(wrong, seed) * (place % 2) for place, window in enumerate(labels)]
        run = make_run(labels, {"static": [w ^ wrong for w in labels], "dynamic": better}, name=name, size=size)
        manifest = json.loads((run / "manifest.json").read_text())
        manifest["identity"] |= {"seed": seed}
        (run / "manifest.json").write_text(json.dumps(manifest))
        found.append(run)
    return found


def shown(*arguments: object) -> Result:
    return CliRunner().invoke(report, [str(a) for a in arguments], catch_exceptions=False)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_several_runs_are_reported_and_compared(runs: list[Path], tmp_path: Path) -> None:
    """Each as alone, under runs/; the runs stay as they are; tables and words on the terminal."""
    before = [files(run) for run in runs]
    result = shown(*runs, "--out", tmp_path / "out", "--latex", "--csv", "--metric", "accuracy")
    assert before == [files(run) for run in runs]
    assert {"comparison.json", "report.html", "table.tex", "table.csv"} <= files(tmp_path / "out")
    alone = json.loads((tmp_path / "out/runs/two/summary.json").read_text())
    assert 0.85 == pytest.approx(alone["arms"]["dynamic"]["metrics"]["accuracy"])
    assert "3 runs of 1 stream." in result.stdout
    assert "three is set apart, and nothing is claimed from it together" in result.stdout
    assert "its window is 90, that of one 100" in result.stdout
    with (tmp_path / "out/table.csv").open() as file:
        rows = [(row["run"], row["arm"]) for row in csv.DictReader(file)]
    assert [
        (run, arm) for run in ("one", "two", "three") for arm in ("static", "dynamic", "majority", "no-change")
    ] == rows
    tex = (tmp_path / "out/table.tex").read_text()
    assert "two & static & 0.7000 & " in tex
    assert 3 == tex.count("\\midrule")  # before each run


def test_each_run_is_read_once(runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For its own report and for the comparison: reading is a good part of what a long run's report costs."""
    found: list[Path] = []
    monkeypatch.setattr("analysis.loaded.read_run", lambda path, **more: found.append(path) or read_run(path, **more))
    write_comparison(runs[:2], out=tmp_path / "out", metrics=["accuracy"])
    assert runs[:2] == found


def test_json_is_comparison_json(runs: list[Path], tmp_path: Path) -> None:
    """With --json nothing else is on stdout."""
    result = shown(*runs[:2], "--out", tmp_path / "out", "--json")
    assert json.loads(result.stdout) == json.loads((tmp_path / "out/comparison.json").read_text())
    assert ["one", "two"] == list(json.loads(result.stdout)["runs"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (["--truth", "t.json"], UsageError, "--truth is of one stream; report that run alone"),
        (["--metric", "acuracy"], UsageError, "no metric 'acuracy'"),
        (["--out", "MANIFEST"], RunError, "choose another --out"),
    ],
)
def test_what_cannot_be_is_refused(runs: list[Path], options: list[str], error: type, message: str) -> None:
    """In one sentence."""
    given = [str(runs[0] / "manifest.json") if option == "MANIFEST" else option for option in options]
    with pytest.raises(error, match=message):
        shown(*runs[:2], *given)


def test_a_run_that_is_named_twice_is_refused(runs: list[Path], tmp_path: Path) -> None:
    """However it is written."""
    with pytest.raises(UsageError, match="is named twice; name each run once"):
        write_comparison([runs[0], runs[0] / ".." / runs[0].name], out=tmp_path / "out")


def test_one_runs_table_goes_into_files_too(runs: list[Path], tmp_path: Path) -> None:
    """The same columns without the run's name, and the paths are said."""
    result = shown(runs[0], "--latex", "--csv", "--metric", "accuracy", "--out", tmp_path / "out")
    assert f"table:   {tmp_path / 'out/table.tex'}" in result.stdout
    tex, table = ((tmp_path / "out" / name).read_text() for name in ("table.tex", "table.csv"))
    assert "static & 0.7000 & " in tex
    assert table.startswith("arm,kind,accuracy,precision,recall,f1,mcc,errors,difference,low,high,finding,alarms,")
    assert ["static", "dynamic", "majority", "no-change"] == [line.split(",")[0] for line in table.splitlines()[1:]]
    assert not files(runs[0]) & {"table.tex", "table.csv", "summary.json"}


def test_without_being_asked_no_table_is_written(runs: list[Path], tmp_path: Path) -> None:
    """A report holds what it always did."""
    shown(runs[0], "--out", tmp_path / "out")
    assert not files(tmp_path / "out") & {"table.tex", "table.csv"}


def page_of(comparison: dict[str, Any]) -> str:
    ranks = critical_difference(comparison["scores"]).plain()
    return comparison_page(comparison | {"ranks": ranks}, None, None, endings=("svg",))


def test_the_page_says_what_the_terminal_says(runs: list[Path], tmp_path: Path) -> None:
    """Verdicts, what is set apart, every run's numbers, the figure with its files, and the way to each report."""
    shown(*runs, "--out", tmp_path / "out", "--metric", "accuracy")
    page = (tmp_path / "out/report.html").read_text()
    comparison = json.loads((tmp_path / "out/comparison.json").read_text())
    for sentence in (*comparison["verdicts"].values(), *comparison["notes"]):
        assert html.escape(sentence) in page
    for name in ("one", "two", "three"):
        assert f'<a href="runs/{name}/report.html">' in page
        assert (tmp_path / f"out/runs/{name}/report.html").is_file()
    assert '<figure id="figure-saved-by-run">' in page
    assert {f"figures/saved-by-run.{ending}" for ending in ("svg", "png", "csv")} <= files(tmp_path / "out")
    assert "<script" not in page


def test_a_name_is_text_in_the_page() -> None:
    """Whatever a directory or an arm is called."""
    evil = "<script>alert(1)</script>"
    page = page_of(compare_runs([one(evil, summary=summary(**{evil: 1.0})), one("b", seed=1)]))
    assert "<script" not in page
    assert html.escape(evil) in page
    assert 'href="runs/%3Cscript%3Ealert%281%29%3C/script%3E/report.html"' in page


def test_the_figure_has_a_row_for_each_run_and_for_what_is_claimed() -> None:
    """Arm by arm; a mean only where it has an interval; the words name its units and what is in no mean."""
    runs = [one(f"s{n}", 1 + n / 10, seed=n) for n in range(5)]
    table = Forest(compare_runs(runs)).table()
    assert ["s0", "s1", "s2", "s3", "s4", "together"] == table["run"].tolist()
    assert pytest.approx(1.2) == table["difference"].iloc[-1]
    edge = compare_runs(runs)
    edge["claims"]["dynamic"]["low"] = 0.0
    assert "Diamonds are means" in Forest(edge).caption()
    few = Forest(compare_runs([*runs[:2], one("x", seed=7, identity={"window": 1})]))
    assert ["s0", "s1", "x"] == few.table()["run"].tolist()
    assert "There are too few seeds or streams" in few.caption()
    assert "Set apart, and in no mean: x." in few.caption()


def test_without_differences_there_is_no_figure(make_run: Callable[..., Path], tmp_path: Path) -> None:
    """Runs of static alone are reported, and say nothing together."""
    labels = [np.tile(np.array([0, 1], dtype=np.int8), 50)]
    alone = [make_run(labels, {"static": labels}, name=name) for name in ("a", "b")]
    written = write_comparison(alone, out=tmp_path / "out", metrics=["accuracy"], paper=["one-column"])
    assert {} == written.comparison["claims"]
    drawn = sorted(
        str(path.relative_to(tmp_path)) for path in tmp_path.glob("out/runs/*/figures/one-column/accuracy.pdf")
    )
    assert [f"out/runs/{name}/figures/one-column/accuracy.pdf" for name in ("a", "b")] == drawn
    assert "<figure" not in (tmp_path / "out/report.html").read_text()
    assert Forest(written.comparison).refusal == "No run holds an arm against static on labelled records."


def over_streams(streams: int, **changes: Any) -> list[Member]:
    """Two seeds of so many streams, where `better` is right more often than `static`, and `worse` less often."""

    def told(place: int, seed: int) -> dict[str, Any]:
        said = summary(better=1.0 + place, worse=-1.0 - place)
        rates = {"static": 0.8, "better": 0.81 + place / 100 + seed / 50, "worse": 0.7 - place / 100}
        arms = {
            arm: {**said["arms"][arm], "metrics": {**said["arms"][arm]["metrics"], "accuracy": rate}}
            for arm, rate in rates.items()
        }
        return {**said, "arms": arms}

    found = [(place, seed) for place in range(streams) for seed in (0, 1)]
    return [one(f"{p}-{s}", stream="abcdefgh"[p], seed=s, summary=told(p, s), **changes) for p, s in found]


def test_arms_are_ranked_over_six_streams() -> None:
    """As an experiment ranks them: seeds averaged within each stream, the best arm first."""
    found = compare_runs(over_streams(6))
    assert found["scores"]["file " + 12 * "c"] == pytest.approx({"static": 0.8, "better": 0.84, "worse": 0.68})
    ranks = critical_difference(found["scores"]).plain()
    assert (ranks["streams"], ranks["ranks"]) == (6, {"better": 1.0, "static": 2.0, "worse": 3.0})


def test_fewer_streams_are_not_ranked_and_the_words_say_why() -> None:
    """Five streams, whatever the number of their runs; of one stream nothing is said, as nobody expects ranks."""
    reason = "Arms aren't ranked over streams: 6 or more are needed, and there are 5."
    for streams, said in ((5, True), (1, False)):
        found = compare_runs(over_streams(streams))
        found["ranks"] = critical_difference(found["scores"]).plain()
        assert any(one.startswith(reason) for one in sentences(found)) == said
        assert (html.escape(reason) in page_of(found)) == said
        assert ('id="ranks"' in page_of(found)) == said


def test_arms_that_some_runs_lack_are_not_ranked() -> None:
    """The others are, what is set apart has no rank, and a sentence names those left out."""
    runs = over_streams(6)
    lacking = {key: value for key, value in runs[3].summary["comparisons"].items() if key != "worse"}
    runs[3] = replace(runs[3], summary={**runs[3].summary, "comparisons": lacking})
    found = compare_runs([*runs, one("x", stream="h", finished=False)])
    assert [*found["scores"]] == [f"file {12 * letter}" for letter in "abcdef"]
    assert {tuple(row) for row in found["scores"].values()} == {("static", "better")}
    assert "Not ranked over the streams, as not every run has them: worse." in found["notes"]


def test_an_undefined_score_is_none_and_is_named() -> None:
    """JSON has no other word for it."""
    runs = over_streams(6)
    runs[0].summary["arms"]["better"]["metrics"]["accuracy"] = None
    scores = compare_runs(runs)["scores"]
    assert scores["file " + 12 * "a"]["better"] is None
    assert "the arm 'better' has no score on stream 'file a" in critical_difference(scores).plain()["reason"]


def test_a_comparison_draws_the_ranks(make_run: Callable[..., Path], tmp_path: Path) -> None:
    """Six runs of six streams: the figure in every format and its numbers, in the page, in the words and in JSON."""
    runs = []
    for place in range(6):
        labels = [np.tile(np.array([0, 1], dtype=np.int8), 50)] * 2
        wrong = np.array([1] * (10 + place) + [0] * (90 - place), dtype=np.int8)
        run = make_run(labels, {"static": [w ^ wrong for w in labels], "dynamic": labels}, name=f"run-{place}")
        manifest = json.loads((run / "manifest.json").read_text())
        manifest["identity"]["source"] = {"file": f"{place}" * 20}
        (run / "manifest.json").write_text(json.dumps(manifest))
        runs.append(run)
    result = shown(*runs, "--out", tmp_path / "out", "--metric", "accuracy")
    drawn = {f"figures/critical-difference.{ending}" for ending in ("svg", "png", "csv")}
    assert drawn <= files(tmp_path / "out")
    page = (tmp_path / "out/report.html").read_text()
    comparison = json.loads((tmp_path / "out/comparison.json").read_text())
    assert comparison["ranks"]["ranks"] == {"dynamic": 1.0, "static": 2.0}
    assert '<figure id="figure-critical-difference">' in page
    assert html.escape(comparison["ranks"]["words"]) in page
    assert " ".join(comparison["ranks"]["words"].split()) in " ".join(result.stdout.split())
