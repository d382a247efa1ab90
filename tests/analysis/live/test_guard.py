"""Who may see the live page."""

from __future__ import annotations

import pytest

from analysis.live.guard import Guard, guard_for

TOKEN = "a-token-of-some-length"


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:9000", "LOCALHOST", "[::1]:8765", "127.0.0.2"])
def test_this_machines_own_names_are_let_in(host: str) -> None:
    """Whatever the port, so that a tunnel from another one works."""
    assert guard_for("127.0.0.1", 8765, None).refusal({"host": host}, "") is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8765",
        "127.0.0.1.evil.example",
        "192.0.2.7",
        "localhost.evil.example",
        "[::1",
        "a@b",
    ],
)
def test_a_name_that_was_bent_to_this_machine_is_not(host: str) -> None:
    """DNS rebinding: the browser says which name it thinks it talks to."""
    status, sentence = guard_for("127.0.0.1", 8765, None).refusal({"host": host}, "")
    assert (421, True) == (status, "isn't the one" in sentence)


@pytest.mark.parametrize(("host", "let_in"), [("192.0.2.7:80", True), ("box.example", True), ("evil.example", False)])
def test_beyond_loopback_addresses_and_the_named_host_are_let_in(host: str, let_in: bool) -> None:
    """An address can't be rebound; another name can."""
    refusal = guard_for("box.example", 80, TOKEN).refusal({"host": host}, f"token={TOKEN}")
    assert let_in == (refusal is None)


@pytest.mark.parametrize(
    ("origin", "let_in"),
    [
        ("http://localhost:8765", True),
        ("http://localhost:1", False),
        ("https://evil.example", False),
        ("null", False),
        ("http://[::1", False),
    ],
)
def test_only_the_page_itself_may_ask(origin: str, let_in: bool) -> None:
    """A request that another site's page makes names that site as its Origin."""
    refusal = guard_for("127.0.0.1", 8765, None).refusal({"host": "localhost:8765", "origin": origin}, "")
    assert let_in == (refusal is None)


@pytest.mark.parametrize(
    ("headers", "query", "let_in"),
    [
        ({}, "", False),
        ({}, f"token={TOKEN}", True),
        ({}, f"token={TOKEN}x", False),
        ({}, "token=%FF%00ö", False),
        ({"authorization": f"Bearer {TOKEN}"}, "", True),
        ({"authorization": f"bearer  {TOKEN} "}, "", True),
        ({"authorization": f"Basic {TOKEN}"}, "", False),
        ({"authorization": "Bearer "}, "", False),
        ({"cookie": f"other=1; driftduel-80={TOKEN}"}, "", True),
        ({"cookie": f"driftduel-81={TOKEN}"}, "", False),
        ({"cookie": "driftduel-80="}, "", False),
        ({"cookie": "=;;\x01"}, "", False),
    ],
)
def test_with_a_token_nobody_comes_in_without(headers: dict[str, str], query: str, let_in: bool) -> None:
    """By the address that was printed, by the cookie of this port, or by a header; else a sentence says how."""
    refusal = guard_for("0.0.0.0", 80, TOKEN).refusal({"host": "192.0.2.7", **headers}, query)
    assert let_in == (refusal is None)
    assert let_in or (refusal[0] == 401 and "Authorization: Bearer TOKEN" in refusal[1] and TOKEN not in refusal[1])


def test_without_a_token_none_is_kept() -> None:
    """An open page sets no cookie, whatever the address says."""
    guard = Guard(names=frozenset(), loopback=True, token=None, cookie="c")
    assert not guard.brings("token=")
