"""DNS names as networks ask for them, and as tunnels do: built from draws that the caller makes.

Nothing here is random by itself. Each builder gets `DRAWS` numbers in [0, 1) and, where it needs more,
`PAYLOAD` random bytes, so a caller who draws the same builds the same. The world (which domains there are,
and how popular each is) is the same for all, as two captures of one network know the same Internet.
"""

from __future__ import annotations

import string
from bisect import bisect
from collections.abc import Callable, Sequence
from functools import cache
from itertools import accumulate

import numpy as np

DRAWS = 6
PAYLOAD = 192
MACHINE_SHARE = 0.3
"""The share of names that machines made, once cloud services have appeared."""

Draws = Sequence[float]
Builder = Callable[[Draws, bytes], str]

BASE62 = string.ascii_letters + string.digits
BASE32 = string.ascii_lowercase + "234567"
BASE64URL = BASE62 + "-_"
HEX = "0123456789abcdef"


def _listed(words: str) -> list[str]:
    return words.split()


WORDS = _listed(
    "air alpha apple arc atlas bank bay bear berry bird bit blue book box bridge bright cable cedar city clear "
    "cloud coast craft crystal dash data day deal deep direct dream drive east echo edge farm fast field film "
    "fire first fish fleet flow forest fox fresh game garden gate global gold grand green grid group harbor "
    "health hill home house info iron island jet key lab lake land lane leaf life light line link lion logic "
    "loop lunar mail map market media metro mind mint moon motion mountain nest net news night north note ocean "
    "office open orbit page paper park path peak phone photo pilot pine pixel planet play point port post power "
    "prime pulse quick radio rain rapid red ring river road rock room root route sail school sea shop sign silver "
    "sky smart snow soft solar sound south space spark sport spring star station stone store stream street studio "
    "sun swift team tech tide time tower track trade trail train travel tree true urban valley view village vision "
    "voice water wave web west wheel white wild wind wing winter wise wolf wood work world yard zone"
)
SYLLABLES = _listed(
    "ba be bo ca co da de di do fa fi fo ga go ha hi ja jo ka ki ko la le li lo ma me mi mo na ne ni no "
    "pa pe po ra re ri ro sa se si so ta te ti to va ve vi vo za ze zi zo"
)
ENDINGS = _listed("com com com com com net net org org io de co.uk com.br info online app dev")
HOSTS = _listed(
    "www www www www www www mail api api cdn static img m login app ns1 ns2 smtp news blog docs shop assets "
    "api.eu cdn.static img.media auth.login ws.chat www.m eu.api update mx1 video edge.cdn imap status help"
)
SERVICES = _listed("_ldap._tcp _ipp._tcp _kerberos._udp _airplay._tcp _http._tcp printer scanner nas camera tv")
NETWORKS = ("10", "192", "172", "224", "239")
REGIONS = _listed("eu-west-1 eu-west-2 us-east-1 us-east-2 us-west-1 ap-south-1 eu-north-1 sa-east-1")


def _encode(alphabet: str) -> bytes:
    """A table for `bytes.translate`: what random bytes look like once they are encoded in that alphabet."""
    return bytes(ord(alphabet[value % len(alphabet)]) for value in range(256))


_TO_BASE32, _TO_BASE64URL, _TO_HEX, _TO_BASE62, _TO_HOST = map(
    _encode, (BASE32, BASE64URL, HEX, BASE62, string.ascii_uppercase + string.digits)
)


def _pick(options: Sequence[str], draw: float) -> str:
    return options[int(draw * len(options))]


def _count(low: int, high: int, draw: float) -> int:
    """A whole number in low..high, both included."""
    return low + int(draw * (high - low + 1))


def _cut(text: str, size: int) -> str:
    """The text in labels of that size; the last one takes the rest."""
    return ".".join(text[start : start + size] for start in range(0, len(text), size))


def _brand(draws: Draws) -> str:
    """A second-level domain as a company would call itself."""
    form, first, second, third, number, _ = draws
    if form < 0.35:
        return _pick(WORDS, first) + _pick(WORDS, second)
    if form < 0.55:
        return _pick(SYLLABLES, first) + _pick(SYLLABLES, second) + _pick(SYLLABLES, third)
    if form < 0.75:
        return _pick(WORDS, first) + _pick(SYLLABLES, second)
    if form < 0.85:
        return _pick(SYLLABLES, first) + _pick(SYLLABLES, second)
    if form < 0.93:
        return f"{_pick(WORDS, first)}-{_pick(WORDS, second)}"
    return f"{_pick(WORDS, first)}{_count(1, 99, number)}"


