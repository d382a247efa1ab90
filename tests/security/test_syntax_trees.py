"""No code is made of data: a walk over the syntax trees of all packages finds nothing that could do that."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("producer", "static_model", "online", "analysis")
FILES = [ROOT / "driftduel.py", *(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))]

IMPORTS = (
    *("pickle", "_pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "yaml", "ruamel", "tarfile"),
    *("zipfile", "jsonpickle", "pandas.io.pickle", "numpy.lib.format", "multiprocessing.reduction", "builtins"),
    *("urllib.request", "http.client", "requests", "ftplib", "xmlrpc", "pty", "ctypes", "code", "codeop", "imp"),
)
"""Modules that make objects or code of bytes, unpack archives, or fetch from elsewhere; with all that is in them."""
CALLS = (
    *("eval", "exec", "compile", "__import__", "breakpoint", "importlib.import_module", "runpy.*"),
    *("os.system", "os.popen", "os.exec*", "os.spawn*", "os.posix_spawn*", "subprocess.get*output"),
    *("tempfile.mktemp", "shutil.unpack_archive", "ssl._create_unverified_context", "torch.load", "logging.config.*"),
    *("*.extract", "*.extractall", "*.read_pickle", "*.to_pickle", "*.read_html", "*.read_xml", "*.read_hdf"),
    *("pandas.eval", "*.literal_eval", "asyncio.create_subprocess_shell", "*.fromregex"),
)
"""What is called, or handed on, by one of these names, in full or as a method."""
HANDED = ("os.system", "os.popen", "subprocess.getoutput", "torch.load")
BUILTINS = ("eval", "exec", "compile", "__import__", "__builtins__", "breakpoint")
"""Names that stand for code made of data, wherever they stand: `run = eval` is no better than a call."""
FINDERS = ("getattr", "vars", "globals", "locals", "operator.attrgetter", "operator.methodcaller")
"""What finds a thing by a name: one that is put together, or written out and dangerous, says so; a variable may be."""
KEYWORDS = {"shell": False, "allow_pickle": False, "verify": True, "check_hostname": True, "trust_remote_code": False}
"""Arguments that may have this value only, written out."""
PROCESSES = (
    "subprocess.run",
    "subprocess.Popen",
    "subprocess.call",
    "subprocess.check_call",
    "subprocess.check_output",
)
ATTRIBUTES = ("__globals__", "__builtins__", "__subclasses__", "__code__", "__reduce__", "__reduce_ex__")

ALLOWED = {
    ("driftduel.py", "calls importlib.import_module"): "the verbs' own modules, by a table of constants",
    ("analysis/live/command.py", "has the address 'http://'"): "the live page's own address, printed",
    ("online/baselines/matrix.py", "imports zipfile.BadZipFile"): "the error of a damaged array file",
    ("online/registry.py", "calls importlib.import_module"): "the package's own folders of kinds",
    ("producer/client.py", "calls importlib.import_module"): "one of the two clients' own modules, by a table",
    ("producer/guard.py", "imports ctypes"): "asks the Linux kernel to end the broker with its guard",
    ("static_model/foreign/skops_reader.py", "imports zipfile"): "reads entries into memory, sizes checked; no extract",
}
"""What is found, and why it may stay. An exception that is needed no more fails the test, too."""


def findings(code: str) -> Iterator[str]:
    """What in this code could make code or objects of data, call a shell, or fetch from an address."""
    tree = ast.parse(code)
    names = dict(_imported(tree))
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (f"imports {name}" for name in _modules(node) if _is_any(name, IMPORTS, nested=True))
        elif isinstance(node, ast.Call):
            yield from _calls(node, names)
        elif isinstance(node, ast.Attribute) and (node.attr in ATTRIBUTES or _dotted(node, names) in HANDED):
            yield f"touches {node.attr}"
        elif isinstance(node, ast.Name) and node.id in BUILTINS and id(node) not in called:
            yield f"hands on {node.id}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield from (f"has the address {node.value!r}" for sign in ("http://", "https://") if sign in node.value)


def _imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The names that imports bind, and what each stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname, alias.name) for alias in node.names if alias.asname)
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{node.module}.{alias.name}" for alias in node.names] if not node.level else []


def _is_any(name: str, patterns: tuple[str, ...], *, nested: bool = False) -> bool:
    return any(fnmatch(name, pattern) or (nested and name.startswith(f"{pattern}.")) for pattern in patterns)


def _calls(node: ast.Call, names: dict[str, str]) -> Iterator[str]:
    called = _dotted(node.func, names)
    if _is_any(called, CALLS):
        yield f"calls {called}"
    yield from _found_by_name(node, called)
    if called == "numpy.load" and not any(keyword.arg == "allow_pickle" for keyword in node.keywords):
        yield "calls numpy.load without allow_pickle"
    if called in PROCESSES and any(keyword.arg is None for keyword in node.keywords):
        yield "starts a process with arguments that aren't written out"
    for keyword in node.keywords:
        if keyword.arg in KEYWORDS and getattr(keyword.value, "value", None) is not KEYWORDS[keyword.arg]:
            yield f"passes {keyword.arg}"
    if called in PROCESSES and (not node.args or not isinstance(node.args[0], ast.List | ast.Tuple | ast.Name)):
        yield "starts a process from something else than a list of arguments"


def _found_by_name(node: ast.Call, called: str) -> Iterator[str]:
    """What is looked up by a name that is put together, or that is a dangerous one."""
    if called in ("vars", "globals", "locals"):
        yield f"calls {called}"
    if called not in FINDERS:
        return
    for name in node.args if called.startswith("operator.") else node.args[1:2]:
        if isinstance(name, ast.BinOp | ast.JoinedStr):
            yield f"calls {called} with a name that is put together"
        if isinstance(name, ast.Constant) and isinstance(name.value, str) and _is_dangerous(name.value):
            yield f"calls {called} with {name.value!r}"


def _is_dangerous(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last in (*BUILTINS, *ATTRIBUTES) or any(last == one.rpartition(".")[2] for one in CALLS)


def _dotted(node: ast.expr, names: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, names)}.{node.attr}"
    return names.get(node.id, node.id) if isinstance(node, ast.Name) else "?"


def test_no_package_makes_code_of_data() -> None:
    """Nothing is unpickled, evaluated, unpacked onto the disk, passed to a shell or fetched, but for what is listed."""
    found = {
        (path.relative_to(ROOT).as_posix(), finding) for path in FILES for finding in findings(path.read_text("utf-8"))
    }
    assert set(ALLOWED) == found


def test_all_packages_are_walked() -> None:
    """The walk goes over every package, and over many files."""
    assert {*PACKAGES, "driftduel.py"} == {path.relative_to(ROOT).parts[0] for path in FILES}
    assert len(FILES) > 200


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "import joblib.externals",
        "from urllib.request import urlopen",
        "from urllib import request",
        "import xml, yaml as y",
        "eval('1')",
        "exec(text)",
        "compile(text, '', 'exec')",
        "import os\nos.system('ls')",
        "from os import popen as p\np('ls')",
        "import os as o\no.execvp('ls', [])",
        "import subprocess\nsubprocess.run('ls')",
        "import subprocess as s\ns.Popen(f'ls {x}')",
        "from subprocess import run\nrun(['ls'], shell=True)",
        "run(command, shell=asked)",
        "import subprocess\nsubprocess.run(' '.join(command))",
        "import subprocess\nsubprocess.getoutput('ls')",
        "import numpy as np\nnp.load(p)",
        "import numpy as np\nnp.load(p, allow_pickle=True)",
        "archive.extractall(folder)",
        "import pandas as pd\npd.read_pickle(p)",
        "import tempfile\ntempfile.mktemp()",
        "from importlib import import_module as i\ni(name)",
        "fetch('https://example.org/model')",
        "f'http://{host}/'",
        "x.__class__.__subclasses__()",
        "get(url, verify=False)",
        'getattr(builtins, "ev" + "al")("1")',
        'getattr(os, f"{word}em")("ls")',
        'getattr(os, "system")("ls")',
        "import builtins",
        "run = eval",
        "list(map(eval, texts))",
        "import os\nlist(map(os.system, commands))",
        '__import__("pickle").loads(b)',
        'import importlib\nimportlib.import_module("pickle").loads(b)',
        "from yaml import load",
        "import subprocess\nsubprocess.run(['ls'], **options)",
        "import joblib\njoblib.load(p)",
        "from joblib import load",
        "import torch\ntorch.load(p)",
        "from torch import load\nload(p)",
        "import marshal\nmarshal.loads(b)",
        "import shelve",
        "import pandas\npandas.read_pickle(p)",
        "frame.to_pickle(p)",
        "from numpy import load\nload(p, allow_pickle=True)",
        "from numpy import load\nload(p, **options)",
        "import operator\noperator.methodcaller('read_pickle', p)(pandas)",
        'globals()["ev" + "al"]("1")',
        "__builtins__['eval']('1')",
    ],
)
def test_each_of_these_is_found(code: str) -> None:
    """The walk knows what it looks for, under other names too."""
    assert list(findings(code))


@pytest.mark.parametrize(
    "code",
    [
        '"""See https://example.org."""',
        "import re\nre.compile('x')",
        "import subprocess\nsubprocess.run(['ls', path], check=True)",
        "import numpy as np\nnp.load(p, allow_pickle=False)",
        "model.evaluate(x)",
    ],
)
def test_none_of_these_is_found(code: str) -> None:
    """What is harmless passes."""
    assert [] == list(findings(code))
