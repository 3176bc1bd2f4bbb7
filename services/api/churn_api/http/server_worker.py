"""gunicorn's worker of threads, in which no client keeps a thread waiting that others need.

A request is taken up once it has arrived: until then the system holds what has come of it, and the event loop alone
waits. The loop answers a prediction by an additive model itself, for that takes less than waking a thread does. Other
small requests and large ones have threads of their own, so that neither who sends slowly nor who sends much keeps a
prediction from being answered. What cannot be read is refused in the one error body.
"""

import errno
import os
import re
import select
import socket
import struct
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from time import monotonic
from typing import Any, cast

from flask import Flask
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import TConn, ThreadWorker

from churn import logs
from churn_api.errors import HttpError, TooLate
from churn_api.http.parse_errors import refusal, told_of
from churn_api.limits.concurrency import READING_THREADS

# Seconds for a request to arrive in that is waited for without a thread, and between two reads or writes of all others.
ARRIVAL_SECONDS = READ_SECONDS = 20.0
_TIMEOUT = struct.pack("@ll", int(READ_SECONDS), 0)
# The same while the service stops.
STOP_SECONDS = 5.0
# Seconds for which is read on, without a thread, what an answered client is still sending: if its connection were
# closed with bytes unread, the system would reset it, and the answer would be lost on its way.
LINGER_SECONDS = 10.0
# Seconds and bytes for which a thread reads on what the application left of a body, to keep the connection: a batch
# that is refused unread. Whoever sends more, or slowly, needs another connection.
_REST_SECONDS, _REST_BYTES = 5.0, 4 * 1024 * 1024

# Larger than one customer however written; requests of no more are answered by threads of their own.
SMALL_BYTES = 8 * 1024
# Bodies up to here are waited for without a thread, in the system's own memory. Heads are mostly smaller than the rest.
_HELD_BYTES = 64 * 1024
_PEEK_BYTES = _HELD_BYTES + 16 * 1024
_LONGEST_HEAD = 16 * 1024

_length = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,12})[ \t]*\r\n", re.IGNORECASE).search
# What waits for neither the store nor another request.
_prediction = re.compile(rb"POST /predict[ ?]").match
# What arrives piece by piece, or only once it is asked for, or whose length is written as no short number.
_unmeasured = re.compile(
    rb"\r\n(?:transfer-encoding:|expect:|content-length:(?![ \t]*[0-9]{1,12}[ \t]*\r\n))", re.IGNORECASE
).search


class Connection(TConn):
    """A client's connection; `needs` is how many bytes must have arrived before it is looked at again."""

    needs = 0
    timeout: float

    def wait_until(self, needs: int) -> None:
        """Have the poller tell of no fewer than `needs` bytes. 1 is how sockets are made."""
        if needs != max(self.needs, 1):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, needs)
        self.needs = needs


