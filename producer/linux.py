"""Who did what and when on the synthetic Linux machines: the frame that the process and the memory rows fill.

Four machines report in turn, a fixed number of rows at each look. Attacks come in bursts of time and from few
process numbers, both drawn anew for every seed. So `ts` and `PID` tell more about a stream than any other
stream would bear out: a model that sees them looks better than it will be on new machines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .linux_attacks import ATTACKS, COMMANDS_OF, NORMAL, PROFILES, TOOLS
from .linux_commands import COMMANDS, EXITED, QUANTILES
from .recipe import KINDS, Recipe, regime

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MACHINES = np.array([4, 5, 7, 8])
SLOTS = 20
"""Spans of time in a block; in some of them an attack is on."""
QUIET = 0.05
"""How much rarer attacks are outside their bursts than on average."""
HIDDEN = 0.07
"""The share of attack rows that show nothing: processes on a machine under attack that go on as ever."""
BUSY = 0.04
"""The share of benign rows that look like an attack: a busy hour, a crash, a log-in that fails."""
NIGHT = 0.3
"""The share of benign rows that belong to the other workload, once a `mix` drift has brought it."""
POOL = 4
"""How many process numbers an attack of one kind uses."""
FIRST_LOOK = 1_604_021_056
DAY = 86_400
CHOICES = 8
ENDED_COMMANDS = np.flatnonzero([command.name.startswith(EXITED) for command in COMMANDS])

NAMES = [command.name for command in COMMANDS]
WORDS = (NAMES, [name if name.startswith(EXITED) else f"{EXITED}{name[:12]}>" for name in NAMES])
"""Names of commands that go on, and of those that have ended."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows follow one another: `rows` per machine and look, `looks` per block, `seconds` between looks."""

    rows: int
    looks: int
    seconds: int
    shares: Floats
    """The weight [commands] of each command among the rows."""

    @property
    def per_look(self) -> int:
        """Rows of all machines at one look."""
        return self.rows * len(MACHINES)

    @property
    def block(self) -> int:
        """Rows in a block."""
        return self.per_look * self.looks


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One block of rows before any measurement: all arrays are [rows].

    `profile` is the place in `linux_attacks.ALL` of what the row looks like, -1 for its command in quiet times.
    """

    sequence: Ints
    machine: Ints
    ts: Ints
    attack: Bools
    kind: Ints
    pid: Ints
    command: Ints
    profile: Ints


def block_random(seed: int, number: int) -> np.random.Generator:
    """The numbers of block `number`."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, number))))


def draw_frame(recipe: Recipe, number: int, layout: Layout, random: np.random.Generator) -> Frame:
    """The frame of block `number`, always whole, so that a longer stream begins with the shorter."""
    size = layout.block
    draws = random.random((size, CHOICES))
    place = np.arange(size)
    seqs = number * size + place
    slot = place * SLOTS // size
    rank, kinds = (random.random(several).argsort(kind="stable") for several in (SLOTS, len(ATTACKS)))
    kind = kinds[rank[slot] % len(ATTACKS)]
    tool, mix, prior = (regime(recipe.of(k), seqs, draws[:, i]) for i, k in enumerate(KINDS))
    share = recipe.attack_share * np.where(prior % 2, 0.5, 1.0)
    attack = draws[:, 3] < _burst(share, (rank[slot] + place * SLOTS % size / size) / SLOTS)
    looks_attack = attack ^ (draws[:, 4] < recipe.error)
    profile = _profile(looks_attack, kind + len(ATTACKS) * (tool % TOOLS), mix % 2 == 1, draws)
    command, instance = _commands(layout, random.random((layout.looks, len(MACHINES))))
    of_profile = COMMANDS_OF[profile, (draws[:, 6] * COMMANDS_OF.shape[1]).astype(np.int64)]
    command = np.where(profile < 0, command, of_profile)
    look, machine = seqs // layout.per_look, place % layout.per_look // layout.rows
    own = _own_pid(recipe.seed, machine, command, instance, seqs)
    pid = np.where(looks_attack, _pool(recipe.seed)[kind, (draws[:, 7] * POOL).astype(np.int64)], own)
    ts = FIRST_LOOK + recipe.seed % 365 * DAY + look * layout.seconds
    sequence = look * layout.rows + place % layout.rows + 1
    return Frame(sequence, MACHINES[machine], ts, attack, kind, pid, command, profile)


