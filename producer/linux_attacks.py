"""What the synthetic attacks on Linux machines look like: five kinds, each with three sets of tools.

The kinds are five of those in the public TON_IoT telemetry. What a set of tools does to a machine is made
up; every trait also occurs in quiet times, so no single one gives an attack away.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .linux_commands import INDEX, LADDER_NAMES

ATTACKS = ("ddos", "dos", "injection", "password", "xss")
NORMAL = "normal"


class Profile(NamedTuple):
    """What rows of one attack with one tool look like. Chances are parts per thousand; ladders go by name."""

    commands: tuple[str, ...]
    cpu: str
    threads: str
    run: int = 60
    blocked: int = 2
    ended: int = 0
    """The chance that the row's process has ended with an error."""
    priority: int = 0
    """Priority of nearly every second row; 0 leaves the command's own."""
    faults: str = "few"
    growth: str = "still"
    fresh: int = 0
    major: int = 7


FLOODS = (
    Profile(
        ("apache2", "named", "kworker/u256:1", "irqbalance"), "busy", "pool", 520, 6, faults="churn", growth="leak"
    ),
    Profile(("apache2", "named", "NetworkManager", "sh"), "hum", "pool", 40, 120, 20, 130, "web", "swell", 60, 120),
    Profile(("cc1", "named", "dbus-daemon", "rsync"), "hum", "crowd", 80, 20, 160, 100, "burst", "still", 350),
)
DENIALS = (
    Profile(("apache2", "mysqld", "kworker/3:2", "vsftpd"), "storm", "few", 600, 20, faults="burst", growth="swell"),
    Profile(("apache2", "mysqld", "drone", "gzip"), "light", "crowd", 30, 160, 10, 130, "some", "leak", 20, 150),
    Profile(("cron", "mysqld", "haveged", "vsftpd"), "hum", "pool", 200, 10, 120, 100, "churn", "still", 250),
)
INJECTIONS = (
    Profile(("mysqld", "apache2", "sh", "mysqld"), "hum", "pool", 220, 30, 40, faults="churn", growth="leak", major=60),
    Profile(("mysqld", "apache2", "udisksd", "init"), "light", "few", 40, 140, 10, 130, "few", "swell", 0, 160),
    Profile(("polkitd", "sh", "accounts-daemo", "mysqld"), "busy", "crowd", 60, 10, 100, 100, "burst", "still", 150),
)
PASSWORDS = (
    Profile(("vsftpd", "sshd", "accounts-daemo", "dbus-daemon"), "hum", "few", 90, 10, 240, 0, "churn", "swell", 260),
    Profile(("sshd", "vsftpd", "cron", "polkitd"), "light", "pool", 30, 150, 30, 130, "some", "leak", 40, 100),
    Profile(
        ("sshd", "accounts-daemo", "whoopsie", "rtkit-daemon"), "hum", "crowd", 60, 5, 200, 100, "burst", "still", 300
    ),
)
SCRIPTS = (
    Profile(
        ("firefox", "Xorg", "compiz", "apache2"), "busy", "crowd", 240, 10, faults="burst", growth="leak", major=40
    ),
    Profile(
        ("firefox", "nautilus", "hud-service", "apache2"), "light", "pool", 40, 130, 0, 130, "few", "swell", 0, 140
    ),
    Profile(
        ("zeitgeist-daem", "Xorg", "ibus-daemon", "apache2"), "hum", "few", 100, 10, 140, 100, "churn", "still", 200
    ),
)
WORKLOAD = Profile(
    ("cc1", "gzip", "rsync", "update-manager"), "storm", "few", 560, 60, 0, 130, "build", "swell", 200, 60
)
"""A build and a backup in the night: the benign traffic that a `mix` drift adds."""

TOOLS = 3
PROFILES = tuple(kind[tool] for tool in range(TOOLS) for kind in (FLOODS, DENIALS, INJECTIONS, PASSWORDS, SCRIPTS))
ALL = (*PROFILES, WORKLOAD)

COMMANDS_OF = np.array([[INDEX[name] for name in profile.commands] for profile in ALL])
CHANCES = {
    name: np.array([getattr(p, name) / 1000 for p in ALL]) for name in ("run", "blocked", "ended", "fresh", "major")
}
LADDERS_OF = {
    name: np.array([LADDER_NAMES.index(getattr(p, name)) for p in ALL])
    for name in ("cpu", "threads", "faults", "growth")
}
PRIORITIES = np.array([profile.priority for profile in ALL])
