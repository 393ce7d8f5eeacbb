"""What to do on the page, where one of our sentences says it as a command line.

Most people who use the page will never see a command line. Sentences travel as strings, and are recognised by
their form (sentences.py); those that stand here are told by others. Pure. Spec: docs/spec/page.md, 5.4.
"""


def _(message: str) -> str:
    """Marks it for the catalogues."""
    return message


ONCE_MORE_WITH_THE_CODE = _("Begin once more, and type the code that the other screen shows.")
GO_ON_BOTH = _("You can go on within seven days, when the other side does, too: see Waiting.")
SOMETHING_NEW = _("Begin something new under Near.")
OR_THE_ADDRESS = _(
    "Are both devices on the same network? On both, Safety says what keeps them apart. Or type the address"
    " that the other screen shows."
)

_MEETING = {
    "Pair with somebody first: satchel pair": _("Pair with somebody first."),
    "Run satchel meet on both devices within the same five minutes, in one network. satchel doctor says what"
    " may keep them apart.": _(
        "Under Safety, let both devices look for their contacts within the same five minutes, in one network."
        " It also says there what may keep them apart."
    ),
    "Set it when you can (sudo date -s); satchel doctor says how far it is off.": _(
        "Set the clock of this computer when you can. Safety says how far it is off."
    ),
    "Your contacts are found without it, while both of you run satchel meet.": _(
        "Your contacts are found without it, while both of you let your devices look for contacts under"
        " Safety."
    ),
    "Are they near? satchel status says so; satchel doctor says what may keep you apart.": _(
        "Do you see them under Near? Safety says what may keep you apart."
    ),
    "Are both devices on the same network? Run satchel doctor on both: it says what keeps them apart. Or type"
    " the address that the other screen shows: satchel receive --at HOST:PORT": OR_THE_ADDRESS,
    "Are both devices on the same network? Run satchel doctor on both: it says what keeps them apart. Or type"
    " the address that the other screen shows: satchel pair --take --at HOST:PORT": OR_THE_ADDRESS,
    "Compare the address with the other screen. Are both devices on the same network? Run satchel doctor on"
    " both: it says what keeps them apart.": _(
        "Compare the address with the other screen. Are both devices on the same network? On both, Safety"
        " says what keeps them apart."
    ),
    "Is it the picture that the other screen shows now, and are both devices on the same network? Run satchel"
    " doctor on both: it says what keeps them apart.": _(
        "Is it the picture that the other screen shows now, and are both devices on the same network? On"
        " both, Safety says what keeps them apart."
    ),
    "Use another network: a cable between the two, or a phone's hotspot. Or type the address that the sender"
    " shows: satchel receive --at HOST:PORT": _(
        "Use another network: a cable between the two, or the hotspot of a phone. Or type the address that"
        " the other screen shows."
    ),
}

_CODES = {
    "Look at the other screen again: a number and three words. Each try is counted there. If it shows satchel"
    " pair, run satchel pair --take here.": _(
        "Look at the other screen again: a number and three words. Each try is counted there. If the other"
        " device pairs, choose to pair here."
    ),
    "Look at the other screen again: a number and three words. Each try is counted there. If it shows satchel"
    " send, run satchel receive here.": _(
        "Look at the other screen again: a number and three words. Each try is counted there. If the other"
        " device sends, choose to receive here."
    ),
    "If its screen shows satchel send, run satchel receive here. Else try again with a new code.": _(
        "If the other device sends, choose to receive here. Else try again with a new code."
    ),
    "Run satchel pair --take again, and type the code that the other screen shows.": ONCE_MORE_WITH_THE_CODE,
    "Run satchel receive again, and type the code that the other screen shows.": ONCE_MORE_WITH_THE_CODE,
    "Scan the picture that the other device shows after `satchel pair`.": _(
        "Let the other device show a code to pair by, and scan its picture."
    ),
    "Somebody on this network may be trying codes. Run %(said_command)s again for a new code.": _(
        "Somebody on this network may be trying codes. Begin once more, with a new code."
    ),
    "Run satchel send again for a new code. Run satchel doctor on both: it says what keeps them apart.": _(
        "Send once more, with a new code. On both devices, Safety says what keeps them apart."
    ),
    "Run satchel pair again for a new picture and code. Run satchel doctor on both: it says what keeps them"
    " apart.": _(
        "Pair once more, with a new picture and code. On both devices, Safety says what keeps them apart."
    ),
}

_CONTACTS = {
    "To see the names: satchel contacts list": _("See the names under People."),
    "Give another name, or rename that contact first: satchel contacts rename": _(
        "Give another name, or rename that contact first."
    ),
    "Verify first, when you meet: satchel contacts verify": _(
        "Compare the words first, when you meet: on the page of this contact."
    ),
    "If you doubt it, forget the contact and pair again: satchel contacts forget": _(
        "If you doubt it, forget the contact on its page, and pair again."
    ),
    "Pair again, side by side: satchel pair": _("Pair again, side by side."),
    "Pair again. If the other screen says that it is paired, forget that contact there first: satchel"
    " contacts forget": _(
        "Pair again. If the other screen says that it is paired, forget that contact there first."
    ),
    "To compare its words later: satchel contacts verify. To pair again: satchel pair": _(
        "You can compare its words later, on its page under People. Or pair again."
    ),
}

