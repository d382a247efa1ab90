"""The settings of a Kafka client that a user may give, in one spelling for every client, and the file they stand in."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .errors import UsageError
from .opening import read_small

Client = Literal["confluent-kafka", "kafka-python"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its type, and what each client calls it; None where a client has no such thing."""

    kind: type
    kafka_python: str | None
    confluent: str | None


def _same(kind: type, name: str) -> Setting:
    return Setting(kind, name, name.replace("_", "."))


SETTINGS: Mapping[str, Setting] = {
    # How to get in.
    "security_protocol": _same(str, "security_protocol"),
    "sasl_mechanism": _same(str, "sasl_mechanism"),
    "sasl_username": Setting(str, "sasl_plain_username", "sasl.username"),
    "sasl_password": Setting(str, "sasl_plain_password", "sasl.password"),
    "sasl_kerberos_service_name": _same(str, "sasl_kerberos_service_name"),
    "ssl_ca_location": Setting(str, "ssl_cafile", "ssl.ca.location"),
    "ssl_certificate_location": Setting(str, "ssl_certfile", "ssl.certificate.location"),
    "ssl_key_location": Setting(str, "ssl_keyfile", "ssl.key.location"),
    "ssl_key_password": Setting(str, "ssl_password", "ssl.key.password"),
    "ssl_crl_location": Setting(str, "ssl_crlfile", "ssl.crl.location"),
    "ssl_cipher_suites": Setting(str, "ssl_ciphers", "ssl.cipher.suites"),
    "ssl_check_hostname": Setting(bool, "ssl_check_hostname", "ssl.endpoint.identification.algorithm"),
    "proxy_url": Setting(str, "proxy_url", None),
    # Where to, and how long to wait for it.
    "client_id": _same(str, "client_id"),
    "client_rack": _same(str, "client_rack"),
    "client_dns_lookup": _same(str, "client_dns_lookup"),
    "request_timeout_ms": Setting(int, "request_timeout_ms", "socket.timeout.ms"),
    "delivery_timeout_ms": _same(int, "delivery_timeout_ms"),
    "retry_backoff_ms": _same(int, "retry_backoff_ms"),
    "reconnect_backoff_ms": _same(int, "reconnect_backoff_ms"),
    "reconnect_backoff_max_ms": _same(int, "reconnect_backoff_max_ms"),
    "connections_max_idle_ms": _same(int, "connections_max_idle_ms"),
    "metadata_max_age_ms": _same(int, "metadata_max_age_ms"),
    # Rates and sizes.
    "fetch_min_bytes": _same(int, "fetch_min_bytes"),
    "fetch_max_bytes": _same(int, "fetch_max_bytes"),
    "fetch_max_wait_ms": Setting(int, "fetch_max_wait_ms", "fetch.wait.max.ms"),
    "max_partition_fetch_bytes": _same(int, "max_partition_fetch_bytes"),
    "check_crcs": _same(bool, "check_crcs"),
    "linger_ms": _same(int, "linger_ms"),
    "batch_size": _same(int, "batch_size"),
    "compression_type": _same(str, "compression_type"),
    "max_request_size": Setting(int, "max_request_size", "message.max.bytes"),
    "receive_buffer_bytes": Setting(int, "receive_buffer_bytes", "socket.receive.buffer.bytes"),
    "send_buffer_bytes": Setting(int, "send_buffer_bytes", "socket.send.buffer.bytes"),
}
"""Settings that are passed on to a client."""

OWN: Mapping[str, type] = {
    "client": str,
    "bootstrap_servers": str,
    "bootstrap_timeout_ms": int,
    "max_poll_records": int,
}
"""Settings that are dealt with here."""

TRANSACTIONAL_ID = "transactional_id"
"""Makes a writer one that sends in transactions; not for users."""

SECRET = ("sasl_password", "ssl_key_password")
"""Settings that stand in no message."""

ALIASES: Mapping[str, str] = {
    "sasl_mechanisms": "sasl_mechanism",
    "sasl_plain_username": "sasl_username",
    "sasl_plain_password": "sasl_password",
    "ssl_cafile": "ssl_ca_location",
    "ssl_certfile": "ssl_certificate_location",
    "ssl_keyfile": "ssl_key_location",
    "ssl_password": "ssl_key_password",
    "ssl_crlfile": "ssl_crl_location",
    "ssl_ciphers": "ssl_cipher_suites",
    "ssl_truststore_location": "ssl_ca_location",
    "fetch_wait_max_ms": "fetch_max_wait_ms",
}
"""What else these settings are called, by one client or the other, or by Java's."""


