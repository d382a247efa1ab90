"""River's detectors in a window's clothes: the same alarms, record by record, and the same quirks."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from river import drift
from river.drift import binary

from online.detectors.adwin import Adwin
from online.detectors.by_record import ByRecord
from online.detectors.ddm import Ddm
from online.detectors.eddm import Eddm
from online.detectors.hddm_a import HddmA
from online.detectors.hddm_w import HddmW
from online.detectors.kswin import Kswin
from online.detectors.page_hinkley import PageHinkley
from online.interfaces import Losses, Pool
from online.registry import build, kinds

NONE = Pool(0, 0)
PAIRS = [
    (Adwin(), drift.ADWIN()),
    (Adwin(delta=0.2, clock=1), drift.ADWIN(delta=0.2, clock=1)),
    (Ddm(), binary.DDM()),
    (Eddm(), binary.EDDM()),
    (HddmA(), binary.HDDMA()),
    (HddmA(two_sided_test=True), binary.HDDMA(two_sided_test=True)),
    (HddmW(), binary.HDDMW()),
    (PageHinkley(), drift.PageHinkley()),
    (PageHinkley(mode="up", threshold=5.0), drift.PageHinkley(mode="up", threshold=5.0)),
    (Kswin(alpha=0.02, seed=7), drift.KSWIN(alpha=0.02, seed=7)),
]
IDS = [str(n) + "-" + kind.kind for n, (kind, _) in enumerate(PAIRS)]
CLASSES = {type(kind): type(theirs) for kind, theirs in PAIRS}


def stream(seed: int, windows: int = 8, records: int = 120) -> list[Losses]:
    """Losses of a rate that changes twice, in windows."""
    rng = np.random.default_rng(seed)
    rates = np.repeat(
        [0.1, 0.5, 0.2], [windows * records // 3] * 2 + [windows * records - 2 * (windows * records // 3)]
    )
    return np.split((rng.random(windows * records) < rates).astype(float), windows)


def rivers(theirs: Any, windows: list[Losses]) -> list[tuple[bool, bool]]:
    """Drift and warning of each window, by a plain loop over river's own object."""
    theirs = theirs.clone()
    found = []
    for window in windows:
        drifts, warnings = [], []
        for loss in window:
            theirs.update(int(loss))
            drifts.append(theirs.drift_detected)
            warnings.append(getattr(theirs, "warning_detected", False))
        found.append((any(drifts), any(drifts) or any(warnings)))
    return found


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("kind", "theirs"), PAIRS, ids=IDS)
def test_alarms_and_warnings_are_rivers(kind: ByRecord, theirs: Any, seed: int) -> None:
    """On a stream with two changes, every window has an alarm or warning exactly where river's detector has one."""
    windows = stream(seed)
    detector, found = kind.begin(NONE), []
    for window in windows:
        detector.update(window)
        found.append((detector.drift, detector.warning))
    assert found == rivers(theirs, windows)


@pytest.mark.parametrize(("kind", "theirs"), PAIRS, ids=IDS)
def test_every_single_alarm_is_rivers(kind: ByRecord, theirs: Any) -> None:
    """In windows of one record, alarm by alarm."""
    windows = stream(4, windows=1000, records=1)
    detector, found = kind.begin(NONE), []
    for window in windows:
        detector.update(window)
        found.append((detector.drift, detector.warning))
    assert found == rivers(theirs, windows)
    assert isinstance(kind, Eddm) or any(alarm for alarm, _ in found)


@pytest.mark.parametrize(("kind", "theirs"), PAIRS, ids=IDS)
def test_a_reset_detector_is_a_new_one(kind: ByRecord, theirs: Any) -> None:
    """After a reset it says what a fresh one would."""
    old, new = kind.begin(NONE), kind.begin(NONE)
    for window in stream(5):
        old.update(window)
    old.reset(Pool(1000, 20))
    assert (old.drift, old.warning) == (False, False)
    for window in stream(6):
        old.update(window)
        new.update(window)
        assert (old.drift, old.warning, old.reason) == (new.drift, new.warning, new.reason)


