"""A broker that falls silent: it is waited for, in words, and for no longer than was asked."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import kafka
import pytest

from producer import patience
from producer.client import Config
from producer.errors import BrokerError, ContractError
from producer.patience import Silence, sought
from producer.topic import TopicReader, ensure_topic
from producer.writer import TopicWriter


@dataclass
class Scene:
    """A silence on a clock that is set by hand, with a broker that answers or doesn't, and what was said."""

    now: float = 0.0
    answers: bool = True
    said: list[str] = field(default_factory=list)
    silence: Silence = field(init=False)

    def __post_init__(self) -> None:
        options = {"config": {}, "patience": 60.0, "say": self.said.append, "clock": lambda: self.now}
        self.silence = Silence("h:1", "t", **options)

    def turns(self, until: float) -> Iterator[None]:
        """One turn each second."""
        while self.now < until:
            self.now += 1
            yield


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """At the beginning something has just arrived."""
    made = Scene()
    monkeypatch.setattr(Silence, "_answers", lambda self: made.answers)
    return made


def test_what_is_there_is_waited_for_with_ever_rarer_words(scene: Scene) -> None:
    """At first after five seconds, then after ten, twenty and forty more; when it goes on, that is said, too."""
    for _ in scene.turns(40):
        scene.silence.endure(lambda: "")
    scene.silence.heard()
    assert scene.said == [
        "nothing has come from topic 't' at h:1, for 5 seconds; waiting 55 more (--patience)",
        "nothing has come from topic 't' at h:1, for 15 seconds; waiting 45 more (--patience)",
        "nothing has come from topic 't' at h:1, for 35 seconds; waiting 25 more (--patience)",
        "topic 't' at h:1 goes on, after 40 seconds",
    ]


def test_it_is_looked_at_once_a_minute_at_least(scene: Scene) -> None:
    """However long it has been silent."""
    scene.silence._patience = 1_000
    for _ in scene.turns(200):
        scene.silence.endure(lambda: "")
    assert [text.partition("for ")[2].partition(" ")[0] for text in scene.said] == ["5", "15", "35", "75", "135", "195"]


def test_patience_ends_with_where_reading_stood(scene: Scene) -> None:
    """After as many seconds as were asked, and not before."""
    for _ in scene.turns(60):
        scene.silence.endure(lambda: "")
    scene.now = 61
    with pytest.raises(BrokerError, match=r"nothing arrived from topic 't' at h:1 for 60 seconds, .* \(at 3 of 5\)"):
        scene.silence.endure(lambda: "at 3 of 5")


def test_a_quiet_stream_is_over_when_it_was_idle(scene: Scene) -> None:
    """Where the broker answers, silence is the stream's."""
    assert [scene.silence.is_over(20, at_end=lambda: True) for _ in scene.turns(21)] == [False] * 20 + [True]
    assert not any(scene.silence.is_over(None, at_end=lambda: True) for _ in scene.turns(1000))
    assert scene.said == []


def test_a_stream_is_not_over_before_it_is_read(scene: Scene) -> None:
    """A client that is slow to connect again hasn't been idle."""
    assert not any(scene.silence.is_over(20, at_end=lambda: False) for _ in scene.turns(100))


def test_idle_seconds_count_from_where_all_was_read(scene: Scene) -> None:
    """A look that finds more to be read begins the count anew."""
    over = [scene.now for _ in scene.turns(70) if scene.silence.is_over(20, at_end=lambda: scene.now > 50)]
    assert over[0] == 63


def test_while_the_broker_is_away_no_stream_is_over(scene: Scene) -> None:
    """The idle seconds are counted anew when it is back; it isn't waited for longer than asked."""
    scene.answers = False
    assert not any(scene.silence.is_over(20, at_end=lambda: True) for _ in scene.turns(50))
    scene.answers = True
    over = [scene.now for _ in scene.turns(140) if scene.silence.is_over(20, at_end=lambda: True)]
    assert over[0] > 50 + 20
    assert scene.said == [
        "no broker answers for topic 't' at h:1, for 0 seconds; waiting 60 more (--patience)",
        "no broker answers for topic 't' at h:1, for 10 seconds; waiting 50 more (--patience)",
        "no broker answers for topic 't' at h:1, for 30 seconds; waiting 30 more (--patience)",
        "topic 't' at h:1 goes on, after 51 seconds",
    ]
    scene.answers = False
    with pytest.raises(BrokerError, match="the broker at h:1 hasn't answered for 60 seconds; check that it is running"):
        [scene.silence.is_over(20, at_end=lambda: True) for _ in scene.turns(400)]


@dataclass
class Admin:
    """Says at each look whether the topic is there."""

    looks: Iterator[bool]

    def topics(self) -> dict[str, int]:
        """The one topic, or none."""
        return {"t": 1} if next(self.looks) else {}

    def close(self) -> None:
        """Nothing to leave."""


@pytest.mark.parametrize("looks", [(False, True, False, True), (True, False, False)])
def test_only_a_topic_that_is_missing_twice_in_a_row_is_gone(
    monkeypatch: pytest.MonkeyPatch, looks: tuple[bool, ...]
) -> None:
    """A broker that starts anew doesn't know of it for a moment."""
    monkeypatch.setattr(patience, "SOUGHT_SECONDS", 0)
    monkeypatch.setattr(patience, "connect", lambda *_: admin)
    admin, made = Admin(iter(looks)), Scene()
    if looks[-1]:
        assert [made.silence._answers() for _ in looks] == [True] * 4
    else:
        assert [made.silence._answers() for _ in looks[:-1]] == [True] * 2
        with pytest.raises(ContractError, match="topic 't' is gone from h:1: it was deleted while it was read"):
            made.silence._answers()


@pytest.mark.kafka
@pytest.mark.parametrize("follow", [True, False])
def test_a_topic_that_is_deleted_is_told_from_a_quiet_one(
    bootstrap: str, config: Config, follow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence says that it is gone, and what is left of it."""
    monkeypatch.setattr(patience, "LOOKS", (0.2, 1.0))
    monkeypatch.setattr(patience, "AGAIN_SECONDS", 0.2)
    topic = f"gone-{uuid.uuid4().hex}"
    ensure_topic(bootstrap, topic, partitions=1)
    with TopicWriter(bootstrap, topic, config=config) as writer:
        for seq in range(3):
            writer.send(seq, partition=0, offset=seq, key=b"k", value=b"v")
    with TopicReader(bootstrap, topic, config=config, patience=60, say=lambda text: None) as reader:
        reader.end[0] = 5
        chunks = reader.follow({0: 0}, idle=None) if follow else reader.chunks({0: 0}, {0: 5})
        assert 3 == len(next(chunks).offsets)
        admin = kafka.KafkaAdminClient(bootstrap_servers=bootstrap)
        admin.delete_topics([topic])
        admin.close()
        with pytest.raises(ContractError, match=f"topic '{topic}' is gone from {bootstrap}: it was deleted while"):
            list(chunks)


def test_what_is_not_known_yet_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until there is an answer that holds something, or for so long."""
    answers = iter((0, 0, 3, 4))
    assert sought(lambda: next(answers)) == 3
    monkeypatch.setattr(patience, "SOUGHT_SECONDS", 0.3)
    assert sought(lambda: ()) == ()
