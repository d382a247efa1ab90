"""The verb `watch`."""

from __future__ import annotations

import os
import re
import secrets
import socket
import sys
import threading
from pathlib import Path

import click

from producer.errors import RunError, UsageError
from producer.opening import read_small

PORT = 8765
TRIES = 20
PATIENCE = 5
"""The duel goes first: where all processors are taken, the page waits a little."""
TOKEN = "DRIFTDUEL_WATCH_TOKEN"  # noqa: S105 - the name of a variable, no secret
SHORTEST = 16


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--port", type=click.IntRange(0, 65535), help=f"Where to listen; 0 is any free port. [{PORT}, or the next free one]"
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Which address of this machine to listen on.")
@click.option(
    "--token-file", type=click.Path(path_type=Path), help=f"Holds the page's token. [${TOKEN}, or a random one]"
)
@click.option("--with-parent", is_flag=True, hidden=True, help="End with the run once standard input is closed.")
def watch(run: Path, port: int | None, host: str, token_file: Path | None, with_parent: bool) -> None:
    """A live page that follows RUN, until it is interrupted (Ctrl-C).

    Prints the page's address. It shows each window within a second of its commit, whether the run goes on, is
    interrupted and taken up again, has more arms added, or was finished long ago; a run that isn't begun is waited
    for. It only reads. On an address that others can reach (--host) the page asks for a token, which is part of the
    address unless you gave it yourself.

    Example: driftduel watch runs/dns
    """
    try:
        from .server import serve
    except ImportError as error:
        raise UsageError(f"watch needs FastAPI and uvicorn ({error}); pip install 'driftduel[watch]'") from None
    from analysis.salvage.inventory import refuse_endless

    from .guard import guard_for, is_loopback

    if run.exists() and not run.is_dir():
        raise UsageError(f"{run} is a file; name a run directory, as evaluate's --run makes it")
    refuse_endless(run)
    given = _given_token(token_file)
    token = given or (None if is_loopback(host) else secrets.token_urlsafe(24))
    with _listen(host, port) as listening:
        number = listening.getsockname()[1]
        name = f"[{host}]" if ":" in host else host
        query = f"?token={token}" if token and not given else ""
        click.echo(f"http://{name}:{number}/{query}")
        sys.stdout.flush()
        if not with_parent and not (run / "manifest.json").exists():
            click.echo(f"{run} is no run yet; the page waits for one to begin there", err=True)
        os.nice(PATIENCE)
        over = _closed_input() if with_parent else threading.Event()
        try:
            serve(run, listening, guard_for(host, number, token), finish=over.is_set)
        except KeyboardInterrupt:
            return


def _given_token(file: Path | None) -> str | None:
    """The token from a file or the environment; never from the command line, where others can read it."""
    try:
        token = os.environ.get(TOKEN, "") if file is None else read_small(file).strip()
    except (OSError, UnicodeError) as error:
        raise UsageError(f"the token file {file} can't be read: {error}") from None
    if (token or file) and not re.fullmatch(rf"[A-Za-z0-9_-]{{{SHORTEST},}}", token):
        where = f"${TOKEN}" if file is None else str(file)
        raise UsageError(f"the token in {where} must be {SHORTEST} or more letters, digits, - or _")
    return token or None


def _listen(host: str, port: int | None) -> socket.socket:
    ports = range(PORT, PORT + TRIES) if port is None else (port,)
    failure: OSError | None = None
    for number in ports:
        try:
            family = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0][0]
            return socket.create_server((host, number), family=family)
        except OSError as error:
            failure = error
    tried = f"{ports[0]} to {ports[-1]}" if len(ports) > 1 else str(ports[0])
    said = failure.strerror if failure else ""
    raise RunError(f"can't listen on {host}, port {tried}: {said}. Name another --port, or 0 for any free one")


def _closed_input() -> threading.Event:
    """Is set once standard input is closed: the process at its other end is gone, however it ended."""
    closed = threading.Event()

    def wait() -> None:
        while os.read(0, 64):
            pass
        closed.set()

    threading.Thread(target=wait, daemon=True).start()
    return closed
