"""What a duel holds while it runs: a Spark session, and a garbage collector that leaves alone what is there already."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from .arms import Arm


def spark_for(arms: Sequence[Arm]) -> AbstractContextManager[object]:
    """One Spark for all fits of the run, if an arm fits with Spark."""
    if not any(getattr(arm.learner, "needs_spark", False) for arm in arms):
        return nullcontext()
    from static_model.session import spark_session

    return spark_session()


@contextmanager
def frozen() -> Iterator[None]:
    """Keep what is loaded out of the garbage collector's rounds: every message is an object that calls for one."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
