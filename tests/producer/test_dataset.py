"""The contract: what is accepted, and a sentence for what isn't."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from producer.dataset import Dataset, load_dataset, parse_dataset, preset_names
from producer.errors import ContractError, UsageError

TEXT = """
format = 1
name = "small"
wire = "json"

[label]
positive = ["attack"]
negative = ["no", "none"]

[[columns]]
name = "word"
type = "string"
feature = false
note = "a leak"

[[columns]]
name = "count"
type = "int"

[[columns]]
name = "share"
type = "float"

[[columns]]
name = "kind"
type = "label"
"""


@pytest.fixture
def small() -> Dataset:
    """A contract with a column of every type."""
    return parse_dataset(TEXT, "small.toml")


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_a_valid_contract_of_its_own_name(name: str) -> None:
    """A preset loads, and calls itself what its file is called."""
    assert name == load_dataset(name).name


def test_the_dns_preset_is_the_courses_record() -> None:
    """16 columns, the label last; the twelve numbers are features, words and time stamp are none."""
    dataset = load_dataset("dns-exfil")
    assert (
        "timestamp,FQDN_count,subdomain_length,upper,lower,numeric,entropy,special,labels,labels_max,labels_average,"
        "longest_word,sld,len,subdomain,Target Attack"
    ) == ",".join(dataset.names)
    assert ("json-csv", "Target Attack") == (dataset.wire, dataset.label_name)
    numeric = [c.name for c in dataset.columns if c.type in ("int", "float")]
    assert (12, numeric) == (len(numeric), [c.name for c in dataset.features])


def test_the_schema_says_what_a_decoded_record_is(small: Dataset) -> None:
    """Columns in wire order, none of them ever null, the label as int8."""
    types = {"word": pa.string(), "count": pa.int64(), "share": pa.float64(), "kind": pa.int8()}
    assert pa.schema([pa.field(n, t, nullable=False) for n, t in types.items()]) == small.schema


def test_a_contract_is_read_from_a_file_too(tmp_path: Path, small: Dataset) -> None:
    """A path gives the contract in the file, with a byte order mark or without."""
    for encoding in ("utf-8", "utf-8-sig"):
        path = tmp_path / f"{encoding}.toml"
        path.write_text(TEXT, encoding)
        assert small == load_dataset(path) == load_dataset(str(path))


def test_neither_preset_nor_file_is_wrong_usage(tmp_path: Path) -> None:
    """The message names the presets and says why the file can't be read."""
    with pytest.raises(UsageError, match=r"no dataset 'dns-exfill': neither a preset \(.*dns-exfil.*\) nor a readable"):
        load_dataset("dns-exfill")
    with pytest.raises(UsageError, match=r"nor a readable contract file \(Is a directory\)"):
        load_dataset(tmp_path)


