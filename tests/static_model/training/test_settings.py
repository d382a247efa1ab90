"""What a user may ask of training: checked against the contract before anything is read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis import train_options
from producer.dataset import Dataset, load_dataset, parse_dataset
from producer.errors import ContractError, UsageError
from static_model.training.settings import (
    ALGORITHMS,
    DEFAULT_ALGORITHMS,
    RULES,
    Settings,
    as_json,
    check_classes,
    check_part,
    check_settings,
    parse_encodings,
)

SETTINGS = Settings(seed=1)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Numbers, words, a kind of attack and a label."""
    return parse_dataset(
        """
        name = "t"
        label = { positive = ["1"], negative = ["0"], kind = "type" }
        columns = [
            { name = "x", type = "float" },
            { name = "w", type = "string" },
            { name = "type", type = "string", feature = false },
            { name = "y", type = "label" },
        ]
        """,
        "t",
    )


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"split_by": "when"}, "'when' is no column of dataset 't'; it has: x, w, type, y"),
        ({"split_by": "y"}, "'y' is the label of dataset 't'"),
        ({"with_without": ("nothing",)}, "'nothing' is no column"),
        ({"encode_columns": (("x", "hash"),)}, "'x' is a column of numbers; only words are encoded"),
        ({"with_without": ("type",)}, "'type' is the kind of attack: it gives the label away"),
    ],
)
def test_what_the_contract_does_not_have_is_refused(dataset: Dataset, asked: dict, message: str) -> None:
    """The message names the column and what there is."""
    with pytest.raises(UsageError, match=message):
        check_settings(replace(SETTINGS, **asked), dataset)


def test_tables_that_cannot_be_made_are_refused(dataset: Dataset) -> None:
    """Encodings need words, kinds need a contract that names them."""
    numbers = dataset.without_features(["w"])
    with pytest.raises(UsageError, match="no feature is a column of words, so there are no encodings to compare"):
        check_settings(replace(SETTINGS, compare_encodings=True), numbers)
    with pytest.raises(UsageError, match=r"dataset 'dns-exfil' names no kind of attack; put label\.kind into"):
        check_settings(replace(SETTINGS, kinds=True), load_dataset("dns-exfil"))


@pytest.mark.parametrize("name", ["a.b", "a`b", "prediction", "__label"])
def test_names_that_spark_cannot_take_are_refused(dataset: Dataset, name: str) -> None:
    """A dot, a backtick, or a name that training makes itself."""
    columns = tuple(c.model_copy(update={"name": name}) if c.name == "x" else c for c in dataset.columns)
    with pytest.raises(ContractError, match=r"Spark can't use the column '.*' as a feature, because of its name"):
        check_settings(SETTINGS, dataset.model_copy(update={"columns": columns}))


def test_classes_must_be_large_enough(dataset: Dataset) -> None:
    """Twenty of each, and one of each among the held-out ones unless these are files of their own."""
    with pytest.raises(ContractError, match=r"500 of class 0 \(0\) and 0 of class 1 \(1\).*at least 20 of each"):
        check_classes((500, 0), dataset, SETTINGS, tested=False)
    with pytest.raises(ContractError, match=r"a held-out share of 0.01 leaves a class without any held-out record"):
        check_classes((500, 20), dataset, replace(SETTINGS, holdout=0.01), tested=False)
    check_classes((500, 20), dataset, replace(SETTINGS, holdout=0.01), tested=True)
    with pytest.raises(ContractError, match="the training part has 2 rows of class 1: too few for 2 folds"):
        check_part((100, 2), SETTINGS, "the training part")


def test_encodings_are_read_for_all_columns_and_for_one() -> None:
    """A word alone is for all of them; `column=word` for one; an unknown one is named."""
    assert ("index", (("a=b", "hash"),)) == parse_encodings(["index", "a=b=hash"])
    with pytest.raises(UsageError, match="there is no encoding 'dummy'; there are: one-hot, index, hash, ngrams"):
        parse_encodings(["dummy"])


def test_seeds_differ_by_purpose_and_repeat() -> None:
    """The folds' seed isn't that of the repeats, and both follow from the one seed."""
    seeds = {replace(SETTINGS, seed=seed).seed_of(purpose) for seed in (1, 2) for purpose in ("folds", "repeat 0")}
    assert 4 == len(seeds)
    assert SETTINGS.seed_of("folds") in seeds


def test_the_command_lines_lists_are_the_settings() -> None:
    """Options are written out so that --help imports nothing; they say what the settings know."""
    assert ALGORITHMS == train_options.ALGORITHMS
    assert DEFAULT_ALGORITHMS == train_options.DEFAULTS
    assert RULES == train_options.RULES


def test_settings_are_json_values() -> None:
    """Tuples become lists, pairs an object: what a model's description holds."""
    found = as_json(replace(SETTINGS, encode_columns=(("w", "hash"),)))
    assert {"w": "hash"} == found["encode_columns"]
    assert list(DEFAULT_ALGORITHMS) == found["algorithms"]
