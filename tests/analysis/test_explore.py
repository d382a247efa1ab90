"""`driftduel explore`, as a user calls it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from analysis.explore_command import explore
from producer.errors import ContractError, RunError, UsageError

CONTRACT = """
name = "queries"
label = { positive = ["Attack"], negative = ["Normal"] }
columns = [
    { name = "size", type = "float" },
    { name = "gaps", type = "int", clean = { missing = ["-"] } },
    { name = "constant", type = "int" },
    { name = "nothing", type = "string", clean = { missing = ["-"] } },
    { name = "word", type = "string", feature = false, note = "a leak" },
    { name = "attack", type = "label" },
]
"""
HEADER = "size,gaps,constant,nothing,word,attack"


def lines(count: int = 200) -> list[str]:
    random = np.random.default_rng(0)
    ones = random.random(count) < 0.4
    return [
        f"{size:.3f},{gap},7,-,=w{y:d},{'Attack' if y else 'Normal'}"
        for size, gap, y in zip(
            random.normal(size=count) + 2 * ones, random.choice(list("12-"), count), ones, strict=True
        )
    ]


@pytest.fixture
def call(tmp_path: Path, monkeypatch):
    """Write each list of lines to a file and call the command on all; whatever it raises comes through."""
    monkeypatch.chdir(tmp_path)
    Path("d.toml").write_text(CONTRACT)

    def call(*files, options=()):
        for number, found in enumerate(files):
            Path(f"r{number}.csv").write_text("\n".join([HEADER, *found]) + "\n")
        names = [f"r{number}.csv" for number in range(len(files))]
        arguments = [*names, "--dataset", "d.toml", "--out", "out", *options]
        return CliRunner().invoke(explore, arguments, catch_exceptions=False)

    return call


@pytest.mark.spark
def test_the_whole_of_it(spark, call) -> None:
    """The story and the reasons go to stdout, progress to stderr; tables, figures and the page lie in the directory."""
    result = call(lines(), options=("--sample", "150"))
    assert 0 == result.exit_code
    for expected in (
        "200 rows of 6 columns, of which 4 are features.",
        "of class 1: imbalanced",
        "No row has a value in nothing. Constant, and so of no use: constant.",
        "It would be 1 with word (a leak).",
        "Recommended are ",
        "constant  dropped: constant",
        "nothing   dropped: no row has a value",
        "Page: out/index.html",
    ):
        assert expected in result.stdout
    assert "Exploring with Spark: 6 of 6" in result.stderr
    assert {"index.html", "explore.json", "tables", "figures"} == {path.name for path in Path("out").iterdir()}
    captions = json.loads(Path("out/figures/captions.json").read_text())
    drawn = {f"{name}.{ending}" for name in captions for ending in ("svg", "png", "pdf")}
    assert drawn | {"captions.json"} == {path.name for path in Path("out/figures").iterdir()}
    assert "150 rows, chosen at random with seed 0" in captions["correlation"]["text"]
    assert "'=w0" in Path("out/tables/top_words.csv").read_text()
    assert "size,200," in Path("out/tables/numbers.csv").read_text()
    page = Path("out/index.html").read_text()
    assert all(f'<figure id="{name}">' in page for name in captions)
    marker = json.loads(Path("out/explore.json").read_text())
    assert ("queries", ["r0.csv"], 0) == (marker["dataset"], [file["file"] for file in marker["files"]], marker["dead"])


@pytest.mark.spark
def test_several_files_and_bad_rows(spark, call) -> None:
    """Files are taken together, bad rows are left out and counted if asked, and the result can be had as JSON."""
    rows = lines()
    result = call(rows[:90], [*rows[90:], "x,y"], options=("--skip-bad-rows", "--json", "--feature", "word"))
    found = json.loads(result.stdout)
    assert "out/index.html" == found["page"]
    assert "1 row that is no record were left out." in found["story"][0]
    assert 200 == sum(row["count"] for row in found["classes"])
    assert ["size", "gaps", "constant", "nothing", "word"] == [row["column"] for row in found["selection"]]


@pytest.mark.spark
def test_the_same_rows_give_the_same_directory(spark, call, tmp_path: Path) -> None:
    """However the rows are cut and ordered, tables and figures are the same bytes, and so is the page but for names."""
    rows = lines(120)
    call(rows)
    Path("out").rename("first")
    call(rows[:70:-1], rows[70::-1])
    for path in sorted(Path("first").rglob("*")):
        if path.is_file() and path.parent.name in ("tables", "figures"):
            assert path.read_bytes() == (Path("out") / path.relative_to("first")).read_bytes(), path


@pytest.mark.spark
def test_one_class_is_explored_and_said(spark, call) -> None:
    """A file of one class has a page, which says what can't be known from it."""
    result = call([line for line in lines() if line.endswith("Normal")])
    assert "All rows are of class 0 (Normal): nothing here can say what tells the classes apart." in result.stdout
    assert "size      kept: all rows are of one class, so nothing can be measured" in result.stdout
    assert Path("out/index.html").is_file()


