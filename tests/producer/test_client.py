"""The Kafka client's settings and addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from producer.client import client_name, connect, read_client_config
from producer.client_settings import SETTINGS, translated
from producer.client_tuning import FIXED, native_settings
from producer.errors import BrokerError, UsageError
from producer.node import free_port


def write(tmp_path: Path, text: str) -> Path:
    """A settings file with that text."""
    path = tmp_path / "client.properties"
    path.write_text(text)
    return path


def test_without_a_file_there_are_no_settings() -> None:
    """No file means no settings."""
    assert {} == read_client_config(None)


def test_a_properties_file_is_read_by_the_clients_names(tmp_path: Path) -> None:
    """Dots become underscores, comments and blank lines vanish, and values get the type of the setting."""
    path = write(
        tmp_path,
        "# how to get in\n! really\n\nsecurity.protocol = SASL_SSL\nsasl.plain.password=a=b:c\n"
        "request.timeout.ms: 9000\nssl.check.hostname=False\nreceive.buffer.bytes=65536\nbootstrap.servers=h:1,i:2\n",
    )
    expected = {
        "security_protocol": "SASL_SSL",
        "sasl_password": "a=b:c",
        "request_timeout_ms": 9000,
        "ssl_check_hostname": False,
        "receive_buffer_bytes": 65536,
        "bootstrap_servers": "h:1,i:2",
    }
    assert expected == read_client_config(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "sasl.user=hunter2",
            r"line 1: 'sasl.user' is no setting that can be given; .* nearest one is 'sasl.username'",
        ),
        ("group.id=hunter2", r"'group.id' is no setting that can be given"),
        ("request.timeout.ms=hunter2", r"line 1: the value of 'request.timeout.ms' isn't a whole number"),
        ("ssl.check.hostname=hunter2", r"the value of 'ssl.check.hostname' isn't true or false"),
        ("hunter2", r"line 1: no 'key=value'"),
    ],
)
def test_a_wrong_line_is_named_and_its_value_never_shown(tmp_path: Path, line: str, message: str) -> None:
    """The message names file, line, key and the nearest valid key, and keeps the value to itself."""
    with pytest.raises(UsageError, match=message) as caught:
        read_client_config(write(tmp_path, line + "\n"))
    assert "hunter2" not in str(caught.value)


def test_a_settings_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A missing file is a wrong call, named by its path."""
    with pytest.raises(UsageError, match=r"nowhere can't be read: No such file"):
        read_client_config(tmp_path / "nowhere")


def test_what_the_promises_rest_upon_cannot_be_set() -> None:
    """Settings on which exactly-once and reading without a group rest aren't on offer, by no name of any client."""
    for client, fixed in FIXED.items():
        named = set(translated(dict.fromkeys(SETTINGS.keys() - {"proxy_url"}, "x"), client))
        assert not named & {name for settings in fixed.values() for name in settings}


def test_one_spelling_serves_both_clients() -> None:
    """The documented names, and either client's own, mean the same; each client is told by its own name."""
    given = {
        "sasl_username": "u",
        "ssl_ca_location": "ca.pem",
        "linger_ms": 7,
        "client": "x",
        "bootstrap_servers": "h:1",
    }
    assert {"sasl.username": "u", "ssl.ca.location": "ca.pem", "linger.ms": 7} == translated(given, "confluent-kafka")
    expected = {"sasl_plain_username": "u", "ssl_cafile": "ca.pem", "linger_ms": 7}
    assert expected == translated(given, "kafka-python")
    assert native_settings("kafka-python", "writer", given)["linger_ms"] == 7


def test_a_setting_that_one_client_lacks_is_named() -> None:
    """What the chosen client can't do is said instead of being ignored."""
    with pytest.raises(UsageError, match=r"'proxy.url' is no setting of confluent-kafka; leave it out, or"):
        translated({"proxy_url": "socks5://h"}, "confluent-kafka")


def test_the_faster_client_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """confluent-kafka where it is installed, else kafka-python, unless the settings name one that is there."""
    assert client_name() == "confluent-kafka"
    assert client_name({"client": "kafka-python"}) == "kafka-python"
    monkeypatch.setattr("producer.client.find_spec", lambda package: None if package == "confluent_kafka" else "there")
    assert client_name() == "kafka-python"
    with pytest.raises(UsageError, match=r"Kafka client confluent-kafka isn't installed; install it .* kafka-python"):
        client_name({"client": "confluent-kafka"})
    with pytest.raises(UsageError, match=r"no Kafka client 'kafkacat'; .* one of confluent-kafka, kafka-python"):
        client_name({"client": "kafkacat"})


@pytest.mark.parametrize("address", ["nonsense", "host:port", ":9092", "host:70000", "host:1,other"])
def test_an_address_that_is_none_is_a_wrong_call(address: str) -> None:
    """What can't be HOST:PORT is refused before anything is tried."""
    with pytest.raises(UsageError, match="is no address of a broker; give HOST:PORT"):
        connect("admin", address, {})


@pytest.mark.parametrize("client", ["confluent-kafka", "kafka-python"])
@pytest.mark.parametrize("kind", ["reader", "writer", "admin"])
def test_where_no_broker_answers_the_address_is_named(kind: str, client: str) -> None:
    """Every client says which address didn't answer and what to look at."""
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(BrokerError, match=rf"no broker answers at {address} .*check the address"):
        connect(kind, address, {"bootstrap_timeout_ms": 300, "client": client})  # type: ignore[call-overload]


def test_the_last_port_is_an_address() -> None:
    """It is tried."""
    with pytest.raises(BrokerError, match=r"no broker answers at 127\.0\.0\.1:65535"):
        connect("admin", "127.0.0.1:65535", {"bootstrap_timeout_ms": 100})


@pytest.mark.parametrize(
    "settings",
    [
        {"client": "kafka-python", "request_timeout_ms": 10},
        {"client": "confluent-kafka", "request_timeout_ms": 1},
        {"client": "confluent-kafka", "security_protocol": "SMOKE"},
    ],
)
def test_settings_that_cannot_work_are_a_wrong_call(settings: dict[str, object]) -> None:
    """A setting with an impossible value is refused in a sentence, not in a traceback."""
    with pytest.raises(UsageError, match="the Kafka settings can't be used"):
        connect("reader", "127.0.0.1:1", settings)