_GIVING = {
    "Attach less, or hand large files over when you meet: `satchel send --to`.": _(
        "Attach less, or hand large files over when you meet."
    ),
    "satchel send PATH": _("Choose the files once more."),
    "Send a long one as a file: satchel send FILE": _("Send a long one as a file."),
    "Run satchel send PATH to offer them again.": _("To offer them again, send them once more."),
    "To send something new: satchel send PATH": SOMETHING_NEW,
    "To go on, within seven days: satchel send, without a path.": GO_ON_BOTH,
    "Put the disk in, or the folder back, and run satchel send without a path within seven days.": _(
        "Put the disk in, or the folder back, and go on sending within seven days: see Waiting."
    ),
    "What was accepted can go on within seven days: satchel send without a path, and satchel receive"
    " --resume.": _("What was accepted can go on within seven days: see Waiting."),
    "It goes when they are near and Satchel runs: satchel up. To take it back: satchel queue remove": _(
        "It goes when they are near and Satchel runs. You can take it back under Waiting."
    ),
    "It stays in the list until you remove it: satchel queue remove": _(
        "It stays under Waiting until you remove it there."
    ),
    "To see the numbers: satchel queue list": _("See what is left under Waiting."),
    "Meet, or take some of them back: satchel queue remove": _(
        "Meet, or take some of them back under Waiting."
    ),
    "Stop that, or take it back (satchel queue remove): then it goes by itself.": _(
        "Stop that, or take it back under Waiting: then it goes by itself."
    ),
    "Make room on that disk, then try again. Or send the file by its path: satchel send PATH": _(
        "Make room on that disk, then try again."
    ),
    "Send or remove some of them. Or send a large folder by its path: satchel send PATH": _(
        "Send some of them, or remove some under Waiting."
    ),
}

_TAKING = {
    "To receive something new: satchel receive": SOMETHING_NEW,
    "To go on, within seven days: satchel receive --resume, and over there satchel send.": GO_ON_BOTH,
    "What you have accepted goes on by itself when you meet again: satchel up": _(
        "What you have accepted goes on by itself when you meet again."
    ),
    "Go on with: satchel receive --resume. If it happens again, please report it.": _(
        "Go on receiving under Waiting. If it happens again, please report it."
    ),
    "Put the disk in, then run: satchel receive --resume": _(
        "Put the disk in, then go on receiving under Waiting."
    ),
    "Make room, or take a part of it: the same command again, with the same code if any.": _(
        "Make room, or take a part of it: begin once more, with the same code if there was one."
    ),
    "See what is asked now: satchel status": _("See under Near what is offered now."),
    "satchel settings set accept ask; or start it again, without --accept none": _(
        "Choose under Settings that it asks."
    ),
    "Put its disk in and start Satchel again, or choose another folder: satchel settings set into DIR": _(
        "Put its disk in and start Satchel again, or choose another folder under Settings."
    ),
}

_SATCHEL_ITSELF = {
    "%(number_deeds_max)s commands run in this Satchel already.": _(
        "This Satchel does %(number_deeds_max)s things at the same time already."
    ),
    "Satchel made a mistake (%(name)s), and this command ended.": _(
        "Satchel made a mistake (%(name)s), and what you began here has ended."
    ),
    "Please report it. To see more, run the command while no Satchel runs: satchel lock": _(
        "Please report it."
    ),
    "Start again, and type it; a script gives it as the first line of standard input.": _(
        "Begin again, and type it."
    ),
    "Start again; an empty line takes the words that are offered.": _(
        "Begin again, or take the words that are offered."
    ),
    "Satchel sends nothing with it: each command checks the same and ends.": _(
        "Satchel sends nothing with it: it checks the same each time it starts, and ends."
    ),
    "Use it, or name another folder with --home.": _("Start Satchel again to use it."),
    "Make it writable, or use another one (--home).": _("Make it writable, then try again."),
    "Make room, or use another disk with --home. The line shows what is large.": _(
        "Make room on it. The line shows what is large."
    ),
    "Make it writable, or use another folder with --home. Disks turn read-only when they fail: save what is"
    " on it.": _("Make it writable. Disks turn read-only when they fail: save what is on it."),
}

_LETTERS = {
    "Attach less, or hand large files over when you meet: `satchel send --to`.": _(
        "Attach less, or hand large files over when you meet."
    ),
    "Name files that you can read. A folder goes packed into one file, or from hand to hand: satchel send"
    " --to": _("Choose files that you can read. A folder goes packed into one file, or from hand to hand."),
    "Pipe a long one in: satchel write NAME < FILE; or attach it as a file.": _(
        "Write less, or attach it as a file."
    ),
    "To see the numbers: satchel inbox, satchel outbox": _("Look at the letters again."),
}

_LIBRARY = {
    "See which there are: satchel library list": _("See which there are in the library."),
    "See which there are: satchel shelf list": _("See which there are under Shelves, in the library."),
    "Make room, or choose a folder on another disk: --into DIR": _(
        "Make room, or choose a folder on another disk under Settings."
    ),
    "Put it in again (satchel library add). If it happens again, look at the disk.": _(
        "Put it in again. If it happens again, look at the disk."
    ),
    "Open it among people whom you trust with that. Which shelves are open: satchel shelf list": _(
        "Open it among people whom you trust with that. Which shelves are open stands under Guests."
    ),
    "Close it first: satchel guests close": _("Close the door first, under Guests."),
    "Say the same again: it goes on with the rest.": _("Choose the same again: it goes on with the rest."),
}

ON_THE_PAGE = {
    **_MEETING,
    **_CODES,
    **_CONTACTS,
    **_GIVING,
    **_TAKING,
    **_SATCHEL_ITSELF,
    **_LETTERS,
    **_LIBRARY,
}
"""What is said elsewhere, by what the page says instead: with no fields but those of the first."""
