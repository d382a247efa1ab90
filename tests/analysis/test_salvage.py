"""Damaged run directories: a report of what there is, a list of what is not, and never a traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from analysis import load_run
from analysis.cli import report
from analysis.loaded import LoadedRun
from analysis.salvage.manifest import Manifest
from analysis.salvage.reading import tolerate
from analysis.salvage.tables import NO_VERDICT
from online.segment import load_segment
from producer.errors import RunError

Look = Callable[[Path], LoadedRun]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("windows.csv", "windows.csv is missing: what it would say was made from the segments instead."),
        ("events.jsonl", "events.jsonl is missing: what it would say was made from the segments instead."),
        ("dead_letters.jsonl", "dead_letters.jsonl is missing: what it would say was made from the segments instead."),
        ("experiment.toml", "experiment.toml is missing: how to repeat the run is lost; the report doesn't need it."),
        ("positions.jsonl", "positions.jsonl is missing: the run can't be taken up again; the report doesn't need it."),
    ],
)
def test_exports_are_made_from_the_segments(look: Look, drifting: Path, file: str, words: str) -> None:
    """A lost export changes no number; one sentence names it, in the notes, too."""
    before = load_run(drifting).summary
    (drifting / file).unlink()
    after = look(drifting)
    assert [words] == [one[: len(words)] for one in after.missing]
    changed = {key for key in before if before[key] != after.summary[key]}
    assert changed == {"lost", "notes"}
    assert after.missing[0] in after.summary["notes"]


def test_without_its_manifest_a_run_has_all_its_figures(make_run: Callable[..., Path]) -> None:
    """The threshold, which some of them draw, is the starting model's, too."""
    labels = [np.tile(np.array([0, 1], dtype=np.int8), 50)] * 4
    static = json.loads((make_run(labels, {"static": labels}) / "manifest.json").read_text())["static"]
    run = make_run(labels, {"static": labels}, name="own", models=lambda *_: static)
    before = {name: chart.table() for name, chart in load_run(run).figures.items()}
    (run / "manifest.json").unlink()
    after = {name: chart.table() for name, chart in load_run(run).figures.items()}
    assert {"scores", "accuracy"} < set(before)
    assert set(before) == set(after)
    assert before["scores"].equals(after["scores"])


def test_the_whole_windows_are_reported_and_the_others_named(look: Look, drifting: Path) -> None:
    """A damaged segment costs its window only; tracker, ledger and verdict speak of the others."""
    (drifting / "segments" / "000004.arrow").write_bytes(b"ARROW1")
    (drifting / "segments" / "000007.arrow").unlink()
    loaded = look(drifting)
    assert loaded.windows["window"].unique().tolist() == [0, 1, 2, 3, 5, 6, 8, 9]
    assert (loaded.summary["windows"], loaded.summary["records"]) == (8, 800)
    assert [len(labels) for labels in loaded.outcomes.labels] == [100] * 8
    assert loaded.missing[0].startswith("segments: 000004.arrow are damaged")
    assert loaded.missing[1].startswith("Windows 4, 7 can't be reported (2 of 10)")


def test_a_window_of_another_run_is_left_out(look: Look, make_run: Callable[..., Path]) -> None:
    """A segment whose static model isn't the run's was put there from elsewhere."""
    labels = [np.tile(np.array([0, 1], dtype=np.int8), 50)] * 4
    predictions = {"static": labels, "dynamic": labels}
    run = make_run(labels, predictions)
    static = json.loads((run / "manifest.json").read_text())["static"]
    own = make_run(labels, predictions, name="own", models=lambda _, arm: static if arm == "static" else "m")
    shutil.copy(run / "segments" / "000002.arrow", own / "segments" / "000002.arrow")
    loaded = look(own)
    assert loaded.windows["window"].unique().tolist() == [0, 1, 3]
    assert "segments: 000002.arrow belong to another window or run." in loaded.missing[0]


