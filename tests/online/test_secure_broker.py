"""The duel on a broker that wants TLS, SCRAM and rights, opened by a properties file; and what it says to others."""

from __future__ import annotations

import subprocess
import traceback
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

import driftduel
from online.cli import evaluate
from producer.broker import fetch_jars
from producer.cli import produce
from producer.client import Config, connect, read_client_config
from producer.errors import AccessError, UsageError
from producer.java import find_java
from producer.node import HOST, Node, free_port
from producer.topic import TopicReader, ensure_topic
from producer.writer import TopicWriter

pytestmark = pytest.mark.kafka

ALLOW = AclPermissionType.ALLOW
CONTRACT = """
name = "tiny"
columns = [
  { name = "a", type = "int" },
  { name = "b", type = "float" },
  { name = "word", type = "string", feature = false },
  { name = "y", type = "label" },
]
label = { positive = ["attack"], negative = ["benign"] }
"""
JAAS = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="{}" password="{}";'
USER, PASSWORD = "alice", "s3cret-Planted=42;x"
BOTH = (AclOperation.READ, AclOperation.WRITE)
TOPICS = {"confluent-kafka": BOTH, "kafka-python": BOTH, "seen": (AclOperation.DESCRIBE,), "hidden": ()}
"""What the user may do with each topic of the secure broker."""


@dataclass(frozen=True)
class Secure:
    """A broker that lets nobody in without TLS and SCRAM: its address, its CA, and settings that open it."""

    address: str
    folder: Path

    @property
    def ca(self) -> Path:
        """The certificate that signed the broker's."""
        return self.folder / "ca.pem"

    def settings(self, **changed: object) -> Path:
        """A properties file for `--kafka-config`, but for what is changed."""
        lines = {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": USER,
            "sasl.password": PASSWORD,
            "ssl.ca.location": str(self.ca),
            **{key.replace("_", "."): value for key, value in changed.items()},
        }
        path = self.folder / "client.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
        return path


def openssl(folder: Path, *words: str) -> None:
    """One step of the certificates' making."""
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def certificates(folder: Path) -> None:
    """A CA, another one, and a certificate of the first for this machine, with its key in one file."""
    for name in ("ca", "other"):
        made = ("-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "2")
        openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", *made)
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "b.key", "-out", "b.csr", "-subj", "/CN=broker")
    (folder / "names").write_text(f"subjectAltName=IP:{HOST},DNS:localhost")
    signed = (
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-out",
        "b.pem",
        "-days",
        "2",
        "-extfile",
        "names",
    )
    openssl(folder, "x509", "-req", "-in", "b.csr", *signed)
    (folder / "store.pem").write_text((folder / "b.key").read_text() + (folder / "b.pem").read_text())


class SecureNode(Node):
    """The embedded broker with one more listener; the open one stays for whoever sets it up."""

    def _configure(self) -> None:
        super()._configure()
        self.secure = free_port()
        path = self.folder / "server.properties"
        lines = dict(line.split("=", 1) for line in path.read_text().splitlines())
        for key in ("listeners", "advertised.listeners"):
            lines[key] += f",SASL_SSL://{HOST}:{self.secure}"
        lines["listener.security.protocol.map"] += ",SASL_SSL:SASL_SSL"
        module = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        lines |= {
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": module,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": "store.pem",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }
        path.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """One broker with TLS, SCRAM and ACLs; its user may do what `TOPICS` says."""
    folder = tmp_path_factory.mktemp("secure")
    certificates(folder)
    with (
        (folder / "lock").open("ab") as lock,
        SecureNode(folder, port=free_port(), java=find_java(), jars=fetch_jars(), lock=lock) as node,
    ):
        assert node.await_ready(), node.failure()
        admin = AdminClient({"bootstrap.servers": node.address})
        scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        upsertion = UserScramCredentialUpsertion(USER, scram, PASSWORD.encode(), b"salt")
        rights = [
            AclBinding(ResourceType.TOPIC, name, ResourcePatternType.LITERAL, f"User:{USER}", "*", operation, ALLOW)
            for name, operations in TOPICS.items()
            for operation in operations
        ]
        asked = [
            admin.alter_user_scram_credentials([upsertion]),
            admin.create_topics([NewTopic(name, 1) for name in TOPICS]),
            admin.create_acls(rights),
        ]
        for futures in asked:
            for future in futures.values():
                future.result(30)
        yield Secure(f"{HOST}:{node.secure}", folder)


def words(*given: object) -> list[str]:
    """Words of a command line."""
    return list(map(str, given))


def call(verb: click.Command, *given: object) -> Result:
    """A verb, carried out here."""
    return CliRunner().invoke(verb, words(*given))


