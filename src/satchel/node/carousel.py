"""Reads what is offered once, for all who want it.

Like a carousel: whoever is aboard gets what comes by, from the moment on in which they came; what they
missed they get in the next round. So the source is read once for receivers that keep up, who comes later
or is slower holds nobody up, and the readers of a single file may be many.

One thread reads and hashes; each receiver's pipes seal and send in their own threads (outlet.py).
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from satchel.core.blobs.chunks import CHUNK_BYTES, ChunkHasher, chunk_count, chunk_length, hash_chunk, root
from satchel.core.handover.messages import Failure
from satchel.core.session.frames import FULL_FRAME_BYTES
from satchel.errors import EnvironmentProblem
from satchel.node import clock
from satchel.node.endings import disk_taken_out
from satchel.node.gathering import Gathering
from satchel.node.needs import Need
from satchel.node.outlet import Bodies, Body, Outlet
from satchel.node.reading import SourceLost, reading
from satchel.node.seat import Pace, Seat
from satchel.ports import OpenSource, Source, SourceEntry

# A file up to this size goes as one record even if the rest of a frame is wasted for it.
SMALL_BYTES = 16 << 10
LOOK_AGAIN_S = 0.05


class Carousel:
    """One offer and all its receivers. Its thread runs while somebody is aboard."""

    def __init__(self, entries: Sequence[SourceEntry], source: Source, *, expected: int = 1) -> None:
        """`expected`: for so many receivers the first round waits a moment."""
        self.turn = threading.Condition()  # guards seats and what they want
        self._entries = entries
        self._source = source
        self._gathering = Gathering(expected)
        self._seats: list[Seat] = []
        self._bodies = Bodies()
        self._hashes: dict[int, list[bytes | None]] = {}  # of files that somebody wants a part of
        self._body: Body | None = None
        self._audience: list[Seat] = []
        self._thread: threading.Thread | None = None
        self.problem: BaseException | None = None  # a mistake of ours that ended the reading

    def board(
        self,
        *,
        sent: Callable[[Sequence[int]], None],
        failed: Callable[[int, Failure], None],
        paused: Callable[[EnvironmentProblem], None],
        pace: Pace,
    ) -> Seat:
        """A seat for one more receiver; what the arguments are: see Seat."""
        outlet = Outlet(self._bodies, self._room_made)
        seat = Seat(self, outlet, sent=sent, failed=failed, paused=paused, pace=pace)
        with self.turn:
            self._seats.append(seat)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="satchel-read", daemon=True)
                self._thread.start()
            self.turn.notify_all()
        return seat

    def come_aboard(self) -> None:
        """One more wants something. Called with the turn held."""
        self._gathering.come(clock.monotonic_s())

    def leave(self, seat: Seat) -> None:
        with self.turn:
            if seat in self._seats:
                self._seats.remove(seat)
            seat.wants.clear()
            self.turn.notify_all()
        seat.outlet.close()

    def know(self, number: int, told: Sequence[bytes]) -> None:
        """Hashes of the first chunks, as a receiver was told them. Called with the turn held."""
        hashes = self._hashes_of(number)
        for index, digest in enumerate(told):
            hashes[index] = digest

    def _hashes_of(self, number: int) -> list[bytes | None]:
        return self._hashes.setdefault(number, [None] * chunk_count(self._entries[number].size))

    def _room_made(self) -> None:
        with self.turn:
            self.turn.notify_all()

    # --- the reading thread ----------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while (number := self._next_file()) is not None:
                self._give(number)
                self._end_runs()
        except BaseException as bug:  # noqa: BLE001 - told to every conversation: nobody waits for a dead thread
            self.problem = bug
            with self.turn:
                seats = list(self._seats)
                self._thread = None  # who comes later is not left waiting for this one
            for seat in seats:
                self.leave(seat)

    def _next_file(self) -> int | None:
        """What the first receiver that keeps up wants next; None when everybody has left."""
        while True:
            with self.turn:
                if not self._seats:
                    self._thread = None
                    return None
                hungry = [seat for seat in self._seats if seat.wants]
                wait_s = self._gathering.left_s(clock.monotonic_s())
                if hungry and wait_s <= 0:
                    self._gathering.end()
                    prompt = [seat for seat in hungry if not seat.is_late]
                    if not prompt:
                        for seat in hungry:  # among themselves they may set the pace
                            seat.pace.begin_anew()
                    return (prompt or hungry)[0].wants.first
                if self._body is None and not any(s.outlet.run_is_open for s in self._seats if not s.wants):
                    self.turn.wait(wait_s if hungry else None)
                    continue
            self._end_runs()

    def _give(self, number: int) -> None:
        entry = self._entries[number]
        try:
            if entry.size == 0:
                self._give_empty(number)
            elif not self._give_whole(number, entry):
                self._give_chunks(number, entry)
        except SourceLost as lost:
            if lost.failure is Failure.UNREADABLE and self._source.is_gone(entry):
                self._pause_all(number)
            else:
                self._fail(number, lost.failure)

    def _pause_all(self, number: int) -> None:
        """The disk was taken out: that is no end of anybody's hand-over."""
        problem = disk_taken_out(self._entries[number].location)
        for seat in self._wanting(number):
            seat.paused(problem)

    def _wanting(self, number: int) -> list[Seat]:
        with self.turn:
            return [seat for seat in self._seats if number in seat.wants]

    def _fail(self, number: int, failure: Failure) -> None:
        with self.turn:
            seats = [seat for seat in self._seats if number in seat.wants]
            for seat in seats:
                seat.wants.remove(number)
            self._hashes.pop(number, None)
        self._end_runs()  # before the last words, which may follow at once
        for seat in seats:
            seat.failed(number, failure)

    def _over(self, number: int, seats: Iterable[Seat]) -> None:
        """The end of this file is in the body for these."""
        with self.turn:
            for seat in seats:
                seat.wants.remove(number)
            self._forget_if_unwanted(number)
        assert self._body is not None
        self._body.ended.append(number)

    def _forget_if_unwanted(self, number: int) -> None:
        """Called with the turn held."""
        if not any(number in seat.wants for seat in self._seats):
            self._hashes.pop(number, None)

    # --- files ------------------------------------------------------------------------------------

    def _give_empty(self, number: int) -> None:
        opened = self._open(number)
        try:
            if not opened.is_unchanged():
                raise SourceLost(Failure.CHANGED)
        finally:
            opened.close()
        self._end_file(number, self._wanting(number))

    def _give_whole(self, number: int, entry: SourceEntry) -> bool:
        """A small file as one record, if it fits and everybody wants all of it."""
        seats = self._wanting(number)
        if any(seat.wants.part(number) is not None for seat in seats) or chunk_count(entry.size) != 1:
            return False
        if self._body is not None:  # who is late comes aboard at the beginning of a frame only
            seats = [seat for seat in seats if seat in self._audience or not seat.is_late]
        if self._body is None or seats != self._audience:
            if not (seats := self._wait_for_room(seats)):
                return True  # all have left
            self._begin_for(seats)
        assert self._body is not None
        if not self._body.writer.has_room_for_whole(entry.size):
            if entry.size > SMALL_BYTES:
                return False
            self._flush()
            return self._give_whole(number, entry)
        self._put_whole(self._body, number, entry)
        self._over(number, self._audience)
        self._give_those_that_follow(self._body, number + 1)
        return True

    def _put_whole(self, body: Body, number: int, entry: SourceEntry) -> None:
        content = body.writer.room_for_whole(entry.size)
        with reading():
            self._source.read_whole(entry, content)
        body.writer.whole(number, entry.size, hash_chunk(content))
        body.content_bytes += entry.size

    def _give_those_that_follow(self, body: Body, first: int) -> None:
        """Small files into the same body as long as exactly the same seats want them: to find that out for
        each of them costs as much as to read it."""
        with self.turn:
            same = all(seat in self._audience for seat in self._seats if seat.wants)
            end = min(seat.wants.run_from(first) for seat in self._audience) if same else first
        number = first
        with suppress(SourceLost):  # told when it is that file's turn
            while number < end and body.writer.has_room_for_whole(size := self._entries[number].size):
                if not 0 < size <= SMALL_BYTES:
                    break
                self._put_whole(body, number, self._entries[number])
                number += 1
        with self.turn:
            for seat in self._audience:
                seat.wants.remove_whole(first, number - first)
            for known in [n for n in self._hashes if first <= n < number]:
                self._forget_if_unwanted(known)
        body.ended += range(first, number)

    def _give_chunks(self, number: int, entry: SourceEntry) -> None:
        opened = self._open(number)
        try:
            for index in range(chunk_count(entry.size)):
                with self.turn:
                    seats = [seat for seat in self._seats if self._needs(seat, number, index)]
                if seats and (seats := self._wait_for_room(seats)):
                    self._give_chunk(opened, number, index, seats)
            if not opened.is_unchanged():
                raise SourceLost(Failure.CHANGED)
        finally:
            opened.close()
        with self.turn:
            served = [seat for seat in self._seats if self._is_served(seat, number)]
        if served:
            self._end_file(number, served)

    def _needs(self, seat: Seat, number: int, index: int) -> bool:
        if number not in seat.wants:
            return False
        need = seat.wants.part(number)
        return need is None or index in need

    def _is_served(self, seat: Seat, number: int) -> bool:
        need = seat.wants.part(number)
        return number in seat.wants and need is not None and not need

    def _give_chunk(self, opened: OpenSource, number: int, index: int, seats: list[Seat]) -> None:
        length = chunk_length(self._entries[number].size, index)
        hasher = ChunkHasher()
        at = 0
        while at < length:
            body = self._body_for(seats, length - at)
            part = body.writer.piece(number, index, at, length - at)
            assert part is not None
            count = 0
            try:
                with reading():
                    count = opened.read_into(index * CHUNK_BYTES + at, part)
                if count < len(part):
                    raise SourceLost(Failure.CHANGED)
            except SourceLost:  # the record stands already; it lacks its hash, so nobody believes it
                part[count:] = bytes(len(part) - count)  # what an earlier frame left is not everybody's
                raise
            hasher.update(part)
            body.content_bytes += count
            at += count
            if not body.writer.room:
                self._flush()
        digest = hasher.digest()
        while not self._body_for(seats, 1).writer.digest(number, index, digest):
            self._flush()
        with self.turn:
            hashes = self._hashes_of(number)
            changed = hashes[index] not in (None, digest)
            hashes[index] = digest
            for seat in seats:
                self._got(seat, number, index)
        if changed:
            raise SourceLost(Failure.CHANGED)

    def _got(self, seat: Seat, number: int, index: int) -> None:
        if number not in seat.wants:
            return  # left, or gave it up
        need = seat.wants.part(number)
        if need is None:
            need = Need([(0, chunk_count(self._entries[number].size))])
            seat.wants.set_part(number, need)
        need.remove(index)

    def _end_file(self, number: int, seats: list[Seat]) -> None:
        size = self._entries[number].size
        with self.turn:
            hashes = [digest for digest in self._hashes_of(number) if digest is not None]
        assert len(hashes) == chunk_count(size)
        end = root(size, hashes)
        if not (seats := self._wait_for_room(seats)):
            return
        while not self._body_for(seats, 1).writer.end(number, end):
            self._flush()
        self._over(number, seats)

    def _open(self, number: int) -> OpenSource:
        with reading():
            return self._source.open(self._entries[number])

    # --- frames -----------------------------------------------------------------------------------

    def _body_for(self, seats: list[Seat], length: int) -> Body:
        """The body that is being filled for exactly these, with room for a piece of `length`."""
        if self._body is not None and (
            seats != self._audience or not self._body.writer.has_room_for_piece(length)
        ):
            self._flush()
        if self._body is None:
            self._begin_for(seats)
        assert self._body is not None
        return self._body

    def _begin_for(self, seats: list[Seat]) -> None:
        self._flush()
        self._audience = seats
        frame_bytes = min((seat.outlet.frame_bytes for seat in seats), default=FULL_FRAME_BYTES)
        self._body = self._bodies.take(frame_bytes)

    def _flush(self) -> None:
        """Give the body to everybody it was filled for."""
        if self._body is None:
            return
        body, self._body = self._body, None
        # A frame that is not full ends a run; one that is filled up with zeros costs a whole one. Where
        # receivers have chosen differently, the audience may change with every file (M3).
        scanty = body.writer.room > body.writer.length
        seats, self._audience = self._audience, []
        body.users = len(seats) + 1
        for seat in seats:
            if body.ended:
                seat.sent(body.ended)
            with self.turn:
                last = not seat.wants or scanty
            if body.writer.length:
                seat.outlet.put(body, last=last)
            else:
                self._bodies.give_back(body)
        self._bodies.give_back(body)

    def _end_runs(self) -> None:
        """Who wants nothing at the moment gets what is there, padded."""
        with self.turn:
            sated = [seat for seat in self._seats if not seat.wants]
            waits = any(not seat.wants for seat in self._audience)  # those who left want nothing, too
        if waits:
            self._flush()
        for seat in sated:
            seat.outlet.end_run()

    def _wait_for_room(self, seats: list[Seat]) -> list[Seat]:
        """Who of these gets what comes next: everybody but those who held the others up for too long. Nobody,
        if that are all of these and others go on."""
        while True:
            with self.turn:
                seats = [seat for seat in seats if seat in self._seats]
                ready = [seat for seat in seats if seat.outlet.has_room]
                full = [seat for seat in seats if not seat.outlet.has_room]
                others = any(seat.wants and not seat.is_late for seat in self._seats if seat not in full)
                if not full or (all(seat.is_late for seat in full) and (ready or others)):
                    return ready
                is_awaited = self._body is not None and any(seat not in full for seat in self._audience)
                if not is_awaited:
                    self._wait_for(full)
            if is_awaited:  # without the turn: a conversation has its own, and takes this one with it
                self._flush()

    def _wait_for(self, full: list[Seat]) -> None:
        """A moment; it counts for those who hold others up. Called with the turn held."""
        began_s = clock.monotonic_s()
        hungry = any(seat.outlet.is_empty for seat in self._seats if seat.wants)
        self.turn.wait(LOOK_AGAIN_S)
        waited_s = clock.monotonic_s() - began_s
        for seat in full:
            seat.pace.held_up(waited_s if hungry else 0.0, began_s + waited_s)
