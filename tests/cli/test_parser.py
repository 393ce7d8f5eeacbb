"""What a command line means, before anything runs."""

import pytest

from satchel.cli.parser import RECEIVERS_MAX, read
from satchel.errors import MisuseError


def test_a_code_is_for_one_unless_said() -> None:
    assert read(["send", "x"]).receivers == 1


@pytest.mark.parametrize("count", [1, 2, 99, RECEIVERS_MAX])
def test_a_code_may_be_for_several(count: int) -> None:
    options = read(["send", "--for", str(count), "x", "y"])
    assert options.receivers == count
    assert options.path == ["x", "y"]


@pytest.mark.parametrize(
    "word",
    [
        "0",
        "00",
        str(RECEIVERS_MAX + 1),
        "-1",
        "+1",
        " 1",
        "1.5",
        "1_0",
        "1e1",
        "0x1",
        "\u0663",
        "\u00b2",
        "x",
        "",
    ],
)
def test_no_other_number_is(word: str) -> None:
    with pytest.raises(MisuseError, match=f"--for: a number from 1 to {RECEIVERS_MAX}"):
        read(["send", f"--for={word}", "x"])


def test_a_long_number_is_told_like_any_other() -> None:
    """int() refuses very many digits with an error of its own, which would repeat them all."""
    with pytest.raises(MisuseError, match="--for: a number from 1 to"):
        read(["send", "--for", "1" * 1_000_000, "x"])


@pytest.mark.parametrize("line", [["send", "--fo", "2", "x"], ["send", "--for"], ["receive", "--for", "2"]])
def test_the_option_is_written_out_and_belongs_to_send(line: list[str]) -> None:
    with pytest.raises(MisuseError):
        read(line)


def test_nothing_typed_is_up() -> None:
    assert read([]).command == "up"


@pytest.mark.parametrize("name", ["--", "-", "-x", "--json", "--to=--", "=--"])
def test_what_somebody_is_called_is_no_word_of_ours(name: str) -> None:
    """argparse of Python 3.11 takes `--` out of values and operands."""
    assert read(["send", f"--to={name}", "x"]).to == name
    assert read(["send", "--json", f"--to={name}", "--", name, "x", name]).path == [name, "x", name]
    assert read(["receive", f"--from={name}"]).contact == name
    assert read(["pair", f"--name={name}", f"--as={name}"]).proposed == name
    renamed = read(["contacts", "rename", "--json", "--", name, name])
    assert (renamed.name, renamed.new, renamed.json) == (name, name, True)
    for action in ("verify", "forget"):
        assert read(["contacts", action, "--yes", "--", name]).name == name
    taking = read(["contacts", "taking", "--", name, "ask"])
    assert (taking.name, taking.how) == (name, "ask")


def test_the_first_dashes_alone_end_the_options() -> None:
    assert read(["send", "--text", "--", "--json", "--"]).path == ["--json", "--"]
    with pytest.raises(MisuseError, match="expected one argument"):
        read(["send", "--to", "--", "x"])
