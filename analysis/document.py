"""A page in one file: it needs no network and no other file, and nothing that data say can run in it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from .markup import text

_WEB = Path(__file__).with_name("web")
_UNSAFE = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&"}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page.

    Attributes:
        name: what links within the page call it.
        title: its heading.
        content: markup.
    """

    name: str
    title: str
    content: str


@cache
def asset(name: str) -> str:
    """The text of a file that ships with the package, in `analysis/web`."""
    return (_WEB / name).read_text("utf-8")


def document(
    title: str,
    sections: Sequence[Section],
    *,
    lead: str = "",
    styles: Sequence[str] = ("page.css",),
    scripts: Sequence[str] = (),
    data: Mapping[str, object] | None = None,
    note: str = "",
) -> str:
    """A whole page, one section after the other; those without content are left out.

    The content security policy admits these styles and scripts by their SHA-256, and nothing else: no network, no
    other script, no style in an attribute.

    Args:
        title: in words, not markup.
        sections: in order.
        lead: markup that stands below the title.
        styles: files of `analysis/web`.
        scripts: the same; run in this order when the page is there.
        data: values for the scripts, plain JSON, each an element of that id.
        note: a comment at the head; must not hold `--`.
    """
    there = [section for section in sections if section.content]
    links = "".join(f'<li><a href="#{one.name}">{text(one.title)}</a></li>' for one in there)
    body = "\n".join(f'<section id="{s.name}">\n<h2>{text(s.title)}</h2>\n{s.content}\n</section>' for s in there)
    css, code = "\n".join(map(asset, styles)), [asset(name) for name in scripts]
    embedded = "\n".join(data_block(name, value) for name, value in (data or {}).items())
    comment = f"<!--\n{note}\n-->\n" if note else ""
    return f"""<!DOCTYPE html>
{comment}<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_policy([css], code)}">
<title>{text(title)}</title>
<style>{css}</style>
</head>
<body>
<header>
<h1>{text(title)}</h1>
{lead}
<nav aria-label="Sections"><ul>{links}</ul></nav>
</header>
<main>
{body}
</main>
{embedded}
{"".join(f"<script>{one}</script>" for one in code)}
</body>
</html>
"""


def data_block(name: str, value: object) -> str:
    r"""Values for a script, as JSON in which no letter can end the element or begin another.

    >>> data_block("found", ["</script>"])
    '<script type="application/json" id="found">["\\u003c/script\\u003e"]</script>'
    """
    told = json.dumps(value, allow_nan=False, separators=(",", ":")).translate(_UNSAFE)
    return f'<script type="application/json" id="{name}">{told}</script>'


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    parts = ["default-src 'none'", f"style-src {_hashes(styles)}", "img-src data:"]
    parts += [f"script-src {_hashes(scripts)}"] if scripts else []
    return "; ".join([*parts, "base-uri 'none'", "form-action 'none'"])


def _hashes(parts: Sequence[str]) -> str:
    return " ".join(f"'sha256-{b64encode(sha256(part.encode()).digest()).decode()}'" for part in parts)
