"""The baselines of a run, made after it: loss matrices for its arms, and the controls behind the three causes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from online.arms import DYNAMIC, Arm
from online.duel import Bar, no_bar, spark_for
from online.files import replace_file
from online.interfaces import TrainingSet
from online.labels import Labels
from online.lock import alone
from online.policies.never import Never
from online.registry import problems
from online.run import read_manifest
from online.training_sets.last import Last
from producer.errors import RunError

from .building import Ask, build, models_of
from .causes import Causes, build_causes, read_causes
from .matrix import Matrix, Number, read_facts, read_matrix
from .seal import SEAL, check_seal, seal
from .whole import Whole, features_of, open_whole

FORMAT = 1
NEAREST = Last(windows=20)
"""Stands in for training sets that depend on an arm's path."""
_Key = Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
BY_RECORD = "not comparable: it learns by record, so that no schedule of retrains leads to its models"
NO_ROWS = "not known: the rows that the starting model was trained on are missing here; name them with --training"
PARTIAL = "not known: the arm hasn't seen all windows yet"


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """The matrix that an arm is set beside.

    Attributes:
        matrix: its key.
        lag: windows from the one fitted after to the first one served.
        beats: why the arm may do better than the oracle over it; empty where every model of the arm is in it.
    """

    matrix: str
    lag: int
    beats: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Baselines:
    """What was computed for a run.

    Attributes:
        every: a model after every so many windows only.
        windows: how many windows the run had then.
        matrices: by key.
        arms: for each arm but those that never retrain, its matrix, or why there is none.
        causes: for each of them its controls, or why there are none.
    """

    every: int
    windows: int
    matrices: Mapping[str, Matrix]
    arms: Mapping[str, Beside | str]
    causes: Mapping[str, Causes | str]


def compute(
    run: Path,
    *,
    training_sets: Sequence[TrainingSet] | None = None,
    every: int = 1,
    training: Sequence[Path] = (),
    model: Path | None = None,
    processes: int | None = None,
    bar: Bar = no_bar,
) -> None:
    """Compute the baselines of a run, or what is missing of them; the run's arms and tables stay as they are.

    Args:
        run: a run directory, finished or not.
        training_sets: those to compute a matrix for, with each learner of the arms (scikit-learn if no arm retrains);
            if None, each arm's own, or the last 20 windows where that depends on the arm's path.
        every: fit after every so many windows only; the paths then retrain at these windows only.
        training: the files that the starting model was trained on: without them there are no causes.
        model: the starting model's directory, which may know these files' digests.
        processes: how many fit and score; as many as there are cores if None, two at most.
        bar: shows progress, in models.

    Raises:
        RunError: no run, a damaged one, damaged baselines of it, or another process works on it.
        UsageError: a training set needs static rows, and `training` is missing or other files.
        ModelError: a learner can't retrain the starting model.
    """
    manifest = read_manifest(run)
    arms = [arm for arm in _arms(manifest) if not isinstance(arm.policy, Never) or arm.by_record]
    by_rows = [arm for arm in arms if not arm.by_record]
    asks = _asks(by_rows, training_sets, every)
    workers = processes or min(2, len(os.sched_getaffinity(0)))
    with alone(run), features_of(run) as mapped, spark_for(by_rows):
        _open(run)
        whole = open_whole(run, mapped, training, model=model)
        with bar(sum(models_of(ask, len(whole)) for ask in asks)) as done:
            folders = [build(whole, a, mapped=mapped, training=training, processes=workers, done=done) for a in asks]
        keys = {json.dumps(ask.plain()): folder.name for ask, folder in zip(asks, folders, strict=True)}
        causes = {arm.name: _causes(whole, arm, with_rows=bool(training)) for arm in arms}
        content = {
            "format": FORMAT,
            "every": every,
            "windows": len(whole),
            "matrices": list(keys.values()),
            "arms": {arm.name: _beside(arm, asks, keys, whole.revealing) for arm in arms},
            "causes": causes,
        }
    with replace_file(run / "baselines" / "baselines.json") as file:
        file.write(json.dumps(content, indent=1).encode() + b"\n")
    seal(run / "baselines")


def _open(run: Path) -> None:
    """Break the seal, as files are to be added; what an interruption left has none, and is taken up."""
    folder = run / "baselines"
    if not (folder / SEAL).exists():
        return
    try:
        check_seal(folder)
        (folder / SEAL).unlink()
    except (OSError, ValueError) as error:
        raise _damaged(run, error) from None


