"""The figures that README quotes: ratios measured within one run. Reported, never asserted.

`make bench` runs it. With DRIFTDUEL_DATA it uses the shuffled DNS stream, else a synthetic one of the same size.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROUNDS = 7
QUICK = ("--algorithm", "random_forest", "--folds", 0, "--repeats", 1)
DRIFTDUEL = Path(sys.executable).with_name("driftduel")


def main() -> None:
    """Measure everything in a temporary folder and print one line per figure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        static, stream = inputs(folder)
        run("train", static, "--dataset", "dns-exfil", "--out", folder / "model", *QUICK)
        scoring(folder, static)
        file_beside_river(folder, stream)
        memory(folder, stream)
        training(folder, static)
        predicting(folder, stream)


def inputs(folder: Path) -> tuple[Path, Path]:
    """The static file and the stream."""
    data = os.environ.get("DRIFTDUEL_DATA")
    if data:
        print("stream: dns_exf_kafka, 76,843 records; model: random forest 50 x depth 10 of dns_exf_static")
        return Path(data) / "dns_exf_static.csv.gz", Path(data) / "dns_exf_kafka.csv.gz"
    print("stream: synthetic, 76,843 records (set DRIFTDUEL_DATA for the real one)")
    for name, records, seed in (("static.csv", 76_842, 1), ("stream.csv", 76_843, 2)):
        run("generate", "dns-exfil", "--records", records, "--seed", seed, "--error", 0.18, "--out", folder / name)
    return folder / "static.csv", folder / "stream.csv"


def run(*arguments: object) -> None:
    """One console command, quietly."""
    subprocess.run([DRIFTDUEL, *map(str, arguments)], check=True, capture_output=True)


def seconds(work: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def paired(first: Callable[[], object], second: Callable[[], object]) -> tuple[list[float], list[float]]:
    """Times of two calls in turn, after one uncounted round of both."""
    first(), second()
    rounds = [(seconds(first), seconds(second)) for _ in range(ROUNDS)]
    return [a for a, _ in rounds], [b for _, b in rounds]


def report(title: str, ratios: list[float], detail: str) -> None:
    """One line: the median ratio and its range."""
    low, high = min(ratios), max(ratios)
    print(f"{title}: ratio {statistics.median(ratios):.2f} ({low:.2f} to {high:.2f} in {len(ratios)} rounds); {detail}")


def scoring(folder: Path, static: Path) -> None:
    """1,000 records: the saved forest's twin beside Spark's transform and collect."""
    from itertools import islice

    from producer.codec import decode
    from producer.files import read_lines
    from static_model.artifact import load_model
    from static_model.scorer import Scorer, featurise
    from static_model.session import spark_session

    model = load_model(folder / "model")
    lines = list(islice(read_lines(static, model.dataset), 1000))
    records = decode(lines, model.dataset, wire="csv").records
    scorer = Scorer(model.estimator)
    with spark_session() as spark:
        import pyarrow as pa
        from pyspark.ml import PipelineModel

        pipeline = PipelineModel.load((folder / "model" / "spark").resolve().as_uri())
        frame = spark.createDataFrame(pa.Table.from_batches([records])).cache()
        frame.count()
        slow, fast = paired(
            lambda: pipeline.transform(frame).select("probability", "prediction").collect(),
            lambda: scorer.score(featurise(model.steps, records)),
        )
    detail = f"Spark {1000 * statistics.median(slow):.0f} ms, twin {1000 * statistics.median(fast):.2f} ms"
    report("scoring 1,000 records, Spark's time / the twin's", [a / b for a, b in zip(slow, fast, strict=True)], detail)


def file_beside_river(folder: Path, stream: Path) -> None:
    """The duel over a file, beside River's progressive validation of a logistic regression on the same records."""
    from river import linear_model, metrics, preprocessing
    from river.evaluate import progressive_val_score

    from online.duel import Duel, Stream, run_duel
    from producer.dataset import load_dataset
    from producer.files import read_records

    dataset = load_dataset("dns-exfil")
    names = [column.name for column in dataset.features]
    numbers = iter(range(1000, 2000))

    def river() -> None:
        # River wants dictionaries; reading and converting is part of its work, as it is of ours.
        progressive_val_score(
            samples(), preprocessing.StandardScaler() | linear_model.LogisticRegression(), metrics.Accuracy()
        )

    def samples() -> Iterator[tuple[dict[str, float], bool]]:
        records = read_records(stream, dataset).records
        labels = records.column(dataset.label_name).to_pylist()
        yield from zip(records.select(names).to_pylist(), map(bool, labels), strict=True)

    def duel() -> None:
        run_duel(Duel(model=folder / "model", stream=Stream(file=stream)), run=folder / f"run{next(numbers)}")

    total = read_records(stream, dataset).records.num_rows
    theirs, ours = paired(river, duel)
    rates = f"River {total / statistics.median(theirs):,.0f} records/s, duel {total / statistics.median(ours):,.0f}"
    report("duel of two arms over a file / River", [a / b for a, b in zip(theirs, ours, strict=True)], rates)


def memory(folder: Path, stream: Path) -> None:
    """Peak memory of the console command, over the file (the largest child of this process is not Spark's JVM here)."""
    script = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, capture_output=True); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [DRIFTDUEL, "evaluate", "--model", folder / "model", "--file", stream, "--run", folder / "memory"]
    shutil.rmtree(folder / "memory", ignore_errors=True)
    found = subprocess.run([sys.executable, "-c", script, *command], check=True, capture_output=True, text=True)
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kibibytes
    print(f"peak memory of evaluate: {int(found.stdout) * unit / 1e6:.0f} MB")


MEASURED = (
    "import resource, sys, time; from driftduel import cli; start = time.perf_counter(); "
    "cli.main(sys.argv[1:], standalone_mode=False); "
    "print('measured', time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
)


def measured(*arguments: object) -> tuple[float, float]:
    """Seconds of a verb, and the peak memory of its Python process in MB (Spark's Java is a process of its own)."""
    command = [sys.executable, "-c", MEASURED, *map(str, arguments)]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1].split()
    unit = 1 if sys.platform == "darwin" else 1024
    return float(found[1]), int(found[2]) * unit / 1e6


def training(folder: Path, static: Path) -> None:
    """`train` as it is without options: three algorithms, a grid, repeated splits, and the refit."""
    took, peak = measured("train", static, "--dataset", "dns-exfil", "--out", folder / "full")
    name = static.name.split(".")[0]
    print(f"train with three algorithms on {name}: {took:.0f} s; Python's peak memory {peak:.0f} MB")


def predicting(folder: Path, stream: Path) -> None:
    """`predict` by the scorer on a file of a million records."""
    from itertools import chain, cycle, islice

    from producer.dataset import load_dataset
    from producer.files import read_lines

    dataset = load_dataset("dns-exfil")
    lines = islice(cycle(list(read_lines(stream, dataset))), 1_000_000)
    big = folder / "big.csv"
    with big.open("wb") as file:
        file.writelines(line + b"\n" for line in chain([",".join(dataset.names).encode()], lines))
    took, peak = measured("predict", big, "--model", folder / "model", "--out", folder / "big.out.csv")
    print(f"predict of 1,000,000 records: {took:.0f} s, {1e6 / took:,.0f} records/s; peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
