"""Tables of a small profile, written by hand."""

from __future__ import annotations

import pyarrow as pa

from static_model.profile.tables import SCHEMAS, table_of

NAMES = ("size", "cost $1_$2", "<b>bold</b>")


def small(*, gaps: bool = True, kinds: bool = True, times: bool = True, one_class: bool = False) -> dict[str, pa.Table]:
    """Two columns of numbers and one of words, whose names and words would do harm if they were not escaped."""
    a, b, w = NAMES
    ones = 0 if one_class else 40
    overview = [
        ("dataset", "small"),
        ("correlations and redundant pairs rest on", "50 rows, chosen at random with seed 0"),
        *(() if one_class else [("the forest was fitted on", "80 rows")]),
        ("permutation importance rests on", "20 other rows, each column shuffled 5 times"),
        ("'ts' tells the time", "epoch seconds"),
    ]
    edges = [None, 0.0, 1.0, 2.0, None]
    bars = [(a, value, edges[i], edges[i + 1], 10 * i + value) for i in range(4) for value in (0, 1)]
    words = [("=HYPERLINK(1)", 30), ("<script>alert(1)</script>", 20), ("\x07\U0001f600", 5), ("", 3), (None, 2)]
    rows = {
        "overview": overview,
        "columns": [
            (a, "int", True, 0, 0.0, 9),
            (b, "float", True, 100, 1.0, 0),
            (w, "string", True, 5 * gaps, 0.05 * gaps, 4),
            ("constant", "int", True, 0, 0.0, 1),
        ],
        "numbers": [(a, 100, 1.0, 0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 0.1, -0.2, 0.0), (b, 0, *[None] * 10)],
        "strings": [(w, 4, 0.0, 0.05)],
        "top_words": [(w, i + 1, word, n, n / 100) for i, (word, n) in enumerate(words) if word is not None],
        "classes": [(0, "Normal", 100 - ones, (100 - ones) / 100), (1, "Attack", ones, ones / 100)],
        "kinds": [("dos", 30, 0.3), (None, 70, 0.7)] if kinds else [],
        "duplicates": [(f"equal {i}", 10 * i, 0.1 * i) for i in range(3)],
        "ceiling": [("the 3 features", 50, 2, 10, 0.95), ("with ts (a leak)", 99, 0, 0, 1.0)],
        "histograms": bars,
        "word_counts": [(w, value, word, n) for word, n in words for value in (0, 1)],
        "correlation": [(a, b, None, None)],
        "missing": [(n, v, 0.1 * v * gaps if n == w else 0.0) for n in NAMES for v in (0, 1)],
        "over_time": [("ts", 1.6e9 + i, v, i + v) for i in range(5) for v in (0, 1)] if times else [],
        "selection": [
            (a, 0.5, 1, 9.0, 0.0, 1, 7.0, 0.0, 1, 0.7, 1, 0.3, 1, 1.0, True, "kept: MI 0.5 bits"),
            (b, *[None] * 13, False, "dropped: no row has a value"),
            (w, 0.2, 2, 3.0, 0.1, 2, None, None, None, 0.3, 2, -0.01, 2, 2.0, True, "kept: MI 0.2 bits"),
        ],
        "agreement": [("mutual information", "chi-squared", 0.9)],
        "redundant": [],
    }
    return {name: table_of(name, rows[name]) for name in SCHEMAS}
