"""A conversation with a server that gets so much time in all: one that drips its answers does not get more."""

import socket
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, Protocol, TypeVar

Answer = TypeVar("Answer")


class Connection(Protocol):
    """A connection of any protocol's."""

    @property
    def sock(self) -> socket.socket | None:
        """Its socket while it is connected."""


class CutShort(TimeoutError):
    """The time for all of a conversation is over."""


class Conversation(Generic[Answer]):
    """One conversation, in a thread of its own, which can be cut short."""

    def __init__(self, hold: Callable[["Conversation[Answer]"], Answer]) -> None:
        """`hold` says here what its `connection` is, and calls `check` before a step that it has not begun."""
        self._hold = hold
        self._is_cut = False
        self._answers: SimpleQueue[Answer | Exception] = SimpleQueue()
        self.connection: Connection | None = None

    def answer(self, name: str, seconds: float) -> Answer:
        """Hold the conversation in a thread of this name. Raises CutShort, and whatever `hold` raises."""
        Thread(target=self._run, name=name, daemon=True).start()
        try:
            answer = self._answers.get(timeout=seconds)
        except Empty:
            self._cut()
            raise CutShort from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def check(self) -> None:
        """Raises CutShort once nobody waits for an answer."""
        if self._is_cut:
            raise CutShort

    def _run(self) -> None:
        try:
            self._answers.put(self._hold(self))
        except Exception as error:  # whoever waits for the answer must hear of it, whatever it is
            self._answers.put(error)

    def _cut(self) -> None:
        """End the conversation; a name that is being resolved, and a handshake, end before its next step."""
        self._is_cut = True
        connected = self.connection.sock if self.connection is not None else None
        if connected is not None:
            with suppress(OSError):  # it has ended by itself, or is in a handshake
                connected.shutdown(socket.SHUT_RDWR)
