"""The words of the commands about a profile and its settings: a part of parser.py, as light as that."""

import argparse
from typing import Any

Commands = Any  # argparse has no public name for what add_subparsers() returns
SETTINGS = (
    "language",
    "quiet",
    "accept",
    "into",
    "history",
    "carry",
)  # a core.identity.settings.Setting each


def add_action(
    actions: Commands, shared: argparse.ArgumentParser, name: str, says: str, *, module: str
) -> argparse.ArgumentParser:
    """One of those of a command that has several."""
    action: argparse.ArgumentParser = actions.add_parser(
        name, parents=[shared], help=says, description=f"{says.capitalize()}.", allow_abbrev=False
    )
    action.set_defaults(module=module)
    return action


def add_profile(commands: Commands, shared: argparse.ArgumentParser) -> None:
    init = commands.add_parser(
        "init",
        parents=[shared],
        help="make a profile, under a passphrase",
        description="Makes an encrypted profile. Offers five random words as its passphrase; reads one at a "
        "prompt, or as a line from standard input.",
        allow_abbrev=False,
    )
    init.add_argument(
        "--no-passphrase",
        action="store_true",
        help="without one: whoever takes this device can read all of it",
    )
    init.set_defaults(module="init_cmd")
    for name, says, describes in (
        (
            "passphrase",
            "set another passphrase",
            "Puts the whole profile under a new key and a new passphrase.",
        ),
        (
            "lock",
            "end the Satchel that holds this profile",
            "Ends it, and with it all that can read the profile.",
        ),
    ):
        command = commands.add_parser(
            name, parents=[shared], help=says, description=describes, allow_abbrev=False
        )
        command.set_defaults(module=f"{name}_cmd")
    wipe = commands.add_parser(
        "wipe",
        parents=[shared],
        help="destroy this profile",
        description="Destroys the key first, then all the rest. Files that were received stay. Needs no "
        "passphrase, and ends a Satchel that holds the profile.",
        allow_abbrev=False,
    )
    wipe.add_argument("--yes", action="store_true", help="without asking")
    wipe.set_defaults(module="wipe_cmd")
    _add_copies(commands, shared)


def _add_copies(commands: Commands, shared: argparse.ArgumentParser) -> None:
    backup = commands.add_parser(
        "backup",
        parents=[shared],
        help="write this profile into one encrypted file",
        description="Writes a file that opens with the passphrase of this profile, or with a new one where "
        "it has none. Hand-overs that are unfinished are left out.",
        allow_abbrev=False,
    )
    backup.add_argument(
        "file",
        metavar="FILE",
        help="a new file, for instance on a stick; or a folder, for a new one in it",
    )
    backup.set_defaults(module="backup_cmd")
    restore = commands.add_parser(
        "restore",
        parents=[shared],
        help="make a profile from a backup",
        description="Makes a new profile where there is none. It opens with the passphrase of the backup.",
        allow_abbrev=False,
    )
    restore.add_argument("file", metavar="FILE", help="what satchel backup made")
    restore.set_defaults(module="restore_cmd")


def add_history(commands: Commands, shared: argparse.ArgumentParser) -> None:
    history = commands.add_parser(
        "history",
        help="what was handed over, if you have switched that on",
        description="What was handed over, with whom, and when: only while the setting `history` is on.",
        allow_abbrev=False,
    )
    actions = history.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, says in (("list", "the newest first"), ("clear", "erase all of it")):
        action = add_action(actions, shared, name, says, module="history_cmd")
        if name == "clear":
            action.add_argument("--yes", action="store_true", help="without asking")


def add_settings(commands: Commands, shared: argparse.ArgumentParser) -> None:
    settings = commands.add_parser(
        "settings",
        help="what stays set from one start to the next",
        description="Language of the page, quiet, what is taken from contacts, where it goes, history, and "
        "how much room letters of others have. A history that is switched off is erased at once.",
        allow_abbrev=False,
    )
    actions = settings.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, says in (
        ("list", "what is set"),
        ("set", "set one of them"),
        ("reset", "let one of them be as it is at first"),
    ):
        action = add_action(actions, shared, name, says, module="settings_cmd")
        if name != "list":
            action.add_argument("name", choices=SETTINGS, help="which one")
        if name == "set":
            action.add_argument("value", metavar="VALUE", help="what it is from now on")
