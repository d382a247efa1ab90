"""The wheel: installed elsewhere, it works outside the checkout, with a stranger's folders of the same names around."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the unpacked wheel and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    subprocess.run([*pip, str(ROOT)], check=True, capture_output=True)
    return folder


def test_the_wheel_works_beside_a_strangers_folders(wheel: Path, tmp_path: Path) -> None:
    """With `online/` and `producer/` of somebody else in the current folder, the installed command runs its own."""
    for name in ("online", "producer", "static_model", "analysis"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('this is a stranger')\n")
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    command = [wheel / "bin" / "driftduel", "generate", "dns-exfil", "--records", "50", "--out", "out.csv"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    script = "import producer, online.duel, analysis.report, driftduel; print(producer.__file__)"
    command = [sys.executable, "-P", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    assert str(wheel) in done.stdout
    assert (tmp_path / "out.csv").read_text().count("\n") == 51


def test_the_wheel_holds_the_packages_and_no_tests(wheel: Path) -> None:
    """Presets and the jars' checksums are in it; tests and the checkout's other files aren't."""
    names = {str(path.relative_to(wheel)) for path in wheel.rglob("*") if path.suffix != ".pyc"}
    assert {"driftduel.py", "producer/datasets/dns-exfil.toml", "producer/jars.sha256", "online/duel.py"} <= names
    assert not any(name.startswith(("tests", "docs", "docker")) for name in names)


@pytest.mark.parametrize(
    "verb",
    [
        "demo",
        "broker",
        "generate",
        "describe",
        "explore",
        "train",
        "import",
        "predict",
        "produce",
        "evaluate",
        "experiment",
        "report",
        "rerun",
        "watch",
        "dead-letters",
        "inject",
    ],
)
def test_help_shows_an_example_and_imports_nothing_heavy(verb: str) -> None:
    """`--help` of each verb answers without numpy, Spark, Kafka or matplotlib, and shows an example."""
    script = (
        "import sys, driftduel\n"
        "try: driftduel.main(sys.argv[1:])\n"
        "except SystemExit as stop: assert not stop.code\n"
        "heavy = {'numpy', 'pyarrow', 'pyspark', 'kafka', 'matplotlib', 'sklearn', 'skops', 'onnx'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    words = [verb, "run"] if verb == "broker" else [verb]
    command = [sys.executable, "-c", script, *words, "--help"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert f"Example: driftduel {verb}" in printed
    assert printed.splitlines()[-1] == "[]"
