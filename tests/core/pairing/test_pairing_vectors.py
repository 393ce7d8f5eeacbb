"""The vectors of docs/spec/pairing.md, made and checked."""

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.core.crypto.curve import x25519_public
from satchel.core.identity.comparison import Comparison, Language
from satchel.core.identity.epochs import begin
from satchel.core.identity.pair import Pair, Proof
from satchel.core.pairing.card import Card, HostCard, decode_host, decode_taker, encode
from satchel.core.pairing.effects import Effect, Encapsulate, Paired, Send, Verified
from satchel.core.pairing.hosting import Hosting, host_code
from satchel.core.pairing.keys import HostKeys, TakerKeys
from satchel.core.pairing.picture import Picture
from satchel.core.pairing.picture_host import Begun, PictureHost
from satchel.core.pairing.taking import PictureTaker, Taking, take_code
from satchel.errors import MisuseError, PeerError

Vector = dict[str, Any]
FILE = Path(__file__).parents[3] / "docs/spec/pairing.vectors.json"
VECTORS: list[Vector] = json.loads(FILE.read_text(encoding="utf-8"))["vectors"]
NOW_S = 1000.0


def of_kind(*kinds: str) -> pytest.MarkDecorator:
    chosen = [vector for vector in VECTORS if vector["kind"] in kinds]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: str(vector["name"]))


def raw(vector: Vector, *names: str) -> list[bytes]:
    return [bytes.fromhex(vector[name]) for name in names]


def card(said: list[Any]) -> Card:
    day, language, name = said
    return Card(day=day, language=language, name=name)


@of_kind("picture")
def test_picture(vector: Vector) -> None:
    commitment, secret = raw(vector, "commitment", "secret")
    ends = tuple((bytes.fromhex(address), port) for address, port in vector["ends"])
    picture = Picture(commitment, secret, ends)
    assert picture.text() == vector["text"]
    assert Picture.parse(vector["text"]) == picture


@of_kind("picture_text")
def test_picture_text(vector: Vector) -> None:
    if vector["expect"] == "ok":
        assert Picture.parse(vector["text"]).text() == vector["text"].strip().upper()
        return
    with pytest.raises(MisuseError):
        Picture.parse(vector["text"])


@of_kind("flight")
def test_flight(vector: Vector) -> None:
    secret, flight, address = raw(vector, "secret", "flight", "address")
    picture = Picture(bytes(16), secret, ((address, 40123),))
    assert picture.is_for(flight, address=address, port=vector["port"]) is vector["is_for"]
    if vector["name"] == "dialled":
        commitment, fill = flight[:32], flight[48:]
        assert picture.flight(commitment, address=address, port=vector["port"], fill=fill) == flight


class Replay:
    """An exchange with all that was drawn in it."""

    def __init__(self, vector: Vector) -> None:
        self.vector = vector
        self.frames = [bytes.fromhex(frame) for frame in vector["frames"]]
        ours, theirs = card(vector["taker_card"]), card(vector["host_card"])
        host = raw(vector, "host_ephemeral", "host_static", "kem_seed")
        keys = TakerKeys(*raw(vector, "taker_ephemeral", "taker_static", "taker_nonce"))
        [nonce, first_bytes] = raw(vector, "host_nonce", "first_bytes")
        self.taking: Taking
        self.hosting: Hosting
        if vector["way"] == "code":
            [psk] = raw(vector, "psk")
            self.taking = take_code(psk, keys=keys, card=ours)
            self.hosting = host_code(
                psk, keys=HostKeys(*host), card=theirs, commitment=first_bytes, nonce=nonce, now_s=NOW_S
            )
        else:
            secret, address, fill = raw(vector, "secret", "address", "fill")
            ends = tuple((bytes.fromhex(one), port) for one, port in vector["ends"])
            there = PictureHost(b"".join(host) + secret, ends=ends, card=theirs, now_s=NOW_S)
            assert there.picture.text() == vector["picture"]
            taker = PictureTaker(Picture.parse(vector["picture"]), keys=keys, card=ours)
            end = {"address": address, "port": vector["port"]}
            self.taking = taker.call(**end, fill=fill)
            [begun] = there.hear_flight(first_bytes, **end, nonce=nonce, now_s=NOW_S)
            assert isinstance(begun, Begun)
            self.hosting = begun.exchange
        assert self.taking.first_bytes == first_bytes
        assert self.hosting.answer == self.frames[0]

    def hear(self, number: int, frame: bytes) -> list[Effect]:
        """Frames 2 and 3 are heard together, with the third."""
        match number:
            case 1:
                [asked] = self.taking.hear(frame)
                assert isinstance(asked, Encapsulate)
                return self.taking.encapsulated(*raw(self.vector, "kem_secret", "ciphertext"))
            case 2:
                return self.hosting.hear(frame + self.frames[2], NOW_S)
            case 3:
                return self.hosting.hear(self.frames[1] + frame, NOW_S)
            case 5:
                return self.hosting.hear(frame, NOW_S)
            case _:
                return self.taking.hear(frame)

    def until(self, number: int) -> None:
        for at in (1, 3, 4, 5):
            if at < number:
                effects = self.hear(at, self.frames[at - 1])
                if isinstance(effects[0], Paired):
                    self.hosting.stored()


