"""What is asked of a duel: one value that is checked when it is made, and comes back from the run's experiment.toml."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from online.arms import DYNAMIC, STATIC, parse_arms
from online.duel import Duel, Kafka, LabelSource, Stream
from online.experiment import Experiment
from producer.dataset import Column, Dataset, Label
from producer.errors import UsageError

DATASET = Dataset(
    name="tiny",
    label=Label(positive=("attack",), negative=("benign",)),
    columns=(Column(name="a", type="int"), Column(name="y", type="label")),
)
ARMS = ("dynamic", "weekly:policy=periodic(7),train=last-20", "always:policy=always,gate=none")
FILE = Stream(file=Path("s.csv"))
TOPIC = Stream(topic="t")

paths = st.sampled_from(["/data/a.csv", "/data/with space.csv", '/data/"b".csv']).map(Path)
streams = st.one_of(
    st.builds(Stream, file=paths),
    st.builds(Stream, topic=st.sampled_from(["t", "dns.v2"]), wire=st.sampled_from(["csv", "json", "json-csv"])),
)
labels = st.one_of(
    st.builds(
        LabelSource,
        delay=st.integers(0, 10**9),
        share=st.floats(0, 1, exclude_min=True),
    ),
    st.builds(LabelSource, topic=st.just("labels"), horizon=st.integers(0, 10**9)),
    st.builds(LabelSource, file=paths, horizon=st.integers(0, 10**9)),
)


@given(
    stream=streams,
    labels=labels,
    arms=st.lists(st.sampled_from(ARMS), unique=True).map(parse_arms),
    primary=st.booleans(),
    window=st.integers(1, 1_000_000),
    seed=st.integers(0, 2**63 - 1),
    training=st.lists(paths, max_size=2).map(tuple),
)
def test_what_was_asked_comes_back_from_the_text_that_a_run_holds(
    stream, labels, arms, primary, window, seed, training
) -> None:
    """Written as TOML with the arms, as a run does, and read as an experiment, it is the same value."""
    names = tuple(arm.name for arm in arms[1:]) if primary else ()
    asked = {"arms": arms, "primary": names, "window": window, "seed": seed, "training": training}
    duel = Duel(model=Path("/models/one"), stream=stream, labels=labels, **asked)
    held = {**duel.plain(DATASET), "primary": list(names), "arm": [arm.plain() for arm in arms]}
    experiment = Experiment.model_validate(tomllib.loads(tomli_w.dumps(held)))
    assert duel == experiment.duel(experiment.streams[0], seed=experiment.seeds[0])


def test_its_paths_count_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Model, stream, labels and training rows that were named from one folder are absolute in the run's text."""
    monkeypatch.chdir(tmp_path)
    labels = LabelSource(file=Path("l.csv"), horizon=5)
    duel = Duel(model=Path("model"), stream=FILE, labels=labels, training=[Path("t.csv")])
    plain = duel.plain(DATASET)
    assert str(tmp_path / "model") == plain["model"]
    assert [str(tmp_path / "t.csv")] == plain["training"]
    places = {"file": str(tmp_path / "s.csv"), "labels_file": str(tmp_path / "l.csv"), "label_horizon": 5}
    assert [places] == plain["stream"]


def test_arms_may_be_words_or_arms() -> None:
    """The static arm is always among them, and the first."""
    assert (STATIC, DYNAMIC) == Duel(model=Path("m"), stream=FILE, arms=["dynamic"]).all_arms
    assert (STATIC, DYNAMIC) == Duel(model=Path("m"), stream=FILE, arms=[DYNAMIC, STATIC]).all_arms
    assert (STATIC, DYNAMIC) == Duel(model=Path("m"), stream=FILE).all_arms


BROKER = Kafka(bootstrap="localhost:9092")
WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "neither": (Stream, "name either a topic or a file to evaluate"),
    "both": (lambda: Stream(topic="t", file=Path("s.csv")), "name either a topic or a file to evaluate"),
    "idle": (lambda: Stream(topic="t", idle=5), "--idle-timeout is for a topic that is still being filled"),
    "file": (lambda: Stream(file=Path("s.csv"), follow=True), "--follow is for a topic; a file is read to its end"),
    "horizon": (lambda: LabelSource(horizon=5), "--label-horizon is for labels from --labels-topic or --labels-file"),
    "two": (lambda: LabelSource(topic="l", file=Path("l.csv"), horizon=5), "not from both; name one"),
    "delay": (lambda: LabelSource(topic="l", delay=3, horizon=5), "--label-delay and --label-share are for labels"),
    "share": (lambda: LabelSource(topic="l", share=0.5, horizon=5), "--label-delay and --label-share are for labels"),
    "endless": (lambda: LabelSource(file=Path("l.csv")), "say with --label-horizon N how many records"),
    "follow": (
        lambda: asked(stream=Stream(topic="t", follow=True), labels=LabelSource(topic="l", horizon=5)),
        "--follow can't be used with --labels-topic",
    ),
    "no broker": (lambda: asked(predictions="p"), "to write topic 'p' a broker is needed"),
    "same topic": (lambda: asked(stream=TOPIC, kafka=BROKER, predictions="t"), "give --predictions-topic another one"),
    "arm": (lambda: asked(arms=["dynamik"]), "no arm 'dynamik' (did you mean 'dynamic'?)"),
    "all": (lambda: asked(labels=LabelSource(share=math.nan)), "a label share of nan is no share of records"),
    "window": (lambda: asked(window=0), "a window holds 1 record or more, not 0"),
}


def asked(**options) -> Duel:
    """A duel over a file with other options."""
    return Duel(**{"model": Path("m"), "stream": FILE, **options})


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_go_together_is_refused_when_it_is_made(name: str) -> None:
    """Each part checks itself, and the whole how they go together: before a model is loaded or a broker asked."""
    make, said = WRONG[name]
    with pytest.raises(UsageError) as refused:
        make()
    assert said in str(refused.value)
