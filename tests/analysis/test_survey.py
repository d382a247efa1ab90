"""One pass over the ledger: scores by class and bin, and how far features have moved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from analysis.loaded import load_run
from analysis.measures.input_drift import InputDrift, as_numbers, frequent_words, reference_windows
from analysis.measures.score_bins import count_scores, score_edges
from online.detectors.psi import Psi

PSI = Psi()


def batch(**columns: object) -> pa.RecordBatch:
    """Records with these columns."""
    return pa.RecordBatch.from_pydict({name: pa.array(values) for name, values in columns.items()})


def normal(rng: np.random.Generator, shift: float = 0.0, rows: int = 1000) -> pa.RecordBatch:
    """Records of one number and one word."""
    words = rng.choice(["a", "b", "c"], rows, p=[0.5, 0.3, 0.2])
    return batch(number=rng.normal(shift, 1, rows), word=words.tolist())


def drift_of(batches: list[pa.RecordBatch], *, reference: int = 5) -> dict[str, np.ndarray]:
    """Per feature the indices and the noise, float64[2, windows]."""
    drift = InputDrift(batches[0].schema.names, reference=reference)
    for window, records in enumerate(batches):
        drift.add(window, records)
    table = drift.table()
    assert [(w, name) for w in range(len(batches)) for name in drift.features] == list(
        table[["window", "feature"]].itertuples(index=False, name=None)
    )
    return {name: rows[["psi", "noise"]].to_numpy().T for name, rows in table.groupby("feature")}


def test_scores_are_counted_as_numpy_counts_them() -> None:
    """Bins hold their upper ends, so that those above the threshold are the records that count as class 1."""
    rng = np.random.default_rng(1)
    scores, labels = rng.integers(0, 101, 500) / 100, rng.integers(0, 2, 500).astype(np.int8)
    edges = score_edges(scores, 0.5)
    found = count_scores(scores, labels, edges)
    assert np.linspace(0, 1, 21).tolist() == edges.tolist()
    for label in (0, 1):
        own = scores[labels == label]
        expected, _ = np.histogram(-own, bins=-edges[::-1])  # histogram's bins hold their lower ends
        assert expected[::-1].tolist() == found[label].tolist()
        assert (own > 0.5).sum() == found[label][10:].sum()


def test_scores_that_are_no_probabilities_have_bins_of_their_own() -> None:
    """Margins are binned where nearly all of them lie, with what lies beyond in the outer bins; NaN is in none."""
    margins = np.append(np.random.default_rng(2).normal(0, 10, 1000), [1e9, np.nan])
    edges = score_edges(margins, 0.0)
    assert -30 < edges[0] < -20 < 20 < edges[-1] < 40
    found = count_scores(margins, np.zeros(1002, dtype=np.int8), edges)
    assert 1001 == found.sum()
    assert (margins > edges[-2]).sum() == found[0, -1]


def test_a_runs_scores_are_those_of_the_models_in_force(drifting: Path) -> None:
    """Per window, arm and class the counts of the ledger: scores of 0.25 and 0.75 in a window of 50 and 50."""
    scores = load_run(drifting).survey.scores
    assert 10 * 2 * 2 == len(scores)
    low, high = "0.2 < score <= 0.25", "0.7 < score <= 0.75"
    fallen = scores[(scores["arm"] == "static") & (scores["window"] == 4)].set_index("class")
    assert {0: 35, 1: 15} == fallen[low].to_dict()
    assert {0: 15, 1: 35} == fallen[high].to_dict()
    assert (scores["records"] == 50).all()
    assert (scores[low] + scores[high] == 50).all()


def test_what_never_moves_is_noise_and_what_moves_is_not() -> None:
    """A shift of one standard deviation from window 20 on is beyond noise in each window of that feature alone."""
    rng = np.random.default_rng(3)
    found = drift_of([normal(rng, shift=float(window >= 20)) for window in range(40)])
    (number, noise), (word, word_noise) = found["number"], found["word"]
    assert (number[:20] <= noise[:20]).all()
    assert (number[20:] > noise[20:]).all()
    assert number[20:].min() > 0.5
    assert (word <= word_noise).all()


def test_the_index_is_the_detectors_on_bins_of_the_reference() -> None:
    """Deciles of the reference's windows, counted by numpy."""
    rng = np.random.default_rng(4)
    batches = [batch(number=rng.normal(window >= 5, 1, 1000)) for window in range(6)]
    reference = np.concatenate([one.column(0).to_numpy() for one in batches[:5]])
    cuts = np.quantile(reference, np.arange(1, 10) / 10, method="inverted_cdf")
    counts = np.array(
        [np.bincount(np.searchsorted(cuts, values), minlength=10) for values in (reference, batches[5].column(0))]
    )
    smoothed = (counts + 0.5) / (counts + 0.5).sum(axis=1, keepdims=True)
    assert PSI.distance(*smoothed) == pytest.approx(drift_of(batches)["number"][0][5])


