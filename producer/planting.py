"""The planting itself: a plan, and the blocks of a stream one after the other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .cleaning import words
from .edits import Cells, Mask, chosen, join_cells, moved, scaled, split_cells, swapped_labels
from .files import Block
from .injection import Injection
from .injection_plan import DONOR, HIT, REACHED, Plan, Step, uniform
from .recipe import growth

DONORS = 5_000
"""Copies for a prior shift are drawn from so many records of the class, the last ones before their place."""
Lines = npt.NDArray[np.object_]
Seqs = npt.NDArray[np.int64]
Draws = npt.NDArray[np.float64]


class Planter:
    """Plants what a plan says into consecutive blocks, the first of them that of row 0."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._row = 0
        self._counts = {step.place: 0 for step in plan.steps}
        self._donors: tuple[Lines, Lines] = (np.empty(0, object), np.empty(0, object))

    @property
    def changed(self) -> tuple[tuple[Injection, int], ...]:
        """Each injection, in the order in which they are done, and how many records it has reached so far."""
        return tuple((step.injection, self._counts[step.place]) for step in self._plan.steps)

    def plant(self, block: Block) -> list[bytes]:
        """The block's lines with the changes, as many as before."""
        lines: Lines = np.array(block.lines, object)
        where = _Where(self._plan.seed, self._row, len(lines), block.decoded.positions)
        labels = np.from_dlpack(block.decoded.records.column(self._plan.dataset.label_name)).astype(np.int8, copy=False)
        lines[where.places] = self._edit(self._resample(lines[where.places], labels, where), where)
        self._row += len(lines)
        return lines.tolist()  # type: ignore[no-any-return]

    def _resample(self, rows: Lines, labels: npt.NDArray[np.int8], where: _Where) -> Lines:
        """The rows with the prior shifts done: what is too many, replaced by copies of the other class."""
        steps = [step for step in self._plan.steps if step.injection.kind == "prior"]
        if not steps:
            return rows
        pools = [np.concatenate([self._donors[c], rows[labels == c]]) for c in (0, 1)]
        before = [len(self._donors[c]) + np.cumsum(labels == c) - (labels == c) for c in (0, 1)]
        new = rows.copy()
        for step in steps:
            wanted, rate = _replacement(step)
            reached = where.reached(step)
            new[reached] = rows[reached]  # of several prior shifts the latest is in force
            hit = reached & (labels != wanted) & (where.draw(step, HIT) < rate) & (before[wanted] > 0)
            back = where.draw(step, DONOR) * np.minimum(before[wanted], DONORS)
            new[hit] = pools[wanted][(before[wanted] - 1 - back.astype(np.int64))[hit]]
            self._counts[step.place] += int(hit.sum())
        self._donors = (pools[0][-DONORS:], pools[1][-DONORS:])
        return new

    def _edit(self, rows: Lines, where: _Where) -> Lines:
        """The rows with everything else done to their cells."""
        steps = [step for step in self._plan.steps if step.injection.kind != "prior"]
        hits = {step.place: where.hit(step) for step in steps}
        chosen_rows = np.flatnonzero(np.any([*hits.values()], axis=0)) if hits else np.empty(0, np.int64)
        if not chosen_rows.size:
            return rows
        cells = split_cells(rows[chosen_rows].tolist(), self._plan.dataset)
        for step in steps:
            mask = hits[step.place][chosen_rows]
            for name, new in self._new_cells(step, cells, mask, where.seqs[chosen_rows]).items():
                cells[name] = chosen(mask, new, cells[name])
            self._counts[step.place] += int(mask.sum())
        new_rows = rows.copy()
        new_rows[chosen_rows] = np.array(join_cells(cells), object)
        return new_rows

    def _new_cells(self, step: Step, cells: Cells, mask: Mask, seqs: Seqs) -> Cells:
        """What the step makes of the cells, for the columns that it changes."""
        dataset, kind = self._plan.dataset, step.injection.kind
        if kind == "label-swap":
            return {dataset.label_name: swapped_labels(cells[dataset.label_name], dataset)}
        if kind == "permutation":
            return moved(cells, step.sources)
        if kind == "scaling":
            factors = np.where(mask, _factors(step.injection, seqs), 1.0)
            return {column.name: scaled(cells[column.name], column, factors) for column in step.columns}
        return {name: words([text])[0] for name, text in step.texts.items()}


class _Where:
    """Where a block's records stand in the stream, and what is drawn for them."""

    def __init__(self, seed: int, start: int, size: int, places: Seqs) -> None:
        self.places, self.seqs = places, places + start
        self._seed, self._start, self._size = seed, start, size

    def draw(self, step: Step, stream: int) -> Draws:
        """Draws from 0 to 1 for the records."""
        return uniform(self._seed, step.place, stream, self._start, self._size)[self.places]

    def reached(self, step: Step) -> Mask:
        """Which records the change has reached."""
        chance = step.injection.chance(self.seqs)
        if step.injection.kind == "scaling" and step.injection.shape == "incremental":
            return chance > 0  # all of them: it is the factor that grows
        return self.draw(step, REACHED) < chance if chance.any() else np.zeros(len(chance), bool)

    def hit(self, step: Step) -> Mask:
        """Which of those reached are among the share that is to be changed."""
        reached = self.reached(step)
        return reached & (self.draw(step, HIT) < step.share) if reached.any() and step.share < 1 else reached


def _replacement(step: Step) -> tuple[int, float]:
    """The class that is to grow, and the chance with which a record of the other is replaced.

    It is the least that turns the share there was into the one asked for.
    """
    if step.share > step.was:
        return 1, (step.share - step.was) / (1 - step.was)
    return 0, 1 - step.share / step.was


def _factors(injection: Injection, seqs: Seqs) -> Draws | float:
    assert injection.factor is not None
    if injection.shape != "incremental" or injection.end is None:
        return injection.factor
    return 1 + (injection.factor - 1) * growth(seqs, injection.at, injection.end)
