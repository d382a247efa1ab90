"""What a retraining of an imported model fits: a family and its hyper-parameters, its own or those that are named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from producer.errors import UsageError
from static_model.estimators import Boosted, Estimator, Forest, Linear, Parameter

FAMILIES: Mapping[str, Mapping[str, Parameter]] = {
    "logistic_regression": {"reg_param": 0.01, "max_iter": 100},
    "linear_svc": {"reg_param": 0.01, "max_iter": 100},
    "decision_tree": {"trees": 1, "max_depth": 10, "min_instances": 1},
    "random_forest": {"trees": 50, "max_depth": 10, "min_instances": 1},
    "gradient_boosted_trees": {"trees": 20, "max_depth": 5, "min_instances": 1, "step_size": 0.1},
}
"""The families that can be fitted, with the hyper-parameters of each and what they are unless the user says."""


def parse_learner(text: str) -> dict[str, Parameter]:
    """A family and its hyper-parameters from `FAMILY[:key=value,...]`; what isn't said is as in `FAMILIES`.

    Raises:
        UsageError: no such family or key, or a value that can't be.

    >>> parse_learner("random_forest:trees=20,max_depth=8")
    {'family': 'random_forest', 'trees': 20, 'max_depth': 8, 'min_instances': 1}
    """
    family, _, rest = text.partition(":")
    if family not in FAMILIES:
        raise UsageError(f"no family '{family}' in --learner {text}; known are {', '.join(FAMILIES)}")
    known, given = FAMILIES[family], {}
    for pair in filter(None, rest.split(",")):
        key, equals, value = pair.partition("=")
        if key not in known or not equals or (family, key) == ("decision_tree", "trees"):
            free = [name for name in known if (family, name) != ("decision_tree", "trees")]
            raise UsageError(f"'{pair}' in --learner {text}: expected key=value; the keys are {', '.join(free)}")
        given[key] = _number(text, key, value, like=known[key])
    return {"family": family, **known, **given}


def _number(text: str, key: str, value: str, *, like: Parameter) -> Parameter:
    whole = isinstance(like, int)
    try:
        number: int | float = int(value) if whole else float(value)
    except ValueError:
        number = -1
    least = 0.0 if key == "reg_param" else 1 if whole else 1e-12
    if not least <= number <= 2**31 - 1:
        wanted = f"a {'whole ' if whole else ''}number {'from 0' if key == 'reg_param' else 'above 0'}"
        raise UsageError(f"{key}={value} in --learner {text} must be {wanted}")
    return number


def family_of(estimator: Estimator) -> str | None:
    """The family of an estimator whose hyper-parameters are all known; None where they aren't."""
    said = estimator.parameters.get("family")
    if said is not None:
        return str(said)
    family = ""
    if isinstance(estimator, Linear):
        family = {"log": "logistic_regression", "hinge": "linear_svc"}.get(estimator.loss, "")
    elif isinstance(estimator, Boosted) and estimator.output == "probability":
        family = "gradient_boosted_trees"
    elif isinstance(estimator, Forest):
        family = "decision_tree" if len(estimator.roots) == 1 else "random_forest"
    known = family in FAMILIES and set(FAMILIES[family]) <= set(estimator.parameters)
    return family if known else None


def with_learner(estimator: Estimator, asked: str | None) -> Estimator:
    """The estimator with the family that a retraining fits among its parameters, and that family's hyper-parameters.

    Args:
        estimator: what was read.
        asked: `FAMILY[:key=value,...]`; None for the estimator's own.

    Raises:
        UsageError: none is named, and the estimator's own hyper-parameters aren't known.
    """
    if asked is not None:
        return replace(estimator, parameters=parse_learner(asked))
    family = family_of(estimator)
    if family is None:
        raise UsageError(
            "how this model was fitted isn't known (its family's hyper-parameters aren't all saved with it), so a "
            f"retraining needs a learner: name one with --learner FAMILY[:key=value,...], of {', '.join(FAMILIES)}"
        )
    return replace(estimator, parameters={**estimator.parameters, "family": family})


def describe_learner(parameters: Mapping[str, Parameter]) -> str:
    """A family and its hyper-parameters in words.

    >>> describe_learner({"family": "decision_tree", "max_depth": 5})
    'decision_tree (max_depth=5)'
    """
    rest = ", ".join(f"{key}={value}" for key, value in sorted(parameters.items()) if key != "family")
    return f"{parameters['family']} ({rest})"