@cache
def _world() -> tuple[list[str], list[float], list[str]]:
    """The domains, the cumulative share of queries of each (rank by rank, after Zipf), and the tunnels' own."""
    draws = np.random.Generator(np.random.PCG64(np.random.SeedSequence(1))).random((3000, DRAWS)).tolist()
    domains = list(dict.fromkeys(f"{_brand(row)}.{_pick(ENDINGS, row[5])}" for row in draws))
    known, tunnels = domains[:-9], domains[-9:]
    shares = list(accumulate(1 / rank for rank in range(1, len(known) + 1)))
    return known, [share / shares[-1] for share in shares], tunnels


def _domain(draw: float) -> str:
    domains, shares, _ = _world()
    return domains[min(bisect(shares, draw), len(domains) - 1)]


def office(draws: Draws, payload: bytes) -> str:
    """An everyday name: mostly hosts of well-known domains.

    Some are reverse look-ups, services and bare hosts; a few are sentences, or a virus scanner's questions,
    which lie between a tunnel's short and long queries.
    """
    form, domain, host, first, second, third = draws
    if form < 0.30:
        return _domain(domain)
    if form < 0.74:
        return f"{_pick(HOSTS, host)}.{_domain(domain)}"
    if form < 0.86:
        address = (_count(0, 255, first), _count(0, 255, second), _count(0, 31, third))
        return ".".join(map(str, address)) + f".{_pick(NETWORKS, host)}.in-addr.arpa"
    if form < 0.90:
        return f"{_pick(SERVICES, host)}.local"
    if form < 0.94:
        return f"{_pick(('node', 'edge', 'srv', 'pop'), host)}{_count(1, 64, first)}.{_domain(domain)}"
    if form < 0.955:
        return "DESKTOP-" + payload[:7].translate(_TO_HOST).decode()
    if form < 0.97:
        words = [_pick(WORDS, value / 256) for value in payload[: _count(7, 11, first)]]
        return f"{'-'.join(words)[:60].strip('-')}.{_domain(domain)}"
    text = payload[: _count(115, 130, first)].translate(_TO_BASE32).decode()
    return f"{_cut(text, 60)}.{_domain(domain)}"


def machines(draws: Draws, payload: bytes) -> str:
    """Everyday names beside which cloud services have appeared, whose hosts are named by machines."""
    form, domain, _, region, first, _ = draws
    if form >= MACHINE_SHARE:
        return office([(form - MACHINE_SHARE) / (1 - MACHINE_SHARE), *draws[1:]], payload)
    name = payload[: _count(57, 62, first)].translate(_TO_BASE62).decode()
    return f"{name}.{_pick(REGIONS, region)}.{_domain(domain)}"


def base32(draws: Draws, payload: bytes) -> str:
    """A tunnel that fills its labels with base32."""
    text = payload[: _data(draws)].translate(_TO_BASE32).decode()
    return f"{_cut(text, _count(48, 57, draws[3]))}.{_tunnel(0, draws)}"


def hexadecimal(draws: Draws, payload: bytes) -> str:
    """A tunnel that speaks hexadecimal, and asks for news with short names: nearly half of its queries."""
    poll = draws[0] < 0.45
    text = payload[: 18 if poll else _data(draws)].translate(_TO_HEX).decode()
    return f"{_cut(text, 60)}.{_tunnel(1, draws)}"


def base64url(draws: Draws, payload: bytes) -> str:
    """A tunnel that uses both cases; two queries of five are short polls."""
    poll = draws[0] < 0.4
    text = payload[: _count(12, 16, draws[1]) if poll else _data(draws)].translate(_TO_BASE64URL)
    return f"{_cut(text.decode(), 63)}.{_tunnel(2, draws)}"


def _data(draws: Draws) -> int:
    """Characters of payload in a query: commands are short, files fill the name."""
    return _count(70, 95, draws[1]) if draws[4] < 0.5 else _count(150, 185, draws[1])


def _tunnel(tool: int, draws: Draws) -> str:
    return _pick(_world()[2][3 * tool : 3 * tool + 3], draws[2])


BENIGN: tuple[Builder, ...] = (office, machines)
TUNNELS: tuple[Builder, ...] = (base32, base64url, hexadecimal)
