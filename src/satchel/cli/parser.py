"""The words of the command line. Light: `satchel --help` imports nothing that a hand-over needs.

docs/spec/cli.md says what each part does.
"""

import argparse
from collections.abc import Sequence
from typing import NoReturn

from satchel import __version__
from satchel.cli import dashes
from satchel.cli.parser_carry import add_carry
from satchel.cli.parser_guests import add_guests
from satchel.cli.parser_letters import add_letters
from satchel.cli.parser_library import add_library
from satchel.cli.parser_profile import Commands, add_action, add_history, add_profile, add_settings
from satchel.errors import MisuseError

EXIT_CODES = """exit codes:
  0  done
  1  the world: disk, network, or a file that changed
  2  misuse
  3  the other side broke the rules
  4  not allowed: declined, or the code was not right
  5  nothing to do, or nobody came in time
"""
_ASKING = {"receive": "satchel receive", "pair": "satchel pair --take"}
IN_NODE = frozenset(  # while one runs
    {
        *("send_cmd", "receive_cmd", "pair_cmd", "contacts_cmd", "queue_cmd", "meet_cmd"),
        *("settings_cmd", "passphrase_cmd", "backup_cmd", "history_cmd"),
        *("write_cmd", "inbox_cmd", "outbox_cmd", "delete_cmd", "carry_cmd"),
        *("library_cmd", "shelf_cmd"),
        *("guests_cmd",),
    }
)
PORT_MIN = 1024  # what contacts dial
RECEIVERS_MAX = 100  # of one code: a class, not a city


class Parser(argparse.ArgumentParser):
    """Raises MisuseError for a wrong line, so that it is told like all other errors."""

    def error(self, message: str) -> NoReturn:
        raise MisuseError(f"{self.prog}: {message}.", safe="Nothing was done.", do=f"See: {self.prog} --help")


def read(words: Sequence[str]) -> argparse.Namespace:
    """One command line; an empty one is `up`. Raises MisuseError for a wrong one."""
    options, unknown = build_parser().parse_known_args(dashes.hide(words or ["up"]))
    dashes.show(options)
    if not unknown:
        return options
    what, do = "takes no arguments", f"See: satchel {options.command} --help"
    if unknown[0].startswith("-"):
        what = f"has no option {unknown[0].partition('=')[0]}"
    elif options.command in _ASKING:
        # What is an argument is seen by every program of this machine, and kept by the shell.
        do = f"A code is never an argument: run {_ASKING[options.command]}, and type it when asked."
    raise MisuseError(f"satchel {options.command} {what}.", safe="Nothing was done.", do=do)


def count_of_receivers(word: str) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) < 6 and 1 <= int(word) <= RECEIVERS_MAX):
        raise argparse.ArgumentTypeError(f"a number from 1 to {RECEIVERS_MAX}")
    return int(word)


