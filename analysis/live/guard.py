"""Who may see the live page, and what a browser may do with it."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
"""On every answer: no script or style but the page's own files, no frame around it, nothing kept."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Decides on requests.

    A page of somebody else that resolves its own name to this machine (DNS rebinding) is known by the Host that the
    browser names: addresses and this machine's names are let in, other names are not. A port is not looked at, so that
    a tunnel to another port works.

    Attributes:
        names: host names that are let in, besides addresses.
        loopback: whether only addresses of the machine itself are let in.
        token: what a browser must bring along; None where nothing need be.
        cookie: the name of the cookie that holds it.
    """

    names: frozenset[str]
    loopback: bool
    token: str | None
    cookie: str

    def refusal(self, headers: Mapping[str, str], query: str) -> tuple[int, str] | None:
        """Why a request isn't answered (status and sentence), or None if it is.

        Args:
            headers: with names in lower case.
            query: what stands behind the question mark.
        """
        host = headers.get("host", "")
        if not self._is_ours(host):
            return 421, "This address isn't the one that driftduel watch serves; open the one that it printed."
        origin = headers.get("origin")
        if origin is not None and not _is_of(origin, host):
            return 403, "Another site's page asked for this; only the page itself may."
        if self.token is not None and not self._knows(headers, query):
            return 401, (
                "This page needs its token: open the address that driftduel watch printed, or add ?token=TOKEN "
                "to this one. A program sends the header 'Authorization: Bearer TOKEN'."
            )
        return None

    def brings(self, query: str) -> bool:
        """Whether the query holds the token, so that the browser is to keep it."""
        return self.token is not None and any(self._is_token(given) for given in parse_qs(query).get("token", ()))

    def _knows(self, headers: Mapping[str, str], query: str) -> bool:
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is_token(given.strip()):
            return True
        try:
            kept = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
        except CookieError:
            kept = None
        return self.brings(query) or (kept is not None and self._is_token(kept.value))

    def _is_token(self, given: str) -> bool:
        return self.token is not None and hmac.compare_digest(given.encode(), self.token.encode())

    def _is_ours(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name in self.names
        return address.is_loopback or not self.loopback


def _is_of(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:  # half an IPv6 address
        return False


def guard_for(host: str, port: int, token: str | None) -> Guard:
    """The guard of a page that is served on a host and port."""
    loopback = is_loopback(host)
    names = {"localhost"} if loopback else {"localhost", host.lower(), socket.gethostname().lower()}
    return Guard(names=frozenset(names), loopback=loopback, token=token, cookie=f"driftduel-{port}")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there.

    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.org")]
    [True, True, True, False, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def guarded(app: App, guard: Guard) -> App:
    """An ASGI application behind a guard: refused requests never reach it, and every answer has the headers."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        more = dict(HEADERS)
        if guard.brings(query):
            more["set-cookie"] = f"{guard.cookie}={guard.token}; HttpOnly; SameSite=Strict; Path=/"
        if refused := guard.refusal(headers, query):
            await _refuse(send, *refused)
            return
        await app(scope, receive, _adding(more, send))

    return answer


def _adding(more: Mapping[str, str], send: Send) -> Send:
    pairs = [(name.encode(), value.encode()) for name, value in more.items()]

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            ours = {name for name, _ in pairs}
            others = [pair for pair in message.get("headers", ()) if pair[0].lower() not in ours]
            message["headers"] = [*others, *pairs]
        await send(message)

    return sending


async def _refuse(send: Send, status: int, sentence: str) -> None:
    headers = {**HEADERS, "content-type": "text/plain; charset=utf-8"}
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": f"{sentence}\n".encode()})
