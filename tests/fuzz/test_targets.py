"""The fuzz targets without a fuzzer: every seed and every kept input, so that no target can rot.

The fuzzer itself is run by `dev.py fuzz`; here is what holds on every machine.
"""

import re

import pytest

from arch.tree import ROOT
from fuzz.feed import Feed, as_piece
from fuzz.keep import choose
from fuzz.registry import CORPUS, Target, load, names
from satchel.core.wire import cbor
from workshop.fuzzing import Outcome, refuse_unknown, target_names
from workshop.running import Stopped

CORPUS_BYTES_MAX = 200_000
TAKES_ALL = {"search_query", "shown_name"}  # has nothing to refuse
PAGE = (ROOT / "docs" / "fuzzing.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", names())
def test_seeds_and_kept_inputs_break_nothing(name: str) -> None:
    target = load(name)
    taken = [target.check(seed) for seed in target.seeds()]
    assert any(taken), "no seed gets through: this target tests nothing but refusals"
    assert name in TAKES_ALL or not all(taken), "no seed is refused"
    for path in target.kept:
        try:
            target.check(path.read_bytes())
        except Exception as broken:
            raise AssertionError(f"{path} is broken again") from broken


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("data", [b"", b"\0", b"\xff" * 64, bytes(range(256))])
def test_a_target_bears_any_bytes(name: str, data: bytes) -> None:
    load(name).check(data)


def test_every_target_is_in_the_page_and_no_other() -> None:
    assert sorted(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == names() == target_names()


def test_the_page_names_files_that_there_are() -> None:
    files = re.findall(r"`((?:core|node|store|carriers|cli|books)/[\w/]+)`", PAGE)
    assert files
    assert not [file for file in files if not (ROOT / "src" / "satchel" / f"{file}.py").exists()]


def test_what_is_kept_belongs_to_a_target_and_is_small() -> None:
    kept = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert kept
    assert {path.parent.name for path in kept} <= set(names())
    assert sum(path.stat().st_size for path in kept) <= CORPUS_BYTES_MAX


def test_a_decoder_that_breaks_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracles: another exception, and another encoding."""
    target = load("cbor")
    assert target.check(b"\x18\x18")
    monkeypatch.setattr(cbor, "encode", lambda _value: b"")
    with pytest.raises(AssertionError):
        target.check(b"\x18\x18")
    monkeypatch.setattr(cbor, "decode", bytes.decode)
    with pytest.raises(UnicodeDecodeError):
        target.check(b"\xff")


def test_a_script_never_ends_early() -> None:
    feed = Feed(as_piece(b"abc") + b"\x07")
    assert (feed.piece(), feed.number(5), bool(feed)) == (b"abc", 2, False)
    assert (feed.piece(), feed.number(), feed.exactly(2), feed.rest()) == (b"", 0, b"\0\0", b"")


def test_only_what_reaches_something_new_is_kept() -> None:
    target = Target(name="none", check=load("cbor").check, seeds=lambda: iter([b"\x00", b"\x01"]))
    assert choose(target, [b"\x02", b"\x43abc", b"\x43abd", b"\x82\x00\x00", b"\x42ab"]) == [
        b"\x42ab",
        b"\x82\x00\x00",
    ]


def test_an_unknown_target_is_said_before_anything_is_run() -> None:
    refuse_unknown(["cbor"])
    with pytest.raises(Stopped, match=r"no target quark.*cbor, code_answer"):
        refuse_unknown(["cbor", "quark"])


def test_what_the_fuzzer_prints_becomes_one_line() -> None:
    went_well = "#9\tINITED cov: 3 ft: 4 corp: 2/9b\n#77\tDONE   cov: 12 ft: 34 corp: 5/678b lim: 4\n"
    line = str(Outcome("cbor", 0, went_well, 2.0))
    assert re.search(r"cbor +77 runs +12 places +34 features +5 inputs of +678b +2\.0 s +ok$", line)
    raised = " === Uncaught Python exception: ===\nKeyError: 1\nTraceback:\n  here\n\n==1== more\n"
    written = "artifact_prefix='x/'; Test unit written to /a b/crash-1\n"
    broken = Outcome("cbor", 77, went_well + raised + written, 1.0)
    assert broken.reason == "KeyError: 1\nTraceback:\n  here"
    slow = Outcome("cbor", 70, f"{went_well}==5== ERROR: libFuzzer: timeout after 6 seconds\n{written}", 1.0)
    assert slow.reason == "libFuzzer: timeout after 6 seconds"
    assert str(broken).endswith("FINDING /a b/crash-1")
    assert str(Outcome("cbor", 1, "ImportError", 1.0)).endswith("FAILED")
