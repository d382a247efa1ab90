"""Predictions on a topic: one message for each record, exactly once for whoever reads committed transactions only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import orjson

from producer.dataset import Dataset
from producer.errors import ContractError
from producer.patience import say_on_stderr
from producer.stamp import STREAM_BYTES, make_stamp

from .labels import label_values
from .ledger import Entry, Ledger
from .opening import Kafka
from .run import Run

if TYPE_CHECKING:
    from producer.writer import TransactionWriter


class Publisher:
    """Puts a run's predictions onto a topic, a window at a time, each in one transaction.

    The run decides what is to be said, so a window is published once it is committed there. What a killed process
    left unfinished is aborted by the next one, which then looks at what the topic holds, and goes on behind it.

    Args:
        writer: open, with nothing unfinished of an earlier process.
        held: int64[n], the numbers of the predictions that the topic holds already, ascending.
        dataset: the records' contract.
        stream: the 8 bytes that name this run with these arms.
        threshold: a record is predicted positive if its score is greater.
    """

    def __init__(
        self, writer: TransactionWriter, held: np.ndarray, *, dataset: Dataset, stream: bytes, threshold: float
    ) -> None:
        self._writer, self._held, self._stream = writer, held, stream
        self._dataset, self._threshold = dataset, threshold

    def publish(self, entry: Entry) -> None:
        """Publish a committed window, unless it is there.

        Raises:
            ContractError: the topic holds a part of it.
            BrokerError: it couldn't be written.
        """
        there = np.isin(entry.window.seqs, self._held).sum()
        if there == len(entry.window.seqs):
            return
        if there:
            raise ContractError(
                f"topic '{self._writer.topic}' holds {there} of {len(entry.window.seqs)} predictions of window "
                f"{entry.window.index}: something else wrote onto it, or some were deleted. Choose another "
                "--predictions-topic"
            )
        self._writer.write([(seq, self._key(seq), value) for seq, value in self.messages(entry)])

    def messages(self, entry: Entry) -> Iterator[tuple[int, bytes]]:
        """Number and value of each message of a window."""
        column = entry.window.records.column(self._dataset.label_name)
        there = column.is_valid().to_numpy(zero_copy_only=False)
        labels = np.full(len(column), -1)
        labels[there] = label_values(column)[there]
        scores = {name: (part.model, entry.scores[part.model].tolist()) for name, part in sorted(entry.arms.items())}
        for row, (seq, label) in enumerate(zip(entry.window.seqs.tolist(), labels.tolist(), strict=True)):
            arms = {name: self._of(model, values[row]) for name, (model, values) in scores.items()}
            said = {"seq": seq, "window": entry.window.index, "label": None if label < 0 else label, "arms": arms}
            yield seq, orjson.dumps(said)

    def _of(self, model: str, score: float) -> dict[str, object]:
        return {"score": score, "prediction": int(score > self._threshold), "model": model}

    def _key(self, seq: int) -> bytes:
        return make_stamp(fingerprint=self._dataset.fingerprint, stream=self._stream, seq=seq)


@contextmanager
def open_publisher(topic: str | None, kafka: Kafka, dataset: Dataset, run: Run) -> Iterator[Callable[[Entry], None]]:
    """What publishes a committed window of a run; without a topic, it does nothing.

    Args:
        topic: made with one partition if it isn't there.
        kafka: where it is.
        dataset: the records' contract.
        run: the open run.

    Raises:
        ContractError: the topic holds something else than this run's predictions.
    """
    if topic is None:
        yield lambda entry: None
        return
    assert kafka.bootstrap is not None, "what is asked of a duel is checked"
    from producer.writer import TransactionWriter

    name = stream_name(run.manifest)
    with TransactionWriter(kafka.bootstrap, topic, owner=name.hex(), config=kafka.config) as writer:
        held = writer.held(dataset.fingerprint, name)
        if (windows := len(Ledger(run.path / "segments", dataset))) and not len(held):
            say_on_stderr(
                f"topic '{topic}' at {kafka.bootstrap} holds none of this run's predictions; those of the {windows:,} "
                "windows that are done are put onto it first"
            )
        threshold = float(run.manifest["threshold"])
        yield Publisher(writer, held, dataset=dataset, stream=name, threshold=threshold).publish


def stream_name(manifest: Mapping[str, object]) -> bytes:
    """The 8 bytes that name a run's predictions: another run, or another choice of arms, is another stream."""
    key = json.dumps([manifest["identity"], manifest["arms"]], sort_keys=True)
    return hashlib.sha256(key.encode()).digest()[:STREAM_BYTES]
