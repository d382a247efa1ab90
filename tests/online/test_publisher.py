"""Publishing a window's predictions: as a whole, or not at all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from online.predictions import Publisher
from producer.errors import ContractError


def publish(held: np.ndarray) -> list[int]:
    """Publish numbers 30 to 39 onto a topic that holds these; the numbers that are written."""
    written: list[Any] = []
    topic: Any = SimpleNamespace(topic="said", write=written.extend)
    publisher = Publisher(topic, held, dataset=SimpleNamespace(fingerprint="0a0b0c0d"), stream=b"stream-1", threshold=0)
    publisher.messages = lambda entry: ((seq, b"{}") for seq in entry.window.seqs.tolist())  # type: ignore[method-assign]
    publisher.publish(SimpleNamespace(window=SimpleNamespace(index=3, seqs=np.arange(30, 40))))
    return [seq for seq, _, _ in written]


def test_a_window_is_published_unless_it_is_there() -> None:
    """What the topic holds of other windows doesn't matter."""
    assert publish(np.arange(30)) == list(range(30, 40))
    assert publish(np.arange(50)) == []


def test_a_window_that_is_there_in_part_is_refused() -> None:
    """The rest isn't added: each window is one transaction, so somebody else was there."""
    with pytest.raises(
        ContractError, match="'said' holds 4 of 10 predictions of window 3: something else wrote onto it"
    ):
        publish(np.arange(34))
