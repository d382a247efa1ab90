"""Synthetic rows of the Linux process telemetry: threads, priority, state and CPU time of one process at one look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .linux import (
    ENDED_COMMANDS,
    Bools,
    Floats,
    Frame,
    Ints,
    Layout,
    block_random,
    draw_frame,
    frame_words,
    lines_of,
    number_words,
    quantile,
)
from .linux_attacks import CHANCES, LADDERS_OF, PRIORITIES
from .linux_commands import COMMANDS, LADDER_NAMES
from .linux_dirt import broken_nice, dirty
from .recipe import Recipe

COLUMNS = (
    "sequence", "machine", "PID", "TRUN", "TSLPI", "TSLPU", "POLI", "NICE", "PRI", "RTPR", "CPUNR",
    "Status", "EXC", "State", "CPU", "CMD", "ts", "attack", "type",
)  # fmt: skip
LAYOUT = Layout(rows=24, looks=80, seconds=5, shares=np.array([float(c.process) for c in COMMANDS]))
DRAWS = 9
SOILED = ("TRUN", "TSLPI", "TSLPU", "CPUNR", "EXC", "CPU")

THREADS = np.array([command.threads for command in COMMANDS])
CPU = np.array([command.cpu / 1000 for command in COMMANDS])
RUN = np.array([command.run / 1000 for command in COMMANDS])
PRIORITY = np.array([command.priority for command in COMMANDS])
LOAD = np.array([LADDER_NAMES.index(command.load) for command in COMMANDS])
CPU_WORDS = [str(hundredths / 100) for hundredths in range(1000)]
BLOCKED, ZOMBIE = 0.003, 0.0005
NO_STATUS = 4
"""The machine whose export leaves the status out."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What was measured, clean: all arrays are [rows]; `state` is one of `STATES` by place."""

    state: Ints
    running: Ints
    sleeping: Ints
    blocked: Ints
    priority: Ints
    exit: Ints
    status: Ints
    hundredths: Ints


STATES = ("S", "R", "D", "Z", "E")
STATUS = ("0", "N", "NE", "NS", "-")


def process_block(recipe: Recipe, start: int, size: int) -> tuple[list[str], int]:
    """CSV lines and attacks of the first `size` rows from row `start` on, which begins a block."""
    random = block_random(recipe.seed, start // LAYOUT.block)
    frame = draw_frame(recipe, start // LAYOUT.block, LAYOUT, random)
    draws = random.random((LAYOUT.block, DRAWS))
    dirt = random.random((len(SOILED) + 1, LAYOUT.block))
    columns = _words(frame, _measure(frame, draws), draws[:, 8], dirt)
    return lines_of(columns, COLUMNS, size), int(frame.attack[:size].sum())


def _measure(frame: Frame, draws: Floats) -> Look:
    seen = frame.profile >= 0
    ended = np.isin(frame.command, ENDED_COMMANDS) | (seen & (draws[:, 0] >= 1 - CHANCES["ended"][frame.profile]))
    state = _states(frame, seen, ended, draws[:, 0])
    threads = np.where(seen, quantile(LADDERS_OF["threads"][frame.profile], draws[:, 1]), _quiet_threads(frame, draws))
    running = np.where(state == 1, 1, _also_running(frame, seen, draws[:, 2])) * ~ended
    blocked = (state == 2) * 1
    sleeping = np.maximum(0, threads.astype(np.int64) - running - blocked) * ~ended
    return Look(
        state,
        running,
        sleeping,
        blocked,
        _priorities(frame, seen, ended, draws[:, 3]),
        _exits(frame, seen, ended, draws[:, 4]),
        _status(frame, seen, ended, draws[:, 5]),
        _cpu(frame, seen, ended, draws[:, 6], draws[:, 7]),
    )


def _states(frame: Frame, seen: Bools, ended: Bools, draws: Floats) -> Ints:
    run = np.where(seen, CHANCES["run"][frame.profile], RUN[frame.command])
    blocked = run + np.where(seen, CHANCES["blocked"][frame.profile], BLOCKED)
    alive = np.select([draws < run, draws < blocked, draws < blocked + ZOMBIE], [1, 2, 3], 0)
    return np.where(ended, 4, alive)


def _quiet_threads(frame: Frame, draws: Floats) -> Floats:
    """The command's own number, at times one more or less."""
    wobble = (draws[:, 1] > 0.97) * 1 - (draws[:, 1] < 0.05) * (THREADS[frame.command] > 2)
    threads: Floats = (THREADS[frame.command] + wobble).astype(np.float64)
    return threads


def _also_running(frame: Frame, seen: Bools, draws: Floats) -> Ints:
    """A process may sleep while one of its threads runs: seldom, but for the packet drone."""
    chance = np.where((LOAD[frame.command] == LADDER_NAMES.index("full")) & ~seen, 0.6, 0.008)
    return (draws < chance) * 1 + (draws < chance / 12)


def _priorities(frame: Frame, seen: Bools, ended: Bools, draws: Floats) -> Ints:
    other = np.where(seen, PRIORITIES[frame.profile], 0)
    alive = np.where((other > 0) & (draws < 0.45), other, PRIORITY[frame.command])
    return np.where(ended, 0, alive)


def _exits(frame: Frame, seen: Bools, ended: Bools, draws: Floats) -> Ints:
    bad = np.where(seen, 0.3, 0.05)
    return np.where(ended, np.select([draws < bad, draws < bad + 0.1], [1, 15], 0), 0)


def _status(frame: Frame, seen: Bools, ended: Bools, draws: Floats) -> Ints:
    """Places in STATUS: nothing new, new, new and ended, new and stopped, left out."""
    new = 0.012 + np.where(seen, CHANCES["fresh"][frame.profile] / 4, 0.0)
    alive = np.where(frame.machine == NO_STATUS, 4, (draws < new) * 1)
    return np.where(ended, np.select([draws < 0.85, draws < 0.89, draws < 0.91], [2, 3, 1], 4), alive)


def _cpu(frame: Frame, seen: Bools, ended: Bools, active: Floats, draws: Floats) -> Ints:
    """CPU time in hundredths of a core."""
    quiet = np.where(active < CPU[frame.command], quantile(LOAD[frame.command], draws), 0.0)
    busy = quantile(LADDERS_OF["cpu"][frame.profile], draws)
    return np.where(seen, np.where(ended, busy / 4, busy), quiet).astype(np.int64)


def _words(frame: Frame, look: Look, nice_draws: Floats, dirt: Floats) -> dict[str, list[str]]:
    ended = look.state == 4
    nice = broken_nice(np.where(look.priority == 0, 0, look.priority - 120), nice_draws)
    cores = (dirt[-1] * 4).astype(np.int64)
    numbers = {
        "TRUN": look.running,
        "TSLPI": look.sleeping,
        "TSLPU": look.blocked,
        "NICE": nice,
        "PRI": look.priority,
        "CPUNR": cores,
        "EXC": look.exit,
    }
    columns = frame_words(frame, ended) | {name: number_words(values) for name, values in numbers.items()}
    columns["POLI"] = ["0" if gone else "norm" for gone in ended.tolist()]
    columns["RTPR"] = ["0"] * len(cores)
    columns["Status"] = [STATUS[place] for place in look.status.tolist()]
    columns["State"] = [STATES[place] for place in look.state.tolist()]
    columns["CPU"] = [CPU_WORDS[hundredths] for hundredths in look.hundredths.tolist()]
    soiled = {name: dirty(columns[name], draws) for name, draws in zip(SOILED, dirt[:-1], strict=True)}
    return columns | soiled
