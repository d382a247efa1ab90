"""Progress for people and for logs."""

from __future__ import annotations

import pytest

from producer.progress import progress


def test_a_log_gets_one_line_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    """Where stderr is no terminal, one plain line says how far it came; stdout stays clean."""
    with progress("Counting", 2000) as advance:
        advance(1500)
        advance(500)
    assert capsys.readouterr() == ("", "Counting: 2,000 of 2,000\n")


def test_a_total_may_be_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a total only the count is told."""
    with progress("Counting", None) as advance:
        advance(3)
    assert capsys.readouterr().err == "Counting: 3\n"


def test_a_terminal_gets_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal a bar stays, full, when all is done."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress("Counting", 7) as advance:
        advance(7)
    assert "7/7" in capsys.readouterr().err


def test_a_failure_is_not_called_done(capsys: pytest.CaptureFixture[str]) -> None:
    """An error passes through and nothing claims an end."""
    with pytest.raises(RuntimeError, match="broken"), progress("Counting", 7):
        raise RuntimeError("broken")
    assert capsys.readouterr().err == ""
