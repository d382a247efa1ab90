"""A real run over a stream with one change, and its whole stream opened for looking back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from online.baselines.whole import Whole, features_of, open_whole

SIZE = 100
Duel = Callable[..., Path]


@pytest.fixture
def duel(run_asked, tiny_lines, tiny_file, tiny_model, tmp_path: Path) -> Duel:
    """Runs arms over 1,250 records, inverted from 600 on, in windows of 100; two are dead letters."""
    model = tiny_model(tmp_path / "model")

    def call(*arms: str, window: int = SIZE, records: int = 1250, **options) -> Path:
        lines = tiny_lines(records, seed=3, flip_from=600)
        lines[37], lines[799] = b"one,2.0,word,attack", b"1,2.0"
        for place in options.pop("broken", ()):
            lines[place] = lines[place].rpartition(b",")[0] + b","
        file = tiny_file(tmp_path / "stream.csv", lines)
        run_asked(model=model, run=tmp_path / "run", arms=arms, file=file, window=window, seed=5, **options)
        return tmp_path / "run"

    return call


@pytest.fixture
def whole(duel: Duel) -> Iterator[Callable[..., tuple[Whole, Path]]]:
    """Opens the whole stream of a run with these arms."""
    contexts = []

    def call(*arms: str, training: tuple[Path, ...] = (), **options) -> tuple[Whole, Path]:
        context = features_of(duel(*arms, **options))
        mapped = context.__enter__()
        contexts.append(context)
        return open_whole(mapped.parent.parent, mapped, training), mapped

    yield call
    for context in contexts:
        context.__exit__(None, None, None)