def _damaged(run: Path, error: object) -> RunError:
    said = problems(error) if isinstance(error, ValidationError) else error
    return RunError(f"the baselines of {run} are damaged ({said}); delete {run / 'baselines'}, and compute them again")


def read_baselines(run: Path) -> Baselines | None:
    """What was computed for a run, or None if nothing was.

    Raises:
        RunError: it is damaged, or of a newer format.
    """
    folder = run / "baselines"
    if not any((folder / name).exists() for name in ("baselines.json", SEAL)):
        return None
    try:
        check_seal(folder)
        facts = _Facts.model_validate(read_facts(folder / "baselines.json", FORMAT))
        if lost := {one.matrix for one in facts.arms.values() if isinstance(one, _Beside)} - {*facts.matrices}:
            raise ValueError(f"no matrix {', '.join(lost)}")
        return Baselines(
            every=facts.every,
            windows=facts.windows,
            matrices={key: read_matrix(folder / key) for key in facts.matrices},
            arms={
                arm: one.reason if isinstance(one, _Why) else Beside(one.matrix, one.lag, one.beats)
                for arm, one in facts.arms.items()
            },
            causes={
                arm: one.reason if isinstance(one, _Why) else read_causes(folder / one.key)
                for arm, one in facts.causes.items()
            },
        )
    except (OSError, ValueError) as error:
        raise _damaged(run, error) from None


class _Why(BaseModel):
    reason: str


class _Beside(BaseModel):
    matrix: str
    lag: Annotated[int, Field(ge=1, lt=2**31)]
    beats: tuple[str, ...]


class _Causes(BaseModel):
    key: _Key


class _Facts(BaseModel):
    """baselines.json; nothing of it is taken on trust."""

    every: Annotated[int, Field(ge=1, lt=2**31)]
    windows: Number
    matrices: tuple[_Key, ...]
    arms: dict[str, _Why | _Beside]
    causes: dict[str, _Why | _Causes]


def nearest_set(arm: Arm) -> TrainingSet:
    """The first of an arm's training sets whose rows don't depend on its path, or the last 20 windows."""
    found: TrainingSet = next((chosen for chosen in arm.training_sets if not chosen.needs_date), NEAREST)
    return found


def _arms(manifest: Mapping[str, Any]) -> list[Arm]:
    return [Arm.model_validate(arm) for arm in manifest["arms"].values()]


def _asks(arms: Sequence[Arm], training_sets: Sequence[TrainingSet] | None, every: int) -> list[Ask]:
    """What is fitted: each once, whoever it is for."""
    if training_sets is None:
        pairs = [(nearest_set(arm), arm.learner) for arm in arms]
    else:
        pairs = list(product(training_sets, [arm.learner for arm in arms] or [DYNAMIC.learner]))
    asks = [Ask(chosen, learner, every) for chosen, learner in pairs]
    return list({json.dumps(ask.plain()): ask for ask in asks}.values())


def _beside(arm: Arm, asks: Sequence[Ask], keys: Mapping[str, str], labels: Labels) -> dict[str, Any]:
    if arm.by_record:
        return {"reason": BY_RECORD}
    mine = [ask for ask in asks if ask.learner == arm.learner]
    if not mine:
        return {"reason": "no baseline was asked for"}
    wanted = (nearest_set(arm), NEAREST)
    best = min(mine, key=lambda ask: wanted.index(ask.training_set) if ask.training_set in wanted else len(wanted))
    beats = [f"it trains on {chosen.title}" for chosen in arm.training_sets if chosen != best.training_set]
    if arm.gate.trial != "none":
        beats.append("its gate holds models back")
    if arm.gate.probation:
        beats.append("it goes back to former models")
    if best.every > 1:
        beats.append(f"only every {best.every} windows a model was fitted for the oracle")
    if labels.uneven:
        beats.append("the oracle waits after each window as long as after the one whose labels came last")
    return {"matrix": keys[json.dumps(best.plain())], "lag": 1 + arm.latency + labels.lag, "beats": beats}


def _causes(whole: Whole, arm: Arm, *, with_rows: bool) -> dict[str, str]:
    if arm.by_record:
        return {"reason": BY_RECORD}
    if arm.name not in whole.paths:
        return {"reason": PARTIAL}
    return {"key": build_causes(whole, arm).name} if with_rows else {"reason": NO_ROWS}
