"""What the columns say about a name."""

from __future__ import annotations

import csv
import gzip
import math
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.dataset import load_dataset
from producer.dns_features import NameFeatures, features_of, features_of_all

LABEL = st.text("abcXYZ019-_", min_size=1, max_size=12)
NAME = st.lists(LABEL, min_size=1, max_size=7).map(".".join)


def test_features_carry_the_columns_of_the_contract_in_its_order() -> None:
    """The fields are the contract's columns between the time stamp and the label."""
    assert load_dataset("dns-exfil").names[1:-1] == tuple(field.name for field in fields(NameFeatures))


def test_a_host_of_a_domain() -> None:
    """Every column of an everyday name, counted by hand."""
    expected = NameFeatures(
        FQDN_count=17,
        subdomain_length=3,
        upper=1,
        lower=11,
        numeric=2,
        # "Www.exam-42" has 11 characters: eight once, w twice, and the dot, which adds nothing
        entropy=pytest.approx(8 / 11 * math.log2(11) + 2 / 11 * math.log2(11 / 2)),
        special=3,
        labels=3,
        labels_max=7,
        labels_average=5.0,
        longest_word="exam",
        sld="exam-42",
        len=11,
        subdomain=1,
    )
    assert expected == features_of("Www.exam-42.press")


@pytest.mark.parametrize(
    ("name", "sld", "subdomain_length", "length", "word"),
    [
        ("example.org", "example", 0, 8, "example"),
        ("a.b.shop.co.uk", "shop", 3, 8, "shop"),
        ("4.0.1.224.in-addr.arpa", "224", 5, 9, "224"),
        ("_ipp._tcp.local", "local", 9, 15, "local"),
        ("DESKTOP-7QK2M1P", "DESKTOP-7QK2M1P", 0, 16, "DESKTOP"),
        ("co.uk", "co.uk", 0, 6, "co"),
    ],
)
def test_a_name_falls_into_subdomain_domain_and_suffix(
    name: str, sld: str, subdomain_length: int, length: int, word: str
) -> None:
    """Suffixes of one and two labels, none at all, and names of the local network."""
    found = features_of(name)
    assert (sld, subdomain_length, length, word) == (
        found.sld,
        found.subdomain_length,
        found.len,
        found.longest_word,
    )
    assert int(subdomain_length > 0) == found.subdomain


@given(NAME)
def test_counts_add_up(name: str) -> None:
    """Letters, digits and the rest are the whole name; entropy is the plain sum over characters."""
    found = features_of(name)
    assert len(name) == found.FQDN_count == found.upper + found.lower + found.numeric + found.special
    assert found.labels_average * found.labels == pytest.approx(len(name.replace(".", "")))
    before = name[: found.len - (found.subdomain == 0)]
    shares = [count / found.len for character, count in Counter(before).items() if character != "."]
    assert found.entropy == pytest.approx(-sum(share * math.log2(share) for share in shares), abs=1e-12)


@given(st.lists(NAME, min_size=1, max_size=8))
def test_many_names_are_measured_as_each_alone(names: list[str]) -> None:
    """A batch gives what its names give one by one."""
    rows = [NameFeatures(*row) for row in zip(*features_of_all(names), strict=True)]
    assert [features_of(name) for name in names] == rows


@pytest.mark.parametrize("name", ["", "a" * 256])
def test_a_name_has_a_length(name: str) -> None:
    """No characters, or more than 255, are no name."""
    with pytest.raises(ValueError, match="a name has 1 to 255 characters"):
        features_of(name)


@pytest.mark.data
def test_real_captures_follow_the_same_rules(data_dir: Path) -> None:
    """Real rows without subdomain, whose names are thus known but for the suffix, have the same entropy and length."""
    with gzip.open(data_dir / "dns_tunnels_static.csv.gz", "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["subdomain"] == "0"]
    found = [features_of(f"{row['sld']}.com") for row in rows]
    assert len(rows) > 10_000
    assert [(row["len"], f"{float(row['entropy']):.10g}") for row in rows] == [
        (str(each.len), f"{each.entropy:.10g}") for each in found
    ]
