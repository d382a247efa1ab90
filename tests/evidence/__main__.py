"""`python tests/evidence [NAME]...`: runs the long forms (all, or those named) and writes docs/evidence.md and .json.

`--page` runs nothing and writes the page anew. The tables of the real streams are printed, as README has them.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence

from evidence_claims import CLAIMS
from evidence_page import DOCS, markdown, page, store, stored
from evidence_tables import compact_tables

from producer.errors import DriftduelError


def main(arguments: Sequence[str]) -> int:
    """Run, store after each module, write the page; 1 if something was skipped."""
    modules = [claim.module for claim in CLAIMS]
    if unknown := sorted(set(arguments) - {*modules, "--page"}):
        print(f"no evidence '{unknown[0]}'; there is: {', '.join(modules)}", file=sys.stderr)
        return 2
    chosen = [] if "--page" in arguments else arguments or modules
    done = [run(name) for name in chosen]
    results = stored()
    (DOCS / "evidence.md").write_text(page(results), encoding="utf-8")
    if "streams" in results:
        print("\n".join(map(markdown, compact_tables(results["streams"]))))
    return int(not all(done))


def run(name: str) -> bool:
    """Run a module's long form and store what it returns; False, loudly, where that can't be done here."""
    if importlib.util.find_spec(name) is None:
        print(f"!!! SKIPPED: there is no tests/evidence/{name}.py here", file=sys.stderr)
        return False
    print(f"--- {name}", file=sys.stderr, flush=True)
    try:
        store(name, importlib.import_module(name).main(full=True))
    except DriftduelError as error:
        print(f"!!! SKIPPED: {name}: {error}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