def test_streams_without_drift_are_seldom_coloured() -> None:
    """Of forty streams of 4 features and 30 windows at most six have any cell beyond noise (5 % are asked for)."""
    coloured = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        batches = [batch(**{f"f{k}": rng.normal(size=300) for k in range(4)}) for _ in range(30)]
        coloured += any((psi > noise).any() for psi, noise in drift_of(batches).values())
    assert coloured <= 6


def test_windows_that_differ_by_themselves_raise_the_noise() -> None:
    """Where every window has a level of its own, as records in bursts have, that is no drift."""
    rng = np.random.default_rng(5)
    wandering = drift_of([batch(number=rng.normal(rng.normal(0, 0.5), 1, 1000)) for _ in range(40)], reference=10)
    calm = drift_of([batch(number=rng.normal(0, 1, 1000)) for _ in range(40)], reference=10)
    assert wandering["number"][1].min() > 5 * calm["number"][1].max()
    assert (wandering["number"][0] > wandering["number"][1]).mean() < 0.1


def test_a_window_of_the_reference_is_held_against_the_rest_of_it() -> None:
    """One odd window among the first five stands out, though it is in the reference itself."""
    rng = np.random.default_rng(6)
    psi, _ = drift_of([batch(number=rng.normal(3.0 * (window == 2), 1, 1000)) for window in range(8)])["number"]
    assert 2 == int(psi[:5].argmax())
    assert psi[2] > 1


def test_missing_unknown_and_constant_values_have_their_place() -> None:
    """Missing values and new words are changes; a constant column has no noise until it moves; no record, no number."""
    calm = batch(c=[1] * 200, w=["a", "b"] * 100, m=[1.0] * 200)
    moved = batch(c=[2] * 200, w=["z"] * 200, m=[None] * 200)
    moved = moved.cast(calm.schema)
    found = drift_of([calm] * 6 + [calm.slice(0, 0), moved])
    for psi, noise in found.values():
        assert (psi[:6] == 0).all()
        assert np.isnan(psi[6])
        assert psi[7] > max(1.0, noise[7])


def test_words_are_counted_by_frequency_then_alphabet() -> None:
    """What isn't among the most frequent ones is one more bin, what is missing another."""
    words = frequent_words(pa.array(["b", "b", "d", "c", "c", "a", None]), most=3)
    assert ["b", "c", "a"] == words.to_pylist()
    assert [0.0, 3.0] == as_numbers(pa.array(["b", "d", None]), words)[:2].tolist()
    assert np.isnan(as_numbers(pa.array(["b", "d", None]), words)[2])


def test_a_stream_no_longer_than_its_reference_has_nothing_to_compare(make_run) -> None:
    """Five windows are the reference of five windows."""
    labels = [np.tile(np.array([0, 1], dtype=np.int8), 50)] * 5
    survey = load_run(make_run(labels, {"static": labels})).survey
    assert (0, 5) == (len(survey.drift), survey.reference)
    assert [5, 5, 6, 50] == [reference_windows(windows) for windows in (1, 50, 51, 10_000)]
