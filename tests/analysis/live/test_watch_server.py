"""The live page's server, asked over a real socket."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from analysis.live.following import Look
from analysis.live.guard import HEADERS, guard_for
from analysis.live.server import FILES, serve
from analysis.live.values import Committed, DeadLetter
from producer.errors import RunError

TOKEN = "a-token-of-some-length"
Ask = Callable[..., tuple[int, dict[str, str], str]]


@contextmanager
def serving(run: Path, token: str | None = None) -> Iterator[Ask]:
    """Serves a run, and gives a function that asks: `(address, headers)` to `(status, headers, text)`."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        guard = guard_for("127.0.0.1", port, token)
        thread = threading.Thread(target=serve, args=(run, listening, guard), kwargs={"finish": over.is_set})
        thread.start()

        def ask(
            address: str, headers: dict[str, str] | None = None, method: str = "GET"
        ) -> tuple[int, dict[str, str], str]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request(method, address, headers=headers or {})
            answer = connection.getresponse()
            text = answer.read().decode()
            connection.close()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, text

        ask.port = port  # type: ignore[attr-defined]
        try:
            yield ask
        finally:
            over.set()
            thread.join(timeout=30)
        assert not thread.is_alive()


def wait_for(ask: Ask, windows: int) -> dict[str, object]:
    """The status, once so many windows are told of."""
    while (status := json.loads(ask("/api/status")[2]))["windows"] < windows:
        pass
    return status


def test_the_data_are_there_as_json(drifting: Path) -> None:
    """Status, windows, events and dead letters of a finished run, in pages where asked."""
    with serving(drifting) as ask:
        assert "finished" == wait_for(ask, 10)["state"]
        assert [3, 4] == [one["window"] for one in json.loads(ask("/api/windows?after=3&most=2")[2])]
        events = [json.loads(line) for line in (drifting / "events.jsonl").read_text().splitlines()]
        assert events == json.loads(ask("/api/events")[2])
        assert [] == json.loads(ask("/api/dead-letters")[2])
        assert 422 == ask("/api/windows?after=-1")[0]


def test_every_address_is_described(drifting: Path) -> None:
    """OpenAPI names each JSON address and the form of its answer."""
    with serving(drifting) as ask:
        described = json.loads(ask("/api/openapi.json")[2])
    data = {"/api/status", "/api/windows", "/api/events", "/api/dead-letters"}
    assert data | {"/api/stream"} == described["paths"].keys()
    forms = [
        described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"] for path in data
    ]
    assert all("$ref" in form or "$ref" in form["items"] for form in forms)
    assert {"Status", "Committed", "Row", "RunEvent", "DeadLetter"} <= described["components"]["schemas"].keys()


def test_the_stream_tells_all_and_that_it_ends(drifting: Path) -> None:
    """Server-sent events that a browser can take up again by their id."""
    with serving(drifting) as ask:
        found: list[str] = []
        listener = threading.Thread(target=lambda: found.append(ask("/api/stream")[2]))
        listener.start()
        wait_for(ask, 10)
    listener.join()
    lines = found[0].splitlines()
    kinds = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    assert ["reset", "status", "end"] == [*kinds[:2], kinds[-1]]
    data = [json.loads(lines[i + 1].removeprefix("data: ")) for i, line in enumerate(lines) if line == "event: windows"]
    assert list(range(10)) == [one["window"] for batch in data for one in batch]


def test_every_answer_carries_the_headers(drifting: Path) -> None:
    """No script but the page's own files, no frame, no guessing of types: errors included."""
    good, bad = [*FILES, "/api/status", "/api/openapi.json"], ["/nowhere", "/api/windows?most=0"]
    with serving(drifting) as ask:
        answers = {address: ask(address) for address in (*good, *bad)}
    assert dict.fromkeys(answers, HEADERS) == {
        address: {name: headers[name] for name in HEADERS} for address, (_, headers, _) in answers.items()
    }
    assert not [address for address, (_, headers, _) in answers.items() if "server" in headers]
    assert good == [address for address, (status, _, _) in answers.items() if status == 200]


def test_a_refusal_carries_them_too(drifting: Path) -> None:
    """A strange Host and a foreign Origin get a sentence and the same headers."""
    with serving(drifting) as ask:
        strange, foreign = ask("/", {"Host": "evil.example"}), ask("/api/status", {"Origin": "http://evil.example"})
    assert [421, 403] == [strange[0], foreign[0]]
    assert all(HEADERS.items() <= answer[1].items() for answer in (strange, foreign))