@pytest.mark.parametrize(
    ("content", "error", "expected"),
    [
        (b"", ContractError, "empty"),
        (f"{HEADER}\n".encode(), ContractError, "holds a header and no records"),
        (f"{HEADER}\nx,y\n1,2\n".encode(), ContractError, "line 2, is no record"),
        (f"{HEADER}\n".encode() + b"1,1,7,-,w,Maybe\n", ContractError, "line 2, is no record"),
        (gzip.compress("\n".join([HEADER, *lines()]).encode())[:-99], ContractError, "r.csv"),
    ],
)
def test_files_that_hold_nothing_to_explore(tmp_path: Path, monkeypatch, content: bytes, error, expected: str) -> None:
    """An empty file, a header alone, bad rows only, an unknown label and a cut gzip are sentences; nothing is made."""
    monkeypatch.chdir(tmp_path)
    Path("d.toml").write_text(CONTRACT)
    Path("r.csv").write_bytes(content)
    with pytest.raises(error, match=expected):
        CliRunner().invoke(explore, ["r.csv", "--dataset", "d.toml", "--out", "out"], catch_exceptions=False)
    assert {"d.toml", "r.csv"} == {path.name for path in tmp_path.iterdir()}


def test_all_rows_bad_is_an_error_even_if_they_may_be_left_out(call) -> None:
    """With --skip-bad-rows and no good row, the message says how many there were and what is wrong with the first."""
    with pytest.raises(ContractError, match=r"no record is left of r0\.csv: all 2 rows are none; the first: r0\.csv"):
        call(["x,y", "z"], options=("--skip-bad-rows",))


def test_what_is_in_the_way_is_said_before_the_work(call) -> None:
    """A directory that holds something else is refused at once, with --force too, and stays as it was."""
    Path("out").mkdir()
    Path("out/mine").write_text("x")
    with pytest.raises(UsageError, match="out exists already and holds no exploration"):
        call(lines(), options=("--force",))
    assert ["mine"] == [path.name for path in Path("out").iterdir()]


@pytest.mark.spark
def test_a_full_disk_leaves_nothing(spark, call, monkeypatch) -> None:
    """When a table can't be written, the older exploration stays, nothing half-made is left, and a sentence says so."""
    import resource

    call(lines(60))
    before = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    import analysis.explore as module

    real = module._write_tables

    def on_a_small_disk(tables, folder):
        # A limit on the size of files is the nearest to a full disk that a test can have; Spark is done by now.
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        try:
            real(tables, folder)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    monkeypatch.setattr(module, "_write_tables", on_a_small_disk)
    with pytest.raises(RunError, match=r"out can't be written: File too large\. Nothing was saved"):
        call(lines(60), options=("--force",))
    assert before == {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    assert {"d.toml", "r0.csv", "out"} == {path.name for path in Path.cwd().iterdir()}
