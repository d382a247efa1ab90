"""One window of two ledgers: what of it differs."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from online.identity import differences
from online.ledger import Entry
from online.segment import write_segment
from online.windows import Window

from .difference import Difference

Scores = npt.NDArray[np.float64]


def entry_differences(then: Entry, now: Entry, *, label: str, threshold: float) -> Iterator[Difference]:
    """Where two entries of one window differ; nothing if they are equal to the last bit.

    Args:
        then: the run's.
        now: the repeat's.
        label: the label's column.
        threshold: of the prediction.
    """
    if _bytes(then) == _bytes(now):
        return
    found = [*_windows(then.window, now.window, label), *_arms(then, now), *_scores(then, now, threshold)]
    # What no part shows is a difference all the same.
    yield from found or [Difference(what="segments", window=then.window.index)]


def only_arms_of(then: Entry, now: Entry) -> Entry:
    """The repeat's entry without the arms and models that an unfinished run doesn't have in this window yet."""
    arms = {name: part for name, part in now.arms.items() if name in then.arms}
    return replace(now, arms=arms, scores={m: s for m, s in now.scores.items() if m in then.scores})


def _bytes(entry: Entry) -> bytes:
    sink = io.BytesIO()
    write_segment(sink, entry, with_records=True)
    return sink.getvalue()


def _windows(then: Window, now: Window, label: str) -> Iterator[Difference]:
    bounds = [(w.first_seq, w.last_seq, w.complete) for w in (then, now)]
    if bounds[0] != bounds[1]:
        yield Difference(what="bounds", window=then.index, was=str(bounds[0]), now=str(bounds[1]))
    for what, was, is_now in (
        ("dead letters", then.dead, now.dead),
        ("numbers set aside", then.set_aside, now.set_aside),
        ("missing numbers", then.missing, now.missing),
    ):
        if was != is_now:
            yield Difference(what=what, window=then.index, was=f"{len(was)} of them", now=f"{len(is_now)}")
    if not np.array_equal(then.seqs, now.seqs):
        counts = (f"{len(w.seqs)} records" for w in (then, now))
        yield Difference(what="sequence numbers", window=then.index, was=next(counts), now=next(counts))
        return
    for name in then.records.schema.names:
        yield from _column(name, then, now, label)


def _column(name: str, then: Window, now: Window, label: str) -> Iterator[Difference]:
    cells = list(zip(_cells(then.records.column(name)), _cells(now.records.column(name)), strict=True))
    differing = [place for place, (was, is_now) in enumerate(cells) if was != is_now]
    if differing:
        was, is_now = cells[differing[0]]
        yield Difference(
            what="labels" if name == label else f"column '{name}'",
            window=then.index,
            count=len(differing),
            unit="record",
            was=f"{was} in record {then.seqs[differing[0]]:,}",
            now=is_now,
        )


def _cells(column: pa.Array) -> list[str]:
    return [repr(value) for value in column.to_pylist()]


def _arms(then: Entry, now: Entry) -> Iterator[Difference]:
    index = then.window.index
    for arm in sorted({*then.arms, *now.arms}):
        was, is_now = then.arms.get(arm), now.arms.get(arm)
        if was is None or is_now is None:
            yield Difference(what="arm", window=index, arm=arm, was=_there(was), now=_there(is_now))
            continue
        if was.model != is_now.model:
            yield Difference(what="model in force", window=index, arm=arm, was=was.model, now=is_now.model)
        if list(was.events) != list(is_now.events):
            first = _first_event(was.events, is_now.events)
            yield Difference(what="events", window=index, arm=arm, was=first[0], now=first[1])


def _there(value: object) -> str:
    return "missing" if value is None else "there"


def _first_event(then: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    kinds = [[str(event.get("event")) for event in events] for events in (then, now)]
    if kinds[0] != kinds[1]:
        return ", ".join(kinds[0]) or "none", ", ".join(kinds[1]) or "none"
    for kind, was, is_now in zip(kinds[0], then, now, strict=True):
        for place, before, after in differences(was, is_now):
            return f"{kind} with {place} {before}", after
    return "", ""


def _scores(then: Entry, now: Entry, threshold: float) -> Iterator[Difference]:
    for model in sorted({*then.scores, *now.scores}):
        where: dict[str, Any] = {"what": "scores", "window": then.window.index, "unit": "score"}
        where["arm"] = arm_of_model(then, model) or arm_of_model(now, model)
        was, is_now = then.scores.get(model), now.scores.get(model)
        if was is None or is_now is None or len(was) != len(is_now):
            known = was if was is not None else is_now
            assert known is not None, "one of the two has it"
            yield Difference(**where, count=len(known), was=_there(was), now=_there(is_now))
        elif (differing := was.view(np.int64) != is_now.view(np.int64)).any():
            yield Difference(**where, **_far(was[differing], is_now[differing], threshold))


def _far(was: Scores, now: Scores, threshold: float) -> dict[str, Any]:
    apart = np.abs(was - now)
    flips = int(((was > threshold) != (now > threshold)).sum())
    most = float(np.nanmax(apart)) if np.isfinite(apart).any() else None
    return {"count": len(was), "was": repr(float(was[0])), "now": repr(float(now[0])), "most": most, "flips": flips}


def arm_of_model(entry: Entry, model: str) -> str | None:
    """The first arm that predicts with this model in the window, or speaks of it in its events."""
    for arm, part in sorted(entry.arms.items(), key=lambda item: (item[0] != "static", item[0])):
        if part.model == model or any(event.get("model") == model for event in part.events):
            return arm
    return None
