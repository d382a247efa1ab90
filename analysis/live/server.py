"""The live page's server: JSON, server-sent events and the page's own files. The one file that knows FastAPI."""

from __future__ import annotations

import asyncio
import importlib
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from anyio import BrokenResourceError
from fastapi import FastAPI, Header, Query
from fastapi.responses import FileResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from producer.errors import RunError

from .feed import Feed
from .following import Follower
from .guard import App, Guard, guarded
from .values import Committed, DeadLetter, RunEvent, Status

HERE = Path(__file__).parent
SHARED = ("page.css", "charts.css", "charts.js", "parts.js", "uPlot.min.css", "uPlot.iife.min.js")
FILES = {
    "/": HERE / "static" / "live.html",
    **{f"/{name}": HERE / "static" / name for name in ("live.css", "live.js")},
    **{f"/{name}": HERE.parent / "web" / name for name in SHARED},
}
"""Every file that is served, by its address; no other can be asked for."""

After = Annotated[int, Query(ge=0, description="how many were seen already")]
Most = Annotated[int, Query(ge=1, le=1000)]
LastSeen = Annotated[str | None, Header(alias="Last-Event-ID", description="the id of the last message seen")]


def make_app(feed: Feed, *, start: Callable[[], Any] | None = None) -> FastAPI:
    """The application: five JSON addresses, described by `/api/openapi.json`, and the page.

    Args:
        feed: what is served.
        start: gives the looking that goes on beside the serving, as an awaitable.
    """

    @asynccontextmanager
    async def looking(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.ensure_future(start()) if start else None
        yield
        if task:
            task.cancel()

    app = FastAPI(
        title="driftduel watch",
        version=version("driftduel"),
        summary="A run as it goes on: what windows.csv, events.jsonl and dead_letters.jsonl will hold.",
        docs_url=None,  # they would fetch their scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=looking,
    )
    answers = _Answers(feed)
    app.get("/api/status")(answers.status)
    app.get("/api/windows")(answers.windows)
    app.get("/api/events")(answers.events)
    app.get("/api/dead-letters")(answers.dead_letters)
    app.get("/api/stream", response_class=EventSourceResponse)(answers.stream)
    for address, path in FILES.items():
        app.get(address, include_in_schema=False)(_serving(path))
    return app


@dataclass(frozen=True, slots=True)
class _Answers:
    """What stands behind the JSON addresses; the docstrings are OpenAPI's descriptions."""

    feed: Feed

    async def status(self) -> Status:
        """How the run stands."""
        return self.feed.status

    async def windows(self, after: After = 0, most: Most = 100) -> list[Committed]:
        """What was found of each window, in the order in which it was found."""
        return self.feed.log[after : after + most]

    async def events(self, after: After = 0, most: Most = 1000) -> list[RunEvent]:
        """What happened to the arms, in the order in which it was found."""
        return list(chain.from_iterable(found.events for found in self.feed.log))[after : after + most]

    async def dead_letters(self, after: After = 0, most: Most = 1000) -> list[DeadLetter]:
        """The messages that were no records; only the latest are held, `driftduel dead-letters RUN` has all."""
        held, first = (found.dead_letters for found in self.feed.log), self.feed.let_go
        return list(chain.from_iterable(held))[max(after - first, 0) : max(after + most - first, 0)]

    async def stream(self, last_event_id: LastSeen = None) -> AsyncIterator[ServerSentEvent]:
        """All of it as it comes: `reset` (forget everything), `status`, `windows`, `end` (the watch ends)."""
        async for message in self.feed.follow(last_event_id):
            yield ServerSentEvent(event=message.kind, id=message.place, data=message.value or {}, retry=500)


def _serving(path: Path) -> Callable[[], Any]:
    async def serve() -> FileResponse:
        return FileResponse(path)

    return serve


def serve(run: Path, listening: socket.socket, guard: Guard, *, finish: Callable[[], bool]) -> None:
    """Serve the page of a run until interrupted, or until the run has ended once `finish` says so.

    Args:
        run: the run directory; it need not be there yet.
        listening: where to listen.
        guard: who may see it.
        finish: see `Feed.go`.

    Raises:
        RunError: something in the run directory can't be followed.
    """
    feed = Feed(Follower(run))
    failed: list[Exception] = []

    async def look() -> None:
        try:
            # pyarrow loads it with the first array: the first window shall not wait for that.
            await asyncio.to_thread(importlib.import_module, "pandas")
            await feed.go(leave=lambda: server.should_exit, finish=finish)
        except Exception as error:  # nobody waits for this task: its failure is told below
            failed.append(error)
        finally:
            server.should_exit = True

    app: App = guarded(make_app(feed, start=look), guard)
    config = uvicorn.Config(
        app, log_level="error", access_log=False, ws="none", server_header=False, timeout_graceful_shutdown=2
    )
    logging.getLogger("uvicorn.error").addFilter(_worth_telling)
    server = uvicorn.Server(config)
    server.run(sockets=[listening])
    if failed:
        raise RunError(
            f"the run {run} can't be followed ({failed[0]!r}); 'driftduel report {run}' says what in it is damaged"
        ) from failed[0]


def _worth_telling(record: logging.LogRecord) -> bool:
    """Whether it is more than a reader who went away, or took nothing in until the end: both are everyday."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, BaseExceptionGroup):
        return error.split(BrokenResourceError)[1] is not None
    return not isinstance(error, asyncio.CancelledError) and not record.getMessage().startswith("Cancel ")