@pytest.mark.parametrize(("ours", "theirs"), CLASSES.items(), ids=[kind.__name__ for kind in CLASSES])
def test_parameters_and_defaults_are_rivers(ours: type[ByRecord], theirs: type) -> None:
    """Every parameter of river's class is a field of its name and default, but for KSWIN's seed and cold start."""
    expected = {name: value.default for name, value in inspect.signature(theirs).parameters.items()}
    expected.pop("window", None)
    if "seed" in expected:
        expected["seed"] = 0
    assert ours().model_dump(exclude={"kind"}) == expected


@pytest.mark.parametrize(
    ("kind", "first"),
    [(Adwin(), None), (Ddm(), 1), (Eddm(), None), (HddmA(), None), (PageHinkley(), None), (Kswin(), None)],
    ids=lambda value: getattr(value, "kind", None),
)
def test_perfect_and_one_error_streams(kind: ByRecord, first: int | None) -> None:
    """No detector fires without an error; DDM alone takes the first error of a flawless model for a drift."""
    detector = kind.begin(NONE)
    found = []
    for window in range(4):
        detector.update((np.arange(250) == (100 if window == 1 else -1)).astype(float))
        found.append(detector.drift)
    assert found == [window == first for window in range(4)]


def test_the_reason_names_the_record() -> None:
    """Of a window's alarms the first is named; a window without any says so."""
    detector = Ddm().begin(NONE)
    detector.update(np.zeros(100))
    assert detector.reason == "DDM: nothing"
    detector.update((np.arange(100) == 41).astype(float))
    assert detector.reason == "DDM: drift at record 42 of the window"


def test_an_empty_window_has_neither_alarm_nor_warning() -> None:
    """Nothing seen is nothing found, even after an alarm."""
    detector = Ddm().begin(NONE)
    detector.update(np.repeat([0.0, 1.0], 100))
    assert detector.drift
    detector.update(np.empty(0))
    assert (detector.drift, detector.warning) == (False, False)


def test_eddm_warns_before_it_fires() -> None:
    """A warning level below the drift level is refused."""
    with pytest.raises(ValidationError, match=r"alpha=0\.8 \(warning\) is less than beta=0\.9 \(drift\)"):
        Eddm(alpha=0.8)


@pytest.mark.parametrize("window_size", [100, 400])
@pytest.mark.parametrize("digits", [0, 1, 9])
def test_kswin_has_rivers_p_value_after_every_loss(digits: int, window_size: int) -> None:
    """Whether losses are 0 or 1, so that tests recur, or take many values, and however many a few are drawn from."""
    ours = Kswin(seed=3, window_size=window_size).fresh()
    theirs = drift.KSWIN(seed=3, window_size=window_size)
    losses = np.random.default_rng(4).random(700)
    losses[450:] = losses[450:] / 2 + 0.5
    for loss in losses.round(digits).tolist():
        ours.update(loss)
        theirs.update(loss)
        assert (theirs.p_value, theirs.drift_detected) == (ours.p_value, ours.drift_detected)


def test_kswins_window_holds_two_samples() -> None:
    """A window too small to draw the older sample from is refused, where river would fail in mid-stream."""
    with pytest.raises(ValidationError, match="window_size=50 is too small for two samples of stat_size=30"):
        Kswin(window_size=50)


@pytest.mark.parametrize(
    ("words", "expected"),
    [("adwin(0.01)", Adwin(delta=0.01)), ("hddm-a", HddmA()), ("kswin(seed=3)", Kswin(seed=3)), ("ddm", Ddm())],
)
def test_detectors_are_found_by_their_words(words: str, expected: object) -> None:
    """River's main parameter comes first."""
    assert build("detector", words) == expected


def test_every_detector_is_known_and_says_what_it_eats() -> None:
    """Eight eat losses, three eat features."""
    eats = {kind: made.eats for kind, made in kinds("detector").items()}
    losses = ("adwin", "ddm", "eddm", "hddm-a", "hddm-w", "kswin", "page-hinkley", "ss-sr")
    assert eats == dict.fromkeys(losses, "losses") | dict.fromkeys(("hellinger", "ks", "psi"), "features")


@pytest.mark.parametrize("field", ["clock", "max_buckets", "min_window_length", "grace_period"])
def test_adwin_refuses_what_its_counters_cannot_hold(field):
    """River's ADWIN counts in C; the message comes before it overflows."""
    with pytest.raises(ValueError, match=f"{field}: Input should be less than or equal to 1000000000"):
        build("detector", {"kind": "adwin", field: 10**20})
