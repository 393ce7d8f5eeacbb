"""`satchel settings`."""

import argparse
import os
from contextlib import closing
from pathlib import Path

from satchel.cli import units
from satchel.cli.arrivals import downloads, folder_of
from satchel.cli.home import absolute
from satchel.cli.profile import LentProfile, Profile, open_existing
from satchel.cli.show import JsonShow, Show
from satchel.core.discovery.beacon import Mode
from satchel.core.identity.settings import (
    OFF,
    ON,
    Setting,
    Settings,
    choice_of,
    may_carry,
)
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.escape import show_name
from satchel.node.node import Node
from satchel.store.chosen import ChosenFolder

_WIDTH = max(len(setting.value) for setting in Setting)
_MEANS: dict[tuple[Setting, str | None], str] = {
    (
        Setting.HISTORY,
        ON,
    ): " What is handed over is remembered from now on. Switched off, it is erased.",
    (Setting.HISTORY, OFF): " What was remembered is erased.",
}
_MAKES_ROOM = " If more is here now, what is beyond that goes: within seconds, or when Satchel runs again."


def run(options: argparse.Namespace, show: Show) -> int:
    actions = {"list": _list, "set": _set, "reset": _reset}
    with closing(open_existing(options, show)) as profile:
        actions[options.action](options, show, profile)
    return 0


def _list(_options: argparse.Namespace, show: Show, profile: Profile) -> None:
    now = profile.settings.now
    for setting in Setting:
        value, usual = value_of(now, setting), value_of(Settings(), setting)
        if isinstance(show, JsonShow):
            show.line("setting", name=setting.value, value=value, default=value == usual)
        else:
            show.console.write(f"{setting.value:{_WIDTH}}  {_shown(setting, value)}\n")
    show.done(text="To change one: satchel settings set NAME VALUE")


def _set(options: argparse.Namespace, show: Show, profile: Profile) -> None:
    setting = Setting(options.name)
    match setting:
        case Setting.INTO:
            value = _folder(options, profile)
        case Setting.CARRY:
            value = _room(options.value, profile)
        case _:
            value = choice_of(setting, options.value)
    _confine(profile)
    profile.settings.put(setting, value)
    _tell(show, setting, profile)


def _reset(options: argparse.Namespace, show: Show, profile: Profile) -> None:
    setting = Setting(options.name)
    _confine(profile)
    profile.settings.reset(setting)
    _tell(show, setting, profile)


def _folder(options: argparse.Namespace, profile: Profile) -> bytes:
    """Made if it is missing, and one that can be written to. Raises MisuseError, EnvironmentProblem."""
    into = absolute(options.value, options.folder)
    assert profile.folder is not None
    try:
        home, wanted = profile.folder.home.resolve(), into.resolve()
    except (OSError, RuntimeError, ValueError):  # too long, a loop of links, a NUL
        raise MisuseError(
            "There can be no folder of this name.", safe="Nothing was changed.", do="Name another folder."
        ) from None
    if wanted in (*home.parents, Path.home()):
        # A contact could give it a `.config`, and with that say what this computer does (M4).
        raise MisuseError(
            "That folder holds your settings of other programs, too, or those of the whole computer.",
            safe="Nothing was changed.",
            do="Name a folder inside of it.",
        )
    if wanted == home or home in wanted.parents:
        raise MisuseError(
            "That is the folder of the profile: what others send has no place in it.",
            safe="Nothing was changed.",
            do="Name another folder.",
        )
    ChosenFolder.open(into).close()
    return os.fsencode(into)


def _room(typed: str, profile: Profile) -> bytes:
    """For letters of others. Raises MisuseError, EnvironmentProblem: the disk has not so much."""
    size_bytes = units.bytes_of(typed)
    if size_bytes is None or not may_carry(size_bytes):
        raise MisuseError(
            "Letters of others can have from 50 MB to 1 TB of room.",
            safe="Nothing was changed.",
            do="Type a size, such as 500MB or 2GB.",
        )
    left_bytes = profile.post.room_bytes()
    if size_bytes > max(left_bytes, profile.settings.now.carry_bytes):
        raise EnvironmentProblem(
            f"This disk has no room for so many letters of others: {units.size(left_bytes)} at most.",
            safe="Nothing was changed.",
            do="Take less, or make room on the disk.",
        )
    return str(size_bytes).encode()


def _confine(profile: Profile) -> None:
    if isinstance(profile, LentProfile):
        profile.confine()


def _tell(show: Show, setting: Setting, profile: Profile) -> None:
    """What counts by now, and whether a running Satchel goes by it already."""
    now = profile.settings.now
    takes_effect = not isinstance(profile, LentProfile) or _apply(setting, now, profile.node)
    value = value_of(now, setting)
    when = "" if takes_effect else " What comes from contacts goes by it when Satchel is started again."
    means = _MAKES_ROOM if setting is Setting.CARRY else _MEANS.get((setting, value), "")
    text = f"Done: {setting.value} is now {_shown(setting, value)}.{when}{means}"
    show.done(text=text, name=setting.value, value=value, now=takes_effect)


def _apply(setting: Setting, now: Settings, node: Node) -> bool:
    """To a running node; False: it goes on as before until it is started again."""
    match setting:
        case Setting.QUIET:
            node.ask_mode(Mode.QUIET if now.quiet else Mode.OPEN)
        case Setting.ACCEPT:
            return node.deliveries.set_accept(now.accept)
        case Setting.INTO:  # it gave the right to write elsewhere away when it began (M4)
            return node.taking is not None and node.taking.into == os.fsencode(folder_of(now))
        case _:
            pass
    return True


def value_of(settings: Settings, setting: Setting) -> str | None:
    """As a script reads it; None: nothing was chosen, of a language or a folder."""
    match setting:
        case Setting.LANGUAGE:
            return settings.language.value if settings.language is not None else None
        case Setting.QUIET:
            return ON if settings.quiet else OFF
        case Setting.ACCEPT:
            return settings.accept.value
        case Setting.INTO:
            return settings.into.decode("utf-8", "surrogateescape") if settings.into is not None else None
        case Setting.HISTORY:
            return ON if settings.history else OFF
        case Setting.CARRY:
            return str(settings.carry_bytes)


def _shown(setting: Setting, value: str | None) -> str:
    if setting is Setting.LANGUAGE:
        return value or "as the browser asks"
    if setting is Setting.INTO:
        return show_name(os.fsencode(value if value is not None else downloads()))
    if setting is Setting.CARRY:
        return units.size(int(value or 0))
    return value or ""