class Worker(ThreadWorker):
    """gunicorn's event loop and threads, with an eye on what has arrived."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._readers = ThreadPoolExecutor(READING_THREADS)
        self._lingering: deque[Connection] = deque()
        self._peeked = bytearray(_PEEK_BYTES)

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, if one still waits, and let the event loop watch it."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        # The system's own time-outs, once: Python's would ask the system once more before each read and write.
        for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            client.setsockopt(socket.SOL_SOCKET, direction, _TIMEOUT)
        self.enqueue_req(Connection(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """Answer a prediction without taking its connection out of the poller."""
        if self._look(conn) != (0, None):
            super().on_client_socket_readable(conn, client)
            return
        self.keepalived_conns.remove(conn)
        kept = self._answer(conn)
        if kept and not _read_ahead(conn):
            conn.set_timeout()
            self.keepalived_conns.append(conn)
        else:
            self.poller.unregister(client)
            self._go_on(conn, kept=kept)

    def enqueue_req(self, conn: Any) -> None:
        """Answer a prediction, give another request to a thread, or go on waiting for the rest of one."""
        if _read_ahead(conn):
            self._hand_over(conn, self._readers)
            return
        missing, pool = self._look(conn)
        if missing:
            self._wait(conn, missing)
        elif pool:
            self._hand_over(conn, pool)
        else:
            self._go_on(conn, kept=self._answer(conn))

    def _look(self, conn: Connection) -> tuple[int, ThreadPoolExecutor | None]:
        """How many bytes must have arrived before the next look; 0 if the request can be answered now.

        Then comes the pool of threads that shall answer it, None if it is to be answered on the event loop.
        """
        try:
            arrived = conn.sock.recv_into(self._peeked, 0, socket.MSG_PEEK)
        except BlockingIOError:
            return 1, None
        except OSError:
            return 0, self.tpool  # which finds out the same and closes it
        if not arrived:
            return 0, self.tpool
        if arrived < conn.needs:
            # Told of fewer, because the client has ended or the system holds no more: a thread finds out which.
            return 0, self._readers
        head = self._peeked.find(b"\r\n\r\n", 0, arrived) + 4
        if head < 4:
            return (arrived + 1, None) if arrived < _LONGEST_HEAD else (0, self._readers)
        declared = _length(self._peeked, 0, head)
        body = int(declared[1]) if declared else 0
        if body > _HELD_BYTES or head + body > _PEEK_BYTES or _unmeasured(self._peeked, 0, head):
            return 0, self._readers
        if arrived < head + body:
            return head + body, None
        if body > SMALL_BYTES:
            return 0, self._readers
        return 0, None if self._is_quick(conn) else self.tpool

    def _is_quick(self, conn: Connection) -> bool:
        """Whether the loop answers the request: a prediction by an additive model, for a client that takes its answers.

        Other models compute for longer than it takes to wake a thread.
        """
        if not _prediction(self._peeked):
            return False
        releases = cast("Flask", self.wsgi).extensions["churn"].releases
        additive = not releases.ready or releases.serving.release.predictor.scorer.additive
        return additive and _takes_more(conn.sock)

    def _answer(self, conn: Connection) -> bool:
        """Answer a request that has arrived, on the event loop; returns whether the connection can be kept.

        The socket does not block, so the loop waits neither for missing bytes nor for a client that reads slowly.
        """
        request = None
        try:
            if not conn.initialized:
                conn.init()
                conn.sock.setblocking(False)
            conn.wait_until(1)
            conn.needs = 0
            parser: Any = conn.parser
            request = next(parser)
            return bool(self.handle_request(request, conn) and parser.finish_body())
        except (StopIteration, NoMoreData, OSError):
            return False
        except Exception as error:  # whatever it is, the loop goes on
            self.handle_error(request, conn.sock, conn.client, error)
            return False
        finally:
            logs.request_id.set("")  # the loop's own lines are about no request

    def _go_on(self, conn: Connection, *, kept: bool) -> None:
        """What gunicorn does once a thread is done with a request."""
        done: Future[bool] = Future()
        done.set_result(kept)
        self.finish_request(conn, done)

    def _hand_over(self, conn: Connection, pool: ThreadPoolExecutor) -> None:
        with suppress(OSError):
            conn.wait_until(1)
        conn.needs, conn.data_ready = 0, True
        future = pool.submit(self.handle, conn)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def _wait(self, conn: Connection, needs: int) -> None:
        now = monotonic()
        if not conn.needs:
            conn.timeout = now + (ARRIVAL_SECONDS if self.alive else STOP_SECONDS)
        try:
            conn.wait_until(needs)
            if conn.timeout <= now:
                raise TimeoutError
            self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))
        except (OSError, ValueError):
            self._end(conn, TooLate())
            return
        self.pending_conns.append(conn)

    def finish_request(self, conn: Any, fs: "Future[Any]") -> None:
        """Let a connection that is not kept linger while its client still sends; else do what gunicorn does."""
        if not fs.cancelled() and fs.exception() is None and not fs.result():
            self._linger(conn)
        else:
            super().finish_request(conn, fs)

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        return bool(keepalive and conn.parser.finish_body(monotonic() + _REST_SECONDS, _REST_BYTES))

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)  # type: ignore[misc]  # gunicorn has it, its stubs do not
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout or 0.0, monotonic() + STOP_SECONDS)

    def murder_pending(self) -> None:
        """End what has taken too long to arrive, and what has lingered for long enough."""
        now = monotonic()
        lines: tuple[deque[Any], ...] = (self.pending_conns, self._lingering)
        for waiting in lines:
            while waiting and waiting[0].timeout <= now:
                conn = waiting.popleft()
                with suppress(OSError, KeyError, ValueError):
                    self.poller.unregister(conn.sock)
                # Whoever has sent nothing asked for nothing.
                self._end(conn, TooLate() if conn.needs > 1 else None)

    def _end(self, conn: Connection, error: HttpError | None) -> None:
        if error is not None:
            with suppress(OSError):
                write_nonblock(conn.sock, refusal(error, os.urandom(12).hex()))
        self.nr_conns -= 1
        conn.close()

    def _linger(self, conn: Connection) -> None:
        """Close a connection whose client may still be sending, without a thread that waits for it."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, EVENT_READ, partial(self._read_on, conn))
        except (OSError, ValueError):  # the client has gone
            self._end(conn, None)
            return
        conn.timeout = monotonic() + LINGER_SECONDS
        self._lingering.append(conn)

    def _read_on(self, conn: Connection, client: socket.socket) -> None:
        try:
            if client.recv_into(self._peeked):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.poller.unregister(client)
        self._lingering.remove(conn)
        self._end(conn, None)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Refuse what cannot be read. Only the fault's name is logged: its text may hold a header with a key."""
        if not isinstance(exc, ParseException):
            super().handle_error(req, client, addr, exc)
            return
        request_id = os.urandom(12).hex()
        self.log.warning("Refused a request: %s", type(exc).__name__, extra={"request_id": request_id})
        with suppress(OSError):
            write_nonblock(client, refusal(told_of(exc), request_id))


def _read_ahead(conn: Any) -> bool:
    """Whether gunicorn holds a part of the next request already."""
    return conn.parser is not None and bool(conn.parser.unreader.buf.getvalue())


def _takes_more(client: socket.socket) -> bool:
    """Whether an answer fits into what the system holds for the client; to others a thread writes, and waits."""
    poll = select.poll()
    poll.register(client, select.POLLOUT)
    return bool(poll.poll(0))
