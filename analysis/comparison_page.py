"""The page of a comparison: the same pieces as a run's page, verdicts first; no script is needed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from .comparison_tables import claims_table, origins_table, rank_sentences, runs_table
from .document import Section, document
from .markup import figure, text, words_table
from .report_page import Drawn

STYLES = ("page.css", "report.css")
KINDS = {"better": "better", "worse": "worse"}


def comparison_page(
    comparison: Mapping[str, Any], drawn: Drawn | None, ranked: Drawn | None, *, endings: Sequence[str]
) -> str:
    """The whole page, one file that opens from disk without a network.

    Args:
        comparison: what `compare_runs` found, with `ranks`.
        drawn: the figure of all differences, if there are some.
        ranked: the figure of the arms' ranks over the streams, if there are enough of them.
        endings: of the files that lie in `figures/` beside the page.
    """
    return document(
        f"Comparison of {len(comparison['runs'])} runs",
        list(comparison_sections(comparison, drawn, ranked, endings=endings)),
        lead=_lead(comparison),
        styles=STYLES,
    )


def comparison_sections(
    comparison: Mapping[str, Any], drawn: Drawn | None, ranked: Drawn | None, *, endings: Sequence[str]
) -> Iterator[Section]:
    """The sections in order; those that there is nothing for are empty."""
    yield Section("verdict", "Verdict", _verdicts(comparison))
    yield Section("arms", "The arms", words_table(runs_table(comparison), "Arms and baselines of every run"))
    yield Section("differences", "Run by run", _figure(drawn, endings) if drawn else "")
    yield Section("ranks", "Ranked over streams", _figure(ranked, endings) if ranked else _unranked(comparison))
    yield Section("runs", "Each run alone", "\n".join(_alone(name, run) for name, run in comparison["runs"].items()))
    yield Section("origin", "What each run is", words_table(origins_table(comparison), "Streams, seeds and settings"))
    yield Section("again", "Compare again", _again(comparison))


def _lead(comparison: Mapping[str, Any]) -> str:
    runs = comparison["runs"].values()
    streams = len({run["stream"] for run in runs})
    arms = dict.fromkeys(row["arm"] for run in runs for row in run["arms"] if row["kind"] == "arm")
    of = f"{streams} stream{'' if streams == 1 else 's'}"
    return f'<p class="lead">{len(runs)} runs of {of}. Arms: {text(", ".join(arms))}. By driftduel.</p>'


def _verdicts(comparison: Mapping[str, Any]) -> str:
    apart = "".join(f"<li>{text(name)}: {text(reason)}</li>" for name, reason in comparison["apart"].items())
    warning = f'<div class="warning">\n<p>Set apart, and in no claim:</p>\n<ul>{apart}</ul>\n</div>\n' if apart else ""
    cards = (_card(arm, comparison["claims"][arm], words) for arm, words in comparison["verdicts"].items())
    table = claims_table(comparison)
    together = words_table(table, "What the runs say together") if table.rows else ""
    notes = "".join(f"<li>{text(note)}</li>" for note in comparison["notes"])
    return "\n".join(filter(None, [warning, *cards, together, f'<ul class="notes">{notes}</ul>' if notes else ""]))


def _card(arm: str, claim: Mapping[str, Any], words: str) -> str:
    kind = KINDS.get(claim["finding"], "open")
    title = f"<h3>{text(arm)}: {text(claim['finding'])}</h3>"
    return f'<article class="verdict {kind}">\n{title}\n<p>{text(words)}</p>\n</article>'


def _figure(drawn: Drawn, endings: Sequence[str]) -> str:
    told = drawn.caption
    name = f"figure-{told.name}"
    return figure(drawn.svg, name=name, title=told.title, caption=told.text, endings=endings, file=told.name)


def _unranked(comparison: Mapping[str, Any]) -> str:
    """Why there are no ranks."""
    return "".join(f"<p>{text(said)}</p>" for said in rank_sentences(comparison))


def _alone(name: str, run: Mapping[str, Any]) -> str:
    """A run's own verdicts, and the way to its report."""
    said = "\n".join(f"<p>{text(words)}</p>" for words in run["verdicts"].values())
    link = f'<p><a href="runs/{text(quote(name))}/report.html">The report of {text(name)}</a></p>'
    return f"<details>\n<summary>{text(name)}</summary>\n{said}\n{link}\n</details>"


def _again(comparison: Mapping[str, Any]) -> str:
    command = shlex.join(["driftduel", "report", *(run["path"] for run in comparison["runs"].values())])
    return f'<pre tabindex="0"><code>{text(command)}</code></pre>'
