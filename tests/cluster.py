"""Embedded brokers that can be killed: one by itself, or three that replicate each other's topics."""

from __future__ import annotations

import base64
import os
import signal
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Self

import psutil
from confluent_kafka.admin import AdminClient, PartitionMetadata
from kafka import KafkaAdminClient, TopicPartition

from producer.broker import fetch_jars
from producer.confluent_connection import patiently
from producer.java import find_java
from producer.node import HOST, LOOK_SECONDS, Node, free_port

SESSION = {"broker.session.timeout.ms": 6_000, "controlled.shutdown.max.retries": 1}
"""A member that is killed is missed sooner, and one that leaves isn't waited for."""


class Member(Node):
    """One node of a cluster, a broker and a controller; a topic made by any client is on all of its nodes.

    What the first one's folder was formatted with is copied to the others', so that they are of one cluster.
    """

    def __init__(self, folder: Path, number: int, *, ports: Mapping[int, int], voters: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.number, self._voters = number, voters
        with (folder / "lock").open("ab") as lock:
            super().__init__(folder, port=ports[number], java=find_java(), jars=fetch_jars(), lock=lock)

    def _configure(self) -> None:
        super()._configure()
        path = self.folder / "server.properties"
        lines = dict(line.split("=", 1) for line in path.read_text().splitlines())
        controller = self._voters[self.number - 1].split("@")[1]
        size, least = len(self._voters), len(self._voters) // 2 + 1
        copies = {key: size for key in lines if key.endswith("replication.factor")}
        copies |= {key: least for key in lines if key.endswith("min.isr")}
        own = {
            "node.id": self.number,
            "controller.quorum.voters": ",".join(self._voters),
            "default.replication.factor": size,
            "min.insync.replicas": least,
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{controller}",
        }
        path.write_text("".join(f"{key}={value}\n" for key, value in {**lines, **copies, **SESSION, **own}.items()))

    def _format(self, log) -> str:
        first = self.folder.with_name("1") / "data"
        if self.number == 1:
            return super()._format(log)
        (self.folder / "data").mkdir()
        (self.folder / "data" / "bootstrap.checkpoint").write_bytes((first / "bootstrap.checkpoint").read_bytes())
        lines = dict(line.split("=", 1) for line in (first / "meta.properties").read_text().splitlines() if "=" in line)
        lines |= {"node.id": str(self.number), "directory.id": _uuid()}
        (self.folder / "data" / "meta.properties").write_text("".join(f"{k}={v}\n" for k, v in lines.items()))
        return lines["cluster.id"]

    def kill(self) -> None:
        """Kill -9 the process that the JVM dies with."""
        jvm = psutil.Process(self.pid).children()
        os.kill(self.pid, signal.SIGKILL)
        self.wait()
        psutil.wait_procs(jvm, timeout=10)

    def pause(self, seconds: float) -> None:
        """Stop the JVM for so long."""
        jvm = psutil.Process(self.pid).children()[0]
        jvm.suspend()
        time.sleep(seconds)
        jvm.resume()


class Cluster:
    """So many of them, at ports that stay the same. Leaving its block ends them.

    Args:
        folder: where their files lie; it is created.
        size: how many.

    Attributes:
        address: `HOST:PORT` of each, separated by commas.
        members: those that were started last, by their numbers, from 1 on.
    """

    def __init__(self, folder: Path, *, size: int) -> None:
        self._folder = folder
        self._ports = {number: free_port() for number in range(1, size + 1)}
        self._voters = [f"{number}@{HOST}:{free_port()}" for number in self._ports]
        self.address = ",".join(f"{HOST}:{port}" for port in self._ports.values())
        self.members: dict[int, Member] = {}
        try:
            self.start(*self._ports)
        except BaseException:
            self.end()
            raise

    def start(self, *numbers: int) -> None:
        """Start members on the data that are there, and wait until they answer."""
        for number in numbers:
            folder = self._folder / str(number)
            self.members[number] = Member(folder, number, ports=self._ports, voters=self._voters)
        for member in (self.members[number] for number in numbers):
            assert member.await_ready(), member.failure()

    def leader(self, topic: str, partition: int = 0) -> Member:
        """Who leads a partition, once somebody does."""
        return self.members[self._partition(topic, partition).leader]

    def move(self, topic: str, partition: int = 0) -> int:
        """Have another member lead a partition, in good order; the number of the one that does."""
        first, *others = self._partition(topic, partition).replicas
        turned = [*others, first]
        with closing(KafkaAdminClient(bootstrap_servers=self.address.split(","))) as admin:
            admin.alter_partition_reassignments({TopicPartition(topic, partition): turned})
            admin.elect_leaders(0, {topic: [partition]}, raise_errors=False)
        return turned[0]

    def kill(self) -> None:
        """Kill all that run."""
        for member in self.members.values():
            if not member.ended:
                member.kill()

    def end(self) -> None:
        """Kill them: the last two of three couldn't leave in good order, as nobody would lead."""
        self.kill()
        for member in self.members.values():
            member.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.end()

    def _partition(self, topic: str, partition: int) -> PartitionMetadata:
        """What is said of it as soon as somebody leads it: a member that has just started doesn't know that yet."""
        admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        while True:
            found = patiently(lambda: admin.list_topics(topic, timeout=10)).topics[topic].partitions.get(partition)
            if found is not None and found.leader in self.members:
                return found
            time.sleep(LOOK_SECONDS)


def _uuid() -> str:
    """As Kafka writes them; no leading dash."""
    return "A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
