"""What an experiment is: streams x seeds x arms, as `experiment.toml` says it. Every run directory holds its own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from producer.dataset import Wire
from producer.errors import UsageError, nearest
from producer.injection import REGION, Injection, draw_span
from producer.injection_spec import checked_injection, parse_injection
from producer.opening import read_small

from .arms import DYNAMIC, STATIC, AnyTrainingSet, Arm, make_arm, parse_arm, with_static
from .asked import Duel
from .label_store import LabelSource
from .opening import NO_KAFKA, Kafka, Stream
from .registry import problems

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:
        names = [field.alias or name for name, field in cls.model_fields.items()]
        for key in given if isinstance(given, Mapping) else ():
            if key not in names:
                raise ValueError(f"there is no '{key}' here{nearest(key, names)}; known are {', '.join(names)}")
        return given


class Drawn(_Part):
    """A drift whose place is drawn by seed, between two shares of the stream.

    Attributes:
        region: the shares of the stream between which it starts.
        width: of the transition, in records; 0 for an abrupt one.
        options: what else an injection has: kind, features, share and so on.
    """

    region: tuple[FiniteFloat, FiniteFloat] = REGION
    width: int = Field(default=0, ge=0)
    options: dict[str, Any]

    def placed(self, records: int, *, seed: int) -> Injection:
        """The injection for a stream of so many records."""
        start, end = draw_span(records, seed=seed, region=self.region, width=self.width)
        return checked_injection({**self.options, "at": start, "end": end if self.width else None}, "drift")


def _drift(given: object) -> object:
    if isinstance(given, str):
        return parse_injection(given)
    if isinstance(given, Mapping) and "at" not in given:
        own = {key: given[key] for key in ("region", "width") if key in given}
        if not isinstance(given.get("options", {}), Mapping):
            raise ValueError(f"options: expected a table, found {given['options']!r}")
        options = dict(given.get("options", {key: value for key, value in given.items() if key not in own}))
        checked_injection({**options, "at": 0, "end": 1 if own.get("width") else None}, "drift")  # refuse it here
        return Drawn(**own, options=options)
    return checked_injection(given, "drift") if isinstance(given, Mapping) else given


class StreamSpec(_Part):
    """A stream: a file, a file replayed onto a topic, or a topic that is there.

    Attributes:
        name: stands in tables.
        file: a file of the model's contract.
        topic: read from this topic; with a file, the file is replayed onto it first (a topic for each seed if drift
            is planted).
        wire: how records travel; as the contract says if None.
        truth: a sidecar with drift that the file has already.
        drifts: planted into the file, for each seed anew.
        model: another starting model than the experiment's.
        training: what that was trained on.
        labels_topic: labels come from this topic, and the records' own column is ignored; or ...
        labels_file: ... from this file.
        label_horizon: how many records after a window's end the arms stop waiting for such labels.
    """

    name: str = Field(default="stream", pattern=NAME)
    file: Path | None = None
    topic: str | None = None
    wire: Wire | None = None
    truth: Path | None = None
    drifts: tuple[Annotated[Injection | Drawn, BeforeValidator(_drift)], ...] = Field(default=(), alias="drift")
    model: Path | None = None
    training: tuple[Path, ...] = ()
    labels_topic: str | None = None
    labels_file: Path | None = None
    label_horizon: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.file is None and self.topic is None:
            raise ValueError(f"the stream '{self.name}' has neither a file nor a topic; name one")
        if self.drifts and self.file is None:
            raise ValueError(f"the stream '{self.name}' has no file that drift could be planted into")
        if self.drifts and self.truth is not None:
            raise ValueError(f"the stream '{self.name}' has a truth, and drift to plant: inject keeps an earlier truth")
        if self.drifts and (self.labels_topic or self.labels_file):
            raise ValueError(f"the stream '{self.name}' has drift to plant, which labels from elsewhere don't follow")
        return self


class BaselineSpec(_Part):
    """Which baseline paths and oracles to compute.

    Attributes:
        training_sets: a loss matrix for each; if None, for each arm the nearest one that doesn't depend on its path.
        every: fit after every so many windows only.
        skip: compute none.
    """

    training_sets: tuple[AnyTrainingSet, ...] | None = None
    every: int = Field(default=1, ge=1)
    skip: bool = False

    @model_validator(mode="after")
    def _dateless(self) -> Self:
        for chosen in self.training_sets or ():
            if chosen.needs_date:
                raise ValueError(f"a baseline dates no change to train from: '{chosen.kind}' can't be its training set")
        return self


def _arms(given: object) -> object:
    if not isinstance(given, list | tuple):
        return given
    return with_static([_arm(arm, place) for place, arm in enumerate(given, start=1)])


def _arm(given: object, place: int) -> Arm:
    if isinstance(given, Arm):
        return given
    if isinstance(given, str):
        return parse_arm(given)
    content = dict(given) if isinstance(given, Mapping) else {}
    if content == STATIC.plain():
        return STATIC
    return make_arm(content, f"arm {content.get('name', place)}")


class Experiment(_Part):
    """Streams x seeds x arms.

    Attributes:
        model: directory of the starting model.
        streams: what is read.
        arms: who reads it; the static arm is always among them.
        seeds: each gives a run of its own for each stream: of fits, and of where drift is planted.
        primary: arms whose comparison with static is corrected for their number; the others are exploratory.
        training: the files that the starting model was trained on.
        window: records per window.
        max_windows: read no window beyond this many; all if None.
        label_delay: how many records later a label becomes known.
        label_share: the share of the labels that the arms ever see.
        baselines: the paths and oracles beside the arms.
    """

    format: Literal[1] = 1
    model: Path
    streams: tuple[StreamSpec, ...] = Field(alias="stream", min_length=1)
    arms: Annotated[tuple[Arm, ...], BeforeValidator(_arms)] = Field(default=(STATIC, DYNAMIC), alias="arm")
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**63)], ...] = Field(default=(0,), min_length=1)
    primary: tuple[str, ...] = ()
    training: tuple[Path, ...] = ()
    window: int = Field(default=1000, ge=1, le=1_000_000)
    max_windows: int | None = Field(default=None, ge=1)
    label_delay: int = Field(default=0, ge=0, le=10**9)
    label_share: float = Field(default=1.0, gt=0, le=1)
    baselines: BaselineSpec = BaselineSpec()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for what, names in (("streams", [s.name for s in self.streams]), ("seeds", list(map(str, self.seeds)))):
            if doubled := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"two {what} are called '{doubled[0]}'; each needs a name of its own")
        known = [arm.name for arm in self.arms]
        for name in self.primary:
            if name not in known:
                raise ValueError(f"primary: no arm '{name}'{nearest(name, known)}; the arms are {', '.join(known)}")
        return self

    def duel(self, stream: StreamSpec, *, seed: int, kafka: Kafka = NO_KAFKA) -> Duel:
        """What is asked of one run: this stream, with this seed; its topic is read, if it has one and a file, too."""
        return Duel(
            model=stream.model or self.model,
            stream=Stream(
                topic=stream.topic,
                file=None if stream.topic else stream.file,
                wire=stream.wire,
                truth=stream.truth,
            ),
            kafka=kafka,
            arms=self.arms,
            primary=self.primary,
            window=self.window,
            max_windows=self.max_windows,
            seed=seed,
            training=stream.training or self.training,
            labels=LabelSource(
                delay=self.label_delay,
                share=self.label_share,
                topic=stream.labels_topic,
                file=stream.labels_file,
                horizon=stream.label_horizon,
            ),
        )


def read_experiment(path: Path) -> Experiment:
    """An experiment from a TOML file; its paths count from the current folder, as on the command line.

    Raises:
        UsageError: no such file, no TOML, or something in it isn't valid; the message names it, and the nearest valid.
    """
    try:
        content = tomllib.loads(read_small(path))
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}; name an experiment's TOML file") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no TOML: {error}") from None
    try:
        return Experiment.model_validate(content)
    except ValidationError as error:
        raise UsageError(f"{path}: {problems(error)}") from None
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
