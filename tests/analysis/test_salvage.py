"""Damaged run directories: a report of what there is, a list of what is not, and never a traceback."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis import load_run
from analysis.cli import report
from analysis.loaded import LoadedRun
from analysis.report_tables import more_tables, result_table, sentences
from analysis.salvage.reading import tolerate
from analysis.salvage.tables import NO_VERDICT
from online.segment import load_segment
from producer.errors import DriftduelError, RunError

Change = Callable[[Path], object]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.sampled_from(["x", "static", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)


def look(run: Path) -> LoadedRun:
    """Everything that a report and a notebook ask of a run."""
    loaded = load_run(run)
    summary = loaded.summary
    json.dumps(summary, allow_nan=False, ensure_ascii=False).encode()
    assert sentences(summary)
    assert result_table(summary).row_count >= len(loaded.run.arms)
    assert all(table.row_count for _, table in more_tables(summary))
    assert repr(loaded).startswith("<run ")
    assert loaded._repr_html_().startswith("<table>")
    assert (len(loaded.events), len(loaded.dead_letters)) == (len(loaded.run.events), len(loaded.run.dead_letters))
    if not loaded.counts_only:
        assert loaded.arrow("scores").num_rows == loaded.windows["records"].sum()
    assert list(loaded.missing) == summary["lost"]
    return loaded


def changes(file: Path, other: Path) -> Iterator[tuple[str, Change]]:
    """Ways in which a file gets lost, cut, damaged or replaced."""
    content = file.read_bytes()
    chance = random.Random(len(content))

    def written(changed: bytes) -> Change:
        return lambda path: path.write_bytes(changed)

    yield "removed", Path.unlink
    for share in (0.0, 0.2, 0.6, 0.95):
        yield f"cut to {share:.0%}", written(content[: int(share * len(content))])
    for _ in range(4):
        place = chance.randrange(max(1, len(content)))
        flipped = bytes(byte ^ (1 << chance.randrange(8)) if at == place else byte for at, byte in enumerate(content))
        yield f"byte {place} flipped", written(flipped)
    yield "noise", written(chance.randbytes(200))
    yield "nested too deeply", written(b"[" * 100_000)
    yield "other JSON", written(b'{"format": 1, "identity": 3, "arms": [], "static": "\\ud800", "threshold": NaN}')
    yield "a directory", lambda path: (path.unlink(), path.mkdir())
    yield "a loop of links", lambda path: (path.unlink(), path.symlink_to(path.name))
    yield "another run's", lambda path: shutil.copy(other, path) if other.exists() else path.write_bytes(b"")


def restore(run: Path, copy: Path) -> None:
    shutil.rmtree(run)
    shutil.copytree(copy, run)


@pytest.fixture
def other(make_run: Callable[..., Path]) -> Path:
    """Another run with the same contract, models and number of windows."""
    labels = [np.tile(np.array([1, 0, 0, 1], dtype=np.int8), 25) for _ in range(10)]
    return make_run(labels, {"static": labels, "dynamic": labels, "other": labels}, name="other")


def test_whatever_happens_to_a_file_there_is_a_report_or_a_sentence(
    drifting: Path, other: Path, tmp_path: Path
) -> None:
    """Each file removed, cut, flipped, replaced: no error but one in a sentence, and then mostly none at all."""
    copy = shutil.copytree(drifting, tmp_path / "copy")
    files = [path.relative_to(drifting) for path in sorted(drifting.rglob("*")) if path.is_file()]
    kept = [file for file in files if file.parent.name != "segments" or file.name in ("000000.arrow", "000004.arrow")]
    refused = []
    for file in kept:
        for name, change in changes(drifting / file, other / file):
            change(drifting / file)
            try:
                look(drifting)
            except DriftduelError as error:
                refused.append((f"{file} {name}", str(error)))
            restore(drifting, copy)
    assert not [one for one in refused if not one[0].startswith("manifest.json") or "\n" in one[1]]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_field_of_the_manifest_may_be_anything(drifting: Path, data: st.DataObject) -> None:
    """A value of any type anywhere in manifest.json leads to a report, or to one sentence."""
    sound, refused = (drifting / "manifest.json").read_text("utf-8"), []
    try:
        content = node = json.loads(sound)
        while True:
            key = data.draw(st.sampled_from(sorted(node)))
            if not isinstance(node[key], dict) or not node[key] or data.draw(st.booleans()):
                break
            node = node[key]
        node[key] = data.draw(JSON)
        (drifting / "manifest.json").write_text(json.dumps(content), "utf-8")
        look(drifting)
    except RunError as error:
        refused.append(str(error))
    finally:
        (drifting / "manifest.json").write_text(sound, "utf-8")
    assert all("has format" in one and "\n" not in one for one in refused)


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
def test_what_the_segments_say_is_reported_without_the_exports(drifting: Path, file: str, words: str) -> None:
    """A lost export changes no number; one sentence names it, in the notes, too."""
    before = load_run(drifting).summary
    (drifting / file).unlink()
    after = look(drifting)
    assert [words] == [one[: len(words)] for one in after.missing]
    changed = {key for key in before if before[key] != after.summary[key]}
    assert changed == {"lost", "notes"}
    assert after.missing[0] in after.summary["notes"]


def test_the_whole_windows_are_reported_and_the_others_named(drifting: Path) -> None:
    """A damaged segment costs its window only; tracker, ledger and verdict speak of the others."""
    (drifting / "segments" / "000004.arrow").write_bytes(b"ARROW1")
    (drifting / "segments" / "000007.arrow").unlink()
    loaded = look(drifting)
    assert loaded.windows["window"].unique().tolist() == [0, 1, 2, 3, 5, 6, 8, 9]
    assert (loaded.summary["windows"], loaded.summary["records"]) == (8, 800)
    assert [len(labels) for labels in loaded.outcomes.labels] == [100] * 8
    assert loaded.missing[0].startswith("segments: 000004.arrow are damaged")
    assert loaded.missing[1].startswith("Windows 4, 7 can't be reported (2 of 10)")


def test_a_window_of_another_run_is_left_out(make_run: Callable[..., Path]) -> None:
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


def test_a_run_that_was_mailed_without_segments_has_counts_and_no_verdict(drifting: Path) -> None:
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


def test_lines_that_do_not_add_up_are_left_out(drifting: Path) -> None:
    """Without segments a row of windows.csv counts only if its counts add up, in all arms of its window."""
    shutil.rmtree(drifting / "segments")
    text = (drifting / "windows.csv").read_text()
    (drifting / "windows.csv").write_text(text.replace(",35,15,35,15,", ",36,15,35,15,", 1) + "3,static,1\n")
    loaded = look(drifting)
    assert loaded.windows["window"].unique().tolist() == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert "windows.csv is damaged: 2 lines are cut, doubled or don't add up" in " ".join(loaded.missing)


def test_without_a_manifest_the_rest_of_the_run_speaks(drifting: Path) -> None:
    """Arms come from experiment.toml, the threshold from the starting model, the numbers from the segments."""
    before = load_run(drifting).summary
    (drifting / "manifest.json").write_text("{")
    static = next(path for path in (drifting / "models").iterdir() if (path / "DIGEST").exists())
    for segment in (drifting / "segments").iterdir():
        assert load_segment(segment)[1].arms["static"].model == "model-of-static"
    static.rename(static.with_name("model-of-static-2"))
    shutil.rmtree(drifting / "models" / "model-of-static")
    static.with_name("model-of-static-2").rename(drifting / "models" / "model-of-static")
    loaded = look(drifting)
    after = loaded.summary
    assert {key for key in before if before[key] != after[key]} == {"finished", "lost", "notes"}
    assert loaded.missing[0].startswith("manifest.json is damaged (no JSON")


def test_records_are_read_without_any_model(drifting: Path) -> None:
    """Columns say themselves what they hold: without models the contract lacks only what the columns mean."""
    before = load_run(drifting).summary
    shutil.rmtree(drifting / "models")
    loaded = look(drifting)
    assert {key for key in before if before[key] != loaded.summary[key]} == {"lost", "notes"}
    assert (loaded.dataset.names, loaded.dataset.label_name) == (("x", "y"), "y")


def test_what_is_no_part_of_a_run_is_named(drifting: Path) -> None:
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
def test_words_of_a_run_are_text(drifting: Path, word: str) -> None:
    """An arm's name, as a foreign tracker may hold it, is shown as it is, and nowhere as markup."""
    shutil.rmtree(drifting / "segments")
    text = (drifting / "windows.csv").read_text()
    (drifting / "windows.csv").write_text(text.replace(",dynamic,", f',"{word}",'))
    loaded = look(drifting)
    assert loaded.run.arms == ("static", word)
    assert "<script>" not in loaded._repr_html_()


def test_a_file_that_cannot_be_opened_is_named(drifting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where permission is denied, the sentence says so."""
    read = Path.read_text

    def denied(path: Path, *args: Any, **options: Any) -> str:
        if path.name == "windows.csv":
            raise PermissionError(13, "Permission denied")
        return read(path, *args, **options)

    monkeypatch.setattr(Path, "read_text", denied)
    assert look(drifting).missing[0].startswith("windows.csv can't be read (Permission denied)")


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
    from analysis.salvage.manifest import Manifest

    raw = {"format": 1, "identity": {"window": "many", "seed": 3}, "arms": {"a": 1, "b": {}}, "versions": []}
    found, bad = tolerate(Manifest, raw)
    assert (found.identity.seed, found.identity.window, found.arms) == (3, None, {"b": {}})
    assert sorted(bad) == ["arms.a", "identity.window", "versions"]
