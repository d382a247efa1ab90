"""Fixtures of all rings: one real broker, one real Spark, and the real data where it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

settings.register_profile("driftduel", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("driftduel")


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
