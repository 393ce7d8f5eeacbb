"""The stick says no at any moment: full, broken, pulled out. What was whole stays, what fits is there."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from carriers.stick.samples import CLOCK_S, Chance, MemoryCustody, bundle_of, files_of, on_stick, receipt_of
from satchel.carriers.stick import carry_in, carry_out
from satchel.carriers.stick import folder as folder_module
from satchel.carriers.stick import writer as writer_module
from satchel.core.bundles.header import BundleId, bundle_id
from satchel.errors import EnvironmentProblem

CHANGING = frozenset({"write", "fsync", "unlink", "mkdir", "rename", "ftruncate"})
OLD = [bundle_of(("old", number)) for number in range(4)]
NEW = [bundle_of(("new", number), number % 4) for number in range(6)]
DELIVERED = [receipt_of(("old", number)) for number in range(3)]


class Faulty:
    """The operating system, until a call that changes something is the `nth`."""

    def __init__(self, nth: int, number: int, *, for_ever: bool) -> None:
        self._left = nth
        self._number = number
        self._for_ever = for_ever
        self.struck = False

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return self._counted(real) if name in CHANGING or name == "open" else real

    def _counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if real is not os.open or arguments[1] & os.O_CREAT:
                self._left -= 1
                if self._left == 0 or (self._for_ever and self._left < 0):
                    self.struck = True
                    if real is os.write and len(arguments[1]) > 1:
                        os.write(arguments[0], arguments[1][: len(arguments[1]) // 2])  # torn
                    raise OSError(self._number, os.strerror(self._number))
            return real(*arguments, **named)

        return call


def prepare(stick: Path) -> set[BundleId]:
    """A stick of two people, with one file that is mostly dead; what on it is alive."""
    carry_out(stick, MemoryCustody(*OLD), Chance("old"), clock_s=CLOCK_S)
    carry_out(stick, MemoryCustody(bundle_of("theirs")), Chance("theirs"), clock_s=CLOCK_S)
    return {bundle_id(OLD[3]), bundle_id(bundle_of("theirs"))}


def after_fault(
    stick: Path, monkeypatch: pytest.MonkeyPatch, faulty: Faulty
) -> tuple[MemoryCustody, EnvironmentProblem | None]:
    # Amina has what is alive of the old file, and its receipts: she would tidy it up.
    amina = MemoryCustody(OLD[3], *NEW, receipts=DELIVERED)
    problem = None
    with monkeypatch.context() as patched:
        patched.setattr(writer_module, "os", faulty)
        patched.setattr(folder_module, "os", faulty)
        patched.setattr(folder_module.Folder, "free_bytes", lambda _: 1 << 40)
        try:
            carry_out(stick, amina, Chance("amina"), clock_s=CLOCK_S)
        except EnvironmentProblem as raised:
            problem = raised
    return amina, problem


@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "pulled out"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.ENODEV], ids=["EIO", "ENOSPC", "ENODEV"])
def test_whatever_is_refused_what_is_alive_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, for_ever: bool
) -> None:
    for nth in range(1, 200):
        stick = tmp_path / str(nth)
        stick.mkdir()
        alive = prepare(stick)
        faulty = Faulty(nth, number, for_ever=for_ever)
        amina, problem = after_fault(stick, monkeypatch, faulty)
        found = on_stick(stick)
        assert alive | set(amina.handed) <= set(found), (nth, problem)
        if faulty.struck and number != errno.ENOSPC:
            assert problem is not None  # and not called full
        if problem is not None:
            assert problem.safe
            assert problem.do
        if not faulty.struck:
            assert nth > 10
            assert set(amina.bundles) <= set(found)
            return
        # Put in again: then all of it goes out, and who comes next gets all of it.
        carry_out(stick, amina, Chance("again"), clock_s=CLOCK_S)
        bao = MemoryCustody()
        carry_in(stick, bao, clock_s=CLOCK_S)
        assert set(bao.bundles) == set(amina.bundles) | {bundle_id(bundle_of("theirs"))}
        assert set(DELIVERED) <= set(bao.heard)
        assert not set(map(bundle_id, OLD[:3])) & set(on_stick(stick))  # and it was tidied up
    raise AssertionError("it never went through")


def test_a_full_stick_gets_what_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Full for each file that is longer than the disk has room for, which nobody had told."""
    for room in range(0, 500_000, 23_000):
        stick = tmp_path / str(room)
        stick.mkdir()
        used = 0

        class Full(Faulty):
            def __getattr__(self, name: str, room: int = room) -> Any:
                if name != "write":
                    return getattr(os, name)

                def write(file: int, data: bytes) -> int:
                    in_use = sum(path.stat().st_size for path in files_of(stick))  # noqa: B023
                    data = data[: max(0, room - in_use)]
                    if not data:
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                    return os.write(file, data)

                return write

        with monkeypatch.context() as patched:
            patched.setattr(writer_module, "os", Full(0, 0, for_ever=False))
            patched.setattr(folder_module.Folder, "free_bytes", lambda _: 1 << 40)
            amina = MemoryCustody(*NEW, receipts=DELIVERED)
            went = carry_out(stick, amina, Chance(), clock_s=CLOCK_S)
        used = sum(path.stat().st_size for path in files_of(stick))
        assert used <= room
        assert went.is_full == (went.bundles < len(NEW))
        assert amina.handed == [one.id for one in amina.offered()][: went.bundles]  # the small ones
        assert set(on_stick(stick)) == set(amina.handed)
        assert went.receipts == (3 if room >= 69_632 else 0)
        assert went.bundles >= (4 if room >= 2 * 69_632 else 0)


def test_data_before_its_name_counts_and_both_before_anything_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is handed over, and nothing deleted, before what takes its place is on the disk."""
    prepare(tmp_path)
    calls: list[str] = []

    class Watching:
        def __getattr__(self, name: str) -> Any:
            real = getattr(os, name)
            if name not in CHANGING and name != "open":
                return real

            def call(*arguments: Any, **named: Any) -> Any:
                if name != "open" or arguments[1] & os.O_CREAT:
                    calls.append(name)
                return real(*arguments, **named)

            return call

    amina = MemoryCustody(OLD[3], *NEW, receipts=DELIVERED)
    amina.handed_over = lambda ids: calls.append("handed")  # type: ignore[method-assign]
    monkeypatch.setattr(writer_module, "os", Watching())
    monkeypatch.setattr(folder_module, "os", Watching())
    carry_out(tmp_path, amina, Chance(), clock_s=CLOCK_S)
    steps = [call for n, call in enumerate(calls) if call != "write" or calls[n - 1] != "write"]
    one_file = ["open", "write", "fsync", "fsync"]
    assert steps == ["mkdir", *one_file, *one_file, "handed", "unlink", "fsync"]
