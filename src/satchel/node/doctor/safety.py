"""What makes this machine less safe for who uses Satchel on it, or keeps it from working. Pure."""

import shlex
from collections.abc import Iterator

from satchel.node.doctor.commands import as_root, shell, silence
from satchel.node.doctor.drawn import Drawn
from satchel.node.doctor.facts import Facts
from satchel.node.doctor.finding import Finding, Kind

FREE_MIN_BYTES = 100_000_000  # below it a hand-over of anything but texts is likely to fail
MAC_LOCAL_BIT = 0x02  # of the first byte: not the number that the maker gave (IEEE 802)


def what_is_unsafe(facts: Facts, drawn: Drawn) -> Iterator[Finding]:
    """What stops everything first."""
    if facts.cryptography:
        yield Finding(
            name="cryptography",
            kind=Kind.MACHINE,
            what=f"The cryptography of this computer is wrong: {facts.cryptography}",
            safe="Satchel sends nothing with it: each command checks the same and ends.",
            do="Install Satchel again. If this comes again, do not trust this computer.",
            command="pipx reinstall satchel",
        )
    yield from _profile(facts)
    yield from _clock(facts)
    yield from _swap(facts)
    yield from _host_name(facts)
    yield from _mac(facts, drawn)


def what_is_weaker(facts: Facts) -> Iterator[Finding]:
    """Nothing is wrong, and something could be better."""
    if facts.open_swaps and not facts.can_keep_out_of_swap:
        # By number: to look a name up may ask a server.
        write = shell(f"echo :{facts.user} - memlock unlimited > /etc/security/limits.d/memlock.conf")
        yield Finding(
            name="memory_lock",
            kind=Kind.HINT,
            what="The system limits how much memory is kept out of swap: Satchel cannot keep its own out.",
            safe="Without swap, or with an encrypted one, that does not matter.",
            do="Where swap has to stay as it is, take the limit away, and log in anew.",
            command=as_root(facts, [write]),
        )
    if not facts.can_confine_writes:
        modules = facts.security_modules
        known = bool(modules) and "landlock" not in modules.split(",")
        yield Finding(
            name="landlock",
            kind=Kind.HINT,
            what="This kernel cannot confine a program to some folders (Landlock): a second wall is missing.",
            safe="The first one stands: names that come from others are checked, and lead nowhere else.",
            do="Add this to the kernel's command line, and restart, where the kernel was built with it."
            if known
            else "A kernel from 5.19 on with Landlock has it: that of Debian 12, for one.",
            command=f"lsm=landlock,{modules}" if known else "",
        )


def _profile(facts: Facts) -> Iterator[Finding]:
    profile = facts.profile
    folder, mount = shlex.quote(profile.folder), shlex.quote(profile.mount)
    if profile.is_read_only:
        yield Finding(
            name="profile_read_only",
            kind=Kind.MACHINE,
            what=f"The disk of your profile is read-only ({profile.folder}): nothing can be kept on it.",
            safe="What is on it is as it was.",
            do="Make it writable, or use another folder with --home. Disks turn read-only when they"
            " fail: save what is on it.",
            command=as_root(facts, [f"mount -o remount,rw {mount}"]),
        )
    elif not profile.is_writable:
        yield Finding(
            name="profile_not_yours",
            kind=Kind.MACHINE,
            what=f"You may not write into the folder of your profile ({profile.folder}).",
            safe="What is in it is as it was.",
            do="Look whose it is, and use another folder with --home if it is not yours.",
            command=f"ls -ld {folder}",
        )
    elif profile.free_bytes < FREE_MIN_BYTES:
        yield Finding(
            name="disk_full",
            kind=Kind.MACHINE,
            what=f"The disk of your profile is nearly full ({profile.folder}): what comes may not fit.",
            safe="What is on it is as it was.",
            do="Make room, or use another disk with --home. The line shows what is large.",
            command=f"du -xh --max-depth=2 {mount} 2>/dev/null | sort -h | tail -n 20",
        )


