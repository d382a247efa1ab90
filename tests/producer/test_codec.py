"""What becomes a record, what a dead letter, and that neighbours never matter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from producer.codec import Decoded, decode, encode_line
from producer.dataset import Dataset, Wire, parse_dataset

WIRES: tuple[Wire, ...] = ("csv", "json-csv", "json")
BOM = b"\xef\xbb\xbf"

SMALL = parse_dataset(
    """
    format = 1
    name = "small"
    label = { positive = ["attack", "yes, it is"], negative = ["no"] }
    columns = [
        { name = "word", type = "string" },
        { name = "count", type = "int" },
        { name = "share", type = "float" },
        { name = "is it", type = "label" },
        { name = "tail", type = "string" },
    ]
    """,
    "small",
)
GOOD = b"nan,7,2.5,no,end"

CELLS = [b"7", b"-0", b" 7 ", b"007", b"0x1F", b"1e999", b"nan", b"1e5", b"2.50", b"-0.0", b"", b'"7"', b'" 7"']
CELLS += [b"9223372036854775807", b"9223372036854775808", b"99999999999999999999999", b"+1", b"1_0", b"7.0"]
CELLS += [b'"', b'a"b', b'"a', b'a"', b'"a"b', b'"a,b"', b'"a""b"', b'""', b' "a"', b"\xff", b"\x00", b"\r", b"\\"]
CELLS += [BOM + b"a", "１".encode(), "é".encode(), b"no", b"attack", b'"yes, it is"', b"No", b"{", b'{"word":1']  # noqa: RUF001
HEADER = b"word,count,share,is it,tail"

cell = st.sampled_from(CELLS)
nearly_good = st.tuples(cell, cell, cell, st.sampled_from([b"no", b"attack", b'"yes, it is"']), cell).map(b",".join)
good = st.tuples(
    cell, st.sampled_from([b"7", b" 7", b"-0"]), st.sampled_from([b"1e5", b"-0"]), st.just(b"no"), st.just(b"end")
).map(b",".join)
mutated = st.tuples(st.binary(max_size=3), st.integers(0, len(GOOD)), st.integers(0, 3)).map(
    lambda change: GOOD[: change[1]] + change[0] + GOOD[change[1] + change[2] :]
)
headers = st.sampled_from([HEADER, BOM + HEADER, b'"word","count","share","is it","tail"', HEADER + b"\r"])
line = st.one_of(
    good, nearly_good, st.lists(cell, max_size=7).map(b",".join), mutated, headers, st.just(b'{"word":"a,b"}')
).filter(lambda text: b"\n" not in text)
csv_message = st.one_of(
    st.none(),
    st.tuples(line, st.sampled_from([b"", b"\n", b"\r\n", b"\r", b"\n\n", b"\n" + GOOD])).map(b"".join),
)


def messages_of(wire: Wire) -> st.SearchStrategy[bytes | None]:
    """Messages as they travel on the wire, and such as don't belong there."""
    return st.one_of(csv_message, line.map(lambda text: encode_line(text, SMALL, wire=wire)))


def rows(decoded: Decoded) -> list[str]:
    """The records, told apart even where they are equal numbers (0.0 and -0.0)."""
    return [repr(row) for row in decoded.records.to_pylist()]


def fates(messages: Sequence[bytes | None], wire: Wire) -> list[object]:
    """What became of each message, in order."""
    decoded = decode(messages, SMALL, wire=wire)
    fate: dict[int, object] = dict(zip(decoded.positions.tolist(), rows(decoded), strict=True))
    fate.update(decoded.dead)
    fate.update(dict.fromkeys(decoded.headers, "header"))
    return [fate[index] for index in range(len(messages))]


@pytest.mark.parametrize("wire", WIRES)
@settings(max_examples=150)
@given(data=st.data())
def test_the_fate_of_a_message_never_depends_on_its_neighbours(wire: Wire, data: st.DataObject) -> None:
    """Decoding many messages equals decoding each alone: records, reasons, headers, positions."""
    messages = data.draw(st.lists(messages_of(wire), max_size=12))
    assert [fates([message], wire)[0] for message in messages] == fates(messages, wire)


