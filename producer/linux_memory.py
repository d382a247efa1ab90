"""Synthetic rows of the Linux memory telemetry: page faults, sizes and growth of one process at one look."""

from __future__ import annotations

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
from .linux_attacks import CHANCES, LADDERS_OF
from .linux_commands import COMMANDS, LADDER_NAMES
from .linux_dirt import dirty, size_word
from .recipe import Recipe

COLUMNS = (
    "sequence", "machine", "PID", "MINFLT", "MAJFLT", "VSTEXT", "VSIZE", "RSIZE", "VGROW", "RGROW", "MEM", "CMD",
    "ts", "attack", "type",
)  # fmt: skip
LAYOUT = Layout(rows=52, looks=40, seconds=10, shares=np.array([float(c.memory) for c in COMMANDS]))
DRAWS = 8
SOILED = ("MINFLT", "MAJFLT", "VSTEXT", "VSIZE", "RSIZE", "VGROW", "RGROW", "MEM")
SIZES = ("VSTEXT", "VSIZE", "RSIZE", "VGROW", "RGROW")

TEXT = np.array([command.text for command in COMMANDS])
VIRTUAL = np.array([command.virtual for command in COMMANDS])
RESIDENT = np.array([command.resident for command in COMMANDS])
FAULTS = np.array([LADDER_NAMES.index(command.faults) for command in COMMANDS])
FRESH = np.array([command.fresh / 1000 for command in COMMANDS])
MAJOR = 0.005
PAGE = 4
"""Memory grows by pages of so many KiB."""
GROWS = 0.03
"""The share of quiet rows whose memory grows a little."""
MACHINE_MEMORY = 4_000_000


def memory_block(recipe: Recipe, start: int, size: int) -> tuple[list[str], int]:
    """CSV lines and attacks of the first `size` rows from row `start` on, which begins a block."""
    random = block_random(recipe.seed, start // LAYOUT.block)
    frame = draw_frame(recipe, start // LAYOUT.block, LAYOUT, random)
    numbers = _measure(frame, random.random((LAYOUT.block, DRAWS)))
    columns = _words(frame, numbers, random.random((len(SOILED), LAYOUT.block)))
    return lines_of(columns, COLUMNS, size), int(frame.attack[:size].sum())


def _measure(frame: Frame, draws: Floats) -> dict[str, Ints]:
    """What was measured, clean; sizes in KiB, `gone` 0 or 1, MEM in hundredths of the machine's memory."""
    seen = frame.profile >= 0
    gone = np.isin(frame.command, ENDED_COMMANDS) | (seen & (draws[:, 0] < CHANCES["ended"][frame.profile]))
    virtual, resident = _sizes(frame, seen, gone, draws)
    fresh = draws[:, 1] < np.where(seen, CHANCES["fresh"][frame.profile], FRESH[frame.command])
    virtual_growth, resident_growth = _growth(frame, seen, draws)
    return {
        "gone": gone * 1,
        "MINFLT": _faults(frame, seen, fresh, draws[:, 2]),
        "MAJFLT": _major(frame, seen, draws[:, 3]),
        "VSTEXT": np.where(gone, 0, TEXT[frame.command]),
        "VSIZE": virtual,
        "RSIZE": resident,
        "VGROW": np.where(fresh, virtual, np.where(gone, 0, virtual_growth)),
        "RGROW": np.where(fresh, resident, np.where(gone, 0, resident_growth)),
        "MEM": (resident * 100 + MACHINE_MEMORY // 2) // MACHINE_MEMORY,
    }


def _sizes(frame: Frame, seen: Bools, gone: Bools, draws: Floats) -> tuple[Ints, Ints]:
    """Virtual and resident size: each machine has its own about the command's; an attack swells some.

    They don't depend on the process number, or they would give it away.
    """
    own = ((frame.machine * len(COMMANDS) + frame.command) * 2_654_435_761 % 1000 - 500) / 1000  # -0.5 to 0.5
    swell = np.where(seen, 1 + 0.6 * draws[:, 4], 1.0)
    virtual = VIRTUAL[frame.command] * (1 + 0.02 * own)
    resident = RESIDENT[frame.command] * (1 + 0.4 * own) * swell
    return tuple(np.where(gone, 0, value // PAGE * PAGE).astype(np.int64) for value in (virtual, resident))  # type: ignore[return-value]


def _faults(frame: Frame, seen: Bools, fresh: Bools, draws: Floats) -> Ints:
    quiet = np.where(fresh, LADDER_NAMES.index("start"), FAULTS[frame.command])
    return quantile(np.where(seen, LADDERS_OF["faults"][frame.profile], quiet), draws).astype(np.int64)


def _major(frame: Frame, seen: Bools, draws: Floats) -> Ints:
    """Major page faults: seldom any, and then most often a few."""
    chance = np.where(seen, CHANCES["major"][frame.profile], MAJOR)
    rest = draws / np.maximum(chance, 1e-9)
    return np.where(rest < 1, 1 + (30 * rest * rest * rest).astype(np.int64), 0)


def _growth(frame: Frame, seen: Bools, draws: Floats) -> tuple[Ints, Ints]:
    quiet = np.where(draws[:, 5] < GROWS, 600 * draws[:, 6] * draws[:, 6], 0.0)
    resident = np.where(seen, quantile(LADDERS_OF["growth"][frame.profile], draws[:, 6]), quiet)
    virtual = resident * (0.4 + draws[:, 7])
    kernel = VIRTUAL[frame.command] == 0
    return tuple(np.where(kernel, 0, value // PAGE * PAGE).astype(np.int64) for value in (virtual, resident))  # type: ignore[return-value]


def _words(frame: Frame, numbers: dict[str, Ints], dirt: Floats) -> dict[str, list[str]]:
    columns = frame_words(frame, numbers["gone"] > 0)
    columns |= {name: number_words(numbers[name]) for name in ("MINFLT", "MAJFLT")}
    columns |= {name: list(map(size_word, numbers[name].tolist())) for name in SIZES}
    columns["MEM"] = [str(hundredths / 100) for hundredths in numbers["MEM"].tolist()]
    return columns | {name: dirty(columns[name], draws) for name, draws in zip(SOILED, dirt, strict=True)}
