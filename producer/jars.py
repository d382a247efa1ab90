"""The jars of the embedded Apache Kafka: which they are, byte for byte, and where they lie.

`jars.sha256` beside this file pins them all: a SHA-256 and a path inside a Maven repository for each, as
`sha256sum -c` reads it. What is missing is downloaded once into the user's Maven repository (`~/.m2/repository`,
or M2_REPO); every start checks every byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path, PurePosixPath

from .errors import BrokerError

PARALLEL = 4


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned jar: its path inside a Maven repository, and the SHA-256 (hex) of its bytes."""

    path: PurePosixPath
    sha256: str

    @property
    def coordinates(self) -> tuple[str, str, str]:
        """Group, artifact and version, as the path spells them."""
        *group, artifact, version, _ = self.path.parts
        return ".".join(group), artifact, version


def pinned_jars() -> tuple[Jar, ...]:
    """All jars that the broker needs, in the order of the class path."""
    lines = (resources.files("producer") / "jars.sha256").read_text("utf-8").splitlines()
    return tuple(Jar(PurePosixPath(path), sha256) for sha256, path in (line.split() for line in lines))


def broker_jars(*, advance: Callable[[int], None] = lambda n: None) -> tuple[Path, ...]:
    """The checked jars on this machine, downloaded if they aren't here yet.

    Args:
        advance: told how many more jars are there and checked.

    Raises:
        BrokerError: a jar is missing and can't be downloaded, or isn't the one that was pinned.
    """
    return local_jars(pinned_jars(), repository(), fetch=_download, advance=advance)


def missing_jars() -> int:
    """How many of the pinned jars have yet to be downloaded."""
    root = repository()
    return sum(not (root / jar.path).is_file() for jar in pinned_jars())


def local_jars(
    jars: Sequence[Jar],
    root: Path,
    *,
    fetch: Callable[[Jar, Path], None],
    advance: Callable[[int], None] = lambda n: None,
) -> tuple[Path, ...]:
    """The paths of these jars below `root`, in their order; `fetch` is called for each that is missing.

    Raises:
        BrokerError: as `broker_jars`.
    """

    def provide(jar: Jar) -> Path:
        path = root / jar.path
        if not path.is_file():
            _fetch(jar, root, fetch)
        _check(jar, path)
        return path

    found = []
    with ThreadPoolExecutor(PARALLEL) as pool:
        for path in pool.map(provide, jars):
            found.append(path)
            advance(1)
    return tuple(found)


def repository() -> Path:
    """The user's Maven repository, where jgo keeps what it downloads."""
    from jgo.config import GlobalSettings

    return Path(GlobalSettings.load().repo_cache).expanduser()


def _fetch(jar: Jar, root: Path, fetch: Callable[[Jar, Path], None]) -> None:
    path = root / jar.path
    try:
        fetch(jar, root)
    except Exception as error:
        # An interrupted download leaves a torn file under the final name.
        path.unlink(missing_ok=True)
        raise BrokerError(
            f"the embedded Kafka needs {jar.path.name}, which isn't in {root} yet and couldn't be downloaded "
            f"({_reason(error)}). Connect to the network once and run 'driftduel broker fetch', or use a broker of "
            "your own with --bootstrap"
        ) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _reason(error: BaseException) -> str:
    """The kind of failure; the text of network errors is long and says little more."""
    return str(error) if isinstance(error, PermissionError) else type(error).__name__


def _check(jar: Jar, path: Path) -> None:
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != jar.sha256:
        raise BrokerError(
            f"{path} isn't the jar that this version of driftduel was tested with (SHA-256 {found[:12]}..., "
            f"expected {jar.sha256[:12]}...): a download was cut short, or the file was changed. Delete it and run "
            "'driftduel broker fetch'"
        )


def _download(jar: Jar, root: Path) -> None:
    import jgo
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext

    # A repository of the user's own, where jgo's settings name one, comes before the public one.
    remote = {**GlobalSettings.load().repositories, "central": jgo.MAVEN_CENTRAL_URL}
    context = MavenContext(repo_cache=root, remote_repos=remote, timeout=60)
    group, artifact, version = jar.coordinates
    context.project(group, artifact).at_version(version).artifact().resolve()
