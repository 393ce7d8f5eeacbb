"""Published answers that are checked at every start, in a few milliseconds.

People run this on odd hardware: overclocked, with a patched or cross-built library, with memory that
lies. A wrong answer here would not be noticed later: it would be sent. Proves that nothing is broken
by accident; a machine that is made to deceive passes it.
"""

import hashlib
from collections.abc import Callable

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from satchel.core.crypto import cpace
from satchel.core.crypto.aead import FrameKey, Suite
from satchel.core.crypto.curve import x25519, x25519_public
from satchel.core.crypto.kdf import derive, digest, mac, same
from satchel.core.crypto.kem import CIPHERTEXT_BYTES, decapsulate, kem_public
from satchel.core.crypto.noise import Handshake, Pattern
from satchel.errors import EnvironmentProblem, MisuseError, PeerError

_h = bytes.fromhex


def self_test() -> None:
    """Check all that is built on; to be called before anything is sent.

    Raises:
        MisuseError: this machine computes something wrongly.
        EnvironmentProblem: its cryptography library cannot do something at all: too old for ML-KEM, or
            cut down by a policy of the system (FIPS mode has no ChaCha20-Poly1305).
    """
    for name, check in _CHECKS.items():
        try:
            right = check()
        except UnsupportedAlgorithm as exc:
            raise EnvironmentProblem(
                f"The cryptography library on this machine cannot do {name}.",
                safe="Nothing was sent. Satchel does not fall back to something weaker.",
                do="Install Satchel as its documentation says, with the cryptography package that comes with "
                "it, and without a system policy that forbids this.",
            ) from exc
        except (MisuseError, PeerError, ValueError, InternalError):
            right = False
        if not right:
            raise MisuseError(
                f"This machine gives a wrong answer for {name}.",
                safe="Nothing was sent and nothing was opened.",
                do="Reinstall Satchel and start again. If it says this again, do not use this machine: "
                "its memory or processor may be damaged.",
            )


def _sha256() -> bool:  # FIPS 180-4, "abc"
    return digest(b"abc") == _h("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")


