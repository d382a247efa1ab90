"""Why a column should stay out of a model, as far as a machine can know."""

from __future__ import annotations

import re

from .labelling import plain
from .lines import shorten
from .looks import Look
from .traits import Trait

FEW_ROWS = 20
"""With fewer rows than this, that all values differ says nothing."""
MANY_WORDS = 1_000
SUSPECTED = "suspected leak"
"""How the one note begins that is a suspicion, and no reason."""
KINDS = 200

_TIMES = {
    *("ts", "time", "timestamp", "timestamps", "date", "datetime", "epoch", "stime", "ltime", "starttime", "endtime"),
    *("eventtime", "capturetime", "flowstart", "flowend", "windowstart", "windowend", "firstseen", "lastseen"),
}
_IDS = {"id", "ids", "uid", "uuid", "guid", "pid", "ppid", "seq", "sequence", "rowid", "index", "idx"}
_SECONDS = (9.5e8, 2.3e9)
"""From the year 2000 to 2042, in seconds since 1970."""


def why_no_feature(look: Look, trait: Trait, *, rows: tuple[int, int], kind: str | None) -> str:
    """A note that says why a column is left out; empty for a feature.

    Args:
        look: what its cells look like.
        trait: how it stands to the label.
        rows: the records of class 0 and 1.
        kind: the name of the column that says which kind of attack a record is.
    """
    if not trait.sample.counts:
        return "no value in any row"
    if trait.sample.distinct == 1:
        return f"constant: {shorten(next(iter(trait.sample.counts)))} in every row{' that has one' * bool(trait.nulls)}"
    if look.name == kind:
        return "which kind of attack it was: the label in other words"
    return _time(look, trait) or _id(look, trait, sum(rows)) or _leak(trait, rows) or _wordy(trait, sum(rows))


def may_be_kind(look: Look, trait: Trait, negatives: int) -> bool:
    """Whether a column of words has one word in exactly the rows of class 0, and others for the attacks."""
    if trait.numeric or trait.sample.level or not 2 <= trait.sample.distinct <= KINDS:
        return False
    named = plain(look.name) in ("type", "kind", "category", "attacktype", "attackcat", "attackcategory", "attackkind")
    return (named or trait.sample.distinct > 2) and (negatives, 0) in trait.sample.counts.values()


def _time(look: Look, trait: Trait) -> str:
    bare = plain(look.name)
    looks_so = 100 * look.kinds["time"] >= 99 * (look.numbers + look.words)
    if looks_so or bare in _TIMES or "timestamp" in bare or "datetime" in bare or _is_epoch(trait):
        return "a time: it tells when a record was captured, and so perhaps which attack ran then, not what it is"
    return ""


def _is_epoch(trait: Trait) -> bool:
    low, high = min(trait.low), max(trait.high)
    scales = (1.0, 1e3, 1e6, 1e9)
    return (
        trait.numeric
        and trait.sorted
        and any(_SECONDS[0] * scale <= low and high <= _SECONDS[1] * scale for scale in scales)
    )


def _id(look: Look, trait: Trait, rows: int) -> str:
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", look.name)
    if (parts and parts[-1].lower() in _IDS) or plain(look.name) in _IDS | {"unnamed0"}:
        return "an id by its name: it tells which record this is, not what it is"
    whole = not trait.numeric or not look.kinds["float"] + look.kinds["unit"]
    if rows >= FEW_ROWS and whole and trait.all_differ:
        return "all values differ: an id, or as good as one"
    return ""


def _leak(trait: Trait, rows: tuple[int, int]) -> str:
    """A column that alone tells the label: few values, each with one class, or one threshold between the classes."""
    zero, one = trait.followed
    repeated = zero + one >= 10 * len(trait.sample.counts)
    tells = min(zero, one) > 0 and repeated and 100 * trait.mixed <= min(zero, one)
    if tells or (trait.apart and min(rows) >= FEW_ROWS):
        wrong = f"{trait.mixed / max(1, zero + one):.2%} of the rows" if tells and trait.mixed else "no row"
        return f"{SUSPECTED}: alone it tells the label, wrongly in {wrong}; a feature only if it is known beforehand"
    return ""


def _wordy(trait: Trait, rows: int) -> str:
    distinct = trait.sample.distinct
    if trait.numeric or distinct <= min(MANY_WORDS, max(FEW_ROWS, rows // 2)):
        return ""
    about = "about " * bool(trait.sample.level)
    return f"{about}{distinct:,} different words: too many to learn one by one, and they can name the record"
