"""What every Landing must do, whatever it stands on. A new one is done when it passes.

Use: a class that inherits from `LandingConformance` and gives the fixtures `landing` and `read_placed`.
"""

from collections.abc import Callable

import pytest

from satchel.errors import PeerError
from satchel.ports import Landing, Placed
from store.arrivals import MTIME_NS, receive

Path = tuple[bytes, ...]


class LandingConformance:
    def test_a_file_arrives_under_its_name(
        self, landing: Landing, read_placed: Callable[[Path], bytes]
    ) -> None:
        placed = receive(landing, 0, (b"a", b"b", b"c.txt"), b"hello" * 1000)
        assert placed == Placed(path=(b"a", b"b", b"c.txt"), already_there=False)
        assert read_placed(placed.path) == b"hello" * 1000
        assert landing.partials() == {}

    def test_an_empty_file_is_a_file(self, landing: Landing, read_placed: Callable[[Path], bytes]) -> None:
        landing.create(0)
        assert landing.partials() == {0: 0}
        assert read_placed(receive(landing, 0, (b"empty",), b"").path) == b""

    def test_pieces_may_come_in_any_order(
        self, landing: Landing, read_placed: Callable[[Path], bytes]
    ) -> None:
        landing.create(7)
        landing.write(7, 3, memoryview(b"def"))
        landing.write(7, 0, memoryview(b"abc"))
        assert landing.partials() == {7: 6}
        landing.finish(7, size=6, mtime_ns=0, executable=False)
        assert read_placed(landing.place(7, (b"x",)).path) == b"abcdef"

    def test_a_small_file_in_one_call(self, landing: Landing, read_placed: Callable[[Path], bytes]) -> None:
        inode = landing.put(4, memoryview(b"small"), mtime_ns=MTIME_NS, executable=False)
        assert landing.partials() == {4: 5}
        buffer = bytearray(5)
        assert landing.read(4, 0, memoryview(buffer)) == 5
        landing.sync([4])
        assert landing.place(4, (b"d", b"x")) == Placed(path=(b"d", b"x"), already_there=False)
        assert landing.find_placed((b"d", b"x"), inode) == (b"d", b"x")
        assert bytes(buffer) == read_placed((b"d", b"x")) == b"small"
        landing.put(5, memoryview(b""), mtime_ns=0, executable=True)
        assert read_placed(landing.place(5, (b"d", b"empty")).path) == b""
        landing.put(6, memoryview(b"small"), mtime_ns=0, executable=False)
        assert landing.place(6, (b"d", b"x")).already_there
        assert landing.partials() == {}

    def test_a_small_file_takes_the_place_of_what_came_of_it_before(
        self, landing: Landing, read_placed: Callable[[Path], bytes]
    ) -> None:
        landing.create(1)
        landing.write(1, 0, memoryview(b"longer, and not verified"))
        landing.put(1, memoryview(b"whole"), mtime_ns=0, executable=False)
        assert landing.partials() == {1: 5}
        landing.put(1, memoryview(b"again"), mtime_ns=0, executable=False)
        assert read_placed(landing.place(1, (b"x",)).path) == b"again"

    def test_a_small_file_can_be_thrown_away(self, landing: Landing) -> None:
        landing.put(1, memoryview(b"x"), mtime_ns=0, executable=False)
        landing.discard(1)
        assert landing.partials() == {}

    def test_what_was_written_can_be_read_back(self, landing: Landing) -> None:
        landing.create(1)
        landing.write(1, 0, memoryview(b"0123456789"))
        buffer = bytearray(4)
        assert landing.read(1, 8, memoryview(buffer)) == 2
        assert bytes(buffer[:2]) == b"89"
        assert landing.read(1, 10, memoryview(buffer)) == 0

    def test_a_file_is_cut_to_its_size(self, landing: Landing, read_placed: Callable[[Path], bytes]) -> None:
        landing.create(1)
        landing.write(1, 0, memoryview(b"kept and not"))
        landing.finish(1, size=4, mtime_ns=0, executable=False)
        assert read_placed(landing.place(1, (b"x",)).path) == b"kept"

    def test_same_name_and_content_is_already_there(self, landing: Landing) -> None:
        receive(landing, 0, (b"x",), b"same" * 100_000)
        assert receive(landing, 1, (b"x",), b"same" * 100_000) == Placed(path=(b"x",), already_there=True)
        assert landing.partials() == {}

    def test_other_content_of_the_same_size_gets_a_number(
        self, landing: Landing, read_placed: Callable[[Path], bytes]
    ) -> None:
        receive(landing, 0, (b"a", b"photo.jpg"), b"one")
        second = receive(landing, 1, (b"a", b"photo.jpg"), b"two")
        third = receive(landing, 2, (b"a", b"photo.jpg"), b"three")
        assert second == Placed(path=(b"a", b"photo (2).jpg"), already_there=False)
        assert third.path == (b"a", b"photo (3).jpg")
        assert read_placed((b"a", b"photo.jpg")) == b"one"
        assert read_placed(second.path) == b"two"
        again = receive(landing, 3, (b"a", b"photo.jpg"), b"two")
        assert again == Placed(path=second.path, already_there=True)

    def test_a_file_stands_where_the_offer_has_a_folder(
        self, landing: Landing, read_placed: Callable[[Path], bytes]
    ) -> None:
        """M4, M3: `a` and `a/b` in one offer; neither is lost, neither changes the other."""
        receive(landing, 0, (b"a",), b"a file")
        assert receive(landing, 1, (b"a", b"b"), b"below").path == (b"a (2)", b"b")
        assert receive(landing, 2, (b"a", b"c"), b"below, too").path == (b"a (2)", b"c")
        assert landing.make_folder((b"a",)) == (b"a (2)",)
        assert read_placed((b"a",)) == b"a file"

    def test_a_folder_stands_where_the_offer_has_a_file(self, landing: Landing) -> None:
        landing.make_folder((b"a", b"b"))
        assert receive(landing, 0, (b"a",), b"a file").path == (b"a (2)",)

    def test_a_folder_may_be_made_twice(self, landing: Landing) -> None:
        assert landing.make_folder((b"a", b"b")) == (b"a", b"b")
        assert landing.make_folder((b"a", b"b")) == (b"a", b"b")
        assert landing.make_folder((b"a",)) == (b"a",)

    def test_a_placed_file_is_found_by_its_inode(self, landing: Landing) -> None:
        """Killed between the name and the record of it: the next start finds out."""
        receive(landing, 0, (b"d", b"x.txt"), b"other")
        landing.create(1)
        inode = landing.finish(1, size=0, mtime_ns=0, executable=False)
        assert landing.find_placed((b"d", b"x.txt"), inode) is None
        assert landing.find_placed((b"nowhere", b"x.txt"), inode) is None
        assert landing.place(1, (b"d", b"x.txt")).path == (b"d", b"x (2).txt")
        assert landing.find_placed((b"d", b"x.txt"), inode) == (b"d", b"x (2).txt")

    def test_discarding_is_for_good_and_may_be_repeated(self, landing: Landing) -> None:
        landing.create(1)
        landing.write(1, 0, memoryview(b"x"))
        landing.discard(1)
        landing.discard(1)
        landing.discard(99)
        assert landing.partials() == {}

    def test_more_files_than_may_be_open(
        self, landing: Landing, read_placed: Callable[[Path], bytes]
    ) -> None:
        for number in range(200):
            landing.create(number)
        for number in range(200):
            landing.write(number, 0, memoryview(b"%d" % number))
        for number in range(200):
            landing.finish(number, size=len(b"%d" % number), mtime_ns=0, executable=False)
        landing.sync(range(200))
        for number in range(200):
            landing.place(number, (b"many", b"%d" % number))
        landing.sync([])
        assert [read_placed((b"many", b"%d" % n)) for n in range(200)] == [b"%d" % n for n in range(200)]

    @pytest.mark.parametrize("bad", [(), (b"..",), (b"a", b""), (b"/etc",), (b"a\0",)], ids=repr)
    def test_a_bad_path_is_refused_everywhere(self, landing: Landing, bad: Path) -> None:
        landing.create(0)
        inode = landing.finish(0, size=0, mtime_ns=0, executable=False)
        with pytest.raises(PeerError, match=r"^handover 3\.1: "):
            landing.place(0, bad)
        with pytest.raises(PeerError, match=r"^handover 3\.1: "):
            landing.make_folder(bad)
        with pytest.raises(PeerError, match=r"^handover 3\.1: "):
            landing.find_placed(bad, inode)
        with pytest.raises(PeerError, match=r"^handover 3\.1: "):
            landing.set_folder_times([(bad, 0)])
        assert landing.partials() == {0: 0}