def read_client_config(path: Path | None) -> dict[str, object]:
    """The client settings in a Java-style properties file, by the names of `SETTINGS`; nothing without a file.

    A line is `key=value` or `key: value`; dots in a key may also be underscores; `#` and `!` begin a comment.
    The file may hold `bootstrap.servers`, and `client`, which is `confluent-kafka` or `kafka-python`; the other
    settings go to the client. Values are never shown, as they may be secrets.

    Raises:
        UsageError: the file can't be read, a key is unknown (the nearest valid one is named), or a value is of
            the wrong type.
    """
    if path is None:
        return {}
    try:
        lines = read_small(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise UsageError(f"the Kafka settings {path} can't be read: {reason}") from None
    config: dict[str, object] = {}
    for number, line in enumerate(map(str.strip, lines), start=1):
        if line and line[0] not in "#!":
            config |= _setting(line, f"{path}, line {number}")
    return config


def translated(config: Mapping[str, object], client: Client) -> dict[str, object]:
    """The settings by the names of one client; those of `OWN` are left out.

    Raises:
        UsageError: the client has no such setting.
    """
    found: dict[str, object] = {}
    for name, value in config.items():
        if name in OWN or name == TRANSACTIONAL_ID:
            continue
        setting = SETTINGS[name]
        native = setting.kafka_python if client == "kafka-python" else setting.confluent
        if native is None:
            raise UsageError(f"'{dotted(name)}' is no setting of {client}; leave it out, or name another client")
        found[native] = value
    return found


def dotted(name: str) -> str:
    """A setting's name as it stands in a file."""
    return name.replace("_", ".")


def check_files(config: Mapping[str, object]) -> None:
    """Look whether the files that the settings name are there.

    Raises:
        UsageError: one can't be read.
    """
    for name in ("ssl_ca_location", "ssl_certificate_location", "ssl_key_location", "ssl_crl_location"):
        try:
            if name in config:
                Path(str(config[name])).open("rb").close()
        except OSError as error:
            raise UsageError(
                f"the file that '{dotted(name)}' names can't be read ({error.strerror}); name a PEM file"
            ) from None


def redacted(said: object, config: Mapping[str, object]) -> str:
    """A text without the secrets that the settings hold.

    >>> redacted("bad login alice/hunter2", {"sasl_password": "hunter2"})
    'bad login alice/***'
    >>> redacted("can't open it with 'opensesame'", {"ssl_key_password": "opensesame"})
    "can't open it with '***'"
    """
    text = str(said)
    for name in SECRET:
        if secret := str(config.get(name, "")):
            text = text.replace(secret, "***")
    return text


def _setting(line: str, where: str) -> dict[str, object]:
    """What one line sets. What stands right of the key may be a secret, and is in no message."""
    places = [place for place in (line.find("="), line.find(":")) if place > 0]
    if not places:
        raise UsageError(f"{where}: no 'key=value'; write one setting a line")
    key, text = line[: min(places)].strip(), line[min(places) + 1 :].strip()
    given = key.replace(".", "_")
    name = ALIASES.get(given, given)
    kind = OWN.get(name) or (SETTINGS[name].kind if name in SETTINGS else None)
    if kind is None and name not in JAVA:
        near = dotted(difflib.get_close_matches(given, [*OWN, *SETTINGS], n=1, cutoff=0.0)[0])
        raise UsageError(f"{where}: '{key}' is no setting that can be given; the nearest one is '{near}'")
    try:
        return JAVA[name](text) if kind is None else {name: _typed(text, kind)}
    except ValueError as error:
        what = str(error) if kind is None else "true or false" if kind is bool else "a whole number"
        raise UsageError(f"{where}: the value of '{key}' isn't {what}") from None


def _jaas(text: str) -> dict[str, object]:
    """User and password from Java's `MODULE required username="..." password="...";`."""
    found = {key: re.search(rf'\b{key}="((?:[^"\\]|\\.)*)"', text) for key in ("username", "password")}
    if None in found.values():
        raise ValueError('of the form: MODULE required username="..." password="...";')
    return {f"sasl_{key}": re.sub(r"\\(.)", r"\1", match[1]) for key, match in found.items() if match}


def _checked_names(text: str) -> dict[str, object]:
    if text.lower() not in ("https", "none", ""):
        raise ValueError("https, or none")
    return {"ssl_check_hostname": text.lower() == "https"}


JAVA: Mapping[str, Callable[[str], dict[str, object]]] = {
    "sasl_jaas_config": _jaas,
    "ssl_endpoint_identification_algorithm": _checked_names,
}
"""What Java's clients write otherwise."""


def _typed(text: str, kind: type) -> object:
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError
        return text.lower() == "true"
    return kind(text)
