"""Twenty times kill -9 at a random instant of `evaluate` and `report`: real processes, the same bytes."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest
from contents import content

import driftduel

PRELOADED = ("driftduel", "online.cli", "online.duel", "online.learners.batch", "sklearn.ensemble", "analysis.report")
KILLS = {"evaluate": 17, "report": 3}


def content_anywhere(run: Path) -> dict[str, bytes]:
    """Every file of a run that must repeat, by its relative path; where it lies, as a report says, is left out."""
    return {name: data.replace(bytes(run), b"RUN") for name, data in content(run).items()}


@pytest.fixture(scope="module")
def spawn():
    """Starts a command in a process of its own, forked from one that has everything loaded: that is quick."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    first = context.Process(target=int)  # which waits until all that is loaded
    first.start()
    first.join()

    def start(*arguments: object) -> multiprocessing.process.BaseProcess:
        process = context.Process(target=driftduel.main, args=([str(word) for word in arguments],))
        process.start()
        return process

    return start


def took(process: multiprocessing.process.BaseProcess) -> float:
    """Seconds until it has ended well."""
    began = time.monotonic()
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - began


def test_killed_twenty_times_it_ends_in_the_same_bytes(spawn, tiny_lines, tiny_file, tiny_model, tmp_path) -> None:
    """While it trains, promotes, exports or draws: the last start finishes the undisturbed run and report."""
    model = tiny_model(tmp_path / "model")
    file = tiny_file(tmp_path / "stream.csv", tiny_lines(1800, seed=3, flip_from=700))
    plain = ("--model", model, "--file", file, "--window", 150, "--arm", "dynamic", "--arm", "a:policy=always")
    commands = {"evaluate": (*plain, "--run"), "report": ("--format", "svg")}
    whole, rng = tmp_path / "whole" / "run", random.Random(11)  # a report says its name
    for verb, options in commands.items():
        lasting = took(spawn(verb, *options, whole))
        kills = runs = 0
        while kills < KILLS[verb]:
            run = tmp_path / (str(runs) if verb == "evaluate" else "0") / "run"
            process = spawn(verb, *options, run)
            process.join(rng.uniform(0, lasting))
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            process.join()
            kills += process.exitcode == -signal.SIGKILL
            runs += process.exitcode == 0
            assert process.exitcode in (0, -signal.SIGKILL)
        for last in {tmp_path / "0" / "run", run}:
            took(spawn(verb, *options, last))
            expected, found = content_anywhere(whole), content_anywhere(last)
            assert {n for n in expected.keys() | found.keys() if expected.get(n) != found.get(n)} == set(), verb
