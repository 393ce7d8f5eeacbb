"""The Noise protocol framework (revision 34), cut down to two handshakes under a pre-shared key.

Noise_NNpsk0_25519_ChaChaPoly_SHA256 and Noise_KKpsk0_25519_ChaChaPoly_SHA256. Nothing is negotiated,
nothing else is understood. Numbers in [brackets] are sections of the Noise specification. It ends with
Split: the frames that follow are ours (core/session). Never draws a key: ephemerals are arguments.
"""

from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from satchel.core.crypto.curve import KEY_BYTES, x25519, x25519_public
from satchel.core.crypto.kdf import HASH_BYTES, digest, mac
from satchel.errors import MisuseError, PeerError

PSK_BYTES = 32
TAG_BYTES = 16
MESSAGE_BYTES_MAX = 65_535
OVERHEAD_BYTES = KEY_BYTES + TAG_BYTES  # of every message of both patterns


class Token(Enum):
    """What a message does, in order [5.3, 7.3, 9.3]."""

    PSK = "psk"
    E = "e"
    EE = "ee"
    ES = "es"
    SE = "se"
    SS = "ss"


class Pattern(Enum):
    NNPSK0 = "NNpsk0"  # two strangers with a secret
    KKPSK0 = "KKpsk0"  # two contacts with a secret, who know each other's static keys

    @property
    def has_statics(self) -> bool:
        return self is Pattern.KKPSK0


_MESSAGES = {
    Pattern.NNPSK0: ((Token.PSK, Token.E), (Token.E, Token.EE)),
    Pattern.KKPSK0: ((Token.PSK, Token.E, Token.ES, Token.SS), (Token.E, Token.EE, Token.SE)),
}


class _SymmetricState:
    """Chaining key, hash and cipher of a handshake [5.1, 5.2]."""

    def __init__(self, protocol_name: bytes) -> None:
        # Both names are longer than a hash: else they would be padded instead.
        self.hash = self._chaining_key = digest(protocol_name)
        self._key = b""
        self._counter = 0

    def mix_hash(self, data: bytes) -> None:
        self.hash = digest(self.hash + data)

    def mix_key(self, material: bytes) -> None:
        self._chaining_key, key = _hkdf(self._chaining_key, material, 2)
        self._set_key(key)

    def mix_key_and_hash(self, material: bytes) -> None:
        self._chaining_key, to_hash, key = _hkdf(self._chaining_key, material, 3)
        self.mix_hash(to_hash)
        self._set_key(key)

    def encrypt_and_hash(self, plaintext: bytes) -> bytes:
        sealed = ChaCha20Poly1305(self._key).encrypt(self._nonce(), plaintext, self.hash)
        self.mix_hash(sealed)
        return sealed

    def decrypt_and_hash(self, sealed: bytes) -> bytes:
        plaintext = ChaCha20Poly1305(self._key).decrypt(self._nonce(), sealed, self.hash)
        self.mix_hash(sealed)
        return plaintext

    def split(self) -> tuple[bytes, bytes]:
        first, second = _hkdf(self._chaining_key, b"", 2)
        self._chaining_key = self._key = b""
        return first, second

    def _set_key(self, key: bytes) -> None:
        self._key, self._counter = key, 0

    def _nonce(self) -> bytes:
        """The next one under this key: 32 zero bits and a little-endian counter [12.3]."""
        nonce = bytes(4) + self._counter.to_bytes(8, "little")
        self._counter += 1
        return nonce


