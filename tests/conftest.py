"""Fixtures of all rings: one real broker, one real Spark, and the real data where it is."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient
    from pyspark.sql import SparkSession

    from online.duel import DuelOutcome

sys.path.append(str(Path(__file__).parent))  # where `soak`, `faults`, `cluster` and others are found, as in `make soak`
settings.register_profile("driftduel", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("driftduel")


@pytest.fixture(scope="session")
def deaths_in() -> Callable[..., Any]:
    """`Deaths` of `deaths.py`: keeps what a process would leave in a folder if it died at any step of its writing."""
    place = Path(__file__).with_name("deaths.py")
    module = sys.modules["deaths_of_tests"] = module_from_spec(spec_from_file_location("deaths_of_tests", place))
    module.__spec__.loader.exec_module(module)
    return module.Deaths


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one real embedded Apache Kafka, shared by the whole session."""
    from producer.broker import embedded

    with embedded(tmp_path_factory.mktemp("broker")) as address:
        yield address


@pytest.fixture(params=["confluent-kafka", "kafka-python"])
def config(request: pytest.FixtureRequest) -> dict[str, object]:
    """Settings that name a Kafka client: a test that takes them runs once with each."""
    return {"client": request.param}


@pytest.fixture(scope="session")
def admin(bootstrap: str) -> AdminClient:
    """Somebody who may do anything with topics."""
    from confluent_kafka.admin import AdminClient

    return AdminClient({"bootstrap.servers": bootstrap})


@pytest.fixture(scope="session")
def make_topic(admin: AdminClient) -> Callable[..., str]:
    """Makes a topic with so many partitions and settings of its own."""
    from confluent_kafka.admin import NewTopic

    def call(*, partitions: int = 1, **settings: str) -> str:
        name = f"foreign-{uuid.uuid4().hex}"
        dotted = {key.replace("_", "."): value for key, value in settings.items()}
        admin.create_topics([NewTopic(name, partitions, config=dotted)])[name].result(30)
        return name

    return call


@pytest.fixture(scope="session")
def run_asked() -> Callable[..., DuelOutcome]:
    """Runs the duel that options ask for, all in one row and named as those of `evaluate`, into `run`."""
    from online.duel import Bar, Duel, Kafka, LabelSource, Stream, no_bar, run_duel

    def taken(options: dict[str, Any], *same: str, **other: str) -> dict[str, Any]:
        names = dict(zip(same, same, strict=True)) | other
        return {name: options.pop(option) for name, option in names.items() if option in options}

    def call(*, run: Path, bar: Bar = no_bar, **options: Any) -> DuelOutcome:
        duel = Duel(
            stream=Stream(**taken(options, "topic", "file", "wire", "truth", "follow", idle="idle_timeout")),
            kafka=Kafka(**taken(options, "bootstrap", "config", "patience")),
            labels=LabelSource(
                **taken(options, delay="label_delay", share="label_share", horizon="label_horizon"),
                **taken(options, topic="labels_topic", file="labels_file"),
            ),
            **taken(options, predictions="predictions_topic"),
            **options,
        )
        return run_duel(duel, run=run, bar=bar)

    return call


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """One real Spark session, shared by the whole session."""
    from static_model.session import spark_session

    with spark_session() as session:
        yield session


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with the real data sets, or a loud skip where there is none."""
    folder = os.environ.get("DRIFTDUEL_DATA")
    if not folder or not Path(folder).is_dir():
        # CI has the data: there, a test that doesn't run is a failure.
        absent = pytest.fail if os.environ.get("CI") else pytest.skip
        absent(f"REAL DATA NOT TESTED: DRIFTDUEL_DATA is {folder!r}; set it to the folder with the data sets")
    return Path(folder)
