"""The modules of this folder find each other by their names, as when one of them is run as a script."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
