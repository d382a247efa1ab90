"""Which regular expressions are read, and what they cut."""

from __future__ import annotations

import pytest

from static_model.tokenizing import CHARACTERS, Tokens, problem_of, tokenizer

READ = [
    "\\s+",
    "\\W",
    ".",
    "a",
    "[a-z]+",
    "[^,;]+?",
    "[-_.]",
    "[\\w.-]{2,5}",
    "ab|c+",
    "\\.",
    "[a|b]",
    "ä",
    "x{3}",
    "&",
]
NOT_READ = [
    "(a)",
    "^a",
    "a$",
    "\\b",
    "\\1",
    "(?i)a",
    "a++",
    "[a&&b]",
    "[[a]b]",
    "\\p{L}",
    "\\x41",
    "\\h",
    "a||b",
    "[a-",
    "",
]


@pytest.mark.parametrize("pattern", READ)
def test_patterns_that_mean_the_same_to_java_are_read(pattern: str) -> None:
    """Characters, classes, repetitions and alternatives."""
    assert "" == problem_of(Tokens(pattern, gaps=True))


@pytest.mark.parametrize("pattern", NOT_READ)
def test_other_patterns_are_refused(pattern: str) -> None:
    """Groups, anchors, flags, properties and what Java alone knows are named, not guessed."""
    assert f"cuts texts by the pattern {pattern!r}; only characters" in problem_of(Tokens(pattern))


@pytest.mark.parametrize(
    ("tokens", "problem"),
    [
        (Tokens("\\s*"), "matches the empty text"),
        (Tokens("a|b?"), "matches the empty text"),
        (Tokens("a+b+c+d{2,}e*"), "has more than 4 open repetitions"),
        (Tokens("[z-a]"), "is no regular expression"),
        (Tokens("a" * 201), "only characters"),
        (Tokens("a", least=0), "keeps empty tokens"),
    ],
)
def test_patterns_that_could_go_on_for_ever_are_refused(tokens: Tokens, problem: str) -> None:
    """Nothing that matches nothing, and nothing that takes for ever on a long text."""
    assert problem in problem_of(tokens)


@pytest.mark.parametrize(
    ("tokens", "text", "expected"),
    [
        (CHARACTERS, "aB\nc\u2028\x85d", ["a", "b", "c", "d"]),
        (Tokens("\\s+", gaps=True), "  One two\x0bTHREE\u00a0four ", ["one", "two", "three\u00a0four"]),
        (Tokens("\\s", gaps=True, lowercase=False, least=2), "a BC  \U0001d4b3", ["BC", "\U0001d4b3"]),
        (Tokens("\\w+"), "größe_1", ["gr", "e_1"]),
        (Tokens("\\d+|[a-z]"), "12ab", ["12", "a", "b"]),
        (Tokens(","), "", []),
    ],
)
def test_texts_are_cut(tokens: Tokens, text: str, expected: list[str]) -> None:
    """Words are ASCII's, "." stops at every kind of line end, and lengths count as Java counts them."""
    assert expected == tokenizer(tokens)(text)
