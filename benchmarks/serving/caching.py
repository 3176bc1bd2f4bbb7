"""How much the cache gains in each mode, and how much throughput a failing Redis costs."""

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from threading import Timer
from typing import Any

from benchmarks.serving.load import Run, load
from benchmarks.serving.servers import Server, cache, product
from benchmarks.serving.stage import Stage
from scripts.processes import RedisServer

MODES = ("off", "auto", "always")

# Whole customers with reasons, and customers with absent fields, whose reasons an ONNX model takes too long for.
ASKED = {"returning": "/predict", "partial": "/predict?reasons=none"}

# Seconds within which every returning customer is sent once.
WARMING = 12

# Seconds until the product has noticed that Redis works again.
PAUSE = 5


def modes(stage: Stage, folder: Path, rounds: int, seconds: int) -> dict[str, Any]:
    """Requests per second by model, customers and mode of the cache.

    The customers come back, but are more than a process remembers. Each is sent once before anything is measured.
    """
    rates_by_case: dict[str, Any] = {}
    for model, store in (("scorecard", stage.scorecard), ("forest", stage.forest)):
        with ExitStack() as stack:
            redis = stack.enter_context(cache())
            settings = {"CHURN_CACHE_URL": redis.url}
            servers = {
                mode: stack.enter_context(product(folder, store, CHURN_CACHE=mode, **settings)) for mode in MODES
            }
            for customers, path in ASKED.items():
                rates = _measure(servers, getattr(stage, customers), path, rounds, seconds)
                rates_by_case[f"{model}, {customers}"] = rates
                print(f"{model:10} {customers:9} to off: " + "  ".join(_ratio(mode, rates) for mode in MODES))
    return rates_by_case


def _measure(servers: dict[str, Server], bodies: Path, path: str, rounds: int, seconds: int) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {mode: [] for mode in servers}
    for server in servers.values():
        load(server, bodies, path, connections=16, seconds=WARMING)
    for _ in range(rounds):
        for mode, server in servers.items():
            rates[mode].append(load(server, bodies, path, connections=16, seconds=seconds).rate)
    return rates


def _ratio(mode: str, rates: dict[str, list[float]]) -> str:
    return f"{mode} x {median(own / off for own, off in zip(rates[mode], rates['off'], strict=True)):.2f}"


def outage(stage: Stage, folder: Path, seconds: int) -> dict[str, Any]:
    """Throughput before an outage, while Redis is paused, and after it was killed; both happen under load."""
    figures: dict[str, Any] = {}
    for mode in ("auto", "always"):
        settings = {"CHURN_CACHE": mode}
        with cache() as redis, product(folder, stage.scorecard, CHURN_CACHE_URL=redis.url, **settings) as ours:

            def measured(ours: Server = ours) -> Run:
                return load(ours, stage.distinct, "/predict", connections=16, seconds=seconds)

            measured()
            before = measured()
            paused = amid(redis, signal.SIGSTOP, measured)
            redis.process.send_signal(signal.SIGCONT)
            time.sleep(PAUSE)
            stopped = amid(redis, signal.SIGKILL, measured)
        figures[mode] = {"before": before._asdict(), "paused": paused._asdict(), "stopped": stopped._asdict()}
        print(
            f"Redis paused under load ({mode}): x {paused.rate / before.rate:.2f} of before, failed {paused.failed}; "
            f"stopped: x {stopped.rate / before.rate:.2f}, failed {stopped.failed}"
        )
    return figures


def amid(redis: RedisServer, number: signal.Signals, measured: Callable[[], Run]) -> Run:
    """A measurement during which Redis gets a signal, half a second after its start."""
    timer = Timer(0.5, redis.process.send_signal, [number])
    timer.start()
    run = measured()
    timer.join()
    return run