def test_a_window_under_another_number_is_left_out(look: Look, drifting: Path) -> None:
    """A copied segment doesn't count its window twice, also where no manifest says how large windows are."""
    (drifting / "manifest.json").unlink()
    shutil.copy(drifting / "segments" / "000003.arrow", drifting / "segments" / "000010.arrow")
    loaded = look(drifting)
    assert loaded.windows["window"].tolist() == [window for window in range(10) for _ in range(2)]
    assert "segments: 000010.arrow belong to another window or run." in " ".join(loaded.missing)


def test_a_run_that_was_mailed_without_segments_has_counts_and_no_verdict(look: Look, drifting: Path) -> None:
    """Totals, metrics, costs and recovery are the same; comparisons need each record's predictions."""
    before = load_run(drifting).summary
    shutil.rmtree(drifting / "segments")
    loaded = look(drifting)
    after = loaded.summary
    for part in ("arms", "price", "records", "labelled", "dispersion", "windows", "dead"):
        assert before[part] == after[part]
    for arm, found in before["measures"].items():
        for part in ("recovery", "deployment", "area_under_time"):
            assert found[part] == after["measures"][arm][part]
    assert (after["comparisons"], after["verdicts"]) == ({}, {"static": NO_VERDICT})
    assert loaded.missing == ("segments: there are none, so that what was predicted for each record isn't known.",)
    with pytest.raises(RunError, match="holds no predictions"):
        loaded.arrow("scores")


def test_exports_of_an_unfinished_run_may_lag_but_not_differ(look: Look, drifting: Path) -> None:
    """They are written at the end, or when the run stops: rows may be lacking, but those there are those of the run."""
    manifest, windows = drifting / "manifest.json", drifting / "windows.csv"
    manifest.write_text(manifest.read_text().replace('"finished"', '"running"'))
    lines = windows.read_text().splitlines(keepends=True)
    windows.write_text("".join(lines[:7]))
    assert () == look(drifting).missing
    windows.write_text("".join([*lines[:2], lines[2].replace(",50,", ",49,", 1), *lines[3:7]]))
    assert look(drifting).missing[0].startswith("windows.csv isn't what the segments say")


def test_lines_that_do_not_add_up_are_left_out(look: Look, drifting: Path) -> None:
    """Without segments a row of windows.csv counts only if its counts add up, in all arms of its window."""
    shutil.rmtree(drifting / "segments")
    text = (drifting / "windows.csv").read_text()
    (drifting / "windows.csv").write_text(text.replace(",35,15,35,15,", ",36,15,35,15,", 1) + "3,static,1\n")
    loaded = look(drifting)
    assert loaded.windows["window"].unique().tolist() == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert "windows.csv is damaged: 2 lines are cut, doubled or don't add up" in " ".join(loaded.missing)


def test_without_a_manifest_the_rest_of_the_run_speaks(look: Look, drifting: Path) -> None:
    """Arms come from experiment.toml, the threshold from the starting model, the numbers from the segments."""
    before = load_run(drifting).summary
    static = drifting / "models" / json.loads((drifting / "manifest.json").read_text())["static"]
    (drifting / "manifest.json").write_text("{")
    for segment in (drifting / "segments").iterdir():
        assert load_segment(segment)[1].arms["static"].model == "model-of-static"
    static.rename(static.with_name("model-of-static-2"))
    shutil.rmtree(drifting / "models" / "model-of-static")
    static.with_name("model-of-static-2").rename(drifting / "models" / "model-of-static")
    loaded = look(drifting)
    after = loaded.summary
    assert {key for key in before if before[key] != after[key]} == {"finished", "lost", "notes"}
    assert loaded.missing[0].startswith("manifest.json is damaged (no JSON")


