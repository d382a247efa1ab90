"""Any bytes in a file are rows and dead letters, or a sentence: CSV, TSV, gzip, Parquet, whatever they begin with.

python tests/fuzz/fuzz_files.py [-runs=N] [-max_total_time=SECONDS] [CORPUS...]; the options are libFuzzer's.
"""

from __future__ import annotations

import sys
import tempfile
from io import BytesIO
from itertools import islice
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["producer.files", "producer.columnar", "producer.tabs", "producer.lines", "producer.opening"]
):
    from producer.columnar import MAGIC
    from producer.files import read_blocks, read_header
    from producer.opening import GZIP_MAGIC

from producer.dataset import parse_dataset
from producer.errors import DriftduelError

CONTRACT = parse_dataset(
    """
name = "fuzzed"
label = { positive = ["1"], negative = ["0"] }
columns = [
    { name = "a", type = "int" },
    { name = "b", type = "float" },
    { name = "w", type = "string" },
    { name = "y", type = "label" },
]
""",
    "fuzzed",
)
FOLDER = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
FILE = Path(FOLDER.name) / "fuzzed"
LINES = 5
"""Lines of a plain file: Arrow reads each at least once, and more of them show nothing that these don't."""


def one_input(data: bytes) -> None:
    """The bytes are a file's."""
    packed = data.startswith((MAGIC, GZIP_MAGIC))
    FILE.write_bytes(data if packed else b"".join(islice(BytesIO(data), LINES)))
    try:
        read_header(FILE)
        for block in read_blocks(FILE, CONTRACT):
            decoded = block.decoded
            if len(decoded.positions) + len(decoded.dead) + len(decoded.headers) != len(block.lines):
                raise AssertionError("a line is lost, or is two things")
    except DriftduelError as error:
        if not str(error):
            raise AssertionError("an error without words") from error


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
