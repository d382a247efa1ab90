"""The page of the evidence is what the program makes of the stored results, and says what is missing."""

from __future__ import annotations

import runpy
from pathlib import Path

import evidence_page
import pytest
from evidence_claims import CLAIMS

RUNNER = Path(__file__).with_name("__main__.py")


def test_the_page_is_made_of_the_stored_results() -> None:
    """docs/evidence.md is what docs/evidence.json says, to the byte: nobody has typed a number into it."""
    assert evidence_page.page(evidence_page.stored()) == (evidence_page.DOCS / "evidence.md").read_text("utf-8")


def test_what_has_not_been_run_is_said_loudly() -> None:
    """Without results every claim stands there with what is asked, its command, and that it wasn't run."""
    page = evidence_page.page({})
    assert page.count("**NOT RUN YET**") == len(CLAIMS) == 7
    for claim in CLAIMS:
        assert claim.asked in page
        assert f"`python tests/evidence {claim.module}`" in page


def test_every_claim_has_its_module() -> None:
    """What the runner is to run is there."""
    assert [claim.module for claim in CLAIMS if not RUNNER.with_name(f"{claim.module}.py").exists()] == []


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The runner names what there is."""
    main = runpy.run_path(str(RUNNER), run_name="runner")["main"]
    assert main(["recovry"]) == 2
    assert capsys.readouterr().err.startswith("no evidence 'recovry'; there is: ss_sr, aa, power, recovery, streams,")


def test_missing_modules_are_skipped_loudly(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    """A module that isn't there fails the command, and the page is written all the same."""
    runner = runpy.run_path(str(RUNNER), run_name="runner")["main"]
    monkeypatch.setitem(runner.__globals__, "DOCS", tmp_path)
    monkeypatch.setitem(runner.__globals__, "stored", dict)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert runner(["costs"]) == 1
    assert "!!! SKIPPED: there is no tests/evidence/costs.py here" in capsys.readouterr().err
    assert (tmp_path / "evidence.md").read_text("utf-8") == evidence_page.page({})