def _burst(share: Floats, when: Floats) -> Floats:
    """The chance of an attack [rows] where `when` (0 to 1) says how late a row comes to be in a burst.

    Bursts fill the same part of every block, so that the share of attacks hardly depends on the seed.
    """
    on = 2 * share / (1 + share)  # the more attacks, the longer the bursts and the denser
    return np.where(when < on, share * (1 - QUIET * (1 - on)) / on, share * QUIET)


def _profile(looks_attack: Bools, attack: Ints, night: Bools, draws: Floats) -> Ints:
    """What each row looks like; a busy machine resembles any attack with the tools of the day."""
    first = attack // len(ATTACKS) * len(ATTACKS)
    busy = np.where(draws[:, 5] < BUSY, first + (draws[:, 7] * len(ATTACKS)).astype(np.int64), -1)
    quiet = np.where(night & (draws[:, 5] >= 1 - NIGHT), len(PROFILES), busy)
    return np.where(looks_attack, np.where(draws[:, 5] < HIDDEN, -1, attack), quiet)


def _commands(layout: Layout, offsets: Floats) -> tuple[Ints, Ints]:
    """The command and which of its processes [rows] in quiet times: evenly spread over the shares at each look."""
    grid = (offsets[:, :, None] + np.arange(layout.rows)) / layout.rows
    places = (grid * layout.shares.sum()).reshape(-1)
    ends = np.cumsum(layout.shares)
    command = np.minimum(ends.searchsorted(places, side="right"), len(ends) - 1)
    into = places - (ends - layout.shares)[command]
    return command, (into * layout.rows / layout.shares.sum()).astype(np.int64)


def _stream(seed: int) -> np.random.Generator:
    """The numbers that belong to a stream as a whole."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(1,))))


def _pool(seed: int) -> Ints:
    """The process numbers [kinds, POOL] that attacks use."""
    return 1000 + (_stream(seed).random((len(ATTACKS), POOL)) * 4000).astype(np.int64)


def _own_pid(seed: int, machine: Ints, command: Ints, instance: Ints, seqs: Ints) -> Ints:
    """Process numbers [rows]: a daemon keeps its own, what has ended had the next free one."""
    random = _stream(seed)
    random.random((len(ATTACKS), POOL))
    table = 1000 + (random.random((len(MACHINES), len(COMMANDS))) * 3900).astype(np.int64)
    return np.where(np.isin(command, ENDED_COMMANDS), 4900 + seqs % 9000, table[machine, command] + instance)


def frame_words(frame: Frame, ended: Bools) -> dict[str, list[str]]:
    """The columns that both kinds of telemetry have; the name of a process that has ended stands in brackets."""
    numbers = {"sequence": frame.sequence, "machine": frame.machine, "PID": frame.pid, "ts": frame.ts}
    columns = {name: number_words(values) for name, values in numbers.items()}
    kinds = np.where(frame.attack, frame.kind, len(ATTACKS)).tolist()
    columns["CMD"] = [WORDS[gone][place] for gone, place in zip(ended.tolist(), frame.command.tolist(), strict=True)]
    columns["attack"] = number_words(frame.attack * 1)
    columns["type"] = [(*ATTACKS, NORMAL)[kind] for kind in kinds]
    return columns


def number_words(values: Ints) -> list[str]:
    """Whole numbers as text."""
    return list(map(str, values.tolist()))


def lines_of(columns: Mapping[str, Sequence[str]], names: Sequence[str], size: int) -> list[str]:
    """The first `size` rows as CSV lines without line ends."""
    return [",".join(row) for row in zip(*(columns[name][:size] for name in names), strict=True)]


def quantile(ladder: Ints, draws: Floats) -> Floats:
    """The value [rows] of each row's ladder at its draw, 0 to 1, in straight lines between the rungs."""
    place = draws * (QUANTILES.shape[1] - 1)
    rung = place.astype(np.int64)
    low = QUANTILES[ladder, rung]
    value: Floats = low + (QUANTILES[ladder, rung + 1] - low) * (place - rung)
    return value
