"""Letters as commands number, find, list and tell them: one row of numbers for those that came and own ones.

Numbers change when a letter comes or goes, ids do not.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from satchel.cli import units
from satchel.cli.contact_lines import called
from satchel.cli.profile import Profile
from satchel.cli.show import FRAME, JsonShow, Show
from satchel.core.bundles.lifetime import SINCE_S
from satchel.core.identity.clocks import HOUR_S
from satchel.core.identity.contacts import ContactId
from satchel.errors import MisuseError, NoSuchLetter
from satchel.escape import show_name, show_text
from satchel.ports.contacts import Contact
from satchel.ports.letter_states import LetterState
from satchel.ports.letters import Conversations, StoredLetter

PREVIEW_CHARACTERS_MAX = 60
ID_DIGITS = 32
YEAR_MAX_S = 253_402_300_799  # the end of 9999: a contact's clock may say anything
NOT_IN_BACKUP = "Its text is not here: this profile was made from a backup, and long texts are in none."


@dataclass(frozen=True, slots=True)
class Numbered:
    """A letter in the list."""

    number: int  # from 1
    contact: Contact
    letter: StoredLetter
    letters: Conversations

    @property
    def text(self) -> str | None:
        """All of it, read now where it is long. Raises NothingToDo: it was deleted meanwhile."""
        if not self.letter.is_cut:
            return self.letter.text
        return self.letters.text(self.contact.id, self.letter.id)

    @property
    def is_own(self) -> bool:
        return self.letter.state is not LetterState.RECEIVED

    @property
    def whose(self) -> str:
        """For a terminal."""
        name = called(self.contact.name, verified=self.contact.pair.proof.is_verified)
        return f"{'to' if self.is_own else 'from'} {name}"


def letters_in(profile: Profile) -> list[Numbered]:
    """All of them: contacts by their names, the letters of each as both sides see them, the newest last."""
    found: list[tuple[Contact, StoredLetter]] = []
    for contact in sorted(profile.contacts.all(), key=lambda contact: contact.name):
        with suppress(MisuseError):  # forgotten just now
            found += [(contact, letter) for letter in profile.post.letters.conversation(contact.id)]
    return [Numbered(number, *one, profile.post.letters) for number, one in enumerate(found, 1)]


def conversation(
    profile: Profile, contact: Contact, *, last: int | None, skip: int
) -> tuple[list[Numbered], int]:
    """Of both, the newest last: `last` of them (None: all) but for the `skip` newest; and how many there are.

    Raises MisuseError: it was forgotten.
    """
    letters = profile.post.letters
    of = letters.count(contact.id)
    found = letters.stretch(contact.id, last=last, skip=skip)
    first = _before(contact, profile) + max(0, of - skip - len(found)) + 1
    return [Numbered(number, contact, letter, letters) for number, letter in enumerate(found, first)], of


def _before(contact: Contact, profile: Profile) -> int:
    """How many numbers are of contacts whose names come before."""
    count = 0
    for other in profile.contacts.all():
        if other.name < contact.name:
            with suppress(MisuseError):  # forgotten just now
                count += profile.post.letters.count(other.id)
    return count


def chosen(word: str, letters: Sequence[Numbered]) -> Numbered:
    """By its number, or by its id, which no other program moves meanwhile. Raises MisuseError."""
    if word.isascii() and word.isdecimal() and len(word) < ID_DIGITS and 1 <= int(word) <= len(letters):
        return letters[int(word) - 1]
    found = [one for one in letters if one.letter.id.hex() == word.lower()]
    if len(found) > 1:  # its writers have drawn it: two of them may have agreed
        raise MisuseError(
            "Two contacts have written letters of this id.",
            safe="Nothing was changed.",
            do="Name it by its number.",
        )
    if found:
        return found[0]
    raise NoSuchLetter(
        f"There is no letter {word}.",
        safe="Nothing was changed.",
        do="To see the numbers: satchel inbox, satchel outbox",
    )


def when(written_s: int | None) -> str:
    """In the time of this machine; nothing, where its writer had no clock, or none that can be right."""
    if written_s is None or not 0 <= written_s <= YEAR_MAX_S - 86_400:
        return ""
    return f"{datetime.fromtimestamp(written_s, UTC).astimezone():%Y-%m-%d %H:%M}"


def what_of(letter: StoredLetter) -> list[str]:
    """Lines below the one that says whose it is, for a terminal. Behind FRAME stands what its writer says."""
    lines = []
    if letter.attachments:
        size = units.size(sum(one.size_bytes for one in letter.attachments))
        lines.append(f"{units.files(len(letter.attachments))}, {size}")
    if letter.text is None:
        lines.append(NOT_IN_BACKUP)
    elif letter.text.strip():
        lines.append(f"{FRAME}{preview(letter.text)}")
    return lines


def preview(text: str) -> str:
    """Its first words, on one line, for a terminal."""
    first, *others = text.strip().split("\n", 1)
    shown = ""
    for character in " ".join(first.split()):
        part = show_text(character)
        if len(shown) + len(part) > PREVIEW_CHARACTERS_MAX:
            return f"{shown} ..."
        shown += part
    return f"{shown} ..." if others else shown


def state_of(letter: StoredLetter) -> str:
    """Of an own one. Nobody knows more of it than its carriers have told."""
    match letter.state:
        case LetterState.UNDER_WAY if letter.handed:
            return f"handed to {units.count(letter.handed, 'carrier')}"
        case state:
            return state.name.lower().replace("_", " ")


def tell(show: JsonShow, one: Numbered, *, brief: bool = False) -> None:
    """For a script [cli 4]. brief: of a long text only the beginning."""
    letter, fields = one.letter, _fields(one.letter)
    if brief:
        fields["cut"] = letter.is_cut
    else:
        fields["text"] = one.text
    verified = one.contact.pair.proof.is_verified
    if not one.is_own:
        show.line("letter", number=one.number, **{"from": one.contact.name}, verified=verified, **fields)
        return
    expires_s = None if letter.expiry_hour is None else SINCE_S + letter.expiry_hour * HOUR_S
    state = letter.state.name.lower()
    under_way = {"state": state, "carriers": letter.handed, "expires_s": expires_s}
    show.line("own_letter", number=one.number, to=one.contact.name, verified=verified, **fields, **under_way)


def _fields(letter: StoredLetter) -> dict[str, object]:
    return {
        "id": letter.id.hex(),
        "text": letter.text,
        "attachments": len(letter.attachments),
        "files": [
            {"name": one.name.decode("utf-8", "surrogateescape"), "size": one.size_bytes, "here": one.is_here}
            for one in letter.attachments
        ],
        "written_s": letter.written_s,
        "reply_to": None if letter.reply_to is None else letter.reply_to.hex(),
    }


def head_of(one: Numbered, letters: Sequence[Numbered]) -> list[str]:
    """What stands above the text of one letter, for a terminal, a line each."""
    letter = one.letter
    lines = [f"{one.whose[0].upper()}{one.whose[1:]}"]
    if written := when(letter.written_s):
        lines.append(f"Written {written}" if one.is_own else f"Written {written}, as their clock said")
    if one.is_own:
        lines.append(f"State: {state_of(letter)}")
    if letter.reply_to is not None:
        answered = [other for other in letters if _is_answered(other, letter)]
        lines.append(
            f"In answer to number {answered[0].number}" if answered else "In answer to one that is not here"
        )
    for number, file in enumerate(letter.attachments, 1):
        lines.append(f"  File {number}, {units.size(file.size_bytes)}: {show_name(file.name)}")
    return lines


def _is_answered(other: Numbered, letter: StoredLetter) -> bool:
    return other.contact.id == letter.contact and other.letter.id == letter.reply_to


def of_contact(letters: Sequence[Numbered], contact: ContactId | None, *, own: bool) -> list[Numbered]:
    """contact: None: of all."""
    return [one for one in letters if one.is_own is own and contact in (None, one.contact.id)]


def list_on(show: Show, letters: Sequence[Numbered], *, brief: bool = False) -> None:
    """A few lines each: whose it is stands last on the first, so that no name can imitate the rest.

    brief: see tell.
    """
    width = max([4, *(len(str(one.number)) for one in letters)])
    states = max((len(state_of(one.letter)) for one in letters), default=0)
    for one in letters:
        if isinstance(show, JsonShow):
            tell(show, one, brief=brief)
            continue
        state = f"{state_of(one.letter):<{states}}  " if one.is_own else ""
        show.console.write(f"{one.number:>{width}}  {state}{when(one.letter.written_s):<16}  {one.whose}\n")
        for line in what_of(one.letter):
            show.console.write(f"{'':{width}}  {line}\n")
