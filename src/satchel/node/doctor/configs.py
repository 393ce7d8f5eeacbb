"""Reading the tables of the kernel and the settings of other programs. Pure: text in, facts out; what is
not understood is skipped, since it is not ours."""

import json
import re
from collections.abc import Iterable, Iterator

from satchel.node.doctor.facts import Chain

ROW_OF_SOCKET_FIELDS = 10
CHAINS_MAX = 16
YES = frozenset({"yes", "true", "1", "on"})
NO = frozenset({"no", "false", "0", "off"})


def setting(text: str, key: str, section: str | None = None) -> str:
    """As setting_as_written, lower case."""
    return setting_as_written(text, key, section).lower()


def setting_as_written(text: str, key: str, section: str | None = None) -> str:
    """The last value of `key` in a file of lines such as key=value, without quotes; empty if none."""
    found, here = "", ""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            here = line[1:-1]
        elif section in (None, here):
            name, equals, value = line.partition("=")
            if equals and name.strip() == key:
                found = value.strip().strip("\"'")
    return found


def has_line(text: str, beginning: str) -> bool:
    """Whether a line that is no comment begins with these words."""
    return any(re.match(rf"\s*{beginning}\b", line) for line in text.splitlines())


def sockets_on(table: str, ports: Iterable[int]) -> Iterator[tuple[int, int, int]]:
    """(port, user, inode) of each socket of /proc/net/udp or udp6 on one of these ports."""
    wanted = frozenset(ports)
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < ROW_OF_SOCKET_FIELDS:
            continue
        try:
            port = int(fields[1].rpartition(":")[2], 16)
            if port in wanted:
                yield port, int(fields[7]), int(fields[9])
        except ValueError:
            continue


def swap_areas(table: str) -> Iterator[str]:
    """The paths of /proc/swaps."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if fields:
            yield _unquoted(fields[0])


def source_of(mounts: str, path: str) -> str:
    """The device of the file system that holds `path`, by /proc/self/mountinfo; empty if there is none.

    The device number of a file on btrfs is that of its subvolume, of which no block device knows.
    """
    source, longest = "", 0
    for line in mounts.splitlines():
        before, dash, after = line.partition(" - ")
        fields, rest = before.split(), after.split()
        if not dash or len(fields) < 5 or len(rest) < 2:
            continue
        place = _unquoted(fields[4]).rstrip("/") + "/"
        if path.startswith(place) and len(place) >= longest:  # a later mount lies over an earlier one
            source, longest = _unquoted(rest[1]), len(place)
    return source


def _unquoted(word: str) -> str:
    """The kernel writes blanks in names as \\040."""
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), word)


def port_range(text: str) -> tuple[int, int] | None:
    """Of /proc/sys/net/ipv4/ip_local_port_range."""
    words = text.split()
    if len(words) == 2 and all(word.isdecimal() and len(word) <= 5 for word in words):
        return int(words[0]), int(words[1])
    return None


def chains_of_json(text: str) -> tuple[Chain, ...]:
    """The base chains that see packets come in and go out, of `nft -j list chains`."""
    try:
        rows = [row["chain"] for row in json.loads(text)["nftables"] if "chain" in row]
        chains = [
            Chain(hook=row["hook"], family=row["family"], table=row["table"], name=row["name"])
            for row in rows
            if row.get("hook") in ("input", "output") and row.get("type") == "filter"
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ()
    return _of_packets(chains)


def chains_of_file(text: str) -> tuple[Chain, ...]:
    """The same of /etc/nftables.conf, for who may not ask the kernel."""
    chains: list[Chain] = []
    family = table = name = ""
    for line in text.splitlines():
        line = line.partition("#")[0]
        if match := re.match(r"\s*table\s+(?:(\w+)\s+)?(\w+)\s*\{", line):
            family, table = match[1] or "ip", match[2]
        elif match := re.match(r"\s*chain\s+(\w+)\s*\{", line):
            name = match[1]
        if table and name and (match := re.search(r"type\s+filter\s+hook\s+(input|output)\b", line)):
            chains.append(Chain(hook=match[1], family=family, table=table, name=name))
    return _of_packets(chains)


def _of_packets(chains: Iterable[Chain]) -> tuple[Chain, ...]:
    return tuple(chain for chain in chains if chain.family in ("inet", "ip", "ip6"))[:CHAINS_MAX]
