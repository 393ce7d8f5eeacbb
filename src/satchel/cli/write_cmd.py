"""`satchel write`."""

import argparse
import os
from collections.abc import Iterable, Sequence
from contextlib import closing, nullcontext, suppress

from satchel.cli.contact_lines import called
from satchel.cli.contacts_cmd import named
from satchel.cli.home import absolute
from satchel.cli.letter_list import chosen, letters_in
from satchel.cli.offered import source_of
from satchel.cli.profile import LentProfile, Profile, open_existing
from satchel.cli.prompt import LETTER_BYTES_MAX as TYPED_BYTES_MAX
from satchel.cli.show import Show
from satchel.core.handover.messages import EntryKind
from satchel.core.sealing.letter import LETTER_BYTES_MAX, Attachment, LetterId, too_large
from satchel.errors import MisuseError, NothingToDo
from satchel.ports import SourceEntry
from satchel.ports.contacts import Contact
from satchel.ports.letter_states import LetterState
from satchel.ports.letters import StoredLetter
from satchel.store.source import survey
from satchel.store.upload_names import id_in, named_by

HOURS_A_DAY = 24


def run(options: argparse.Namespace, show: Show) -> int:
    with closing(open_existing(options, show)) as profile:
        _write(options, show, profile)
    return 0


def _write(options: argparse.Namespace, show: Show, profile: Profile) -> None:
    contact = named(options.contact, profile.contacts)
    reply_to = None if options.reply is None else _answered(options.reply, contact, profile)
    paths = [os.fsencode(absolute(path, options.folder)) for path in options.attach]
    uploads = [id for word in options.upload if (id := id_in(named_by(word))) is not None]
    with profile.uploads.holding(uploads) if uploads else nullcontext():
        attachments = _attachments(paths, uploads, show, profile)  # before a text is typed in vain
        text = _text(show, is_alone=not attachments)
        profile.confine()
        id = profile.post.office.write(
            contact.id,
            text,
            attachments=attachments,
            reply_to=reply_to,
            lifetime_h=options.expires * HOURS_A_DAY,
        )
    _let_go(uploads, profile)
    letter = next(one for one in profile.post.letters.conversation(contact.id) if one.id == id)
    show.done(text=_becomes(letter, contact), id=id.hex(), state=letter.state.name.lower())
    if isinstance(profile, LentProfile):
        show.note("To see what has become of it: satchel outbox")
    else:
        show.note("It goes while Satchel runs (satchel up), or on a stick (satchel carry out).")


def _answered(word: str, contact: Contact, profile: Profile) -> LetterId:
    """Raises MisuseError."""
    one = chosen(word, letters_in(profile))
    if one.contact.id != contact.id:
        raise MisuseError(
            "The letter that it is to answer is of another contact.",
            safe="Nothing was written.",
            do="To see the numbers: satchel inbox, satchel outbox",
        )
    return one.letter.id


def _attachments(
    paths: Sequence[bytes], uploads: Sequence[bytes], show: Show, profile: Profile
) -> list[Attachment]:
    """Raises MisuseError, EnvironmentProblem: a letter goes with all of its files, or not at all."""
    folders = [path for path in paths if os.path.isdir(path) and not os.path.islink(path)]
    for path in folders:
        show.left_out(path, "a folder, not a file")
    taken: set[bytes] = set()
    brought = _brought(uploads, taken, profile) if uploads else []
    inside = {entry.path[0] for entry in brought if len(entry.path) > 1 or entry.kind is EntryKind.FOLDER}
    for name in sorted(inside):
        show.left_out(name, "a folder, not a file")
    found = survey([path for path in paths if path not in folders], taken)
    for refused in found.refused:
        show.left_out(refused.path, refused.why)
    if folders or inside or found.refused:
        raise MisuseError(
            "Not all of this can be attached.",
            safe="Nothing was written.",
            do="Name files that you can read. A folder goes packed into one file, or from hand to hand:"
            " satchel send --to",
        )
    files = [entry for entry in [*brought, *found.entries] if entry.kind is EntryKind.FILE]
    if sum(entry.size for entry in files) > LETTER_BYTES_MAX:
        raise too_large("8 MiB in all")
    source, attachments = source_of(profile), []
    for entry in files:
        content = bytearray(entry.size)
        source.read_whole(entry, memoryview(content))
        attachments.append(Attachment(name=entry.path[0], content=bytes(content)))
    source.rest()
    return attachments


def _brought(uploads: Sequence[bytes], taken: set[bytes], profile: Profile) -> list[SourceEntry]:
    """What the owner's page has brought. Raises NothingToDo, MisuseError."""
    from satchel.store.uploaded import survey_uploads  # noqa: PLC0415 - for the owner's page only

    return survey_uploads(profile.uploads, uploads, taken)


def _let_go(uploads: Iterable[bytes], profile: Profile) -> None:
    """What they are is in the letter now. One that waits for somebody, too, goes when that is over."""
    for id in uploads:
        with suppress(NothingToDo, MisuseError):
            profile.uploads.remove(id)


def _text(show: Show, *, is_alone: bool) -> str:
    """From standard input to its end. Raises MisuseError."""
    text = show.console.read_letter(TYPED_BYTES_MAX)
    if text is None or not _is_utf_8(text):
        raise MisuseError(
            f"No text came, or it is not UTF-8, is longer than {TYPED_BYTES_MAX:,} bytes, or has a line that"
            " is longer than a terminal takes.",
            safe="Nothing was written.",
            do="Pipe a long one in: satchel write NAME < FILE; or attach it as a file.",
        )
    if is_alone and not text.strip():
        raise MisuseError(
            "This letter is empty.", safe="Nothing was sent.", do="Write a text, or attach a file."
        )
    return text


def _is_utf_8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, in a line of JSON [api 3.4]
        return False
    return True


def _becomes(letter: StoredLetter, contact: Contact) -> str:
    """No more than is known."""
    who = called(contact.name, verified=contact.pair.proof.is_verified)
    if letter.state is LetterState.KEPT:
        return f"Kept here: it is sealed when more of what you wrote before has come to {who}."
    if letter.expiry_hour is None:
        return (
            f"It waits for {who}, and goes when you meet. This clock cannot be right, so none may carry it."
        )
    return f"It is sealed for {who}, and goes when you meet them, or others who carry it."
