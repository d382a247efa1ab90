"""Any messages, on any wire, become records and dead letters: each message exactly one of the two, or a header.

python tests/fuzz/fuzz_codec.py [-runs=N] [-max_total_time=SECONDS] [CORPUS...]; the options are libFuzzer's.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["producer.codec", "producer.wires", "producer.lines", "producer.cleaning"]):
    from producer.codec import decode
    from producer.wires import encode_line

from producer.dataset import parse_dataset

CONTRACT = """
name = "fuzzed"
label = { positive = ["attack", "1"], negative = ["benign", ""] }
columns = [
    { name = "a", type = "int" },
    { name = "b", type = "float"CLEAN },
    { name = "w", type = "string" },
    { name = "y", type = "label" },
]
"""
CLEAN = ', clean = { missing = ["-"], units = { K = 1024 } }'
CONTRACTS = [parse_dataset(CONTRACT.replace("CLEAN", clean), "fuzzed") for clean in (CLEAN, "")]
WIRES = ("csv", "json-csv", "json")
NEIGHBOURS = 3
"""Messages beside the first: Arrow reads each at least once, and more of them show nothing that these don't."""


def one_input(data: bytes) -> None:
    """The first byte chooses the wire and the contract; the rest are messages, parted by the byte 0x1e."""
    choice = data[0] if data else 0
    wire, contract = WIRES[choice % len(WIRES)], CONTRACTS[choice // len(WIRES) % len(CONTRACTS)]
    messages = data[1:].split(b"\x1e", NEIGHBOURS)
    decoded = decode(messages, contract, wire=wire)
    places = [*decoded.positions.tolist(), *(place for place, _ in decoded.dead), *decoded.headers]
    if sorted(places) != list(range(len(messages))):
        raise AssertionError("a message is lost, or is two things")
    for place, reason in decoded.dead:
        if not reason or len(reason) > 500:
            raise AssertionError(f"a reason of {len(reason)} characters")
        encode_line(messages[place], contract, wire=wire)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
