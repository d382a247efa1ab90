"""The front door: maps each verb to a function of one folder, imported only when the verb is called."""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import NoReturn

import click

from producer.ending import end

VERBS = {
    "demo": ("analysis.cli:demo", "The whole duel on an embedded broker and a synthetic stream."),
    "broker": ("producer.cli:broker", "Run an embedded Apache Kafka in the foreground."),
    "generate": ("producer.cli:generate", "Write synthetic records, with drift planted on demand."),
    "inject": ("producer.inject_command:inject", "Plant drift into a file of your own."),
    "describe": ("producer.cli:describe", "Draft a contract from a file, for you to correct."),
    "explore": ("analysis.explore_command:explore", "Look at records: tables, figures, recommended features."),
    "train": ("analysis.train_command:train", "Train the static model with Spark, and say how good it is."),
    "import": ("static_model.foreign.command:import_command", "A model directory from a model of somebody else's."),
    "predict": ("static_model.predict_command:predict", "Score the rows of a file with a saved model."),
    "produce": ("producer.cli:produce", "Replay a file onto a Kafka topic."),
    "evaluate": ("online.cli:evaluate", "The duel of static and dynamic over a topic or a file, into a run."),
    "experiment": (
        "analysis.experiment_command:experiment",
        "Streams x seeds x arms: plant, evaluate, report.",
    ),
    "report": ("analysis.cli:report", "Table, plots and verdict of a run."),
    "rerun": ("analysis.rerun_command:rerun", "Repeat a run and say whether it came out the same."),
    "watch": ("analysis.live.command:watch", "A live page that follows a run."),
    "dead-letters": ("online.dead_letters_command:dead_letters", "What was no record, and why; corrected ones go on."),
}
RESUMED = ("produce", "evaluate", "experiment")
"""Verbs that, called again, go on where they stopped."""
ENDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "left by its terminal"}
"""Signals that ask for an end, and what is then said; the exit code is 128 and the signal's number."""


class Verbs(click.Group):
    """A click group that imports a verb's folder only when that verb is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order of a working day, not of the alphabet."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command behind a verb, or None for an unknown one."""
        if name not in VERBS:
            return None
        module, function = VERBS[name][0].split(":")
        command = getattr(importlib.import_module(module), function)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs, written from the table above so that no folder is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, text) for verb, (_, text) in VERBS.items()])


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="driftduel")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def cli(debug: bool) -> None:
    """Is it worth letting this model learn from the stream?

    A static and a dynamic model read the same Kafka topic in windows of 1,000 records; the report says
    which was better, by how much, at what cost, and whether it could be luck.

    Example: driftduel demo
    """


class Terminated(KeyboardInterrupt):
    """A signal asked for an end: what waits for Ctrl-C closes on the way out, too."""


def _terminate(_number: int, _frame: FrameType | None) -> None:
    end(Terminated())


def _listen() -> list[int]:
    """Raise `Terminated` where a signal asks for an end; the signals that have come, in their order."""
    came: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        came.append(number)
        _terminate(number, frame)

    for number in ENDS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup`, or a job in the background
            signal.signal(number, handle)
    return came


def _end(came: Sequence[int], given: Sequence[str]) -> NoReturn:
    """Say which signal ended the command, and end it so; a further one ends it at once, without a word."""
    for number in ENDS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    first = signal.Signals(came[0]) if came else signal.SIGINT
    again = any(verb in given for verb in RESUMED)
    with suppress(OSError):  # its terminal may be gone
        click.echo(f"driftduel: {ENDS[first]}{'; the same command goes on where it stopped' * again}", err=True)
    sys.exit(128 + first)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line. Exit codes: 0 done, 1 failed, 2 wrong usage, 129 terminal gone, 130 Ctrl-C, 143 SIGTERM."""
    from producer.errors import DriftduelError

    given = list(sys.argv[1:] if arguments is None else arguments)
    came = _listen()
    try:
        sys.exit(cli.main(args=given, prog_name="driftduel", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _end(came, given)
    except DriftduelError as error:
        if "--debug" in given:
            raise
        click.echo(f"driftduel: {error}", err=True)
        sys.exit(error.exit_code)
    except (OSError, UnicodeError, RecursionError, MemoryError) as error:
        # What the machine refuses in a place where nothing better can be said of it.
        if "--debug" in given:
            raise
        click.echo(f"driftduel: {type(error).__name__}: {error}. More with --debug before the verb", err=True)
        sys.exit(1)
    except Exception:
        # Who swallows an end, as pyarrow does where it imports pandas, leaves things half made that fail later.
        if not came or "--debug" in given:
            raise
        _end(came, given)


if __name__ == "__main__":
    main()
