r"""Cuts texts into tokens as Spark's `RegexTokenizer` does, where Java's and Python's regular expressions agree.

They differ in many corners. What is read here is the part in which they mean the same, once "." is spelled out and
`\s`, `\w`, `\d` are ASCII's, as they are to Java:

- characters; escaped punctuation; `\t \n \r \f`; "."; `\s \S \w \W \d \D`; classes such as `[a-z0-9_-]`, `[^,;]`;
- each of them with `+ * ? {m} {m,} {m,n}`, greedy or lazy;
- alternatives of such sequences with `|`.

No groups, anchors, look-arounds, back-references, flags, possessive quantifiers or class operators; no expression that
matches the empty text. At most `MAX_OPEN` quantifiers have no end, so that no text takes for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

MAX_PATTERN = 200
"""Characters of a pattern."""
MAX_OPEN = 4
"""Quantifiers without an end in a pattern: each may multiply the time by the text's length."""

_ESCAPE = r"\\[sSwWdDtnrf]|\\[!-/:-@\[-`{-~]"
_CLASS = rf"\[\^?-?(?:[A-Za-z0-9]-[A-Za-z0-9]|{_ESCAPE}|[^\\\[\]\-^&~\x00-\x1f])+-?\]"
_PLAIN = r"[^\\.\[\](){}|?*+^$\x00-\x1f]"
_QUANTIFIER = r"(?:[+*?]|\{\d{1,3}(?:,\d{0,3})?\})\??"
_ATOM = rf"(?:{_CLASS}|{_ESCAPE}|\.|{_PLAIN})"
_SEQUENCE = rf"(?:{_ATOM}(?:{_QUANTIFIER})?)+"
_READ = re.compile(rf"{_SEQUENCE}(?:\|{_SEQUENCE})*")
_PARTS = re.compile(rf"{_CLASS}|{_ESCAPE}|{_QUANTIFIER}|.")
_ANY = r"[^\n\r\x85\u2028\u2029]"  # Java's "." is no end of a line, of any kind


@dataclass(frozen=True, slots=True)
class Tokens:
    """How a text is cut into tokens: Spark's `RegexTokenizer`. The default cuts it into its characters, in lower case.

    Attributes:
        pattern: a regular expression; `problem_of` says whether it can be read.
        gaps: whether the pattern describes what stands between tokens; otherwise the tokens themselves.
        lowercase: whether the text is put into lower case first.
        least: characters (UTF-16) of the shortest token that is kept, at least 1.
    """

    pattern: str = "."
    gaps: bool = False
    lowercase: bool = True
    least: int = 1


CHARACTERS = Tokens()


def problem_of(tokens: Tokens) -> str:
    """Why a text can't be cut so, as the end of a sentence; nothing if it can."""
    if len(tokens.pattern) > MAX_PATTERN or not _READ.fullmatch(tokens.pattern) or "||" in tokens.pattern:
        return (
            f"cuts texts by the pattern {tokens.pattern!r}; only characters, classes and their repetitions, and "
            "alternatives of these, are sure to mean the same without Java"
        )
    parts = _PARTS.findall(tokens.pattern)
    if sum(part[0] in "+*" or part.rstrip("?").endswith(",}") for part in parts) > MAX_OPEN:
        return f"cuts texts by the pattern {tokens.pattern!r}, which has more than {MAX_OPEN} open repetitions"
    try:
        if _compiled(tokens.pattern).match(""):
            return f"cuts texts by the pattern {tokens.pattern!r}, which matches the empty text"
    except re.error as error:
        return f"cuts texts by the pattern {tokens.pattern!r}, which is no regular expression ({error})"
    return "" if tokens.least >= 1 else "keeps empty tokens; ask for a minTokenLength of at least 1"


def tokenizer(tokens: Tokens) -> Callable[[str], list[str]]:
    """A function from a text to its tokens, in order.

    >>> tokenizer(Tokens(pattern="[.-]", gaps=True))("www.Ex-ample..org")
    ['www', 'ex', 'ample', 'org']
    >>> tokenizer(Tokens())("aB")
    ['a', 'b']
    """
    expression = _compiled(tokens.pattern)
    cut = expression.split if tokens.gaps else expression.findall
    least, lowercase = tokens.least, tokens.lowercase

    def tokenize(text: str) -> list[str]:
        return [token for token in cut(text.lower() if lowercase else text) if _length(token) >= least]

    return tokenize


def _length(token: str) -> int:
    """Java counts UTF-16: a character beyond the first 65,536 is two."""
    return len(token) if token.isascii() else len(token.encode("utf-16-le")) // 2


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_ANY if part == "." else part for part in _PARTS.findall(pattern)), re.ASCII)