def test_the_duel_by_tls_and_scram_leaves_no_secret(
    secure: Secure,
    config: Config,
    tiny_file,
    tiny_lines,
    tiny_model,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """`produce` and `evaluate` get in by a properties file; the password stands in no output, log or file of theirs."""
    path, model = tiny_file(tmp_path / "stream.csv", tiny_lines(300, seed=3)), tiny_model(tmp_path / "model")
    (tmp_path / "tiny.toml").write_text(CONTRACT)
    topic, file = config["client"], secure.settings(client=config["client"])
    there = ("--topic", topic, "--bootstrap", secure.address, "--kafka-config", file)
    produced = call(produce, path, "--dataset", tmp_path / "tiny.toml", *there)
    assert produced.exit_code == 0, produced.output
    run = tmp_path / "run"
    done = call(evaluate, "--model", model, "--run", run, "--window", 100, "--arm", "static", *there)
    assert "3 windows, 300 numbers = 300 scored" in done.output, done.output
    written = [produced.output, done.output, caplog.text, *(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())]
    assert not [text for text in written if PASSWORD in (text if isinstance(text, str) else text.decode("latin-1"))]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sasl_password": "wr0ng-Planted"}, "and these settings don't go together: .*uthentication.*; check user"),
        ({"sasl_jaas_config": JAAS.format(USER, "wr0ng-Planted")}, "and these settings don't go together: .*uthent"),
        ({"sasl_mechanism": "SCRAM-SHA-256"}, "and these settings don't go together: .*"),
        ({"ssl_ca_location": "other.pem"}, "and these settings don't go together: .*certificate verify failed.*and CA"),
    ],
    ids=["password", "jaas", "mechanism", "ca"],
)
def test_who_is_not_let_in_is_told_why(
    secure: Secure, config: Config, changed: dict[str, str], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong password or an unknown CA is one sentence, which says what to check and keeps the password to itself."""
    if "ssl_ca_location" in changed:
        changed = {"ssl_ca_location": str(secure.folder / "other.pem")}
    settings = read_client_config(secure.settings(**changed, bootstrap_timeout_ms=2500))
    with pytest.raises(AccessError, match=f"the broker at {secure.address} {message}") as caught:
        connect("reader", secure.address, {**settings, **config})
    assert not caught.value.retriable
    assert "wr0ng-Planted" not in str(caught.value) + caplog.text


def test_a_traceback_keeps_the_password_to_itself(
    secure: Secure, config: Config, tiny_model, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With --debug, a refused login shows its whole chain of errors, and no password, wrong or right."""
    file = secure.settings(sasl_password="wr0ng-Planted", bootstrap_timeout_ms=2500, **config)
    there = ("--topic", config["client"], "--bootstrap", secure.address, "--kafka-config", file)
    asked = words("--debug", "evaluate", "--model", tiny_model(tmp_path / "model"), "--run", tmp_path / "run", *there)
    with pytest.raises(AccessError) as caught:
        driftduel.main(asked)
    shown = "".join([*traceback.format_exception(caught.value), *capfd.readouterr()])
    assert "driftduel.py" in shown
    assert "don't go together" in shown
    files = [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    assert not [text for text in (shown, *files) if "wr0ng-Planted" in text or PASSWORD in text]


def test_a_ca_that_is_no_file_is_named(secure: Secure, config: Config) -> None:
    """Before anything is tried, the setting and the file are named."""
    settings = read_client_config(secure.settings(ssl_ca_location="nowhere.pem"))
    with pytest.raises(UsageError, match=r"the file that 'ssl.ca.location' names can't be read \(No such file"):
        connect("reader", secure.address, {**settings, **config})


def test_javas_spelling_opens_it_too(secure: Secure, config: Config) -> None:
    """What Java's clients write in the same file means the same."""
    settings = read_client_config(secure.settings(sasl_username="", sasl_password="", client=config["client"]))
    java = secure.folder / "java.properties"
    login = JAAS.format(USER, PASSWORD)
    lines = ["security.protocol=SASL_SSL", "sasl.mechanism=SCRAM-SHA-512", f"sasl.jaas.config={login}"]
    java.write_text("\n".join([*lines, f"ssl.truststore.location={secure.ca}", f"client={config['client']}"]))
    assert {**settings, "sasl_username": USER, "sasl_password": PASSWORD} == read_client_config(java)
    with closing(connect("reader", secure.address, read_client_config(java))) as reader:
        assert set(reader.topics()) == {"confluent-kafka", "kafka-python", "seen"}


@pytest.mark.parametrize("topic", ["hidden", "nosuch"])
def test_a_topic_without_rights_is_named(secure: Secure, config: Config, topic: str) -> None:
    """Reading, making and writing a topic that this user has no right to are one sentence each."""
    settings = {**read_client_config(secure.settings()), **config}
    message = (
        rf"the broker at {secure.address} refuses this user access to topic '{topic}' \([^()]*\); ask for the right"
    )
    with pytest.raises(AccessError, match=message):
        TopicReader(secure.address, topic, config=settings)
    with pytest.raises(AccessError, match=message):
        ensure_topic(secure.address, topic, partitions=None, config=settings)


def test_a_topic_that_may_only_be_seen_is_named(secure: Secure, config: Config) -> None:
    """The right to see a topic is none to write to it."""
    settings = {**read_client_config(secure.settings()), **config}
    with (
        pytest.raises(AccessError, match="refuses this user access to topic 'seen'"),
        TopicWriter(secure.address, "seen", config=settings) as writer,
    ):
        writer.send(0, partition=0, offset=0, key=b"k", value=b"v")