def test_a_contract_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A binary file given as a contract is named as such."""
    path = tmp_path / "contract.toml"
    path.write_bytes(b"\x1f\x8b\xff")
    with pytest.raises(ContractError, match=r"contract\.toml is no UTF-8 text; a contract is a TOML file"):
        load_dataset(path)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("format = 1", "format 1", r"the contract small\.toml is no valid TOML: .*line 2"),
        ("format = 1", "format = 2", r"isn't valid: format: Input should be 1"),
        ("[label]", "colour = 1\n[label]", r"isn't valid: colour: Extra inputs are not permitted"),
        ('note = "a leak"', "typo = 1", r"columns\.0\.typo: Extra inputs are not permitted"),
        ('type = "int"', 'type = "integer"', r"columns\.1\.type: Input should be 'int', 'float', 'string' or 'label'"),
        ('type = "int"', "", r"columns\.1\.type: Field required"),
        ('name = "share"', 'name = "count"', r"columns named twice: count"),
        ('type = "label"', 'type = "int"', r"exactly one column must have type 'label'"),
        ('type = "int"', 'type = "label"', r"exactly one column must have type 'label'"),
        ('positive = ["attack"]', 'positive = ["none"]', r"label values both positive and negative: none"),
        ('positive = ["attack"]', "positive = []", r"label\.positive: Tuple should have at least 1 item"),
        ('positive = ["attack"]', "positive = [1]", r"label\.positive\.0: Input should be a valid string"),
        ('wire = "json"', 'wire = "avro"', r"wire: Input should be 'csv', 'json-csv' or 'json'"),
        ('name = "small"', "", r"name: Field required"),
    ],
)
def test_a_wrong_contract_is_refused_with_its_place(old: str, new: str, sentence: str) -> None:
    """The message says where in the contract the fault is."""
    assert old in TEXT
    with pytest.raises(ContractError, match=sentence):
        parse_dataset(TEXT.replace(old, new, 1), "small.toml")


def test_a_contract_without_a_feature_is_refused() -> None:
    """A model needs something to look at."""
    text = TEXT.replace('type = "int"', 'type = "int"\nfeature = false')
    with pytest.raises(ContractError, match="no column is a feature"):
        parse_dataset(text.replace('type = "float"', 'type = "float"\nfeature = false'), "small.toml")


def test_columns_become_features_when_asked_for(small: Dataset) -> None:
    """Asking adds to the features, keeps their order, and changes neither the contract asked nor its fingerprint."""
    more = small.with_features(["word"])
    assert ["word", "count", "share"] == [column.name for column in more.features]
    assert ["count", "share"] == [column.name for column in small.features]
    assert small.fingerprint == more.fingerprint
    assert more == more.with_features(["count"])


def test_only_columns_other_than_the_label_can_be_features(small: Dataset) -> None:
    """A name that is none, or the label, is wrong usage."""
    with pytest.raises(UsageError, match=r"no column 'words' in dataset 'small'; it has: word, count, share, kind"):
        small.with_features(["word", "words"])
    with pytest.raises(UsageError, match=r"'kind' is the label of dataset 'small'; it can't be a feature"):
        small.with_features(["kind"])


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('name = "small"', 'name = "large"', True),
        ('wire = "json"', 'wire = "csv"', True),
        ('note = "a leak"', 'note = ""', True),
        ("feature = false", "feature = true", True),
        ('name = "share"', 'name = "part"', False),
        ('type = "float"', 'type = "int"', False),
        ('"no", "none"', '"no"', False),
        ('positive = ["attack"]', 'positive = ["Attack"]', False),
    ],
)
def test_the_fingerprint_is_of_the_records_alone(small: Dataset, old: str, new: str, same: bool) -> None:
    """It changes with names, types and label values, and with nothing else."""
    assert same is (small.fingerprint == parse_dataset(TEXT.replace(old, new, 1), "other").fingerprint)


def test_swapping_the_classes_changes_the_fingerprint(small: Dataset) -> None:
    """The same words with the opposite meaning are another contract."""
    swapped = TEXT.replace("positive", "x").replace("negative", "positive").replace("x =", "negative =")
    assert small.fingerprint != parse_dataset(swapped, "swapped").fingerprint


def test_the_fingerprint_never_changes_between_versions(small: Dataset) -> None:
    """Keys on topics and saved models carry it."""
    assert "992648d3f16a8beea0ab521bfb92e8ee82e507726413a14ecb9c914badc084e1" == small.fingerprint


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("word,count,kind", "missing 'share'"),
        ("word,count,share,kind,share", "doubled 'share'"),
        ("word,count,share,kind,extra", "not in the contract 'extra'"),
        ("count,word,share,kind", "the columns stand in another order"),
        ("word,Count,share,share", "missing 'count', 'kind'; doubled 'share'; not in the contract 'Count'"),
    ],
)
def test_a_header_that_differs_is_refused_by_what_differs(small: Dataset, header: str, problem: str) -> None:
    """The message names the columns at fault and those expected."""
    with pytest.raises(ContractError) as failure:
        small.check_header(header.split(","), "a.csv")
    assert f"a.csv doesn't fit dataset 'small': {problem}. Expected the columns: word, count, share, kind" == str(
        failure.value
    )


def test_the_contracts_own_header_fits(small: Dataset) -> None:
    """A header equal to the contract's passes."""
    small.check_header(["word", "count", "share", "kind"], "a.csv")


def test_names_that_the_ledger_keeps_for_itself_are_refused() -> None:
    """A column that begins with '#' could hide one of the ledger's own."""
    text = """
label = {positive = ["1"], negative = ["0"]}
name = "x"
columns = [{name = "#seq", type = "int"}, {name = "y", type = "label"}]
"""
    with pytest.raises(ContractError, match="begin with '#' are kept for the ledger: #seq"):
        parse_dataset(text, "x.toml")
