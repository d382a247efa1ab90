"""How to train: what the user may ask for, checked before anything is read. Knows nothing of Spark."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from producer.dataset import Dataset
from producer.errors import ContractError, UsageError

Algorithm: TypeAlias = Literal[
    "logistic_regression", "linear_svc", "decision_tree", "gradient_boosted_trees", "random_forest"
]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
"""The algorithms, the cheapest to score first."""
DEFAULT_ALGORITHMS: tuple[Algorithm, ...] = ("logistic_regression", "gradient_boosted_trees", "random_forest")
LINEAR: tuple[Algorithm, ...] = ("logistic_regression", "linear_svc")

MARGINS: tuple[Algorithm, ...] = ("linear_svc",)
"""Those whose scores are no probabilities."""

Encoding: TypeAlias = Literal["one-hot", "index", "hash", "ngrams"]
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)
"""How words become numbers: see `encodings`."""

Duplicates: TypeAlias = Literal["across", "all", "keep"]
Balance: TypeAlias = Literal["none", "weights", "undersample"]
Rule: TypeAlias = Literal["half", "mcc", "f1", "cost", "fpr-1pct"]
RULES: tuple[Rule, ...] = get_args(Rule)

MIN_CLASS_ROWS = 20
ONE_PART = 200_000
"""Rows that one task works on."""
SPARKS_OWN = frozenset({"prediction", "probability", "rawPrediction"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to train; all of it ends up in the model's description.

    Attributes:
        seed: of the split, the folds, the samples and the fits.
        holdout: the share that is held out, above 0 and below 1; of each class if the split is random.
        split_by: the column to split by time, the latest rows held out; None for a random, stratified split.
        duplicates: "across" leaves held-out rows that have an exact duplicate (in all columns) in the training part
            out of the figures that decide; "all" also keeps one row of each set of duplicates before the split; "keep"
            does neither.
        balance: "undersample" to `ratio`, "weights" for the classes, or "none". Test rows are never balanced.
        ratio: rows of class 0 for each of class 1 after undersampling.
        positive_fraction: the share of the rows of class 1 that undersampling begins with.
        encode: how columns of words are encoded ...
        encode_columns: ... but for these: pairs of column and encoding.
        algorithms: which ones to compare; one alone is kept as it is.
        folds: of the cross-validation over each algorithm's small grid; below 2 there is no grid.
        repeats: how many splits of the training part the comparison rests on, 1 or more.
        refit: fit the kept algorithm again on all rows and save that; else what is saved is the model that was tried.
        partitions: how many parts Spark works on; None is `partitions_for` the rows. Another number gives another
            model; the number of cores doesn't.
            Trap: of more than 2 parts, sums are added in the order in which they are ready, which is chance.
        trees: of the forest.
        max_depth: of the trees of the forest, and of the decision tree.
        reg_param: the weight of the linear models' penalty.
        max_iter: the most steps of the linear models.
        boosts: trees of the boosted model.
        threshold_rule: how the threshold is chosen (on validation rows); "half" is 0.5, chosen on no rows at all.
        prevalence: share of class 1 where the model will be used; None if unknown.
        cost_fp: cost of a false alarm.
        cost_fn: cost of a missed attack.
        with_without: columns for the table that says what each would buy.
        compare_encodings: whether to make the table that says what each encoding is worth.
        kinds: whether to try the kept family on the kinds of attack, too.
    """

    seed: int
    holdout: float = 0.2
    split_by: str | None = None
    duplicates: Duplicates = "across"
    balance: Balance = "none"
    ratio: float = 2.0
    positive_fraction: float = 1.0
    encode: Encoding = "one-hot"
    encode_columns: tuple[tuple[str, Encoding], ...] = ()
    algorithms: tuple[Algorithm, ...] = DEFAULT_ALGORITHMS
    folds: int = 2
    repeats: int = 4
    refit: bool = True
    partitions: int | None = None
    trees: int = 50
    max_depth: int = 10
    reg_param: float = 1e-4
    max_iter: int = 100
    boosts: int = 20
    threshold_rule: Rule = "half"
    prevalence: float | None = None
    cost_fp: float = 1.0
    cost_fn: float = 1.0
    with_without: tuple[str, ...] = ()
    compare_encodings: bool = False
    kinds: bool = False

    def encoding_of(self, column: str) -> Encoding:
        """How this column of words is encoded."""
        return dict(self.encode_columns).get(column, self.encode)

    def seed_of(self, purpose: str) -> int:
        """A seed of its own for each purpose, derived from the one seed; below 2**63."""
        digest = hashlib.sha256(f"{self.seed} {purpose}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1


def partitions_for(rows: int) -> int:
    """One part for few rows, as starting a task costs more than its work; else two, whose sums have one order."""
    return 1 if rows <= ONE_PART else 2


def parse_encodings(given: Iterable[str]) -> tuple[Encoding, tuple[tuple[str, Encoding], ...]]:
    """Read `one-hot` (for all columns) and `sld=ngrams` (for one); later ones win.

    >>> parse_encodings(["hash", "sld=ngrams"])
    ('hash', (('sld', 'ngrams'),))

    Raises:
        UsageError: there is no such encoding.
    """
    everywhere: Encoding = "one-hot"
    columns: dict[str, Encoding] = {}
    for text in given:
        column, sign, name = text.rpartition("=")
        found = [encoding for encoding in ENCODINGS if encoding == name]
        if not found:
            raise UsageError(f"there is no encoding '{name}'; there are: {', '.join(ENCODINGS)}")
        if sign:
            columns[column] = found[0]
        else:
            everywhere = found[0]
    return everywhere, tuple(sorted(columns.items()))


def check_settings(settings: Settings, dataset: Dataset) -> None:
    """Hold what is asked against the contract, before anything is read.

    Raises:
        UsageError: a column is named that isn't there or can't be meant, or there is nothing to compare.
        ContractError: Spark can't use a feature's name.
    """
    types = {column.name: column.type for column in dataset.columns}
    words = {column.name for column in dataset.features if column.type == "string"}
    asked = [settings.split_by] if settings.split_by is not None else []
    for name in (*asked, *settings.with_without, *dict(settings.encode_columns)):
        if types.get(name, "label") == "label":
            what = "is the label" if name in types else "is no column"
            raise UsageError(f"'{name}' {what} of dataset '{dataset.name}'; it has: {', '.join(types)}")
    for name in dict(settings.encode_columns):
        if types[name] != "string":
            raise UsageError(f"'{name}' is a column of numbers; only words are encoded")
    if settings.compare_encodings and not words:
        raise UsageError(
            "no feature is a column of words, so there are no encodings to compare; add one with --feature"
        )
    if settings.kinds and dataset.kind_name is None:
        raise UsageError(f"dataset '{dataset.name}' names no kind of attack; put label.kind into the contract")
    if dataset.kind_name in {column.name for column in dataset.features} | set(settings.with_without):
        raise UsageError(f"'{dataset.kind_name}' is the kind of attack: it gives the label away, so it is no feature")
    for name in (*(column.name for column in dataset.features), *settings.with_without):
        _check_name(name)


def _check_name(name: str) -> None:
    if {".", "`"} & set(name) or name in SPARKS_OWN or name.startswith("__"):
        why = "it has a dot or a backtick"
        if name in SPARKS_OWN or name.startswith("__"):
            why = "columns that are made while training have such names"
        raise ContractError(
            f"Spark can't use the column '{name}' as a feature, because of its name: {why}; "
            "rename it in the file and the contract, or set feature = false"
        )


def check_classes(counts: tuple[int, int], dataset: Dataset, settings: Settings, *, tested: bool) -> None:
    """Whether there are enough records of each class; asked before Spark is started.

    Args:
        counts: records of class 0 and class 1 in the training files.
        dataset: the contract.
        settings: what is asked.
        tested: whether test files are given, so that nothing is held out of the training files.

    Raises:
        ContractError: a class has too few records to train on, to hold out, or for the folds.
    """
    if min(counts) < MIN_CLASS_ROWS:
        raise ContractError(
            f"the training records have {counts[0]:,} of class 0 ({', '.join(dataset.label.negative)}) and "
            f"{counts[1]:,} of class 1 ({', '.join(dataset.label.positive)}) in '{dataset.label_name}'; "
            f"a model needs at least {MIN_CLASS_ROWS} of each: take a file with more records, or check the "
            "label values in the contract"
        )
    if settings.split_by is None and not tested and not min(_held(counts, settings)):
        raise ContractError(
            f"a held-out share of {settings.holdout:g} leaves a class without any held-out record; hold out more, "
            "or take a file with more records"
        )


def _held(counts: tuple[int, int], settings: Settings) -> tuple[int, int]:
    return round(settings.holdout * counts[0]), round(settings.holdout * counts[1])


def check_part(counts: tuple[int, int], settings: Settings, what: str) -> None:
    """Whether a training part can be shared out among folds and repeats.

    Raises:
        ContractError: a class is missing, or too small.
    """
    needed = max(2, settings.folds if settings.folds > 1 else 0)
    if min(counts) < needed or not min(_held(counts, settings)):
        smaller = int(counts[1] < counts[0])
        raise ContractError(
            f"{what} has {counts[smaller]:,} rows of class {smaller}: too few for {settings.folds} folds and a "
            f"validation share of {settings.holdout:g}; ask for fewer with --folds, or take a file with more records"
        )


def as_json(settings: Settings) -> Mapping[str, object]:
    """The settings as JSON values, for the model's description."""
    from dataclasses import asdict

    plain = asdict(settings)
    plain["encode_columns"] = dict(settings.encode_columns)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}
