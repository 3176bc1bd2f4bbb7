"""Back-pressure: which topics are not read at present, and for which reasons."""

from collections import defaultdict
from typing import Literal

from churn_api.streaming.source import Source

Reason = Literal["no release", "no broker", "no store"]


class Flow:
    """Pauses a topic while there is any reason to."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._reasons: dict[str, set[Reason]] = defaultdict(set)

    def hold(self, topic: str, reason: Reason) -> None:
        """Read nothing of the topic as long as this reason holds."""
        if not self._reasons[topic]:
            self._source.pause(topic)
        self._reasons[topic].add(reason)

    def release(self, topic: str, reason: Reason) -> None:
        """Read the topic again if this was the last reason."""
        if reason in self._reasons[topic]:
            self._reasons[topic].remove(reason)
            if not self._reasons[topic]:
                self._source.resume(topic)