def _clock(facts: Facts) -> Iterator[Finding]:
    if facts.earliest_s <= facts.now_s <= facts.latest_s:
        return
    hardware = facts.hardware_clock_s
    lines = []
    do = "Set it, with the right day and time in place of the words."
    if hardware is not None and facts.earliest_s <= hardware <= facts.latest_s:
        do = "Take the time of the clock that runs while the computer is off, which looks right; or set it."
        lines.append("hwclock --hctosys")
    lines.append("date --set 'YEAR-MONTH-DAY HOUR:MINUTE'")
    past = facts.now_s < facts.earliest_s
    where = "before this program was made" if past else "more than twenty years ahead"
    yield Finding(
        name="clock",
        kind=Kind.MACHINE,
        what=f"The clock of this computer is wrong: it is {where}.",
        safe="Hand-overs with a code work all the same, and nothing is erased because of a clock.",
        do=do,
        command=as_root(facts, lines),
    )


def _swap(facts: Facts) -> Iterator[Finding]:
    if not facts.open_swaps:
        return
    where = ", ".join(facts.open_swaps)
    yield Finding(
        name="swap",
        kind=Kind.SAFETY,
        what=f"Memory is written to disk without encryption ({where}): keys and letters may be in it and"
        " stay there.",
        safe="Who has not got this disk reads nothing of it.",
        do="Switch swap off; it is on again after a restart, unless its line in /etc/fstab begins with #.",
        command=as_root(facts, ["swapoff -a"]),
    )
    if facts.hibernates:
        targets = "hibernate.target hybrid-sleep.target suspend-then-hibernate.target"
        yield Finding(
            name="hibernation",
            kind=Kind.SAFETY,
            what="Hibernation would write all of the memory to a disk without encryption.",
            safe="It has not, as long as this computer was not sent into hibernation.",
            do="Switch it off for good; to have it again: systemctl unmask with the same words.",
            command=as_root(facts, [f"systemctl mask {targets}"]),
        )


def _host_name(facts: Facts) -> Iterator[Finding]:
    if not facts.announcements:
        return
    by = ", ".join(dict.fromkeys(announcement.by.value for announcement in facts.announcements))
    lines = dict.fromkeys(silence(facts, announcement) for announcement in facts.announcements)
    yield Finding(
        name="host_name",
        kind=Kind.SAFETY,
        what=f"The operating system tells each network the name of this computer: {by}. Who watches two"
        " networks knows by it that the same computer was in both.",
        safe="Satchel itself says no name.",
        do="Keep it from telling with the lines below; shared printers and players may then not be found any"
        " more. It holds from the next connection on.",
        command="\n".join(lines),
    )


def _mac(facts: Facts, drawn: Drawn) -> Iterator[Finding]:
    linked = {link.interface for link in facts.links}
    for interface in facts.interfaces:
        if not interface.is_wifi or interface.name not in linked or not _is_the_makers(interface.mac):
            continue
        if interface.connection:
            connection = shlex.quote(interface.connection)
            command = (
                f"nmcli connection modify uuid {connection} wifi.cloned-mac-address random\n"
                f"nmcli connection up uuid {connection}"
            )
        else:
            name = shlex.quote(interface.name)
            steps = ("down", f"address {drawn.mac}", "up")
            command = as_root(facts, [f"ip link set dev {name} {step}" for step in steps])
        yield Finding(
            name="mac_address",
            kind=Kind.SAFETY,
            what=f"Wi-Fi on {interface.name} uses the number that its maker gave it (MAC address): it is"
            " the same in every network, and everybody in range sees it.",
            safe="Satchel itself says nothing that is the same in two networks.",
            do="Let the operating system draw another one for each connection. You may have to log in to this"
            " network anew.",
            command=command,
        )


def _is_the_makers(mac: str) -> bool:
    try:
        first = int(mac[:2], 16)
    except ValueError:
        return False
    return not first & MAC_LOCAL_BIT
