"""Where labels that come apart are read from, and where a run keeps them: it needs no label topic when taken up again.

`labels.arrow` holds the table, `dead_labels.jsonl` what was no label. They are written before the first window.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa

from producer.dataset import Dataset, Wire
from producer.errors import ContractError, RunError, UsageError
from producer.label_table import AFTER, LABEL, SEQ, DeadLabel, LabelTable, read_label_file

from .files import replace_file
from .labels import Labels
from .late_labels import LateLabels
from .opening import Kafka, Stream
from .run import read_manifest

TABLE, DEAD = "labels.arrow", "dead_labels.jsonl"
PLACE = ("topic", "ends", "begins")
"""What a run's identity says of its label topic; the last only where retention had cut the start."""
FACTS = b"driftduel"
"""Key under which the table's metadata say what its columns don't: its doubles, and the stream it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSource:
    """Where the labels come from, how late, and how many of them.

    Attributes:
        delay: with their records, and known so many records later ...
        share: ... of which the arms ever see this share, drawn at random; the report uses all; or ...
        topic: ... from this topic, so that the records' own column is ignored, or ...
        file: ... from this CSV file `seq,label,after`.
        horizon: how many records after a window's end the arms stop waiting for such labels.

    Raises:
        UsageError: two of these don't go together, or a label stream has no horizon.
    """

    delay: int = 0
    share: float = 1.0
    topic: str | None = None
    file: Path | None = None
    horizon: int | None = None

    def __post_init__(self) -> None:
        if self.topic is None and self.file is None:
            if self.horizon is not None:
                raise UsageError(
                    "--label-horizon is for labels from --labels-topic or --labels-file; name one, or drop it"
                )
            return
        if self.topic is not None and self.file is not None:
            raise UsageError("the labels come from --labels-topic or from --labels-file, not from both; name one")
        if self.delay or self.share < 1:
            raise UsageError(
                "--label-delay and --label-share are for labels that come with their records; a label stream says "
                "itself which come, and when. Leave them out here, and give them to 'driftduel produce' instead"
            )
        if self.horizon is None:
            raise UsageError(
                "a label that never comes would be waited for without end: say with --label-horizon N how many records "
                "after a window's end the arms stop waiting"
            )

    def plain(self) -> dict[str, Any]:
        """What experiment.toml says of a label stream, for any folder to start from; nothing where there is none."""
        file = self.file and str(self.file.absolute())
        where = {"labels_topic": self.topic, "labels_file": file, "label_horizon": self.horizon}
        return {name: value for name, value in where.items() if value is not None}


WITH_RECORDS = LabelSource()
"""All labels come with their records, at once."""


def open_labels(asked: LabelSource, schedule: Labels, kafka: Kafka, dataset: Dataset, run: Path) -> Labels:
    """The labels asked for: those that come with the records, or a label stream, read whole.

    Args:
        asked: the label stream, if there is one.
        schedule: of the labels that come with the records.
        kafka: where the labels' topic is.
        dataset: the records' contract.
        run: the run directory, which may hold the labels already, or the end offsets of an earlier start.

    Raises:
        UsageError: there is no broker for their topic.
        ContractError: the labels can't be read, or belong to another stream.
        RunError: those that the run holds are damaged.
        BrokerError: as `TopicReader`.
    """
    if asked.horizon is None:
        return schedule
    size, horizon = schedule.size, asked.horizon
    if asked.file is not None:
        return LateLabels(size=size, table=read_label_file(asked.file, dataset), horizon=horizon)
    assert asked.topic is not None, "what has a horizon has a topic or a file"
    held = _held(run, asked.topic)
    if held is not None and (run / TABLE).exists():
        table, place = read_table(run, str(held["digest"])), {name: held[name] for name in PLACE if name in held}
    else:
        table, place = _read_topic(asked.topic, kafka, dataset, held)
    return LateLabels(size=size, table=table, horizon=horizon, place=place)


def held_labels(run: Path, manifest: Mapping[str, Any]) -> Labels:
    """The labels of a run that is there, without looking at where they came from.

    Raises:
        RunError: those that it holds are damaged.
    """
    identity = manifest["identity"]
    size, late = int(identity["window"]), identity.get("labels")
    if late is not None:
        return LateLabels(size=size, table=read_table(run, str(late["digest"])), horizon=int(late["horizon"]))
    delay, share = identity.get("label_delay", 0), identity.get("label_share", 1.0)
    return Labels(delay=delay, share=share, seed=identity["seed"], size=size)


def finished_labels(run: Path, topic: str | None) -> bool:
    """Whether no broker is needed for the labels: there is no label topic, or the run holds what was on it."""
    return topic is None or ((run / TABLE).exists() and _held(run, topic) is not None)


def keep_labels(run: Path, labels: Labels) -> None:
    """Keep a label stream in the run directory; nothing where the labels come with the records.

    Raises:
        RunError: the directory can't be written to.
    """
    if not isinstance(labels, LateLabels) or (run / TABLE).exists():
        return
    table = labels.table
    with replace_file(run / DEAD) as file:
        file.writelines(json.dumps(asdict(letter), ensure_ascii=False).encode() + b"\n" for letter in table.dead)
    batch = pa.RecordBatch.from_pydict({SEQ: table.seqs, LABEL: table.labels, AFTER: table.after})
    facts = json.dumps({"doubles": table.doubles, "stream": table.stream}).encode()
    with (
        replace_file(run / TABLE) as file,
        pa.ipc.new_file(file, schema := batch.schema.with_metadata({FACTS: facts})) as writer,
    ):
        writer.write_batch(batch.cast(schema))


def read_table(run: Path, digest: str) -> LabelTable:
    """The labels that a run holds.

    Raises:
        RunError: they are damaged.
    """
    try:
        with pa.ipc.open_file(pa.BufferReader((run / TABLE).read_bytes())) as reader:
            batch, facts = reader.get_batch(0), json.loads(reader.schema.metadata[FACTS])
        dead = tuple(DeadLabel(**json.loads(line)) for line in (run / DEAD).read_text("utf-8").split("\n") if line)
        seqs, labels, after = (batch.column(name).to_numpy() for name in (SEQ, LABEL, AFTER))
        table = LabelTable(seqs, labels, after, doubles=facts["doubles"], dead=dead, stream=facts["stream"])
        if table.digest != digest:
            raise ValueError("its digest differs")
    except (OSError, MemoryError, RecursionError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"the labels in {run / TABLE} are damaged ({error}). Delete the file, and run the same command again: they "
            "are read from their topic anew"
        ) from None
    return table


def _held(run: Path, topic: str) -> dict[str, Any] | None:
    """What the run says of its labels, if they come from this topic."""
    if not (run / "manifest.json").exists():
        return None
    held = read_manifest(run)["identity"].get("labels", {})
    return dict(held) if held.get("topic") == topic else None


def _read_topic(
    topic: str, kafka: Kafka, dataset: Dataset, held: dict[str, Any] | None
) -> tuple[LabelTable, dict[str, Any]]:
    """The labels on a topic, as far as an earlier start saw it, and what the run's identity says of it."""
    if kafka.bootstrap is None:
        raise UsageError(f"to read label topic '{topic}' a broker is needed: name one with --bootstrap HOST:PORT")
    from producer.label_topic import read_label_topic
    from producer.topic import TopicReader
    from producer.unfinished import say_unfinished

    asked = None if held is None else {int(p): end for p, end in held["ends"].items()}
    with TopicReader(kafka.bootstrap, topic, config=kafka.config, patience=kafka.patience) as reader:
        begins = {str(p): first for p, first in sorted(reader.beginning.items()) if first}
        if held is not None:
            _refuse_gone(topic, held.get("begins", {}), begins)
        else:
            say_unfinished(reader)
        table, stops = read_label_topic(reader, dataset, ends=asked)
    place = {"topic": topic, "ends": {str(p): end for p, end in sorted(stops.items())}}
    return table, place | ({"begins": begins} if begins else {})