@pytest.mark.parametrize(
    "pair",
    [
        (b'nan,7,2.5,no,"end', b'"'),
        (b'nan,7,2.5,no,"end', b'a",7,2.5,no,end'),
        (b'"nan', b'",7,2.5,no,end'),
        (b"nan,7,2.5,no,end", b""),
        (BOM + b"a,7,2.5,no,end", BOM + b"a,7,2.5,no,end"),
    ],
)
def test_messages_that_would_conspire_are_kept_apart(pair: tuple[bytes, bytes]) -> None:
    """Two messages whose quotes would join them into one record are judged one by one, beside a good one."""
    alone = [fates([message], "csv")[0] for message in pair]
    assert [*alone, fates([GOOD], "csv")[0], alone[0]] == fates([*pair, GOOD, pair[0]], "csv")


@pytest.mark.parametrize("wire", WIRES)
@settings(max_examples=250)
@given(text=line)
@example(text=b'{"word":"a,b","count":7,"share":1,"is it":"no","tail":"x"}')
@example(text=GOOD + b"\r")
@example(text=b"a,-0,-0,no,end")
@example(text=b"")
def test_a_line_means_the_same_on_every_wire(wire: Wire, text: bytes) -> None:
    """A line sent and received is the record, the header or the dead letter that it is in a file."""
    here = decode([text], SMALL, wire="csv")
    there = decode([encode_line(text, SMALL, wire=wire)], SMALL, wire=wire)
    assert (rows(here), len(here.dead), here.headers) == (rows(there), len(there.dead), there.headers)


@settings(max_examples=150)
@given(messages=st.lists(csv_message, min_size=1, max_size=3))
def test_every_dead_letter_has_a_short_reason_that_names_a_cause(messages: list[bytes | None]) -> None:
    """No refusal goes without an explanation, and no explanation is as long as its message."""
    reasons = [reason for _, reason in decode(messages, SMALL, wire="csv").dead]
    assert [] == [reason for reason in reasons if "not readable as a record" in reason or len(reason) > 200]


@pytest.mark.parametrize("wire", WIRES)
def test_records_keep_their_types_words_and_order(wire: Wire) -> None:
    """Words such as nan, null, NA and '' stay words; numbers are numbers; the label is 0 or 1."""
    lines = [b"nan,7,2.5,no,null", b',-3,1e3,attack,"a,""b"""', b'NA,0,0,"yes, it is",']
    decoded = decode([encode_line(text, SMALL, wire=wire) for text in lines], SMALL, wire=wire)
    assert decoded.records.schema == SMALL.schema
    assert decoded.records.to_pydict() == {
        "word": ["nan", "", "NA"],
        "count": [7, -3, 0],
        "share": [2.5, 1000.0, 0.0],
        "is it": [0, 1, 1],
        "tail": ["null", 'a,"b"', ""],
    }
    assert ((), ()) == (decoded.dead, decoded.headers)
    assert [0, 1, 2] == decoded.positions.tolist()
    assert np.int64 == decoded.positions.dtype


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "no message at all, only a key (a tombstone)"),
        (b"", "an empty message"),
        (b"\r\n", "an empty message"),
        (b"a,7,1,no,b\nc", "a line break inside the record: b'a,7,1,no,b\\nc'"),
        (b"a,7,1,no,b\r", "a line break inside the record: b'a,7,1,no,b\\r'"),
        (b"a,7,1,no", "4 columns instead of 5: b'a,7,1,no'"),
        (b"a,7,1,no,b,", "6 columns instead of 5: b'a,7,1,no,b,'"),
        (b'a,7,1,no,"b', "a quote that isn't closed: b'a,7,1,no,\"b'"),
        (b"a,7.0,1,no,b", "'count': '7.0' is not a whole number"),
        (b"a,,1,no,b", "'count': '' is not a whole number"),
        (b"a,9223372036854775808,1,no,b", "'count': '9223372036854775808' is not a whole number"),
        (b"a,7,,no,b", "'share': '' is not a finite number"),
        (b"a,7,nan,no,b", "'share': 'nan' is not a finite number"),
        (b"a,7,1e999,no,b", "'share': '1e999' is not a finite number"),
        (b"a,7,-inf,no,b", "'share': '-inf' is not a finite number"),
        (b"a,7,1;5,no,b", "'share': '1;5' is not a finite number"),
        (b"a,7,1,NO,b", "unknown label 'NO' in 'is it'; expected one of attack, no, yes, it is"),
        (b"a\xff,7,1,no,b", "not UTF-8 text from byte 1 on: b'a\\xff,7,1,no,b'"),
        (b"a\xff,7", "not UTF-8 text from byte 1 on: b'a\\xff,7'"),
        (BOM + b"7,x,1,no,b", "'count': 'x' is not a whole number"),
    ],
)
def test_a_bad_csv_message_is_explained(text: bytes | None, reason: str) -> None:
    """A dead letter's reason names the column and the value, and its good neighbours live."""
    decoded = decode([GOOD, text, GOOD], SMALL, wire="csv")
    assert ((1, reason),) == decoded.dead
    assert [0, 2] == decoded.positions.tolist()


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("form", [HEADER, BOM + HEADER, b'"word","count","share","is it","tail"'])
def test_a_header_sent_as_a_message_is_set_aside(wire: Wire, form: bytes) -> None:
    """The header is neither a record nor a dead letter, plain, quoted or with a byte order mark."""
    messages = [encode_line(text, SMALL, wire=wire) for text in (form, GOOD, form)]
    decoded = decode(messages, SMALL, wire=wire)
    assert ((0, 2), (), [1]) == (decoded.headers, decoded.dead, decoded.positions.tolist())


