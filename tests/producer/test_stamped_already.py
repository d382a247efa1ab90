"""What a topic of predictions holds already, from the stamps of its messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from producer.errors import ContractError
from producer.stamp import make_stamp
from producer.writer import stamped_already

FINGERPRINT, STREAM = "0a0b0c0d", b"stream-1"


class Topic:
    """A reader of a topic whose messages have these keys, the first at this offset."""

    def __init__(self, keys: Sequence[bytes], first: int) -> None:
        self.topic, self.bootstrap = "said", "h:1"
        self.keys, self.beginning, self.end = keys, {0: first}, {0: first + len(keys)}

    def chunks(self, start: Mapping[int, int], end: Mapping[int, int]) -> Iterator[SimpleNamespace]:
        """All of it."""
        assert (start, end) == (self.beginning, self.end)
        if self.keys:
            yield SimpleNamespace(keys=self.keys)


def held(*seqs: int, first: int = 0, fingerprint: str = FINGERPRINT, stream: bytes = STREAM) -> list[int]:
    """What is said of a topic that holds these numbers of a stream."""
    keys = [make_stamp(fingerprint=fingerprint, stream=stream, seq=seq) for seq in seqs]
    return stamped_already(cast(Any, Topic(keys, first)), FINGERPRINT, STREAM).tolist()


def test_the_numbers_that_are_there_are_told() -> None:
    """Ascending, whatever their order; none for an empty topic; those before what retention left were there, too."""
    assert held(4, 1, 2) == [1, 2, 4]
    assert held() == []
    assert held(3, 5, first=7) == [0, 1, 2, 3, 4, 5]


def test_a_prediction_that_is_there_twice_is_named() -> None:
    """Somebody else writes there: it can't be published onto exactly once."""
    with pytest.raises(ContractError, match=r"topic 'said' at h:1 holds predictions twice, of record 2 for one: "):
        held(1, 2, 3, 2)


def test_a_topic_that_lost_everything_tells_nothing() -> None:
    """Nobody can know what was there."""
    with pytest.raises(ContractError, match=r"topic 'said' at h:1 has lost all its messages \(retention\)"):
        held(first=7)


@pytest.mark.parametrize("other", [{"fingerprint": "ffffffff"}, {"stream": b"stream-2"}])
def test_what_belongs_to_another_stream_is_refused(other: Mapping[str, str | bytes]) -> None:
    """By its contract, or by its name."""
    with pytest.raises(ContractError, match=r"holds something else than the predictions of this run"):
        held(1, **other)
