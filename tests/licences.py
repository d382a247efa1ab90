"""Writes docs/licences.md: what driftduel runs with, and under which licence, from what the installed packages say.

python tests/licences.py, or `make licences`. Packages are those that pyproject.toml asks for at run time, its extras
but `dev` included, and all that these ask for; jars are those of `producer/jars.sha256`. What says nothing about itself
stands in `SAID_ELSEWHERE`.
"""

from __future__ import annotations

import re
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from producer.jars import Jar, pinned_jars, repository

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"
HEAD = """# Licences

driftduel is under Apache-2.0. This page lists what it runs with, each under its own licence. `make licences` writes it
from what the installed packages and jars say of themselves; a test holds it against what is installed.

## Shipped inside the package

| what | licence |
| --- | --- |
| uPlot (`analysis/web/uPlot.iife.min.js`, `uPlot.min.css`) | MIT (`analysis/web/uPlot.LICENSE`) |
"""
SAID_ELSEWHERE = {
    "skops": "MIT",
    "com.dynatrace.hash4j:hash4j": "Apache-2.0",
    "com.google.re2j:re2j": "BSD-3-Clause",
    "com.yammer.metrics:metrics-core": "Apache-2.0",
    "org.pcollections:pcollections": "MIT",
    "org.slf4j:slf4j-api": "MIT",
    "org.slf4j:slf4j-simple": "MIT",
}
"""Of packages that don't say it in what is installed: as their makers' pages have it."""
NAMES = (
    ("Apache", "Apache-2.0"),
    ("Zero|publicdomain", "CC0-1.0 OR BSD-2-Clause"),
    ("BSD-2", "BSD-2-Clause"),
    ("MIT|mit-license", "MIT"),
)
"""The words by which a jar names its licence, and SPDX's name for it."""


def page() -> str:
    """The whole page."""
    packages = ((name, _licence_of(found)) for name, found in sorted(distributions(_asked()).items()))
    jars = ((name, licence) for name, licence in sorted((_artifact(jar), _jar_licence(jar)) for jar in pinned_jars()))
    return "\n".join(
        [
            HEAD,
            "## Python packages\n",
            "PySpark's wheel brings Spark's own jars; its `LICENSE` lists theirs.\n",
            *_table("package", packages),
            "\n## Jars of the embedded Apache Kafka\n",
            "Downloaded once, and checked against the SHA-256 sums that ship with the package.\n",
            *_table("jar", jars),
            "",
        ]
    )


def distributions(asked: Iterable[str]) -> dict[str, Distribution]:
    """The installed packages that these requirements come to, by their plain names; each with what it asks for."""
    found: dict[str, Distribution] = {}
    waiting, seen = [Requirement(text) for text in asked], set()
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), ("", *sorted(wanted.extras))
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found[name] = distribution(wanted.name)
        further = map(Requirement, found[name].requires or ())
        waiting += [r for r in further if not r.marker or any(r.marker.evaluate({"extra": extra}) for extra in extras)]
    return found


def _asked() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *(text for extra in extras if extra != "dev" for text in extras[extra])]


def _licence_of(found: Distribution) -> str:
    said = found.metadata.get("License-Expression") or found.metadata.get("License") or ""
    classified = [c.rpartition(" :: ")[2] for c in found.metadata.get_all("Classifier") or () if "License" in c]
    plain = said if said and "\n" not in said and len(said) < 80 else ", ".join(classified)
    name = canonicalize_name(found.metadata["Name"])
    return SAID_ELSEWHERE.get(name) or plain or _unknown(name)


def _jar_licence(jar: Jar) -> str:
    name = _artifact(jar)
    said = SAID_ELSEWHERE.get(name) or next(iter(_said_in(repository() / jar.path)), "")
    return said or _unknown(name)


def _said_in(jar: Path) -> Iterator[str]:
    with zipfile.ZipFile(jar) as archive:
        inside = {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist() if _tells(name)}
    manifest = re.sub(r"\r?\n ", "", inside.pop("META-INF/MANIFEST.MF", ""))
    bundle = re.findall("Bundle-License: (.*)", manifest)
    poms = [
        said
        for name in inside
        if name.endswith("pom.xml")
        for said in re.findall("(?s)<license>.*?</license>", inside[name])
    ]
    texts = [text[:300] for name, text in inside.items() if not name.endswith("pom.xml")]
    for said in (*bundle, *poms, *texts):
        yield from (name for words, name in NAMES if re.search(words, said, re.IGNORECASE))


def _tells(name: str) -> bool:
    return name == "META-INF/MANIFEST.MF" or bool(re.search(r"pom\.xml$|(^|/)LICEN[SC]E[^/]*$", name))


def _artifact(jar: Jar) -> str:
    return ":".join(jar.coordinates[:2])


def _table(what: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"| {what} | licence |"
    yield "| --- | --- |"
    yield from (f"| {name} | {licence} |" for name, licence in rows)


def _unknown(name: str) -> str:
    raise SystemExit(f"{name} doesn't say its licence; look it up, and add it to SAID_ELSEWHERE in tests/licences.py")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
