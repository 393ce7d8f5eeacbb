"""Contacts to test with."""

from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import begin
from satchel.core.identity.pair import Pair, Proof
from satchel.ports.contacts import Contact

DAY = 20_800
AMINA, BILAL = ContactId(b"a" * 16), ContactId(b"b" * 16)


def contact(
    id: ContactId = AMINA, name: str = "Amina", *, proof: Proof = Proof.CODE, seed: int = 1
) -> Contact:
    """Secrets that can be looked for: each is 32 times one byte, from `seed` on."""
    static, theirs, speaking, listening, out, back = (bytes([seed + n]) * 32 for n in range(6))
    return Contact(
        id=id,
        name=name,
        pair=Pair(
            static=static,
            their_static=theirs,
            epochs=begin(epoch=DAY, speaking=speaking, listening=listening),
            letters_speaking=out,
            letters_listening=back,
            proof=proof,
        ),
    )
