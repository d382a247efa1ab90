"""Opening the stream that was asked for: a file, a topic at a broker, or what a finished run holds of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from producer.dataset import Dataset, Wire
from producer.errors import UsageError
from producer.patience import PATIENCE

from .follow import FollowedTopic
from .run import read_manifest
from .source import FileSource, FinishedSource, Source, TopicSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Kafka:
    """Where topics are.

    Attributes:
        bootstrap: HOST:PORT of a broker.
        config: further settings of the client.
        patience: seconds for which a broker that has stopped answering is waited for.
    """

    bootstrap: str | None = None
    config: Mapping[str, object] = field(default_factory=dict)
    patience: float = PATIENCE


NO_KAFKA = Kafka()
"""Where there is no topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Which stream to read.

    Attributes:
        topic: this topic ...
        file: ... or this CSV file.
        wire: how a topic's records travel; as the contract says if None.
        truth: a sidecar with the drift that was planted, kept in the run for plots; never read by an arm.
        follow: wait for what is yet to come instead of ending where the topic ends now; a window that isn't whole is
            left out when this is interrupted ...
        idle: ... until nothing has come for so many seconds; for ever if None.

    Raises:
        UsageError: neither or both of topic and file are named, or it can't be followed.
    """

    topic: str | None = None
    file: Path | None = None
    wire: Wire | None = None
    truth: Path | None = None
    follow: bool = False
    idle: float | None = None

    def __post_init__(self) -> None:
        if (self.topic is None) == (self.file is None):
            raise UsageError("name either a topic or a file to evaluate")
        if self.idle is not None and not self.follow:
            raise UsageError("--idle-timeout is for a topic that is still being filled: say --follow, too")
        if self.follow and self.file is not None:
            raise UsageError("--follow is for a topic; a file is read to its end")

    def wire_for(self, dataset: Dataset) -> Wire:
        """How its records travel."""
        return self.wire or dataset.wire

    def plain(self, dataset: Dataset) -> dict[str, str]:
        """What experiment.toml says of it: an absolute path, or a topic and how its records travel."""
        if self.file is not None:
            return {"file": str(self.file.absolute())}
        return {"topic": str(self.topic), "wire": self.wire_for(dataset)}


def finished_source(run: Path, topic: str | None) -> FinishedSource | None:
    """The stream of a run that has read this topic to its end and still holds all its windows; else None.

    Such a run can be looked at again, and given more arms, without a broker.
    """
    if topic is None or not (run / "manifest.json").exists():
        return None
    manifest = read_manifest(run)
    source = manifest["identity"]["source"]
    held = len(list((run / "segments").glob("??????.arrow")))
    if manifest["state"] != "finished" or source.get("topic") != topic or held != manifest.get("windows"):
        return None
    return FinishedSource(source, {"topic": topic})


@contextmanager
def open_source(stream: Stream, kafka: Kafka, dataset: Dataset, run: Path, *, window: int) -> Iterator[Source]:
    """The stream, as windows that can be taken up again.

    Args:
        stream: what was asked for.
        kafka: where its topic is, if it is one.
        dataset: the contract of the model.
        run: the run directory, which may hold the end offsets of an earlier start, or the whole stream.
        window: records per window.

    Raises:
        UsageError: there is no broker for the topic, or the end of a topic that is to be followed was fixed before.
    """
    if stream.file is not None:
        yield FileSource(stream.file, dataset, window)
    elif finished := finished_source(run, stream.topic):
        yield replace(finished, identity={**finished.identity, "wire": stream.wire_for(dataset)})
    else:
        with _open_topic(stream, kafka, dataset, run, window) as source:
            yield source


@contextmanager
def _open_topic(stream: Stream, kafka: Kafka, dataset: Dataset, run: Path, size: int) -> Iterator[TopicSource]:
    assert stream.topic is not None, "a stream that is no file"
    if kafka.bootstrap is None:
        raise UsageError(f"to read topic '{stream.topic}' a broker is needed: name one with --bootstrap HOST:PORT")
    from producer.topic import TopicReader  # a duel over a file needs no Kafka client
    from producer.unfinished import say_unfinished

    manifest = read_manifest(run) if (run / "manifest.json").exists() else {}
    same = manifest and manifest["identity"]["source"].get("topic") == stream.topic
    ends, begins = (
        {int(p): offset for p, offset in manifest.get(name, {}).items()} if same else {} for name in ("ends", "begins")
    )
    if stream.follow and ends and not manifest.get("follow"):
        raise UsageError(f"the end of {run} was fixed at its first start; leave out --follow, or start a new run")
    follow, wire = stream.follow and not ends, stream.wire_for(dataset)
    with TopicReader(
        kafka.bootstrap, stream.topic, config=kafka.config, allow_empty=follow, patience=kafka.patience
    ) as reader:
        if follow:
            yield FollowedTopic(reader, dataset, size=size, wire=wire, begins=begins, idle=stream.idle)
        else:
            if not ends:
                say_unfinished(reader)
            yield TopicSource(reader, dataset, size=size, wire=wire, ends=ends or None, begins=begins)
