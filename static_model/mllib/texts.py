"""Spark's saved stages that hash words or cut texts into terms."""

from __future__ import annotations

from static_model.step_validity import MAX_WIDTH
from static_model.steps import Hashed, NGrams, WordVectors
from static_model.tokenizing import Tokens, problem_of

from .columns import Columns, Terms
from .stage import Stage


def feature_hasher(stage: Stage, columns: Columns) -> None:
    """A `FeatureHasher`. Which of its columns hold words isn't saved with it: the contract says so."""
    _refuse_old_hash(stage)
    inputs = tuple(columns.of_records(stage, name) for name in stage.columns("input"))
    chosen = stage.parameter("categoricalCols") or ()
    categorical = tuple(name for name in inputs if name in chosen)
    columns.put(stage.parameter("outputCol"), Hashed(inputs, _width(stage), categorical))


def regex_tokenizer(stage: Stage, columns: Columns) -> None:
    """A `RegexTokenizer`, which fails on a missing text."""
    tokens = Tokens(
        pattern=stage.parameter("pattern"),
        gaps=bool(stage.parameter("gaps")),
        lowercase=bool(stage.parameter("toLowercase")),
        least=int(stage.parameter("minTokenLength")),
    )
    problem = problem_of(tokens)
    if problem:
        raise stage.refuse(f"it {problem}")
    column = columns.of_records(stage, stage.parameter("inputCol"))
    columns.require(column)
    columns.put_terms(stage.parameter("outputCol"), Terms(column, tokens, 1))


def n_gram(stage: Stage, columns: Columns) -> None:
    """An `NGram` of tokens."""
    found = columns.terms.get(stage.parameter("inputCol"))
    if found is None or found.n != 1:
        raise stage.refuse(f"its tokens '{stage.parameter('inputCol')}' come from no RegexTokenizer before it")
    columns.put_terms(stage.parameter("outputCol"), Terms(found.column, found.tokens, int(stage.parameter("n"))))


def hashing_tf(stage: Stage, columns: Columns) -> None:
    """A `HashingTF` of tokens or n-grams."""
    _refuse_old_hash(stage)
    found = columns.terms.get(stage.parameter("inputCol"))
    if found is None:
        raise stage.refuse(f"its terms '{stage.parameter('inputCol')}' come from no NGram or RegexTokenizer before it")
    binary = bool(stage.parameter("binary"))
    columns.put(stage.parameter("outputCol"), NGrams(found.column, found.n, _width(stage), found.tokens, binary))


def word_vectors(stage: Stage, columns: Columns) -> None:
    """A `Word2VecModel`: a row for each `word` with its `vector`, over several part files."""
    found = columns.terms.get(stage.parameter("inputCol"))
    if found is None or found.n != 1:
        raise stage.refuse(f"its tokens '{stage.parameter('inputCol')}' come from no RegexTokenizer before it")
    rows = sorted((row["word"], tuple(map(float, row["vector"]))) for row in stage.table().to_pylist())
    words, vectors = tuple(word for word, _ in rows), tuple(vector for _, vector in rows)
    columns.put(stage.parameter("outputCol"), WordVectors(found.column, found.tokens, words, vectors))


def _width(stage: Stage) -> int:
    width = int(stage.parameter("numFeatures"))
    if not 1 <= width <= MAX_WIDTH:
        raise stage.refuse(f"it makes {width:,} features; 1 to {MAX_WIDTH:,} are read")
    return width


def _refuse_old_hash(stage: Stage) -> None:
    version = str(stage.metadata.get("sparkVersion", "3"))
    if version.partition(".")[0] in ("1", "2"):
        raise stage.refuse(f"Spark {version} saved it, which hashed otherwise; save it again with Spark 3 or 4")
