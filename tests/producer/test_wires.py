"""How a record travels on each wire, and what a wire refuses."""

from __future__ import annotations

import orjson
import pytest

from producer.codec import decode, encode_line
from producer.dataset import Wire, load_dataset, parse_dataset

WIRES: tuple[Wire, ...] = ("csv", "json-csv", "json")

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


@pytest.mark.parametrize(
    ("wire", "message", "reason"),
    [
        ("json-csv", GOOD, "b'nan,7,2.5,no,end' is no JSON string: "),
        ("json-csv", b'["a,7,1,no,b"]', "b'[\"a,7,1,no,b\"]' is no JSON string that holds a CSV line"),
        ("json-csv", b'"a,7,1,no,b", "a,7,1,no,b"', "is no JSON string: "),
        ("json-csv", b'"a,7,1,no,b\\n\\n"', "a line break inside the record"),
        ("json", GOOD, "b'nan,7,2.5,no,end' is no JSON object: "),
        ("json", b'"a,7,1,no,b"', "is no JSON object"),
        ("json", b'{"word":"a","count":7,"share":1,"is it":"no"}', "missing: 'tail'"),
        (
            "json",
            b'{"word":"a","count":7,"share":1,"is it":"no","tail":"b","more":1}',
            "not in the contract: 'more'",
        ),
        ("json", b'{"word":"a","count":7,"count":8,"share":1,"is it":"no","tail":"b"}', "doubled: 'count'"),
        (
            "json",
            b'{"word":"a","count":true,"share":1,"is it":"no","tail":"b"}',
            "'count': True is neither a number nor a string",
        ),
        (
            "json",
            b'{"word":null,"count":7,"share":1,"is it":"no","tail":"b"}',
            "'word': None is neither a number nor a string",
        ),
        ("json", b'{"word":"a","count":7.0,"share":1,"is it":"no","tail":"b"}', "'count': '7.0' is not a whole number"),
        ("json", b'{"word":"a","count":7,"share":1e999,"is it":"no","tail":"b"}', "is no JSON object: "),
        ("json", b'{"word":"a\\n","count":7,"share":1,"is it":"no","tail":"b"}', "a line break inside the record"),
        (
            "json",
            b'{"word":' + b"[" * 1000 + b"]" * 1000 + b',"word":"a","count":7,"share":1,"is it":"no","tail":"b"}',
            "",
        ),
    ],
)
def test_a_bad_json_message_is_explained(wire: Wire, message: bytes, reason: str) -> None:
    """What is no JSON of the right shape, or names a column twice, is a dead letter that says so."""
    ((index, found),) = decode([encode_line(GOOD, SMALL, wire=wire), message], SMALL, wire=wire).dead
    assert (1, True) == (index, reason in found), found


def test_escaped_quotes_in_json_are_no_doubled_keys() -> None:
    """An object whose strings hold quotes is read as it is."""
    message = rb'{ "word": "\"a\" \u0022", "count": 7, "share": 1, "is it": "no", "tail": 5 }'
    (row,) = decode([message], SMALL, wire="json").records.to_pylist()
    assert {"word": '"a" "', "count": 7, "share": 1.0, "is it": 0, "tail": "5"} == row


def test_the_courses_message_is_read_and_written() -> None:
    """The preset's wire is a JSON string of the line with its line end; without one it is read too."""
    dataset = load_dataset("dns-exfil")
    text = "54:22.4,27,10,0,10,11,2.767194749,6,6,7,3.666666667,2,192,14,1,1"
    message = encode_line(text.encode(), dataset, wire=dataset.wire)
    assert orjson.dumps(text + "\n") == message
    decoded = decode([message, orjson.dumps(text)], dataset, wire=dataset.wire)
    assert 2 == decoded.records.num_rows
    assert {"timestamp": "54:22.4", "entropy": 2.767194749, "longest_word": "2", "Target Attack": 1}.items() <= (
        decoded.records.to_pylist()[1].items()
    )


def test_numbers_travel_as_json_numbers_and_all_else_as_strings() -> None:
    """On the wire json the label is a string, and a number keeps the digits it has in the file."""
    assert b'{"word":"1","count":7,"share":2.50,"is it":"no","tail":"\xc3\xa9"}' == encode_line(
        "1,7,2.50,no,é".encode(), SMALL, wire="json"
    )
    assert b'{"word":"","count":"007","share":"-0","is it":"no","tail":"a,b"}' == encode_line(
        b',007,-0,no,"a,b"', SMALL, wire="json"
    )


@pytest.mark.parametrize("wire", WIRES)
def test_a_line_that_the_wire_cannot_carry_travels_as_it_is(wire: Wire) -> None:
    """Bytes that are no text reach the other side unchanged, as a dead letter."""
    assert b"a,\xff,1" == encode_line(b"a,\xff,1", SMALL, wire=wire)