def _refuse_gone(topic: str, before: Mapping[str, int], begins: Mapping[str, int]) -> None:
    """Refuse to read labels anew of which some were deleted since the run's first start."""
    gone = [
        f"offsets {before.get(p, 0)} to {first - 1} of partition {p}"
        for p, first in begins.items()
        if first > before.get(p, 0)
    ]
    if gone:
        raise ContractError(
            f"label topic '{topic}' no longer holds what this run was started with: {', '.join(gone)} were deleted "
            f"since (retention), and the run's own copy, {TABLE}, isn't there. Start a new run: it says what is gone"
        )


def refuse_strange(labels: Labels, source: dict[str, Any], stream: Stream, dataset: Dataset) -> Labels:
    """The labels, once it is checked that they belong to the records' stream, where both say which that is.

    Args:
        labels: the labels.
        source: the identity of the records' stream.
        stream: where it comes from.
        dataset: its contract.

    Raises:
        ContractError: they belong to another stream.
    """
    if not isinstance(labels, LateLabels) or labels.table.stream is None:
        return labels
    if stream.file is not None:
        from producer.replay import identify  # a duel over files needs no Kafka client

        names = [identify(stream.file, dataset, wire=wire).id.hex() for wire in get_args(Wire)]
    else:
        names = [source["stream"]] if source.get("stream") else [labels.table.stream]
    if labels.table.stream not in names:
        raise ContractError(
            f"the labels belong to another stream ({labels.table.stream}) than the records ({', '.join(names)}); fill "
            "both topics with one 'driftduel produce' of the same file"
        )
    return labels
