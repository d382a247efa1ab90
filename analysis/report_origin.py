"""How a run came to be, and how to make it again: its source, arms, seeds, digests and versions, and the commands."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .markup import text, words_table
from .runs import Run
from .tabular import Tabular, tabular


def origin_content(run: Run) -> str:
    """Everything that identifies the run, its arms as they were asked for, and experiment.toml as it is."""
    asked, written = _asked(run.path)
    parts = [
        words_table(tabular(("what", "is"), facts(run.manifest, asked), left=1), "What was read, and from where"),
        words_table(arms_table(run.manifest.get("arms", {})), "The arms, all defaults resolved"),
        words_table(tabular(("software", "version"), _versions(run.manifest), left=1), "Made with"),
    ]
    if written:
        parts.append(f"<details>\n<summary>experiment.toml</summary>\n{_pre(text(written))}\n</details>")
    return "\n".join(parts)


def _asked(path: Path) -> tuple[Mapping[str, Any], str]:
    """The run's experiment.toml, read and as it is; nothing where it isn't there or is damaged."""
    try:
        written = (path / "experiment.toml").read_text("utf-8")
        return tomllib.loads(written), written
    except (OSError, ValueError):
        return {}, ""


def facts(manifest: Mapping[str, Any], asked: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What identifies a run, in words.

    Args:
        manifest: of the run.
        asked: its experiment.toml.
    """
    return [(name, str(value)) for name, value in _facts(manifest, asked) if value not in (None, "", [])]


def _facts(manifest: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    identity = manifest.get("identity", {})
    for stream in asked.get("stream", ()):
        yield from ((name, value) for name, value in stream.items() if not isinstance(value, dict | list))
    source = identity.get("source", {})
    for name, value in source.items() if isinstance(source, Mapping) else ():
        yield {"file": "SHA-256 of the file"}.get(name, f"source: {name}"), value
    for partition, offset in (manifest.get("ends") or {}).items():
        yield f"end offset of partition {partition}", f"{offset:,}" if isinstance(offset, int) else offset
    yield "records in a window", identity.get("window")
    yield "seed", identity.get("seed")
    yield "label delay, in records", identity.get("label_delay")
    yield "share of labels that arms see", identity.get("label_share")
    yield "starting model", asked.get("model")
    yield "its digest", identity.get("model")
    yield "its threshold", manifest.get("threshold")
    yield "digest of the contract", identity.get("contract")
    yield "digest of the training rows", manifest.get("training")
    yield "declared primary", ", ".join(map(str, manifest.get("primary", ())))


def _versions(manifest: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [(str(name), str(version)) for name, version in manifest.get("versions", {}).items()]


def arms_table(arms: Mapping[str, Any]) -> Tabular:
    """The specifications of the arms: when, on what and how they retrain, and what a new model must show."""
    rows = [
        (
            name,
            spec_words(arm.get("policy", {})),
            ", ".join(spec_words(one) for one in arm.get("training_sets", ())),
            spec_words(arm.get("learner", {})),
            spec_words(arm.get("gate", {})),
            str(arm.get("latency", "")),
        )
        for name, arm in arms.items()
    ]
    return tabular(("arm", "policy", "training sets", "learner", "gate", "latency"), rows, left=4)


def spec_words(spec: Any) -> str:
    """A part of an arm as one writes it: its kind, and its fields in brackets.

    >>> spec_words({"kind": "drift", "detector": {"kind": "ss-sr", "c": 1443.0}})
    'drift(detector=ss-sr(c=1443))'
    """
    if isinstance(spec, float):
        return f"{spec:g}"
    if not isinstance(spec, Mapping):
        return str(spec)
    fields = ", ".join(f"{name}={spec_words(value)}" for name, value in spec.items() if name != "kind")
    return f"{spec.get('kind', '')}({fields})" if fields else str(spec.get("kind", ""))


def again_content(run: Run) -> str:
    """The commands that go on with the run, repeat it, and report it."""
    told = ((text(words), _pre(f"<code>{text(command)}</code>")) for words, command in commands(run))
    return "\n".join(f"<p>{words}</p>\n{command}" for words, command in told)


def _pre(content: str) -> str:
    return f'<pre tabindex="0">{content}</pre>'  # by keyboard, too, one can scroll it


def commands(run: Run) -> list[tuple[str, str]]:
    """What each command does, and the command, quoted for a shell."""
    path = str(run.path)
    asked, _ = _asked(run.path)
    stream: Mapping[str, Any] = next(iter(asked.get("stream", ())), {})
    found = [("Repeat the run, and say whether it came out the same:", shlex.join(["driftduel", "rerun", path]))]
    if "model" in asked and ("file" in stream or "topic" in stream):
        origin = ["--file", str(stream["file"])] if "file" in stream else ["--topic", str(stream.get("topic"))]
        evaluate = ["driftduel", "evaluate", "--model", str(asked["model"]), *origin, "--run", path]
        words = "Another arm on the same stream:" if run.finished else "Go on with the run, which isn't finished:"
        found.append((words, shlex.join([*evaluate, *(["--arm", "NAME:policy=..."] if run.finished else [])])))
    found.append(("Make this report again:", shlex.join(["driftduel", "report", path])))
    return found
