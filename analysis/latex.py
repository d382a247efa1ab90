r"""Tables in LaTeX, in booktabs' style: a `tabular` to be `\input` anywhere; caption and label are the paper's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_LETTERS = {
    **{letter: "\\" + letter for letter in "_&%#${}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # At the beginning of a row they would be arguments of the line break before it.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
}


def escaped(words: str) -> str:
    r"""Words for LaTeX, whatever letters are in them.

    >>> print(escaped(r"a_b & 5 % \input{x}"))
    a\_b \& 5 \% \textbackslash{}input\{x\}
    """
    return "".join(_LETTERS.get(c, c) if c.isprintable() else "?" for c in words)


def signed(value: float | None, decimals: int) -> str:
    """A number with a minus that is one; a dash where it is undefined.

    >>> signed(1.234, 2), signed(-1.234, 2), signed(None, 2)
    ('1.23', '$-1.23$', '--')
    """
    if value is None:
        return "--"
    words = f"{value:.{decimals}f}"
    return f"${words}$" if words.startswith("-") else words


def interval(difference: float | None, low: float | None, high: float | None, *, decimals: int = 2) -> str:
    """An estimate and the ends of its interval, where it has one.

    >>> interval(1.5, -0.25, 3.25)
    '1.50 [$-0.25$, 3.25]'
    """
    middle = signed(difference, decimals)
    return middle if low is None or high is None else f"{middle} [{signed(low, decimals)}, {signed(high, decimals)}]"


def booktabs(headings: Sequence[str], groups: Iterable[Iterable[Sequence[str]]], *, left: int = 1) -> str:
    r"""A table: a `tabular` with rules between its groups of rows.

    Args:
        headings: of the columns, in LaTeX.
        groups: of rows, each as many cells in LaTeX as there are headings.
        left: how many columns hold words.

    >>> print(booktabs(["arm", "fits"], [[["static", "0"]], [["majority", "--"]]]), end="")
    % \usepackage{booktabs}
    \begin{tabular}{lr}
    \toprule
    arm & fits \\
    \midrule
    static & 0 \\
    \midrule
    majority & -- \\
    \bottomrule
    \end{tabular}
    """
    lines = ["% \\usepackage{booktabs}", f"\\begin{{tabular}}{{{'l' * left}{'r' * (len(headings) - left)}}}"]
    lines += ["\\toprule", _row(headings)]
    for rows in groups:
        lines += ["\\midrule", *map(_row, rows)]
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}"]) + "\n"


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + " \\\\"
