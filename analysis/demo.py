"""The whole duel in one call: broker, synthetic stream, Spark model, topic, run and report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from online.duel import Duel, Kafka, Stream, run_duel
from online.files import replace_file
from producer.broker import fetch_jars, with_broker
from producer.dataset import load_dataset
from producer.errors import UsageError
from producer.progress import progress
from producer.recipe import Drift, Recipe
from producer.replay import identify, replay
from producer.synthetic import Written, write

from .report import Report, write_report

DATASET = "dns-exfil"
STATIC_RECORDS = 20_000
MARKER = "demo.json"


def run_demo(*, out: Path, records: int, seed: int, bootstrap: str | None, data: Path) -> Report:
    """Generate, train, replay, evaluate and report, with progress on stderr.

    Args:
        out: folder for everything that the demo makes; an earlier demo in it is replaced.
        records: length of the stream.
        seed: of the static records and the model; the stream's is the next one.
        bootstrap: HOST:PORT of a Kafka broker, or None for the embedded one ...
        data: ... whose data lie here.

    Raises:
        UsageError: `out` holds something else.
        DriftduelError: a step failed; the message says why.
    """
    _make_room(out, records=records, seed=seed)
    with _stream(out, records=records, seed=seed, bootstrap=bootstrap, data=data) as (address, static, stream):
        _train(static.path, out / "model", seed=seed)
        topic = _produce(stream.path, address)
        duel = Duel(model=out / "model", stream=Stream(topic=topic, truth=stream.truth), kafka=Kafka(bootstrap=address))
        run_duel(duel, run=out / "run", bar=partial(progress, "Evaluating static and dynamic"))
    return write_report(out / "run")


def stream_recipe(*, records: int, seed: int) -> Recipe:
    """The demo's stream: another encoding at 40 % of it, and a gradual change of the benign part at 70 to 80 %."""
    encoding, start, end = (records * share // 10 for share in (4, 7, 8))
    drifts = (Drift("encoding", encoding, encoding), Drift("mix", start, end))
    return Recipe(records, seed, drifts=drifts, dataset=DATASET)


def _make_room(out: Path, *, records: int, seed: int) -> None:
    """Make the folder, or clear it of the run of an earlier demo."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        if (out / MARKER).is_file():
            click.echo(f"Replacing the earlier demo in {out}", err=True)
            shutil.rmtree(out / "run", ignore_errors=True)
        elif any(out.iterdir()):
            raise UsageError(f"{out} isn't empty and holds no demo; choose another folder with --out")
    except OSError as error:
        raise UsageError(f"{out} can't be written ({error.strerror}); choose another folder with --out") from None
    with replace_file(out / MARKER) as file:
        file.write(json.dumps({"format": 1, "records": records, "seed": seed}).encode() + b"\n")


@contextmanager
def _stream(
    out: Path, *, records: int, seed: int, bootstrap: str | None, data: Path
) -> Iterator[tuple[str, Written, Written]]:
    """The broker's address, the static records and the stream; the records are made while the broker starts."""
    if bootstrap is None:
        fetch_jars()  # its bar, on the very first use, is not to meet the bar of the records
    recipes = {
        "static": Recipe(STATIC_RECORDS, seed, dataset=DATASET),
        "stream": stream_recipe(records=records, seed=seed + 1),
    }
    with ThreadPoolExecutor(max_workers=1) as pool:
        making = pool.submit(_generate, recipes, out)
        with with_broker(bootstrap, data) as address:
            static, stream = making.result()
            yield address, static, stream


def _generate(recipes: dict[str, Recipe], out: Path) -> list[Written]:
    total = sum(recipe.records for recipe in recipes.values())
    with progress("Starting the broker, generating records", total) as advance:
        return [write(recipe, out / f"{name}.csv.gz", force=True, advance=advance) for name, recipe in recipes.items()]


def _train(file: Path, model: Path, *, seed: int) -> None:
    from static_model.job import train_file
    from static_model.training.settings import Settings

    # One split and no grid: the demo is to take a minute.
    settings = Settings(seed=seed, algorithms=("logistic_regression", "random_forest"), folds=0, repeats=1, refit=False)
    train_file(file, load_dataset(DATASET), model, settings=settings, force=True)


def _produce(file: Path, address: str) -> str:
    """Replay the stream, and name the topic.

    Each stream has a topic of its own: the same demo again finds it filled, another one doesn't mix with it.
    """
    dataset = load_dataset(DATASET)
    stream = identify(file, dataset, wire=dataset.wire)
    topic = f"demo-{stream.id.hex()[:8]}"
    with progress(f"Replaying onto topic {topic}", stream.records) as advance:
        replay(file, dataset, stream, bootstrap=address, topic=topic, wire=dataset.wire, advance=advance)
    return topic
