"""Predictions through what is remembered: first by this process, then by Redis where computing is expensive."""

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Literal, Protocol, TypeAlias

import msgspec
import redis

from churn.customer.reading import Reading
from churn.model.predictor import Prediction
from churn_api.cache.compute import Question, compute, compute_one
from churn_api.cache.redis_cache import SharedCache
from churn_api.releases.watcher import Serving

Mode: TypeAlias = Literal["auto", "always", "off"]
Asked: TypeAlias = Literal["all", "averaged", "none"]

Answer: TypeAlias = tuple[Prediction, bool]
"""A prediction, and whether it was remembered."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Prediction).decode


class Count(Protocol):
    """A counter, such as Prometheus's."""

    def inc(self, amount: float = 1) -> None:
        """Add `amount` to the counter."""


class Cache:
    """Two caches in front of the model: this process's memory, and Redis unless `shared` is None or the mode is "off".

    The mode "auto" asks Redis for answers that are averaged over absent fields, and for all answers of a model that is
    not additive; others take less time to compute than Redis takes to answer. "always" asks for every answer. `counts`
    has a counter for each of the results "hit", "miss", "error" and "bypass".
    """

    def __init__(self, mode: Mode, shared: SharedCache | None, counts: Mapping[str, Count]) -> None:
        self.mode = mode
        self.shared = shared if mode != "off" else None
        self._counts = counts
        self._recent_lock = Lock()

    def answer(self, serving: Serving, reading: Reading, reasons: int | None) -> Answer:
        """Answer for one customer."""
        question = Question(reading.customer, reading.assumed, reasons, reading.derived)
        with self._recent_lock:
            known = serving.recent.get(question)
        if known is not None:
            self._counts["hit"].inc()
            return known, True
        if self._asks(serving, question):
            return self._look_up(serving, [question], many=False)[0]
        self._counts["bypass"].inc()
        prediction = compute_one(serving.release.predictor, question)
        with self._recent_lock:
            serving.recent[question] = prediction
        return prediction, False

    def answer_many(self, serving: Serving, readings: Sequence[Reading], reasons: int | None) -> list[Answer]:
        """Answer for customers in their order; Redis is asked once for all of them."""
        questions = [Question(each.customer, each.assumed, reasons, each.derived) for each in readings]
        return self._look_up(serving, questions, many=True)

    def _look_up(self, serving: Serving, questions: Sequence[Question], *, many: bool) -> list[Answer]:
        recent = self._recent(serving, questions, many=many)
        asked = {
            place: self._name(serving, question)
            for place, question in enumerate(questions)
            if place not in recent and self._asks(serving, question)
        }
        self._counts["bypass"].inc(len(questions) - len(recent) - len(asked))
        held = self._held(asked)
        known = recent | held
        computed = compute(serving.release.predictor, questions, known)
        self._keep({name: computed[place] for place, name in asked.items() if place in computed})
        self._remember(serving, questions, held | computed, many=many)
        return [(known[at], True) if at in known else (computed[at], False) for at in range(len(questions))]

    def asks_for(self, serving: Serving) -> Asked:
        """Which answers Redis is asked for at present."""
        if self.shared is None or not self.shared.up:
            return "none"
        return "all" if self.mode == "always" or not serving.release.predictor.scorer.additive else "averaged"

    def _asks(self, serving: Serving, question: Question) -> bool:
        asked = self.asks_for(serving)
        return asked == "all" or (asked == "averaged" and bool(question.assumed))

    def _recent(self, serving: Serving, questions: Sequence[Question], *, many: bool) -> dict[int, Prediction]:
        """What this process remembers, by place. What a table answers at once is not worth looking up."""
        recent = {}
        with self._recent_lock:
            for place, question in enumerate(questions):
                if not (many and question.tabled) and (known := serving.recent.get(question)):
                    recent[place] = known
        self._counts["hit"].inc(len(recent))
        return recent

    def _remember(
        self, serving: Serving, questions: Sequence[Question], found: Mapping[int, Prediction], *, many: bool
    ) -> None:
        with self._recent_lock:
            for place, prediction in found.items():
                if not (many and questions[place].tabled):
                    serving.recent[questions[place]] = prediction

    def _held(self, asked: Mapping[int, str]) -> dict[int, Prediction]:
        """What Redis remembers, by place; nothing where it fails."""
        if not asked or self.shared is None:
            return {}
        try:
            values = self.shared.get(list(asked.values()))
            held = {place: _decode(value) for place, value in zip(asked, values, strict=True) if value is not None}
        except (redis.RedisError, msgspec.DecodeError):
            self._counts["error"].inc(len(asked))
            return {}
        self._counts["hit"].inc(len(held))
        self._counts["miss"].inc(len(asked) - len(held))
        return held

    def _keep(self, predictions: Mapping[str, Prediction]) -> None:
        """Tell Redis what was computed; if it fails, it has been counted and logged where it was noticed."""
        if predictions and self.shared is not None and self.shared.up:
            with contextlib.suppress(redis.RedisError):
                self.shared.put({name: _encode(prediction) for name, prediction in predictions.items()})

    def _name(self, serving: Serving, question: Question) -> str:
        """The key in Redis: the release, and a digest of the question."""
        digest = hashlib.blake2b(_encode(question), digest_size=16).hexdigest()
        return f"churn:{serving.release.version}:{digest}"