def _hmac() -> bool:  # RFC 4231, 4.3
    right = _h("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    return same(mac(b"Jefe", b"what do ya want for nothing?"), right) and not same(right, bytes(32))


def _hkdf() -> bool:  # RFC 5869, A.1
    okm = derive(b"\x0b" * 22, bytes(range(0xF0, 0xFA)), salt=bytes(range(13)), length=42)
    right = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    return okm == _h(right)


def _x25519() -> bool:  # RFC 7748, 6.1
    alice = _h("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    bob = _h("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    alice_public = _h("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    shared = _h("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    return x25519_public(alice) == alice_public and x25519(bob, alice_public) == shared


def _x25519_low_order() -> bool:
    return _refuses(lambda: x25519(b"\x01" * 32, bytes(32)))


def _chacha20_poly1305() -> bool:  # RFC 8439, 2.8.2
    key, nonce = bytes(range(0x80, 0xA0)), _h("070000004041424344454647")
    plaintext = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
        b"sunscreen would be it."
    )
    sealed = ChaCha20Poly1305(key).encrypt(nonce, plaintext, _h("50515253c0c1c2c3c4c5c6c7"))
    return len(sealed) == 130 and sealed[-16:] == _h("1ae10b594f09e26a7e902ecbd0600691")


def _aes_256_gcm() -> bool:  # McGrew and Viega, test case 16
    key = _h("feffe9928665731c6d6a8f9467308308") * 2
    plaintext = _h(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    associated = _h("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    sealed = AESGCM(key).encrypt(_h("cafebabefacedbaddecaf888"), plaintext, associated)
    return sealed[-16:] == _h("76fc6ece0f4e1768cddf8853bb2d551b")


def _frames() -> bool:
    """Both suites open what they sealed, and nothing that was changed, moved or sealed by the other."""
    chacha, aes = (FrameKey(suite, bytes(range(32))) for suite in Suite)
    return _opens_only_its_own(chacha, aes) and _opens_only_its_own(aes, chacha)


def _opens_only_its_own(key: FrameKey, other: FrameKey) -> bool:
    sealed, opened = bytearray(21), bytearray(5)
    key.seal_into(2**40, b"frame", b"length", sealed)
    key.open_into(2**40, sealed, b"length", opened)
    changed = bytes((sealed[0] ^ 1,)) + sealed[1:]
    return (
        opened == b"frame"
        and _refuses(lambda: key.open_into(2**40, changed, b"length", bytearray(5)))
        and _refuses(lambda: key.open_into(2**40 + 1, sealed, b"length", bytearray(5)))
        and _refuses(lambda: other.open_into(2**40, sealed, b"length", bytearray(5)))
    )


def _ml_kem() -> bool:
    """FIPS 203: public key, secret, and implicit rejection, against two other implementations."""
    seed = bytes(range(64))
    right_public = _h("0b7934c83125c788995e2ba6bd761e33046b3e40571be53e023309a29f398cc9")
    right_secret = _h("9cddd089ffe70e3996e76f7c8d06746df34d07e8657bc0fcf2bb0e1c3084aea1")
    forged = bytes(CIPHERTEXT_BYTES)
    rejection = hashlib.shake_256(seed[32:] + forged).digest(32)
    return (
        digest(kem_public(seed)) == right_public
        and decapsulate(seed, _ML_KEM_CIPHERTEXT) == right_secret
        and decapsulate(seed, forged) == rejection
    )


def _cpace() -> bool:  # draft-irtf-cfrg-cpace-21, B.1
    session = _h("7e4b4791d6a8ef019b936c79fb7f2c57")
    channel = _h("0b415f696e69746961746f720b425f726573706f6e646572")
    scalars = (
        _h("21b4f4bd9e64ed355c3eb676a28ebedaf6d8f17bdc365995b319097153044080"),
        _h("848b0779ff415f0af4ea14df9dd1d3c29ac41d836c7808896c4eba19c51ac40a"),
    )
    point = cpace.generator(b"Password", channel=channel, session=session)
    initiator_share, responder_share = (cpace.share(point, scalar) for scalar in scalars)
    isk = cpace.intermediate_key(
        session=session,
        scalar=scalars[0],
        initiator_share=initiator_share,
        initiator_data=b"ADa",
        responder_share=responder_share,
        responder_data=b"ADb",
        initiator=True,
    )
    return digest(isk) == _h("75bf7a67845afcdedd921dee19f2641e2b378745052fe9d88f8f5472f202ef83")


def _noise() -> bool:  # cacophony, Noise_NNpsk0_25519_ChaChaPoly_SHA256
    prologue, psk = b"John Galt", b"This is my Austrian perspective!"
    ephemerals = (
        _h("893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a"),
        _h("bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b"),
    )
    here, there = (
        Handshake(Pattern.NNPSK0, initiator=first, prologue=prologue, psk=psk, ephemeral=ephemeral)
        for first, ephemeral in zip((True, False), ephemerals, strict=True)
    )
    there.read(here.write(b"Ludwig von Mises"))
    answer = there.write(b"Murray Rothbard")
    here.read(answer)
    right = answer[-16:] == _h("eada7e8d0d910a1a2cd030fb584221e3")
    return right and here.split() == there.split()


def _refuses(opening: Callable[[], object]) -> bool:
    try:
        opening()
    except PeerError:
        return True
    return False


_CHECKS: dict[str, Callable[[], bool]] = {
    "SHA-256": _sha256,
    "HMAC": _hmac,
    "HKDF": _hkdf,
    "X25519": _x25519,
    "X25519 with a point of low order": _x25519_low_order,
    "ChaCha20-Poly1305": _chacha20_poly1305,
    "AES-256-GCM": _aes_256_gcm,
    "sealed frames": _frames,
    "ML-KEM-768": _ml_kem,
    "CPace": _cpace,
    "the Noise handshake": _noise,
}

# To the key of the seed 00 01 .. 3f, with m = 40 41 .. 5f; computed with another implementation, which
# is in tests/data/mlkem.
_ML_KEM_CIPHERTEXT = _h(
    "695a60d9c79f08343ed9ff5802582063c2ca3a648e543d924affbb39ef4de656591f0d7689e6626be7ea7fedaf134e2c"
    "27c6797c73a5edaf16808f141c8afcf31614e8ab665379573e4d0a2037cbf776048167ba53576001a2596402cf24b5d4"
    "5362bc893ceaef3599f76b10812e626002e66db5c5b0f2b9a7080e32db68dcc8d04c24f8461a58bb7e47efe670d740ad"
    "8af9820033845ef5f880f26f0e00adb2abef876f5270477ebbb02de6787ce72ca8785fb181f46c3ff7ae3787c25c68cc"
    "ceefb3551875b9d77c4d439b6050eb382aacf9e744227e8c46e0a9a55838ea7034f5b4bcb61f1023a80186e795f4b3d8"
    "ae93988994224fa2d83e21711670da01e2b3e272f81616c0bc88cc46f641d16e0d0c0924cf4a4a5c1a9128c226d4918a"
    "a39bef94199dfffa33876ef0bfa0d9560d25f5ba08068d5271f32d2f9d88bcf53c7dcf811a8d5efe617f5e05700d3478"
    "d3cb7932528d1bceb240198a4cf8752caea3d387f00759a1356b7a5bf1838d26c3573e92e69f0f57c06e8c25459eb83e"
    "12cdd75f541a81ce710eafce2984783f30e37b327ff93b72297c6cd8c78c185ad53864952069d7d6c3bc633ae5e1a592"
    "5855df0b7e714bbde245f68822e0950c23c96d6111753a6ed0c46cce437f53b6bb708c1a3e25979733198d9879e3237e"
    "769471f922e579f37cfd641d29bdcfdbaa81edae09aeb046366e0376d04282d17778a8d54774e8c9be3c822b1e90cd88"
    "95abc1db8951b7687f63fee50ec43faf23730b15189e7c982b22d896a972da3c2ee529bb5fe63630c9c2ddfb9d1e4263"
    "a3d49af2832053d97efa2bd1782f25d7b864d6fb3708bfb9d4bc6c2cc6458d4f1459995db387e8b503825a4496c73525"
    "2aa630a1bcaa7a2674727396dcaf67030b53473951651dc26c22476bfd11d33206af0ff035ed035e34716c905e8ddf04"
    "3a4cdae145238d8f612dbcb75e879653bb9e2657dab58b944ff34f977fe15ce907f6814a5f92338774e6f2ab5257d249"
    "17decdd158c6d4594189f42a9b7fa9159a8af6aa825ba904654e08c894901298ffb27239ddea8283dd45b876036c0aec"
    "f03583ba444529757444c857fff6e4f8ed48f8a180adea54979a678f16dc6ac8edcc8e72ed08e96082f0ff4520dc635d"
    "4a846a3026fd86a48b1297e0cdfc06008793e783bde1c3fc6a71871e66b1feb560495817aabbdc59f0149f3e76add9b5"
    "bd6ce34734de7593ed607efb84c6e732960c744c908a9cb8947375a55b55fa2f0cd6742b75c10f65522d3844bed9b05b"
    "d441bbbea17cfbabdaef9847a0edd9c8329a762e34e5396014d88b4d344f250aaddefd917bb2120d1169c79cb09f59ba"
    "d21850752c1099fff98b71bcdaab76f7063323e78faa521cd243f74ddc7f7775aa79960622e13580a6831e69bb7f2321"
    "d141d35da88317719078d4db319f308594c26836503f62362c40005022937c1298a928c040879661349a7b5362d0a75f"
    "2893b97a2600d5337239a70a6b64a457e6dfd5c74d462e7e790bb9ef3cee1461"
)