@of_kind("exchange")
def test_exchange(vector: Vector) -> None:
    replay = Replay(vector)
    frames = replay.frames
    assert replay.hear(1, frames[0]) == [Send(data=frames[1] + frames[2])]
    assert replay.hear(3, frames[2]) == [Send(data=frames[3])]
    assert replay.hear(4, frames[3]) == [Send(data=frames[4])]
    [host] = replay.hear(5, frames[4])
    assert replay.hosting.stored() == [Send(data=frames[5])]
    [taker] = replay.hear(6, frames[5])
    assert isinstance(host, Paired)
    assert isinstance(taker, Paired)
    assert taker.pair == stored(vector, "taker", "host")
    assert host.pair == stored(vector, "host", "taker")
    assert (taker.name, host.name) == (vector["host_card"][2], vector["taker_card"][2])
    assert taker.comparison == host.comparison
    if vector["way"] == "code":
        assert taker.comparison is None
        return
    assert taker.comparison is not None
    assert taker.comparison.secret.hex() == vector["comparison"]
    assert list(taker.comparison.parts()) == vector["parts"]
    assert replay.taking.scan_back == vector["scan_back"]
    [scanned] = raw(vector, "scanned")
    assert replay.hosting.hear_scan(vector["scan_back"])[1] == Send(data=scanned)
    assert replay.taking.hear(scanned) == [Verified(proof=Proof.BOTH_SCANNED)]


def stored(vector: Vector, ours: str, theirs: str) -> Pair:
    static, their_static, speaking, listening, letters_speaking, letters_listening = raw(
        vector,
        f"{ours}_static",
        f"{theirs}_public_static",
        f"discovery_{ours}",
        f"discovery_{theirs}",
        f"letters_{ours}",
        f"letters_{theirs}",
    )
    assert x25519_public(static).hex() == vector[f"{ours}_public_static"]
    return Pair(
        static=static,
        their_static=their_static,
        epochs=begin(epoch=vector["epoch"], speaking=speaking, listening=listening),
        letters_speaking=letters_speaking,
        letters_listening=letters_listening,
        proof=Proof.CODE if vector["way"] == "code" else Proof.UNVERIFIED,
    )


@of_kind("taker_hears", "host_hears")
def test_hears(vector: Vector) -> None:
    [exchange] = [one for one in VECTORS if one["kind"] == "exchange" and one["name"] == vector["exchange"]]
    replay = Replay(exchange)
    number = vector["frame"]
    replay.until(number)
    frame = bytearray(replay.frames[number - 1])
    frame[vector["at"]] ^= int(vector["xor"], 16)
    with pytest.raises(PeerError, match=rf"^pairing {vector['expect']}:"):
        replay.hear(number, bytes(frame))


@of_kind("card")
def test_card(vector: Vector) -> None:
    [plain] = raw(vector, "plain")
    decode = decode_host if vector["who"] == "host" else decode_taker
    if vector["expect"] != "ok":
        with pytest.raises(PeerError, match=rf"^pairing {vector['expect']}:"):
            decode(plain)
        return
    said = card(vector["says"][:3])
    whole: Card | HostCard = said
    if vector["who"] == "host":
        whole = HostCard(card=said, takers=vector["says"][3], taken=vector["says"][4])
    assert decode(plain) == whole
    assert encode(whole) == plain[: len(encode(whole))]


@of_kind("words")
def test_words(vector: Vector) -> None:
    language = Language(vector["language"]) if vector["language"] else None
    assert list(Comparison(secret=raw(vector, "secret")[0], language=language).parts()) == vector["parts"]
