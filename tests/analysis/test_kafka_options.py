"""The verbs that run a duel reach Kafka by the same options, and wait for a broker as long as they are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tomli_w

from driftduel import cli
from online.duel import Kafka
from producer.dataset import Column, Dataset, Label
from static_model.artifact import Linear, Model, Numeric, save_model

DATASET = Dataset(
    name="tiny",
    label=Label(positive=("1",), negative=("0",)),
    columns=(Column(name="x", type="int"), Column(name="y", type="label")),
)
BROKER = ("--bootstrap", "localhost:1", "--kafka-config", "kafka.properties")
RUNS = {
    "evaluate": ("online.duel.run_duel", ("--model", "model", "--topic", "t", "--run", "run")),
    "experiment": ("analysis.experiment.run_duel", ("plan.toml", "--out", "out")),
    "rerun": ("online.repeat.run_duel", ("held",)),
}


class AskedError(Exception):
    """Raised in place of a duel: where its topics are."""

    def __init__(self, kafka: Kafka) -> None:
        super().__init__("a duel was asked for")
        self.kafka = kafka


@pytest.fixture
def reached(tmp_path: Path, make_run, monkeypatch: pytest.MonkeyPatch):
    """Calls a verb over a topic, and gives where the duel was told that topics are."""
    model = Model(DATASET, (Numeric("x"),), Linear(np.array([1.0]), 0.0, {}), 0.5, 0, 0, {})
    save_model(model, tmp_path / "model")
    plan = {"model": "model", "stream": [{"topic": "t"}]}
    (tmp_path / "plan.toml").write_text(tomli_w.dumps(plan))
    (tmp_path / "kafka.properties").write_text("client=kafka-python\n")
    labels = [np.zeros(100, np.int8)]
    make_run(labels, {"static": labels}, name="held")
    (tmp_path / "held/experiment.toml").write_text(tomli_w.dumps(plan))
    monkeypatch.chdir(tmp_path)

    def refuse(duel, **_) -> None:
        raise AskedError(duel.kafka)

    def call(verb: str, *options: object) -> Kafka:
        place, arguments = RUNS[verb]
        monkeypatch.setattr(place, refuse)
        with pytest.raises(AskedError) as stopped:
            cli.main([verb, *arguments, *map(str, options)], standalone_mode=False)
        return stopped.value.kafka

    return call


@pytest.mark.parametrize("verb", RUNS)
def test_each_verb_says_where_the_broker_is_and_how_long_to_wait(reached, verb: str) -> None:
    """Address, settings and patience of the command line reach the duel; two minutes if nothing is said."""
    config = {"client": "kafka-python"}
    assert Kafka(bootstrap="localhost:1", config=config, patience=7.5) == reached(verb, *BROKER, "--patience", 7.5)
    assert Kafka(bootstrap="localhost:1", config=config, patience=120) == reached(verb, *BROKER)
