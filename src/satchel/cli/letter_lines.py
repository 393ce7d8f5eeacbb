"""What is said to a person, and to a script, about letters that come and letters that end."""

from satchel.cli import units
from satchel.cli.contact_lines import called
from satchel.node import events

ToldLetter = events.LetterCame | events.LetterEnded | events.LetterSpoilt
LetterEvent = ToldLetter | events.LetterMoved


def letter_fields(event: ToldLetter) -> dict[str, object]:
    """For a script: the event's name, and its fields [cli 4]."""
    match event:
        case events.LetterCame(id=id, name=name, is_verified=verified, text=text, attachments=count):
            told = id.hex() if id is not None else None
            return {
                "event": "letter",
                "from": name,
                "verified": verified,
                "text": text,
                "attachments": count,
                "id": told,
            }
        case events.LetterEnded(id=id, delivered=delivered):
            return {"event": "letter_ended", "id": id.hex(), "delivered": delivered}
        case events.LetterSpoilt(problem=problem):
            return {"event": "trouble", "what": problem.what, "safe": problem.safe, "do": problem.do}


def about_letter(event: ToldLetter) -> str:
    match event:
        case events.LetterCame(id=None, name=name, is_verified=verified):
            who = called(name, verified=verified)
            return f"{who} has written a letter that this version cannot read. It is kept for a newer one."
        case events.LetterCame(name=name, is_verified=verified, attachments=count):
            files = f", with {units.files(count)}" if count else ""
            return f"{called(name, verified=verified)} has written{files}. To read it: satchel inbox"
        case events.LetterEnded(delivered=True):
            return "A letter of yours has arrived. To see which: satchel outbox"
        case events.LetterEnded():
            return "The time of a letter of yours is over, and nobody has said that it came: satchel outbox"
        case events.LetterSpoilt(problem=problem):
            return problem.what