class Handshake:
    """One side of one handshake. Dead after a PeerError: everything then raises MisuseError."""

    def __init__(
        self,
        pattern: Pattern,
        *,
        initiator: bool,
        prologue: bytes,
        psk: bytes,
        ephemeral: bytes,
        static: bytes | None = None,
        remote_static: bytes | None = None,
    ) -> None:
        """
        Args:
            prologue: what both sides have to agree on; they fail to understand each other if they do not.
            psk: 32 bytes.
            ephemeral: 32 fresh random bytes, our ephemeral private key. Used for one handshake: the
                same one twice under one psk gives the same key stream twice.
            static: our private static key, for KKpsk0 only.
            remote_static: their public static key, for KKpsk0 only.
        """
        if len(psk) != PSK_BYTES:
            raise MisuseError(f"a psk has {PSK_BYTES} bytes, not {len(psk)}")
        self._initiator = initiator
        self._todo = list(_MESSAGES[pattern])
        self._ephemeral = ephemeral
        self._ephemeral_public = x25519_public(ephemeral)
        self._psk = psk
        self._static = static or b""
        self._remote_static = remote_static or b""
        self._remote_ephemeral = b""
        self._dead = False
        self._has_split = False
        self._state = _SymmetricState(f"Noise_{pattern.value}_25519_ChaChaPoly_SHA256".encode())
        self._state.mix_hash(prologue)
        if pattern.has_statics is not (static is not None and remote_static is not None):
            raise MisuseError("KKpsk0 takes both static keys")
        if not pattern.has_statics and (static is not None or remote_static is not None):
            raise MisuseError("NNpsk0 takes no static key")
        if pattern.has_statics:  # the pre-messages "-> s" and "<- s", initiator first
            if len(self._remote_static) != KEY_BYTES:
                raise MisuseError(f"a static key has {KEY_BYTES} bytes")
            statics = (x25519_public(self._static), self._remote_static)
            for public in statics if initiator else reversed(statics):
                self._state.mix_hash(public)

    @property
    def finished(self) -> bool:
        """Both messages went through."""
        return not self._todo and not self._dead

    @property
    def hash(self) -> bytes:
        """The handshake hash [11.2]: names this session, and what both sides agreed on."""
        self._require_finished()
        return self._state.hash

    def write(self, payload: bytes = b"") -> bytes:
        """The next message, if it is our turn.

        Raises:
            PeerError: their ephemeral key has low order. Whoever has the psk can send one, and in NNpsk0
                the first key agreement is the answer to it: there is none.
        """
        tokens = self._turn(ours=True)
        if len(payload) > MESSAGE_BYTES_MAX - OVERHEAD_BYTES:
            raise MisuseError(f"no Noise message holds {len(payload)} bytes")
        self._dead = True  # until all went well
        message = b""
        for token in tokens:
            if token is Token.E:
                message += self._ephemeral_public
                self._mix_ephemeral(self._ephemeral_public)
            else:
                self._mix(token)
        message += self._state.encrypt_and_hash(payload)
        self._advance()
        return message

    def read(self, message: bytes) -> bytes:
        """Take in the next message, if it is their turn; returns its payload.

        Raises:
            PeerError: made without our psk, prologue, keys or previous message, or changed on its
                way: the answer is silence (P1).
        """
        tokens = self._turn(ours=False)
        self._dead = True  # until all went well
        if not OVERHEAD_BYTES <= len(message) <= MESSAGE_BYTES_MAX:
            raise PeerError(f"transport 2.2: a Noise message of {len(message)} bytes")
        for token in tokens:
            if token is Token.E:
                self._remote_ephemeral = message[:KEY_BYTES]
                self._mix_ephemeral(self._remote_ephemeral)
            else:
                self._mix(token)
        try:
            payload = self._state.decrypt_and_hash(message[KEY_BYTES:])
        except InvalidTag as exc:
            raise PeerError("transport 2.2: a Noise message that does not open") from exc
        self._advance()
        return payload

    def split(self) -> tuple[bytes, bytes]:
        """Two 32-byte keys, once: initiator to responder, and responder to initiator [5.2]."""
        self._require_finished()
        if self._has_split:
            raise MisuseError("these keys were given out before: two users of one key repeat nonces")
        self._has_split = True
        return self._state.split()

    def _mix_ephemeral(self, public: bytes) -> None:
        self._state.mix_hash(public)
        self._state.mix_key(public)  # in psk handshakes, against equal keys for equal psks [9.2]

    def _mix(self, token: Token) -> None:
        match token:
            case Token.PSK:
                self._state.mix_key_and_hash(self._psk)
                return
            case Token.EE:
                ours, theirs = self._ephemeral, self._remote_ephemeral
            case Token.SS:
                ours, theirs = self._static, self._remote_static
            case _:  # the first letter is the initiator's key, the second the responder's
                own_letter = token.value[0 if self._initiator else 1]
                if own_letter == "e":
                    ours, theirs = self._ephemeral, self._remote_static
                else:
                    ours, theirs = self._static, self._remote_ephemeral
        self._state.mix_key(x25519(ours, theirs))

    def _turn(self, *, ours: bool) -> tuple[Token, ...]:
        if self._dead:
            raise MisuseError("this handshake has failed before")
        if not self._todo or ours is not ((len(self._todo) == 2) is self._initiator):
            raise MisuseError("not the turn of this side")
        return self._todo[0]

    def _advance(self) -> None:
        del self._todo[0]
        self._dead = False
        if not self._todo:
            self._ephemeral = self._psk = self._static = b""  # what is not held is not found later (W4)

    def _require_finished(self) -> None:
        if not self.finished:
            raise MisuseError("this handshake is not finished")


def _hkdf(chaining_key: bytes, material: bytes, count: int) -> list[bytes]:
    """HKDF of [4.3], which is RFC 5869 with an empty info, in pieces of one hash."""
    temporary = mac(chaining_key, material)
    output, outputs = b"", []
    for number in range(1, count + 1):
        output = mac(temporary, output + bytes((number,)))
        outputs.append(output)
    assert all(len(output) == HASH_BYTES for output in outputs)
    return outputs