@pytest.mark.parametrize("messages", [[], [None], [b"a", b"b"], [b"a,x,1,no,b"]])
def test_no_good_record_gives_an_empty_batch_of_the_contracts_schema(messages: list[bytes | None]) -> None:
    """Nothing good is no failure: the batch is empty, and its schema is the contract's."""
    decoded = decode(messages, SMALL, wire="csv")
    assert (0, SMALL.schema) == (decoded.records.num_rows, decoded.records.schema)
    assert list(range(len(messages))) == [index for index, _ in decoded.dead]


@pytest.mark.parametrize(("text", "number"), [(b" 7\t", 7), (b"007", 7), (b"0x1F", 31), (b"0xFFFFFFFFFFFFFFFF", -1)])
def test_whole_numbers_as_arrow_reads_them(text: bytes, number: int) -> None:
    """Blanks around, leading zeros and hexadecimal are accepted, in a batch as alone."""
    message = b"a," + text + b",1,no,b"
    assert [number] == decode([message], SMALL, wire="csv").records["count"].to_pylist()
    assert [7, number] == decode([GOOD, message, b"bad"], SMALL, wire="csv").records["count"].to_pylist()


def test_a_thousand_messages_with_every_kind_of_fault() -> None:
    """In a large batch each bad message is found at its place, and no good one is lost."""
    bad = {3: b"a", 500: b'a,7,1,no,"', 501: b'",7,1,no,b', 502: b"a,x,1,no,b", 700: b"a,7,nan,no,b", 999: b"a,7,1,?,b"}
    messages = [bad.get(index, b"w%d,%d,1,no,b" % (index, index)) for index in range(1000)]
    decoded = decode(messages, SMALL, wire="csv")
    assert sorted(bad) == [index for index, _ in decoded.dead]
    expected = [index for index in range(1000) if index not in bad]
    assert (expected, expected) == (decoded.positions.tolist(), decoded.records["count"].to_pylist())


def test_decoding_does_not_import_pandas() -> None:
    """The scoring loop never pays for pandas, which Arrow would import behind its back."""
    program = (
        "import sys\n"
        "from producer.codec import decode\n"
        "from producer.dataset import load_dataset\n"
        "line = b'49:12.9,26,9,0,10,10,2.7,6,6,7,3.5,2,192,13,1,0'\n"
        "decode([line, b'x' + line, line + b'9', b'bad', line.replace(b'26', b'z')], "
        "load_dataset('dns-exfil'), wire='csv')\n"
        "sys.exit('pandas' in sys.modules)\n"
    )
    assert 0 == subprocess.run([sys.executable, "-c", program], check=False).returncode


def test_the_same_contract_under_another_name_gives_the_same_records() -> None:
    """What is prepared for one contract is never used for another."""
    other = Dataset.model_validate({**SMALL.model_dump(), "label": {"positive": ["no"], "negative": ["attack"]}})
    assert [0] == decode([GOOD], SMALL, wire="csv").records["is it"].to_pylist()
    assert [1] == decode([GOOD], other, wire="csv").records["is it"].to_pylist()
