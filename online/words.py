"""The short words for a component: `word`, `word(value, name=value)`, or `word-5` for `word(5)`."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

LONGEST = 2_000
"""Characters of the words for one component; it bounds how deep they can be nested, too."""


@dataclass(frozen=True, slots=True)
class Call:
    """A word with its arguments, those without and those with a name; each argument is still text."""

    word: str
    unnamed: tuple[str, ...]
    named: dict[str, str]


def parse_call(text: str, known: Container[str] = ()) -> Call:
    """Take the words for one component apart; arguments that are components themselves stay as they are.

    Args:
        text: what the user wrote.
        known: words of which `word-5` is no short form, as they end so themselves.

    Raises:
        ValueError: the text is far too long, the parentheses don't match, or an argument is empty.

    >>> parse_call("drift(adwin(delta=0.01), look_back=5)")
    Call(word='drift', unnamed=('adwin(delta=0.01)',), named={'look_back': '5'})
    >>> parse_call("last-20(minimum=50)")
    Call(word='last', unnamed=('20',), named={'minimum': '50'})
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise ValueError(f"'{text[:40]}...' has {len(text):,} characters; a component is said in at most {LONGEST:,}")
    word, opened, rest = text.partition("(")
    word, unnamed, named = word.strip(), list[str](), dict[str, str]()
    before, _, number = word.rpartition("-")
    if before and number.isdecimal() and word not in known:
        word, unnamed = before, [number]
    if opened and not rest.endswith(")"):
        raise ValueError(f"'{text}' doesn't end with the ) that its ( asks for")
    for part in split(rest[:-1], ","):
        name, equals, value = part.partition("=")
        if equals and "(" not in name:
            if name.strip() in named:
                raise ValueError(f"'{text}': {name.strip()} is given twice")
            named[name.strip()] = value.strip()
        elif named:
            raise ValueError(f"'{text}': '{part}' has no name, but stands after values that have one")
        else:
            unnamed.append(part)
    return Call(word, tuple(unnamed), named)


def split(text: str, mark: str) -> list[str]:
    """The parts of a text between marks that stand outside all parentheses; nothing for an empty text.

    Raises:
        ValueError: the parentheses don't match, or a part is empty.

    >>> split("a(b,c),d", ",")
    ['a(b,c)', 'd']
    """
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            break
        if letter == mark and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    if depth:
        raise ValueError(f"the parentheses of '{text}' don't match")
    parts = [part.strip() for part in parts]
    if parts == [""]:
        return []
    if "" in parts:
        raise ValueError(f"'{text}' holds an empty part between two '{mark}'")
    return parts
