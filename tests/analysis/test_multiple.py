"""Holm's correction, against the definition."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analysis.inference.multiple import holm


def test_holms_example() -> None:
    """The smallest p-value is multiplied by the number of arms, the next by one less, and order is kept."""
    assert {"d": 0.02, "b": 0.06, "c": 0.06, "a": 0.02} == {
        name: round(p, 12) for name, p in holm({"d": 0.005, "b": 0.04, "c": 0.03, "a": 0.005}).items()
    }


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_it_rejects_what_the_step_down_procedure_rejects(values: list[float]) -> None:
    """Adjusted p-values up to 5 % are those that Holm's step-down procedure rejects at 5 %."""
    given_values = {str(place): value for place, value in enumerate(values)}
    rejected = set()
    for place, name in enumerate(sorted(given_values, key=lambda name: given_values[name])):
        if (len(values) - place) * given_values[name] > 0.05:
            break
        rejected.add(name)
    assert rejected == {name for name, p in holm(given_values).items() if p <= 0.05}


def test_a_single_arm_is_left_alone() -> None:
    """One arm needs no correction, and none at all gives nothing."""
    assert ({"a": 0.04}, {}) == (holm({"a": 0.04}), holm({}))