def port_number(word: str) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) < 6 and PORT_MIN <= int(word) <= 0xFFFF):
        raise argparse.ArgumentTypeError(f"a number from {PORT_MIN} to 65535")
    return int(word)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = Parser(
        prog="satchel",
        description="Letters, files and books, carried from hand to hand, with no Internet.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"satchel {__version__}")
    # Of a command that runs inside a node (jobs.py): its profile; the folder and language of who typed it.
    parser.set_defaults(lent=None, folder=None, locale=None)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    shared = _shared_options()
    _add_send(commands, shared)
    _add_receive(commands, shared)
    _add_pair(commands, shared)
    _add_contacts(commands, shared)
    _add_queue(commands, shared)
    add_letters(commands, shared)
    add_carry(commands, shared)
    add_library(commands, shared)
    add_guests(commands, shared)
    _add_meet(commands, shared)
    _add_node(commands, shared)
    add_profile(commands, shared)
    add_settings(commands, shared)
    add_history(commands, shared)
    _add_demo(commands, shared)
    _add_doctor(commands, shared)
    _add_completion(commands)
    return parser


def _shared_options() -> argparse.ArgumentParser:
    shared = Parser(add_help=False)
    shared.add_argument(
        "--home", metavar="DIR", help="profile folder (default: SATCHEL_HOME, else the user's data folder)"
    )
    shared.add_argument(
        "--ephemeral", action="store_true", help="a whole profile in memory: nothing is remembered"
    )
    shared.add_argument("--json", action="store_true", help="one JSON object per line on standard output")
    return shared


def _add_send(commands: Commands, shared: argparse.ArgumentParser) -> None:
    send = commands.add_parser(
        "send",
        parents=[shared],
        help="hand files and folders over with a one-time code",
        description="Shows a code; whoever types it into `satchel receive` nearby gets what you offer: "
        "one person, or as many as --for says. "
        "Without PATH: go on with everything that is unfinished.",
        allow_abbrev=False,
    )
    send.add_argument("path", metavar="PATH", nargs="*", help="file or folder")
    send.add_argument(
        "--for",
        dest="receivers",
        metavar="N",
        type=count_of_receivers,
        default=1,
        help=f"how many may take it with this one code, 1 to {RECEIVERS_MAX} (default: 1)",
    )
    send.add_argument(
        "--to", metavar="NAME", help="to a contact, without a code: it waits until that person is near"
    )
    send.add_argument("--later", action="store_true", help="with --to: only put it into the queue")
    send.add_argument("--text", action="store_true", help="send a text, read from standard input")
    send.add_argument(
        "--upload", metavar="ID", action="append", default=[], help="what the owner's page has brought"
    )
    send.set_defaults(module="send_cmd")


def _add_receive(commands: Commands, shared: argparse.ArgumentParser) -> None:
    receive = commands.add_parser(
        "receive",
        parents=[shared],
        help="take what somebody nearby offers",
        description="Asks for the code at a prompt, or reads it as a line from standard input; shows what "
        "is offered and asks before anything is taken.",
        allow_abbrev=False,
    )
    receive.add_argument("--into", metavar="DIR", help="folder to put things in (default: this one)")
    receive.add_argument("--yes", action="store_true", help="take everything without asking")
    receive.add_argument("--text", action="store_true", help="take a text only, no files")
    receive.add_argument(
        "--at",
        metavar="HOST:PORT",
        help="address that the other screen shows, if they do not meet by themselves",
    )
    receive.add_argument(
        "--from", dest="contact", metavar="NAME", help="what this contact offers, without a code"
    )
    receive.add_argument(
        "--resume", action="store_true", help="go on with what is unfinished, without a code"
    )
    receive.set_defaults(module="receive_cmd")


def _add_pair(commands: Commands, shared: argparse.ArgumentParser) -> None:
    pair = commands.add_parser(
        "pair",
        parents=[shared],
        help="become contacts with somebody beside you",
        description="One of you shows a picture and a code, the other one takes one of them. After a picture "
        "you compare seven words, so that nobody can sit between you.",
        allow_abbrev=False,
    )
    way = pair.add_mutually_exclusive_group()
    way.add_argument("--show", action="store_true", help="show a picture and a code, for 15 minutes")
    way.add_argument("--take", action="store_true", help="take the code, or the text of the picture")
    pair.add_argument("--name", metavar="NAME", help="what you want to call them; never sent")
    pair.add_argument("--as", dest="proposed", metavar="NAME", help="what you propose to be called")
    pair.add_argument("--yes", action="store_true", help="the words were compared: ask nothing")
    pair.add_argument(
        "--at",
        metavar="HOST:PORT",
        help="with --take: address that the other screen shows, if they do not meet by themselves",
    )
    pair.add_argument("--png", metavar="FILE", help="with --show: put the picture into a file as well")
    pair.set_defaults(module="pair_cmd")


def _add_contacts(commands: Commands, shared: argparse.ArgumentParser) -> None:
    contacts = commands.add_parser(
        "contacts",
        help="the people you have paired with",
        description="Names are yours alone, and never sent.",
        allow_abbrev=False,
    )
    actions = contacts.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, says, arguments, asks in (
        ("list", "who they are, and whether they are verified", (), False),
        ("rename", "give a contact another name", ("NAME", "NEW"), False),
        ("verify", "compare the words with a contact that is unverified", ("NAME",), True),
        ("taking", "what becomes of what a contact offers", ("NAME",), False),
        ("forget", "erase a contact and its keys", ("NAME",), True),
    ):
        action = add_action(actions, shared, name, says, module="contacts_cmd")
        for argument in arguments:
            action.add_argument(argument.lower(), metavar=argument, help="name of a contact")
        if name == "taking":
            how = "ask you, take it without asking (of a verified one), or refuse it without asking"
            action.add_argument("how", choices=["ask", "accept", "refuse"], help=how)
        if asks:
            action.add_argument("--yes", action="store_true", help="without asking")


def _add_queue(commands: Commands, shared: argparse.ArgumentParser) -> None:
    queue = commands.add_parser(
        "queue",
        help="what waits for your contacts, and what is unfinished",
        description="What you want to give to contacts, until they are near and have it; and what was "
        "accepted and is not all there yet, from contacts and with a code.",
        allow_abbrev=False,
    )
    actions = queue.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, says in (("list", "what waits or is unfinished"), ("remove", "take it back, or end it")):
        action = add_action(actions, shared, name, says, module="queue_cmd")
        if name == "remove":
            action.add_argument(
                "number", metavar="NUMBER", nargs="+", help="number in the list, or `id` of --json"
            )


def _add_meet(commands: Commands, shared: argparse.ArgumentParser) -> None:
    meet = commands.add_parser(
        "meet",
        parents=[shared],
        help="find your contacts around you now",
        description="For five minutes this device says that it is here, and looks for your contacts: also "
        "where it is quiet at other times, and where clocks are wrong. Ends when all of them were met.",
        allow_abbrev=False,
    )
    meet.add_argument(
        "--at",
        metavar="HOST:PORT",
        help="address that the other screen shows, if they do not meet by themselves",
    )
    meet.set_defaults(module="meet_cmd")


def _add_node(commands: Commands, shared: argparse.ArgumentParser) -> None:
    up = commands.add_parser(
        "up",
        parents=[shared],
        help="run Satchel until you end it: your contacts find you",
        description="Says to your contacts around you that you are here, and lets them in; to nobody else. "
        "Other commands run inside of it. `satchel` without a command does the same. Ends with Ctrl-C, "
        "or with `satchel lock`.",
        allow_abbrev=False,
    )
    _add_quiet(up)
    up.add_argument("--guests", action="store_true", help="open the door for guests, as long as it runs")
    up.add_argument("--no-browser", action="store_true", help="do not open the page of this Satchel")
    up.add_argument(
        "--port",
        metavar="N",
        type=port_number,
        default=0,
        help="listen on this port, for a firewall's sake; by it you are known again (default: drawn anew)",
    )
    _add_taking(up)
    up.set_defaults(module="up_cmd")
    status = commands.add_parser(
        "status",
        parents=[shared],
        help="see whether Satchel runs, who is near, and what waits",
        description="Says whether Satchel runs with this profile, who is near, and what waits.",
        allow_abbrev=False,
    )
    status.set_defaults(module="status_cmd")
    unlock = commands.add_parser(
        "unlock",
        parents=[shared],
        help="run Satchel in the background",
        description="Asks for the passphrase, and leaves `satchel up` running in the background.",
        allow_abbrev=False,
    )
    _add_quiet(unlock)
    _add_taking(unlock)
    unlock.set_defaults(module="unlock_cmd")


def _add_quiet(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--quiet",
        action=argparse.BooleanOptionalAction,
        help="say nothing, and only listen; or not (default: as it is set)",
    )


def _add_taking(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--accept",
        choices=["ask", "verified", "none"],
        help="what contacts offer, where you said nothing else of them: ask you, take it from those who are"
        " verified, or nothing at all (default: as it is set, else ask)",
    )
    command.add_argument(
        "--into",
        metavar="DIR",
        help="folder for what contacts give (default: as it is set, else your downloads folder)",
    )


def _add_demo(commands: Commands, shared: argparse.ArgumentParser) -> None:
    demo = commands.add_parser(
        "demo",
        parents=[shared],
        help="see a hand-over between three nodes on this machine",
        description="Three nodes on this machine hand a folder from one to the next, over real sockets; then "
        "two of them pair.",
        allow_abbrev=False,
    )
    demo.set_defaults(module="demo_cmd")


def _add_doctor(commands: Commands, shared: argparse.ArgumentParser) -> None:
    doctor = commands.add_parser(
        "doctor",
        parents=[shared],
        help="find out why devices do not meet, and what is unsafe on this one",
        description="Looks at this computer and says what keeps devices from finding each other or you from "
        "being safe, each with the command that mends it. Changes nothing, sends nothing, needs no root.",
        allow_abbrev=False,
    )
    doctor.set_defaults(module="doctor_cmd")


def _add_completion(commands: Commands) -> None:
    completion = commands.add_parser(
        "completion",
        help="print a completion script for a shell",
        description='For instance: eval "$(satchel completion bash)"',
        allow_abbrev=False,
    )
    completion.add_argument("shell", choices=["bash", "zsh", "tcsh"])
    completion.set_defaults(module="completion_cmd", home=None, ephemeral=False, json=False)
