"""The commands that run on the synthetic Linux machines, and what they usually look like in atop.

Rounded figures of a small desktop and web server, in the proportions that ten minutes of the public TON_IoT
telemetry show (Moustafa, UNSW Canberra, 2020/21); `tests/producer/test_linux.py` measures how near they are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

EXITED = "<"
"""How the name of a command begins that has ended since the last look."""


class Command(NamedTuple):
    """One command. Shares are parts per thousand of the rows; sizes are in KiB."""

    name: str
    process: int
    memory: int
    threads: int
    cpu: int
    """Parts per thousand of its rows that use CPU time at all."""
    run: int
    """Parts per thousand of its rows that are running."""
    text: int
    virtual: int
    resident: int
    faults: str = "none"
    load: str = "light"
    priority: int = 120
    fresh: int = 0
    """Parts per thousand of its rows that have just been started, so that all of their memory is growth."""


COMMANDS = (
    Command("atop", 224, 132, 1, 670, 300, 148, 17_924, 2_416, "sampler", "light", 100),
    Command("apache2", 76, 90, 1, 30, 153, 596, 188_723, 5_668, "web", fresh=80),
    Command("vmtoolsd", 59, 55, 3, 80, 19, 36, 163_635, 4_396, "few"),
    Command("ostinato", 37, 28, 3, 695, 43, 2_132, 2_621_440, 28_108),
    Command("nautilus", 37, 33, 5, 254, 36, 1_350, 1_468_006, 46_668, "some", "uneven"),
    Command("hud-service", 37, 33, 4, 546, 22, 589, 646_348, 24_160, "some", "uneven"),
    Command("compiz", 37, 33, 5, 823, 99, 10, 1_363_148, 79_292, "some", "uneven"),
    Command("irqbalance", 36, 32, 1, 30, 10, 36, 19_296, 824, "some"),
    Command("unity-panel-se", 36, 35, 3, 356, 10, 66, 567_091, 18_312, "few"),
    Command("Xorg", 35, 30, 1, 403, 61, 2_219, 353_000, 71_104, "few", "uneven"),
    Command("upstart-dbus-b", 29, 34, 1, 50, 15, 121, 22_308, 640),
    Command("drone", 29, 29, 10, 825, 0, 978, 2_936_012, 22_972, "none", "full"),
    Command("dbus-daemon", 28, 29, 1, 370, 48, 415, 40_196, 2_288, "few"),
    Command("vsftpd", 1, 24, 1, 100, 20, 152, 29_840, 952, "start", fresh=770),
    Command("gnome-terminal", 22, 20, 4, 33, 24, 280, 725_709, 22_344),
    Command("mysqld", 18, 15, 17, 74, 0, 10_415, 558_490, 50_344),
    Command("haveged", 17, 20, 1, 67, 57, 12, 9_480, 3_496),
    Command("whoopsie", 14, 13, 3, 44, 12, 47, 517_325, 5_048, "few"),
    Command("nm-applet", 11, 15, 3, 915, 78, 297, 735_642, 18_184),
    Command("indicator-appl", 11, 14, 2, 895, 8, 35, 286_822, 5_140),
    Command("tcpdump", 11, 1, 1, 968, 32, 868, 30_720, 12_288),
    Command("NetworkManager", 11, 15, 4, 172, 25, 1_071, 350_310, 7_444, "some", "uneven"),
    Command("mission-contro", 10, 12, 3, 17, 17, 350, 322_867, 7_284),
    Command("unity-settings", 9, 14, 4, 48, 19, 31, 812_134, 16_008, "few"),
    Command("evolution-cale", 9, 9, 5, 10, 10, 4, 878_182, 44_632),
    Command("kworker/u256:1", 9, 7, 1, 61, 10, 0, 0, 0),
    Command("kworker/u256:2", 8, 9, 1, 170, 21, 0, 0, 0),
    Command("kworker/u256:0", 6, 10, 1, 115, 10, 0, 0, 0),
    Command("kworker/3:2", 6, 8, 1, 833, 690, 0, 0, 0, "none", "full"),
    Command("kworker/1:0", 5, 12, 1, 34, 0, 0, 0, 0),
    Command("named", 8, 9, 7, 287, 0, 531, 402_432, 18_344, "few", "uneven"),
    Command("goa-daemon", 8, 10, 4, 202, 10, 124, 638_669, 17_676),
    Command("deja-dup-monit", 8, 9, 3, 22, 30, 18, 377_754, 3_880),
    Command("firefox", 5, 1, 56, 980, 34, 128, 1_887_437, 88_000, "some", "uneven"),
    Command("zeitgeist-daem", 4, 5, 2, 40, 20, 189, 352_256, 4_804, "few"),
    Command("dhclient", 4, 5, 1, 256, 0, 1_603, 10_224, 3_660, "start", fresh=550),
    Command("bamfdaemon", 4, 3, 4, 286, 20, 281, 624_026, 15_676),
    Command("ibus-daemon", 3, 3, 3, 500, 0, 148, 287_949, 6_192, "few"),
    Command("cron", 3, 2, 1, 30, 0, 37, 23_652, 1_028, "some"),
    Command("init", 3, 8, 1, 36, 70, 245, 40_564, 2_936, "few"),
    Command("update-manager", 2, 4, 3, 708, 333, 3_063, 744_243, 51_984, "some", "uneven", 130),
    Command("rtkit-daemon", 2, 2, 3, 369, 0, 53, 168_960, 1_312, "some", "uneven", 121),
    Command("kernel_oops", 2, 3, 0, 950, 990, 3_063, 115_405, 19_432, "start", "full"),
    Command("accounts-daemo", 1, 4, 3, 133, 0, 148, 287_437, 4_052),
    Command("udisksd", 2, 1, 6, 111, 0, 319, 371_405, 5_168, "few", "uneven"),
    Command("upstart-file-b", 1, 8, 1, 0, 0, 129, 30_912, 1_532),
    Command("upstart-socket", 1, 7, 1, 0, 0, 121, 15_260, 636),
    Command("polkitd", 1, 2, 3, 0, 0, 7, 281_190, 5_164),
    Command("systemd-udevd", 1, 7, 1, 50, 0, 199, 51_980, 1_416, "start", fresh=1000),
    Command("sh", 1, 1, 1, 273, 90, 110, 4_444, 648, "start", fresh=900),
    Command("<sh>", 4, 2, 0, 20, 0, 0, 0, 0, "end"),
    Command("<nm-dhcp-clie>", 3, 3, 0, 50, 0, 0, 0, 0, "end"),
    Command("<dhclient>", 3, 3, 0, 50, 0, 0, 0, 0, "end"),
    Command("<dpkg>", 3, 2, 0, 120, 0, 0, 0, 0, "end"),
    Command("<cron>", 2, 1, 0, 80, 0, 0, 0, 0, "end"),
    Command("<apache2>", 2, 1, 0, 550, 0, 0, 0, 0, "end"),
    Command("<vsftpd>", 1, 18, 0, 100, 0, 0, 0, 0, "end"),
    Command("<systemd-udev>", 1, 15, 0, 50, 0, 0, 0, 0, "end"),
    # Never seen in quiet times: what the workload of a `mix` drift and some attacks bring along.
    Command("cc1", 0, 0, 1, 970, 900, 11_264, 131_072, 61_440, "build", "full", 130, 400),
    Command("gzip", 0, 0, 1, 980, 850, 88, 4_672, 1_536, "few", "full", 130),
    Command("rsync", 0, 0, 1, 900, 200, 380, 24_576, 9_216, "build", "uneven"),
    Command("sshd", 0, 0, 1, 200, 40, 772, 61_440, 5_632, "start", fresh=600),
)

INDEX = {command.name: place for place, command in enumerate(COMMANDS)}

# Quantiles at 0, 0.1, ... 1: of minor page faults between two looks, of growth in KiB, of CPU time in hundredths of
# a core, of threads.
LADDERS: dict[str, tuple[float, ...]] = {
    "none": (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2),
    "few": (0, 0, 0, 0, 0, 0, 0, 0, 2, 9, 40),
    "some": (0, 0, 1, 3, 4, 6, 8, 9, 11, 16, 90),
    "sampler": (1300, 1880, 1900, 1908, 1912, 1917, 1926, 1930, 1935, 1960, 4400),
    "web": (0, 0, 0, 0, 1, 8, 14, 17, 18, 221, 400),
    "start": (8, 14, 134, 136, 200, 221, 221, 390, 518, 744, 1140),
    "end": (0, 0, 0, 139, 200, 250, 273, 290, 500, 900, 1142),
    "build": (0, 20, 200, 420, 900, 1500, 2100, 2900, 4000, 6000, 12_000),
    "churn": (0, 2, 8, 30, 120, 210, 330, 480, 700, 1100, 3000),
    "burst": (0, 8, 60, 240, 500, 820, 1300, 1900, 2400, 3300, 9000),
    "still": (0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 40),
    "leak": (0, 0, 4, 4, 8, 12, 20, 60, 128, 260, 900),
    "swell": (0, 0, 8, 60, 130, 260, 400, 700, 1100, 1900, 6000),
    "light": (1, 1, 1, 1, 1, 1.4, 2, 2, 2.4, 4, 30),
    "uneven": (1, 1, 1, 1.6, 2, 3, 6, 11, 20, 60, 400),
    "hum": (0, 0, 1, 1, 2, 3, 4, 6, 9, 15, 40),
    "busy": (0, 1, 2, 4, 7, 11, 17, 25, 38, 60, 110),
    "storm": (0, 6, 20, 40, 60, 78, 90, 98, 100, 120, 300),
    "full": (8, 40, 80, 90, 96, 98, 99, 100, 100, 100, 110),
    "pool": (1, 2, 3, 5, 6, 8, 9, 11, 13, 17, 24),
    "crowd": (1, 3, 6, 9, 13, 18, 24, 31, 39, 48, 58),
}
LADDER_NAMES = tuple(LADDERS)
QUANTILES = np.array([LADDERS[name] for name in LADDER_NAMES], float)
