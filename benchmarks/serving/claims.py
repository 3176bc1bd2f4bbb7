"""The first version's two tables, with what is measured beside what it claimed."""

from pathlib import Path
from typing import Any

from benchmarks.serving.load import load
from benchmarks.serving.servers import Server, product
from benchmarks.serving.stage import Stage

# (address, customers, claimed average ms, claimed 95th percentile ms, claimed requests per second)
CLAIMS = (
    ("/health", None, 15, 25, 1000),
    ("/model_info", None, 20, 35, 500),
    ("/predict", "distinct", 150, 250, 50),
    ("/batch_predict", "batch", 800, 1200, 10),
)
CLAIMED_S3_REQUESTS = "1 to 5"


def tables(stage: Stage, folder: Path, seconds: int) -> dict[str, Any]:
    """The table of speed and the table of costs, each measurement taking `seconds`."""
    with product(folder, stage.scorecard) as ours:
        speed = [row(ours, stage, claim, seconds) for claim in CLAIMS]
        return {"speed": speed, "cost of a prediction": cost(ours, stage, seconds)}


def row(ours: Server, stage: Stage, claim: tuple[str, str | None, int, int, int], seconds: int) -> dict[str, Any]:
    """An address's latency with one connection and its throughput with sixteen, beside the claim."""
    path, customers, average, p95, rate = claim
    bodies = getattr(stage, customers) if customers else None
    alone = load(ours, bodies, path, connections=1, seconds=seconds)
    busy = load(ours, bodies, path, connections=16, seconds=seconds)
    print(
        f"{path:15} average {alone.mean_ms:7.2f} ms (claimed {average}), p95 {alone.p95_ms:7.2f} ms (claimed {p95}), "
        f"{busy.rate:7.0f} requests/s (claimed {rate})"
    )
    return {"address": path, "alone": alone._asdict(), "busy": busy._asdict(), "claimed": [average, p95, rate]}


def cost(ours: Server, stage: Stage, seconds: int) -> dict[str, Any]:
    """CPU, memory and network for one prediction, and requests to the store."""
    before = transferred()
    run = load(ours, stage.distinct, "/predict", connections=16, seconds=seconds)
    sent = (transferred() - before) / run.requests
    memory = ours.memory_mib()
    print(
        f"A prediction takes {run.cpu_ms:.2f} ms of CPU, {sent / 1024:.1f} KiB of network both ways, "
        f"{sum(memory):.0f} MiB resident in {len(memory)} processes, and no request to the store "
        f"(the first version: {CLAIMED_S3_REQUESTS})."
    )
    return {"cpu_ms": run.cpu_ms, "network_bytes": sent, "memory_mib": memory, "store_requests": 0}


def transferred() -> int:
    """The bytes that have passed the loopback, where the measurement should be the only traffic."""
    line = next(line for line in Path("/proc/net/dev").read_text().splitlines() if line.strip().startswith("lo:"))
    return int(line.partition(":")[2].split()[0])
