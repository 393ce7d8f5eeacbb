"""Two people with profiles on the disk who know each other, for whole programs."""

import os
import random
from contextlib import closing
from pathlib import Path

from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import begin
from satchel.core.identity.keyfile import KEY_BYTES, Bare, encode
from satchel.core.identity.pair import Pair, Proof
from satchel.ports.contacts import Contact
from satchel.store.contacts import SqliteContacts
from satchel.store.profile import ProfileFolder


def two_people(folder: Path, *, names: tuple[str, str] = ("amina", "carla")) -> tuple[Path, Path]:
    """Their profiles, without a passphrase."""
    chance = random.Random(str(folder))
    static, theirs, meet, answer, out, back = (chance.randbytes(32) for _ in range(6))
    homes = folder / names[0], folder / names[1]
    for home, other, speaks, listens in ((homes[0], names[1], out, back), (homes[1], names[0], back, out)):
        pair = Pair(
            static=static,
            their_static=theirs,
            epochs=begin(epoch=20_800, speaking=meet, listening=answer),
            letters_speaking=speaks,
            letters_listening=listens,
            proof=Proof.CODE,
        )
        key = os.urandom(KEY_BYTES)
        with closing(ProfileFolder.take(home)) as taken:
            taken.create(encode(Bare(key=key)), key)
            with closing(taken.open(key)) as database:
                contacts = SqliteContacts(database, salt=os.urandom(32))
                contacts.add(Contact(id=ContactId(os.urandom(16)), name=other, pair=pair))
    return homes
