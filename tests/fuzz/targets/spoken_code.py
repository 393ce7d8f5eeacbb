"""core/pairing/code: what a person typed as a code."""

from collections.abc import Iterator

from fuzz.vectors import of_kind
from satchel.core.pairing.code import SpokenCode
from satchel.errors import MisuseError


def check(data: bytes) -> bool:
    try:
        code = SpokenCode.parse(data.decode("utf-8", "surrogateescape"))  # as the system hands it over
    except MisuseError as refused:
        return refused_well(refused)
    assert SpokenCode.parse(code.spoken()) == code
    assert code.password().decode("ascii") == code.spoken().partition(" ")[2]
    return True


def refused_well(refused: MisuseError) -> bool:
    """A person reads it: it says what is safe and what to do."""
    assert refused.safe
    assert refused.do
    return False


def seeds() -> Iterator[bytes]:
    return (
        vector["typed"].encode("utf-8", "surrogatepass")
        for vector in of_kind("code-and-rendezvous", "code_typed")
    )