def test_only_the_pages_own_files_are_served(drifting: Path) -> None:
    """A fixed list: no address leads elsewhere, no page fetches scripts from afar, and nothing is written."""
    strange = (
        "/../pyproject.toml",
        "/static/live.js",
        "/%2e%2e/live.css",
        "//etc/passwd",
        "/live.py",
        "/docs",
        "/redoc",
    )
    with serving(drifting) as ask:
        assert [404] * len(strange) == [ask(address)[0] for address in strange]
        assert [405] * 6 == [ask(at, method=how)[0] for at in ("/", "/api/status") for how in ("POST", "PUT", "DELETE")]


def test_a_token_opens_the_page_and_becomes_a_cookie(drifting: Path) -> None:
    """Without it nothing is told, not even by errors; the cookie is for this site and no script."""
    with serving(drifting, TOKEN) as ask:
        shut = [ask(address) for address in ("/", "/live.js", "/api/status", "/api/stream", "/nowhere")]
        opened = ask(f"/?token={urllib.parse.quote(TOKEN)}")
        cookie = opened[1]["set-cookie"]
        again = ask("/api/status", {"Cookie": cookie.split(";")[0]})
    assert [401] * 5 == [status for status, _, _ in shut]
    assert all("set-cookie" not in headers for _, headers, _ in shut)
    assert (200, 200) == (opened[0], again[0])
    assert ["HttpOnly", "SameSite=Strict", "Path=/"] == [part.strip() for part in cookie.split(";")[1:]]


def test_the_page_holds_no_inline_script_or_style_and_nothing_from_afar() -> None:
    """The policy would stop them: what the page needs are files of its own."""
    page = FILES["/"].read_text("utf-8")
    assert "<style" not in page
    assert " style=" not in page
    assert page.count("<script") == page.count('<script src="') > 0
    assert not [name for name, path in FILES.items() if name.startswith("/live") and "://" in path.read_text("utf-8")]


def test_a_client_that_never_reads_is_nobodys_trouble(
    drifting: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Others are answered, it is told no more than it takes in, and nothing is said when it goes or is left behind."""
    letter = DeadLetter(window=0, seq=0, reason="x" * 100_000, text="", partition=None, offset=None)
    told = tuple(Committed(window=at, rows=(), events=(), dead_letters=(letter,)) for at in range(200))
    looks = iter([Look(anew=False, committed=told, more=False)])
    nothing = Look(anew=False, committed=(), more=False)
    monkeypatch.setattr("analysis.live.following.Follower.look", lambda self, *, now: next(looks, nothing))
    with serving(drifting) as ask:
        while json.loads(ask("/api/windows?after=199")[2]) == []:
            pass
        goes, stays = deaf(ask), deaf(ask)
        assert (200, 199) == ((answer := ask("/api/windows?after=199"))[0], json.loads(answer[2])[0]["window"])
        goes.close()
        assert 200 == ask("/api/status")[0]
    stays.close()
    assert "" == capfd.readouterr().err


def test_dead_letters_that_were_let_go_are_counted_as_seen(drifting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their numbers stay theirs: who reads along misses none of those held, and hears none twice."""
    letters = [DeadLetter(window=0, seq=at, reason="", text="", partition=None, offset=None) for at in range(6)]
    told = tuple(
        Committed(window=at, rows=(), events=(), dead_letters=tuple(letters[2 * at : 2 * at + 2])) for at in range(3)
    )
    looks = iter([Look(anew=False, committed=told, more=False)])
    nothing = Look(anew=False, committed=(), more=False)
    monkeypatch.setattr("analysis.live.following.Follower.look", lambda self, *, now: next(looks, nothing))
    monkeypatch.setattr("analysis.live.feed.MOST_LETTERS", 4)
    with serving(drifting) as ask:
        while json.loads(ask("/api/windows?after=2")[2]) == []:
            pass
        pages = ("", "?after=1&most=2", "?after=3&most=2", "?most=2", "?after=6")
        answers = [json.loads(ask(f"/api/dead-letters{page}")[2]) for page in pages]
    assert [[2, 3, 4, 5], [2], [3, 4], [], []] == [[letter["seq"] for letter in answer] for answer in answers]


def deaf(ask: Ask) -> socket.socket:
    """A client that has asked for the stream, has seen that it comes, and reads no further."""
    port = ask.port  # type: ignore[attr-defined]
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.sendall(b"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    while b"event: windows" not in client.recv(4096):
        pass
    return client


def test_a_failure_of_the_looking_is_told(drifting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page ends, and the command says why; it doesn't just go away."""

    def fail(*_: object, **__: object) -> None:
        raise LookupError("what nobody thought of")

    monkeypatch.setattr("analysis.live.following.Follower.look", fail)
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        ThreadPoolExecutor(1) as apart,  # a browser's test before this one may have left its loop in this thread
        pytest.raises(RunError, match=r"can't be followed.*what nobody thought of.*says what in it is damaged"),
    ):
        apart.submit(serve, drifting, listening, guard_for("127.0.0.1", 1, None), finish=lambda: False).result()
