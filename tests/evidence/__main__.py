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


def main(arguments: Sequence[str]) -> int:
    """Run, store after each module, write the page; 1 if a module is missing."""
    modules = [claim.module for claim in CLAIMS]
    if unknown := sorted(set(arguments) - {*modules, "--page"}):
        print(f"no evidence '{unknown[0]}'; there is: {', '.join(modules)}", file=sys.stderr)
        return 2
    missing = 0
    for name in [] if "--page" in arguments else arguments or modules:
        if importlib.util.find_spec(name) is None:
            print(f"!!! SKIPPED: there is no tests/evidence/{name}.py here", file=sys.stderr)
            missing += 1
            continue
        print(f"--- {name}", file=sys.stderr, flush=True)
        store(name, importlib.import_module(name).main(full=True))
    results = stored()
    (DOCS / "evidence.md").write_text(page(results), encoding="utf-8")
    if "streams" in results:
        print("\n".join(map(markdown, compact_tables(results["streams"]))))
    return int(missing > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
