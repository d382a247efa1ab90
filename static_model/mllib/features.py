"""Spark's saved feature stages: what each does to what is known of the columns midway through a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from static_model.steps import Index, Numeric, OneHot, Step, picked

from .columns import Columns
from .scaling import max_abs_scaler, min_max_scaler, robust_scaler, standard_scaler
from .stage import Stage
from .texts import feature_hasher, hashing_tf, n_gram, regex_tokenizer, word_vectors

_VERBS = {"skip": "drops", "error": "fails on"}


def _imputer(stage: Stage, columns: Columns) -> None:
    asked = stage.parameter("missingValue")
    missing = None if asked is None or float(asked) != float(asked) else float(asked)
    table = stage.table()
    for column, output in zip(stage.columns("input"), stage.columns("output"), strict=True):
        fill = float(table[column][0].as_py())
        columns.put(output, Numeric(columns.of_records(stage, column), fill, missing))


def _string_indexer(stage: Stage, columns: Columns) -> None:
    invalid = stage.parameter("handleInvalid") or "error"
    labels = stage.table()["labelsArray"][0].as_py()
    for column, output, words in zip(stage.columns("input"), stage.columns("output"), labels, strict=True):
        columns.put(output, Index(columns.of_records(stage, column), tuple(words)))
        if invalid != "keep":
            columns.require(column)
            columns.notes.append(
                f"Spark {_verb(stage, invalid)} a record whose '{column}' holds a word unknown to {stage.title}; "
                "here it is scored as with handleInvalid='keep': all unknown words are one more word"
            )


def _one_hot_encoder(stage: Stage, columns: Columns) -> None:
    sizes = stage.table()["categorySizes"][0].as_py()
    for index, output, size in zip(stage.columns("input"), stage.columns("output"), sizes, strict=True):
        match columns.made.get(index):
            case (Index() as found,):
                step = _one_hot(stage, columns, found, int(size))
                columns.put(output, *([step] if step.width else []))
            case _:
                raise stage.refuse(f"it encodes '{index}', which no StringIndexerModel before it has made")


def _one_hot(stage: Stage, columns: Columns, found: Index, size: int) -> OneHot:
    """One-hot features of `size` categories; an index beyond them is one more category, "invalid"."""
    keep, labels = stage.parameter("handleInvalid") == "keep", found.labels
    if (size < len(labels) and not keep) or size > len(labels) + 1:
        raise stage.refuse(f"it has {size} categories and its StringIndexerModel {len(labels)}; fit both together")
    if size == len(labels) and not keep and found.column not in columns.required:
        columns.notes.append(
            f"Spark fails on a record whose '{found.column}' holds a word unknown to {stage.title}; "
            "here none of its features is set then"
        )
    width = size + keep - bool(stage.parameter("dropLast"))
    return OneHot(found.column, labels[:size], width)


def _vector_assembler(stage: Stage, columns: Columns) -> None:
    steps: list[Step] = []
    for column in stage.columns("input"):
        if column in columns.terms:
            raise stage.refuse(f"it assembles '{column}', which holds words")
        if column in columns.made:
            steps += columns.made[column]
            continue
        steps.append(Numeric(column))
        if stage.parameter("handleInvalid") != "keep":
            columns.require(column)
    columns.put(stage.parameter("outputCol"), *steps)


def _selector(stage: Stage, columns: Columns) -> None:
    (chosen,) = stage.table()["selectedFeatures"].to_pylist()
    _pick(stage, columns, stage.parameter("featuresCol"), sorted(chosen))


def _vector_slicer(stage: Stage, columns: Columns) -> None:
    if stage.parameter("names"):
        raise stage.refuse("it picks features by name, and names aren't saved; pick them by indices")
    _pick(stage, columns, stage.parameter("inputCol"), stage.parameter("indices"))


def _pick(stage: Stage, columns: Columns, name: str, chosen: Sequence[int]) -> None:
    steps = columns.vector(stage, name)
    places = [(at, place) for at, step in enumerate(steps) for place in range(step.width)]
    if any(not 0 <= index < len(places) for index in chosen):
        raise stage.refuse(f"it picks the features {list(chosen)}, its pipeline makes {len(places)}")
    runs = groupby((places[index] for index in chosen), key=lambda found: found[0])
    columns.put(stage.parameter("outputCol"), *(picked(steps[at], [place for _, place in run]) for at, run in runs))


def _verb(stage: Stage, invalid: str) -> str:
    if invalid not in _VERBS:
        raise stage.refuse(f"its handleInvalid is {invalid!r}")
    return _VERBS[invalid]


TRANSFORMERS: Mapping[str, Callable[[Stage, Columns], None]] = {
    "ImputerModel": _imputer,
    "StringIndexerModel": _string_indexer,
    "OneHotEncoderModel": _one_hot_encoder,
    "FeatureHasher": feature_hasher,
    "RegexTokenizer": regex_tokenizer,
    "NGram": n_gram,
    "HashingTF": hashing_tf,
    "Word2VecModel": word_vectors,
    "VectorAssembler": _vector_assembler,
    "StandardScalerModel": standard_scaler,
    "RobustScalerModel": robust_scaler,
    "MaxAbsScalerModel": max_abs_scaler,
    "MinMaxScalerModel": min_max_scaler,
    "ChiSqSelectorModel": _selector,
    "UnivariateFeatureSelectorModel": _selector,
    "VarianceThresholdSelectorModel": _selector,
    "VectorSlicer": _vector_slicer,
}
"""What reads each supported class of feature stages."""
