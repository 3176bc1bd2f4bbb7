"""A Redis of one's own, on a unix socket."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from scripts.run import redis_binary


class RedisServer(NamedTuple):
    url: str
    process: "subprocess.Popen[bytes]"


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Evicting and without persistence, as the product's cache."""
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        path = Path(folder) / "redis.sock"
        command = [
            str(redis_binary()),
            "--port",
            "0",
            "--unixsocket",
            str(path),
            "--save",
            "",
            "--dir",
            folder,
        ]
        command += ["--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru", "--logfile", str(Path(folder) / "log")]
        process = subprocess.Popen(command)
        try:
            with redis.Redis(unix_socket_path=str(path), retry=Retry(ConstantBackoff(0.05), 100)) as client:
                client.ping()
            yield RedisServer(f"unix://{path}", process)
        finally:
            process.kill()
            process.wait(timeout=10)
