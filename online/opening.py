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
class Stream:
    """Which stream to read.

    Attributes:
        topic: this topic at `bootstrap` ...
        file: ... or this CSV file.
        bootstrap: HOST:PORT of a Kafka broker.
        config: further settings of the Kafka client.
        wire: how a topic's records travel; as the contract says if None.
        follow: wait for what is yet to come instead of ending where the topic ends now ...
        idle: ... until nothing has come for so many seconds; for ever if None.
        patience: seconds for which a broker that has stopped answering is waited for.
    """

    topic: str | None = None
    file: Path | None = None
    bootstrap: str | None = None
    config: Mapping[str, object] = field(default_factory=dict)
    wire: Wire | None = None
    follow: bool = False
    idle: float | None = None
    patience: float = PATIENCE

    @property
    def asked(self) -> dict[str, str]:
        """What experiment.toml says of it, for any folder to start from."""
        return {"topic": self.topic} if self.topic else {"file": str(self.file and self.file.absolute())}


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
def open_source(stream: Stream, dataset: Dataset, run: Path, *, window: int) -> Iterator[Source]:
    """The stream, as windows that can be taken up again.

    Args:
        stream: what was asked for.
        dataset: the contract of the model.
        run: the run directory, which may hold the end offsets of an earlier start, or the whole stream.
        window: records per window.

    Raises:
        UsageError: neither or both of topic and file are named, or there is no broker for the topic.
    """
    wire = stream.wire or dataset.wire
    if stream.file is not None and stream.topic is None:
        yield FileSource(stream.file, dataset, window)
    elif stream.topic is None or stream.file is not None:
        raise UsageError("name either a topic or a file to evaluate")
    elif finished := finished_source(run, stream.topic):
        yield replace(finished, identity={**finished.identity, "wire": wire})
    elif stream.bootstrap is None:
        raise UsageError(f"to read topic '{stream.topic}' a broker is needed: name one with --bootstrap HOST:PORT")
    else:
        from producer.topic import TopicReader  # a duel over a file needs no Kafka client

        manifest = read_manifest(run) if (run / "manifest.json").exists() else {}
        same = manifest and manifest["identity"]["source"].get("topic") == stream.topic
        ends, begins = (
            {int(p): offset for p, offset in manifest.get(name, {}).items()} if same else {}
            for name in ("ends", "begins")
        )
        if stream.follow and ends and not manifest.get("follow"):
            raise UsageError(f"the end of {run} was fixed at its first start; leave out --follow, or start a new run")
        follow = stream.follow and not ends
        with TopicReader(
            stream.bootstrap, stream.topic, config=stream.config, allow_empty=follow, patience=stream.patience
        ) as reader:
            if follow:
                yield FollowedTopic(reader, dataset, size=window, wire=wire, begins=begins, idle=stream.idle)
            else:
                yield TopicSource(reader, dataset, size=window, wire=wire, ends=ends or None, begins=begins)


def check_follow(stream: Stream, labels_topic: str | None) -> None:
    """Look whether a stream can be followed, if that is asked.

    With a label topic it can't. A window's labels are committed with it, all that ever come, as the report judges by
    them; and which of them an arm knows when its turn comes follows from their `after` numbers. But while both topics
    are being filled, a label that is yet to come can't be told from one that never comes: no message says that no
    label with a lower `after` follows. How long to wait would be for the clock to decide, and another day, or the same
    run resumed, would know other labels. A label file is whole, and can be used.

    Raises:
        UsageError: options that don't go together.
    """
    if stream.idle is not None and not stream.follow:
        raise UsageError("--idle-timeout is for a topic that is still being filled: say --follow, too")
    if stream.follow and stream.file is not None:
        raise UsageError("--follow is for a topic; a file is read to its end")
    if stream.follow and labels_topic is not None:
        raise UsageError(
            "--follow can't be used with --labels-topic: while that is still being filled, a label that is yet to come "
            "can't be told from one that never comes, so that the clock would decide what an arm knows. Leave out "
            "--follow, and evaluate when both topics are filled; or give the labels as a whole with --labels-file"
        )
