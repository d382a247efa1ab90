"""What is asked of a duel, as one value: who reads which stream, when labels come, and what identifies the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from producer.dataset import Dataset
from producer.errors import UsageError

from .arms import Arm, parse_arms
from .label_store import WITH_RECORDS, LabelSource
from .labels import Labels
from .opening import NO_KAFKA, Kafka, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """What is asked of a duel. A run directory holds it as experiment.toml, from which it can be run again.

    Attributes:
        model: directory of the starting model.
        stream: what is read.
        kafka: where the stream's topic is, and those of labels and predictions.
        arms: arms, or specifications as for `--arm`; the static arm is always among them.
        primary: the arms whose comparison with static is corrected for their number, declared at the run's first
            start; the others are exploratory. All, if none is named.
        window: records per window.
        max_windows: read no window beyond this many in all; the run stays open.
        seed: every fit's seed derives from it.
        training: the files that the starting model was trained on, for arms that learn from these rows, too.
        labels: where the labels come from, how late, and how many of them.
        predictions: every prediction is put onto this topic, once, when its window is committed.

    Raises:
        UsageError: an arm isn't valid, a value is out of range, or two of these don't go together: such as a stream
            that is followed and a label topic, where a late label can't be told from one that never comes.
    """

    model: Path
    stream: Stream
    kafka: Kafka = NO_KAFKA
    arms: Sequence[str | Arm] = ("static", "dynamic")
    primary: Sequence[str] = ()
    window: int = 1000
    max_windows: int | None = None
    seed: int = 0
    training: Sequence[Path] = ()
    labels: LabelSource = WITH_RECORDS
    predictions: str | None = None

    def __post_init__(self) -> None:
        if self.window < 1:
            raise UsageError(f"a window holds 1 record or more, not {self.window}")
        _ = self.all_arms, self.schedule  # a mistake in one is told before anything is read
        if self.stream.follow and self.labels.topic is not None:
            # A window's labels are committed with it, and their `after` decides what an arm knows when its turn comes.
            # No message says that none with a lower `after` follows, so how long to wait would be the clock's to
            # say: the same run on another day, or resumed, would know other labels. A label file is whole.
            raise UsageError(
                "--follow can't be used with --labels-topic: while that is still being filled, a label that is yet to "
                "come can't be told from one that never comes, so that the clock would decide what an arm knows. Leave "
                "out --follow, and evaluate when both topics are filled; or give all labels with --labels-file"
            )
        if self.predictions is not None and self.kafka.bootstrap is None:
            raise UsageError(
                f"to write topic '{self.predictions}' a broker is needed: name one with --bootstrap HOST:PORT"
            )
        if self.predictions is not None and self.predictions == self.stream.topic:
            raise UsageError(
                f"topic '{self.predictions}' can't hold records and predictions; give --predictions-topic another one"
            )

    @property
    def all_arms(self) -> tuple[Arm, ...]:
        """The arms asked for as what they are, and the static one, which is the first."""
        return parse_arms(self.arms)

    @property
    def schedule(self) -> Labels:
        """When the labels that come with their records become known, and which of them."""
        return Labels(delay=self.labels.delay, share=self.labels.share, seed=self.seed, size=self.window)

    def plain(self, dataset: Dataset) -> dict[str, Any]:
        """What experiment.toml says of it but for the arms, which the run joins to those that it has.

        Its paths are absolute, so that it can be run again from any folder.

        Args:
            dataset: the model's contract, which says how records travel where the stream doesn't.
        """
        return {
            "format": 1,
            "model": str(self.model.absolute()),
            "training": [str(path.absolute()) for path in self.training],
            "window": self.window,
            "seeds": [self.seed],
            "label_delay": self.labels.delay,
            "label_share": self.labels.share,
            "stream": [self.stream.plain(dataset) | self.labels.plain()],
        }
