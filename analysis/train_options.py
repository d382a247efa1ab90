"""What `train` may be asked, as options of the command line: they say what `static_model`'s settings hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from producer.cli import SEED, Numbers

Command = TypeVar("Command", bound=Callable[..., Any])

# Written out, as --help must not import what fits: a test holds them against `static_model.training.settings`.
ALGORITHMS = ("logistic_regression", "linear_svc", "decision_tree", "gradient_boosted_trees", "random_forest")
DEFAULTS = ("logistic_regression", "gradient_boosted_trees", "random_forest")
RULES = ("half", "mcc", "f1", "cost", "fpr-1pct")

SHARE = Numbers(0, 1, min_open=True, max_open=True)
COST = Numbers(0, min_open=True)

_OPTIONS = (
    click.option("--dataset", required=True, metavar="D", help="A preset's name or a contract file."),
    click.option(
        "--out", "directory", required=True, metavar="MODEL", type=click.Path(path_type=Path), help="A new directory."
    ),
    click.option("--test", multiple=True, metavar="FILE", help="Hold these rows out instead of some of FILE's."),
    click.option(
        "--feature", "features", multiple=True, metavar="NAME", help="Use this column too, and show what it buys."
    ),
    click.option("--leave-out", "left_out", multiple=True, metavar="NAME", help="Use all features but this one."),
    click.option("--seed", default=0, show_default=True, type=SEED, help="Of splits, samples and fits."),
    click.option("--holdout", default=0.2, show_default=True, type=SHARE, help="The share that is held out."),
    click.option("--split-by", metavar="COLUMN", help="Hold out the latest rows by this column. [a random part]"),
    click.option(
        "--duplicates",
        default="across",
        show_default=True,
        type=click.Choice(["across", "all", "keep"]),
        help="across: held-out rows that the training part has, too, don't decide. all: each row counts once. "
        "keep: neither.",
    ),
    click.option(
        "--algorithm",
        "algorithms",
        multiple=True,
        type=click.Choice([*ALGORITHMS, "all"]),
        metavar="NAME",
        help=f"One of {', '.join(ALGORITHMS)}, or all; may be repeated. [{', '.join(DEFAULTS)}]",
    ),
    click.option("--folds", default=2, show_default=True, type=click.IntRange(0, 20), help="Of the grid; 0: no grid."),
    click.option(
        "--repeats", default=4, show_default=True, type=click.IntRange(1, 20), help="Splits that compare algorithms."
    ),
    click.option("--refit/--no-refit", default=True, show_default=True, help="Fit what was kept on all rows, too."),
    click.option("--trees", default=50, show_default=True, type=click.IntRange(1, 1000), help="Of the forest."),
    click.option("--depth", default=10, show_default=True, type=click.IntRange(1, 30), help="Of each tree, at most."),
    click.option("--boosts", default=20, show_default=True, type=click.IntRange(1, 1000), help="Boosted trees."),
    click.option(
        "--balance",
        default="none",
        show_default=True,
        type=click.Choice(["none", "weights", "undersample"]),
        help="Of the classes, in what is fitted on; test rows are never balanced.",
    ),
    click.option("--ratio", default=2.0, show_default=True, type=COST, help="Undersampling: class 0 for each class 1."),
    click.option(
        "--positive-fraction",
        default=1.0,
        show_default=True,
        type=Numbers(0, 1, min_open=True),
        help="Undersampling begins with this share of class 1.",
    ),
    click.option(
        "--encode",
        multiple=True,
        metavar="[COLUMN=]HOW",
        help="Words as one-hot, index, hash or ngrams; for all columns or one. [one-hot]",
    ),
    click.option("--compare-encodings", is_flag=True, help="Show what each encoding of words is worth."),
    click.option("--with-without", multiple=True, metavar="COLUMN", help="Show what this column would buy."),
    click.option("--kinds/--no-kinds", default=None, help="Try the kinds of attack, too. [if the contract has them]"),
    click.option("--prevalence", type=SHARE, help="The share of attacks where the model will be used."),
    click.option("--cost-fp", default=1.0, show_default=True, type=COST, help="Of a false alarm."),
    click.option("--cost-fn", default=1.0, show_default=True, type=COST, help="Of a missed attack."),
    click.option(
        "--threshold",
        default="half",
        show_default=True,
        type=click.Choice(RULES),
        help="Where a score becomes an alarm, chosen on validation rows: 0.5, the best MCC or F1, the lowest cost, or "
        "the best recall at 1 % false positives.",
    ),
    click.option("--partitions", type=click.IntRange(1, 1000), help="Of the rows that Spark fits on. [1 or 2 by size]"),
    click.option("--skip-bad-rows", is_flag=True, help="Leave out rows that are no records, and count them."),
    click.option("--force", is_flag=True, help="Replace a model that is there."),
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
)


def training_options(command: Command) -> Command:
    """Give a click command all of these options, in this order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
