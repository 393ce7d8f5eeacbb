"""A connected TCP socket as the blocking pipe of ports/.

Blocking calls in threads of their own: bulk data never passes through the event loop. Never reads ahead,
never encrypts, never reconnects.
"""

import contextlib
import fcntl
import socket
import struct
import sys
import termios
import threading
from types import TracebackType

from satchel.carriers.lan.addresses import endpoint_of
from satchel.core.session.stripes import PathCounts
from satchel.errors import EnvironmentProblem

# A neighbour that walked out of range says no goodbye. While nothing is in flight the probes notice it
# after 5 + 3 x 5 s; while data is unacknowledged the user timeout (RFC 5482) does, after 20 s.
KEEPALIVE_IDLE_S = 5
KEEPALIVE_INTERVAL_S = 5
KEEPALIVE_PROBES = 3
VANISHED_AFTER_S = 20
UNSENT_BYTES_MAX = 64 * 1024

# struct tcp_info of linux/tcp.h, which only grows at its end.
_INFO_BYTES = 144
_RESENT_AT, _ACKED_AT, _SENT_AT = 100, 120, 136  # tcpi_total_retrans, tcpi_bytes_acked, tcpi_segs_out
_U32, _U64 = struct.Struct("=I"), struct.Struct("=Q")


class SocketPipe:
    """Owns a connected socket; buffer sizes are left to the kernel's autotuning."""

    def __init__(self, connected: socket.socket) -> None:
        """Takes the socket over. Raises EnvironmentProblem if it is not connected any more."""
        self._held = _Held(connected)
        try:
            connected.setblocking(True)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, VANISHED_AFTER_S * 1000)
            self.local = endpoint_of(connected.getsockname())
            self.remote = endpoint_of(connected.getpeername())
        except OSError as exc:
            connected.close()
            raise _gone() from exc

    def send_all(self, data: bytes | bytearray | memoryview) -> None:
        with memoryview(data) as whole, whole.cast("B") as rest, self._held as connected:
            sent = 0
            while sent < len(rest):
                with rest[sent:] as tail:
                    sent += connected.send(tail)

    def receive_into(self, buffer: memoryview) -> int:
        with self._held as connected:
            count = connected.recv_into(buffer)
        if count == 0:
            raise _gone()
        return count

    def receive_all(self, buffer: memoryview) -> None:
        at = 0
        while at < len(buffer):
            with self._held as connected:
                # In one go: to be woken for each part that comes costs more than the part.
                count = connected.recv_into(buffer[at:], 0, socket.MSG_WAITALL)
            if count == 0:
                raise _gone()
            at += count

    def waiting_bytes(self) -> int:
        count = bytearray(4)
        with self._held as connected:
            fcntl.ioctl(connected, termios.FIONREAD, count)
        return int.from_bytes(count, sys.byteorder)

    def set_deadline(self, seconds: float | None) -> None:
        """As in ports. The kernel's own timeouts: no poll() before each call, and each part sent is
        progress; 0 would mean for ever to the kernel, so the least is a microsecond."""
        micros = 0 if seconds is None else max(1, round(seconds * 1_000_000))
        span = struct.pack("@ll", *divmod(micros, 1_000_000))
        with self._held as connected:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, span)
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, span)

    def path(self) -> PathCounts:
        """As in ports. Raises EnvironmentProblem when the connection is gone."""
        with self._held as connected:
            info = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
        info = info.ljust(_INFO_BYTES, b"\0")  # an older kernel says less
        return PathCounts(
            acked_bytes=_U64.unpack_from(info, _ACKED_AT)[0],
            sent_segments=_U32.unpack_from(info, _SENT_AT)[0],
            resent_segments=_U32.unpack_from(info, _RESENT_AT)[0],
        )

    def keep_queue_short(self) -> None:
        """As in ports: TCP_NOTSENT_LOWAT, a blocking send waits while more than this is unsent."""
        with self._held as connected:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES_MAX)

    def tolerate_loss(self) -> bool:
        """As in ports, by BBR, where net.ipv4.tcp_allowed_congestion_control lets us."""
        try:
            with self._held as connected:
                before = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16)
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"bbr")
        except EnvironmentProblem:
            return False
        return not before.startswith(b"bbr")

    def set_patience(self, seconds: int) -> None:
        """As in ports. The timeout covers a closed receive window, too (tcp(7), TCP_USER_TIMEOUT)."""
        with self._held as connected:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, seconds * 1000)

    def close(self) -> None:
        """As in ports. What was sent before still goes out."""
        self._held.close()

    def abort(self) -> None:
        """Close and throw away what is unsent: nothing of this connection may leave on the next network,
        where its old address would tell where this device comes from (W1)."""
        self._held.abort()


class _Held:
    """A socket, and how many threads are in a call of it: errors in a `with` become ours, and whoever closes
    it wakes them. One for all calls, since they are many."""

    __slots__ = ("_closed", "_lock", "_socket", "_users")

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._users = 0
        self._closed = False
        self._lock = threading.Lock()

    def __enter__(self) -> socket.socket:
        with self._lock:
            if self._closed:
                raise _closed_here()
            self._users += 1
        return self._socket

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._users -= 1
            if self._closed and self._users == 0:
                self._socket.close()
        if isinstance(exc, BlockingIOError):
            raise EnvironmentProblem("The other device has not answered for too long.") from exc
        if isinstance(exc, OSError):
            raise (_closed_here() if self._closed else _gone()) from exc

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._shutdown_locked()

    def abort(self) -> None:
        with self._lock:
            if self._socket.fileno() == -1:
                return
            self._closed = True
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._shutdown_locked()

    def _shutdown_locked(self) -> None:
        """Wake everybody; the last one out closes. To close under a sleeper would free the number of the
        descriptor: the sleeper's next call could then read another connection's bytes."""
        with contextlib.suppress(OSError):  # reset by the other side already
            self._socket.shutdown(socket.SHUT_RDWR)
        if self._users == 0:
            self._socket.close()


def _gone() -> EnvironmentProblem:
    return EnvironmentProblem("The connection to the other device is gone.")


def _closed_here() -> EnvironmentProblem:
    return EnvironmentProblem("The connection was closed on this side.")
