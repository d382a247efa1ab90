"""Where to draw the line: the threshold of a score by a stated rule, and which metric should decide, in words."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from .assessment import FPR, sorted_counts

Rule = Literal["half", "mcc", "f1", "cost", "fpr-1pct"]
Floats = npt.NDArray[np.float64]

SAID = {
    "mcc": "the highest MCC",
    "f1": "the highest F1",
    "cost": "the lowest cost",
    "fpr-1pct": "the highest recall at a false-positive rate of at most 1 %",
}
RARE, COMMON = 0.1, 0.9


def choose_threshold(
    labels: npt.NDArray[np.int8],
    scores: Floats,
    *,
    rule: Rule,
    cost_fp: float = 1.0,
    cost_fn: float = 1.0,
) -> tuple[float, str]:
    """The threshold that a rule chooses on validation rows, and the rule with its figures in a sentence.

    It lies half-way between two observed scores, so that no validation row is on the edge; of equally good ones the
    highest is taken, which raises the fewest alarms. A row whose score is 0 is never called positive.

    Args:
        labels: int8[n], of validation rows: neither fitted on nor tested on.
        scores: float64[n], from 0 to 1.
        rule: "half" is 0.5 and looks at nothing.
        cost_fp: of a false alarm, for the rule "cost".
        cost_fn: of a missed attack.

    Returns:
        A threshold from 0 to 1, and the sentence.
    """
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if rule == "half":
        return 0.5, "0.5: the class with the higher probability; not tuned on any rows"
    if not positives or not negatives:
        return 0.5, f"0.5: the validation rows are of one class, so {SAID[rule]} can't be looked for"
    tp, fp, ranked = sorted_counts(labels, scores)
    tp, fp = np.append(0.0, tp), np.append(0.0, fp)
    values = _values(rule, tp, fp, positives, negatives, (cost_fp, cost_fn))
    if ranked[-1] <= 0:
        values[-1] = -np.inf  # no score is below 0: a row that scores 0 can't be called positive
    best = int(np.argmax(values))
    edges = np.concatenate([[(1.0 + ranked[0]) / 2], (ranked[:-1] + ranked[1:]) / 2, [ranked[-1] / 2]])
    threshold = float(np.clip(edges[best], 0.0, 1.0))
    figures = f"recall {tp[best] / positives:.4f}, false-positive rate {fp[best] / negatives:.4f}"
    return threshold, f"{threshold:.6g}: {SAID[rule]} on {len(labels):,} validation rows ({figures} there)"


def _values(rule: Rule, tp: Floats, fp: Floats, positives: int, negatives: int, costs: tuple[float, float]) -> Floats:
    """What the rule makes as large as possible, for each number of rows taken from the top."""
    fn, tn = positives - tp, negatives - fp
    if rule == "f1":
        return 2 * tp / (2 * tp + fp + fn)
    if rule == "cost":
        return -(costs[0] * fp + costs[1] * fn)
    if rule == "fpr-1pct":
        return np.where(fp <= FPR * negatives, tp, -1.0)
    spread = np.sqrt((tp + fp) * (tn + fn) * positives * negatives)
    return np.divide(tp * tn - fp * fn, spread, out=np.zeros_like(tp), where=spread > 0)


def which_metric(
    class_counts: tuple[int, int], *, prevalence: float | None = None, costs: tuple[float, float] | None = None
) -> str:
    """Which metric should decide here, and why, in words.

    Args:
        class_counts: test rows of class 0 and class 1.
        prevalence: share of class 1 where the model will be used, if the user says so.
        costs: of a false alarm and of a missed attack, if the user says so.
    """
    negatives, positives = class_counts
    total = negatives + positives
    if not positives or not negatives:
        return "No metric can decide: the held-out rows that decide are not of both classes."
    share = positives / total if total else 0.0
    majority = max(share, 1 - share)
    if costs is not None and costs != (1.0, 1.0):
        return (
            f"The expected cost should decide: a missed attack is said to cost {costs[1]:g} and a false alarm "
            f"{costs[0]:g}, and no other metric knows these."
        )
    if prevalence is not None and abs(prevalence - share) > 0.01:
        return (
            f"Precision at the stated prevalence of {prevalence:g} should decide, with the recall beside it: the test "
            f"rows have {share:.1%} of class 1, so their precision and PR-AUC aren't those of the deployment."
        )
    if share < RARE:
        return (
            f"PR-AUC (its baseline is {share:.4f}) and the recall at 1 % false positives should decide: only "
            f"{share:.2%} of the rows are of class 1, and predicting none of them already has an accuracy of "
            f"{majority:.4f}. With {positives:,} such rows, each one counts {1 / max(positives, 1):.2%} of the recall."
        )
    if share > COMMON:
        return (
            f"MCC and balanced accuracy should decide: {share:.1%} of the rows are of class 1, so accuracy, precision "
            f"and F1 are high for a model that calls everything an attack (accuracy {majority:.4f})."
        )
    return (
        f"MCC should decide: it needs both classes to be right ({share:.1%} of the rows are of class 1), while F1 "
        f"ignores the true negatives and accuracy already reaches {majority:.4f} by naming the larger class."
    )