def test_records_are_read_without_any_model(look: Look, drifting: Path) -> None:
    """Columns say themselves what they hold: without models the contract lacks only what the columns mean."""
    before = load_run(drifting).summary
    shutil.rmtree(drifting / "models")
    loaded = look(drifting)
    assert {key for key in before if before[key] != loaded.summary[key]} == {"lost", "notes"}
    assert (loaded.dataset.names, loaded.dataset.label_name) == (("x", "y"), "y")


def test_what_is_no_part_of_a_run_is_named(look: Look, drifting: Path) -> None:
    """Foreign files and folders are left alone, and harm nothing."""
    (drifting / "notes.txt").write_text("mine")
    (drifting / "segments" / "copy of 000001.arrow").write_text("")
    (drifting / "<script>").mkdir()
    loaded = look(drifting)
    assert "Not part of a run, and left alone: <script>, notes.txt." in loaded.missing
    assert loaded.missing[0].startswith("segments: copy of 000001.arrow are no segments.")
    assert "<script>" not in loaded._repr_html_()
    assert "&lt;script&gt;" in loaded._repr_html_()


@pytest.mark.parametrize("word", ["<script>alert(1)</script>", "=cmd|'/c calc'!A1", "[bold]x[/bold]", "\x1b[31m"])
def test_words_of_a_run_are_text(look: Look, drifting: Path, word: str) -> None:
    """An arm's name, as a foreign tracker may hold it, is shown as it is, and nowhere as markup."""
    shutil.rmtree(drifting / "segments")
    text = (drifting / "windows.csv").read_text()
    (drifting / "windows.csv").write_text(text.replace(",dynamic,", f',"{word}",'))
    loaded = look(drifting)
    assert loaded.run.arms == ("static", word)
    assert "<script>" not in loaded._repr_html_()


def test_a_file_that_cannot_be_opened_is_named(look: Look, drifting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where permission is denied, the sentence says so."""
    read = Path.read_text

    def denied(path: Path, *args: Any, **options: Any) -> str:
        if path.name == "windows.csv":
            raise PermissionError(13, "Permission denied")
        return read(path, *args, **options)

    monkeypatch.setattr(Path, "read_text", denied)
    assert look(drifting).missing[0].startswith("windows.csv can't be read (Permission denied)")


@pytest.mark.parametrize("change", [{"start": -1}, {"end": 2**70}, {"kind": "\ud800"}])
def test_a_truth_that_cannot_be_is_left_out(look: Look, drifting: Path, change: dict[str, Any]) -> None:
    """What is no place in a stream, or no word, is neither scored nor drawn."""
    truth = json.loads((drifting / "truth.json").read_text())
    truth["drifts"][0] |= change
    (drifting / "truth.json").write_text(json.dumps(truth))
    loaded = look(drifting)
    assert (loaded.run.truth, "detectors" in loaded.summary) == (None, False)
    assert loaded.missing[0].startswith("truth.json is left out: ")


def test_the_command_ends_well_and_shows_the_list(drifting: Path) -> None:
    """Damage is exit code 0 with a list, nothing left is exit code 1 with a sentence."""
    (drifting / "windows.csv").unlink()
    shown = CliRunner().invoke(report, [str(drifting)], catch_exceptions=False)
    assert (shown.exit_code, "windows.csv is missing" in shown.output) == (0, True)
    shutil.rmtree(drifting / "segments")
    with pytest.raises(RunError, match=r"lists no window.* Found: segments: there are none.*windows\.csv is missing"):
        load_run(drifting)


def test_what_is_not_valid_is_cut_out_alone() -> None:
    """The rest of an object stays; the places that were cut out are said."""
    raw = {"format": 1, "identity": {"window": "many", "seed": 3}, "arms": {"a": 1, "b": {}}, "versions": []}
    found, bad = tolerate(Manifest, raw)
    assert (found.identity.seed, found.identity.window, found.arms) == (3, None, {"b": {}})
    assert sorted(bad) == ["arms.a", "identity.window", "versions"]
