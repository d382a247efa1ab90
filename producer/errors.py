"""The one family of errors: what happened, what was found, what to do next."""

from __future__ import annotations

from collections.abc import Iterable


class DriftduelError(Exception):
    """Something failed in a way the user can understand and act upon.

    The message is shown as it is, so it says what happened, what was found and what to do next.

    Attributes:
        exit_code: what the command line exits with.
        retriable: whether the same call may succeed later without any change.
    """

    exit_code = 1
    retriable = False


class UsageError(DriftduelError):
    """The call itself is wrong: options or values that can't be meant (exit code 2)."""

    exit_code = 2


class ContractError(DriftduelError):
    """Data, model or contract don't fit each other."""


class BrokerError(DriftduelError):
    """Kafka, or the Java it needs, isn't there or doesn't answer."""

    retriable = True


class AccessError(BrokerError):
    """Kafka answers, but refuses: the password, a certificate, or a right to a topic."""

    retriable = False


class ModelError(DriftduelError):
    """A model directory is damaged, foreign or of another version."""


class RunError(DriftduelError):
    """A run directory is damaged, or holds another run."""


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a message: the known word that looks most like it, or nothing.

    >>> nearest("scalling", ["scaling", "missing"])
    " (did you mean 'scaling'?)"
    """
    import difflib

    found = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean '{found[0]}'?)" if found else ""
