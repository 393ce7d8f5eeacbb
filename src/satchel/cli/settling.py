"""What the person decides about a contact: whether the words are the same, and what it is called."""

from enum import Enum

from satchel.cli import units
from satchel.cli.show import JsonShow, Show
from satchel.core.identity.comparison import Comparison
from satchel.core.identity.pair import Proof
from satchel.errors import AccessDenied, MisuseError
from satchel.escape import show_name
from satchel.node.pairing.keeping import Keeper
from satchel.node.pairing.naming import clean
from satchel.ports.contacts import Contact, Contacts
from satchel.ports.queue import Queue, QueueState


class Answer(Enum):
    SAME = "both screens show the same"
    DIFFERENT = "somebody sits between, or it is another device"
    LATER = "nothing was compared"


_ANSWERS = {
    "y": Answer.SAME,
    "yes": Answer.SAME,
    "n": Answer.DIFFERENT,
    "no": Answer.DIFFERENT,
    "l": Answer.LATER,
    "later": Answer.LATER,
}


def shown(contact: Contact) -> str:
    """Its name, for a terminal."""
    return show_name(contact.name.encode())


def compare(show: Show, comparison: Comparison, *, yes: bool) -> Answer:
    """Show the words, and ask whether they are those on the other screen."""
    parts = comparison.parts()
    if isinstance(show, JsonShow):
        language = comparison.language.value if comparison.language is not None else None
        show.line("words", words=parts, language=language)
    else:
        what = "words" if comparison.language is not None else "numbers"
        show.note(f"\nThe {what} of this pairing. Compare all of them with the other screen, or aloud:\n")
        for number, part in enumerate(parts, 1):  # a line each: Arabic and Persian run the other way
            show.console.write(f"    {number}  {part}\n")
        show.console.write("\n")
    return Answer.SAME if yes else _ask_words(show)


def _ask_words(show: Show) -> Answer:
    show.ask("words")
    while True:
        typed = show.console.read_line("Are these the words on the other screen? [y]es, [n]o, [l]ater: ")
        answer = _ANSWERS.get((typed or "").strip().lower())
        if answer is not None:
            return answer
        if typed is None or not show.console.is_typed_at:
            return Answer.LATER
        show.note("Please look at both screens, and answer y, n or l.")


def words_differ() -> AccessDenied:
    return AccessDenied(
        "The words were not the same: somebody sits between you, or it was another device.",
        safe="The contact was forgotten at once, and its keys are erased.",
        do="The other person answers no as well. Then pair again, best by a code that you say quietly.",
    )


def apply(answer: Answer, contact: Contact, contacts: Contacts) -> None:
    """Raises AccessDenied: the words differ; the contact is forgotten."""
    match answer:
        case Answer.SAME:
            contacts.verify(contact.id, Proof.WORDS_COMPARED)
        case Answer.DIFFERENT:
            contacts.forget(contact.id)
            raise words_differ()
        case Answer.LATER:
            pass


class Settling:
    """After a pairing, in a thread beside the network."""

    def __init__(self, show: Show, contacts: Contacts, queue: Queue, *, yes: bool, is_named: bool) -> None:
        """`yes`: the words were compared, ask nothing. `is_named`: the person has said what to call it."""
        self._show = show
        self._contacts = contacts
        self._queue = queue
        self._yes = yes
        self._is_named = is_named
        self.contact: Contact | None = None  # as it is at the end

    def settle(self, keeper: Keeper) -> None:
        """Raises AccessDenied: the words differ."""
        while True:
            met = keeper.met
            assert met is not None
            comparison, answer = met.contact.comparison, Answer.LATER
            if comparison is not None:
                answer = compare(self._show, comparison, yes=self._yes)
            if keeper.settle(met):
                break
            self._show.note("\nThe other device came once more: these are the words now.")
        if comparison is not None:
            apply(answer, met.contact, self._contacts)
        if not self._yes and not self._is_named:
            self._ask_name(met.contact)
        self.contact = next(one for one in self._contacts.all() if one.id == met.contact.id)

    def _ask_name(self, contact: Contact) -> None:
        if isinstance(self._show, JsonShow):  # to a person the question says it, escaped
            self._show.ask("name", offered=contact.name)
        question = f"What do you want to call this contact? (Enter: {shown(contact)}) "
        while True:
            typed = self._show.console.read_line(question)
            if not (typed or "").strip():
                return
            try:
                name = clean(typed or "")
            except MisuseError as mistake:
                self._show.error(mistake) if self._show.console.is_typed_at else self._show.warning(mistake)
            else:
                others = (one for one in self._contacts.all() if one.id != contact.id)
                other = next((one for one in others if one.name == name), None)
                if other is None:
                    self._contacts.rename(contact.id, name)
                    return
                if self._take_place(other, contact):
                    return
            if not self._show.console.is_typed_at:
                return

    def _take_place(self, old: Contact, new: Contact) -> bool:
        """Whether the person says that this is somebody whom they have paired with before [pairing 10.2]."""
        self._show.note(f"You have a contact {shown(old)} already.")
        inherits = self._is_verified(new) or not old.pair.proof.is_verified
        if not inherits:
            self._show.note("That one is verified, and this one is not.")
        things = [one for one in self._queue.all() if one.contact == old.id]
        waiting = [one for one in things if one.state is QueueState.WAITING]
        if waiting:
            count = units.count(len(waiting), "thing")
            goes = (
                "that waited for it will wait for this one" if inherits else "that waited for it will not go"
            )
            self._show.note(f"{count} {goes}.")
        self._show.ask("replace")
        question = "Is this the same person, paired again? Then the old keys are erased. [y]es, [N]o: "
        if (self._show.console.read_line(question) or "").strip().lower() not in ("y", "yes"):
            return False
        self._contacts.succeed(new.id, old.id, old.name, inherits=inherits)
        return True

    def _is_verified(self, contact: Contact) -> bool:
        return any(one.id == contact.id and one.pair.proof.is_verified for one in self._contacts.all())
