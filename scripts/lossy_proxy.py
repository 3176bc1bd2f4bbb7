"""A proxy in front of an S3 server that loses answers to writes: the write is done, but its caller gets no answer.

    python scripts/lossy_proxy.py 9000 minio:9000 --share 0.02 --seed 7

Bytes pass unchanged, so that signatures stay valid. When an answer is lost, both ends of the connection are closed, as
by a failing network. `make chaos` runs such a proxy between a stack's services and its store.
"""

import argparse
import asyncio
import random
import sys
from collections.abc import Callable
from contextlib import suppress

WRITES = (b"PUT ", b"POST ", b"DELETE ")
# This status asks the client to send the body; it is not the answer yet.
CONTINUE = b"HTTP/1.1 100"
BLOCK_BYTES = 64 << 10


class LossyProxy:
    """Forwards connections to `host`:`port`; a random `share` (0 to 1) of the answers to writes is lost.

    `lost` counts them.
    """

    def __init__(self, host: str, port: int, share: float, rng: random.Random) -> None:
        self._target = host, port
        self._share = share
        self._rng = rng
        self.lost = 0

    async def handle(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Serve a connection until either end closes it or an answer is lost."""
        with suppress(OSError):
            server, to_server = await asyncio.open_connection(*self._target)
            exchange = _Exchange(self)
            ways = [
                asyncio.create_task(_pump(client, to_server, exchange.asked)),
                asyncio.create_task(_pump(server, to_client, exchange.answered)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            to_server.close()
        to_client.close()

    def loses(self) -> bool:
        """Draw whether the answer to the current write is lost, and count it if so."""
        if self._rng.random() >= self._share:
            return False
        self.lost += 1
        print(f"{self.lost} answers lost", flush=True)
        return True


class _Exchange:
    """The state of a connection, on which an S3 client sends one request after another."""

    def __init__(self, proxy: LossyProxy) -> None:
        self._proxy = proxy
        self._asking = False
        self._is_write = False

    def asked(self, data: bytes) -> bool:
        if not self._asking:
            self._asking, self._is_write = True, data.startswith(WRITES)
        return True

    def answered(self, data: bytes) -> bool:
        """Whether the bytes are forwarded; an answer is lost as a whole, before its first byte."""
        if data.startswith(CONTINUE):
            return True
        begins, self._asking = self._asking, False
        return not (begins and self._is_write and self._proxy.loses())


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, goes_on: Callable[[bytes], bool]) -> None:
    with suppress(OSError):
        while (data := await source.read(BLOCK_BYTES)) and goes_on(data):
            target.write(data)
            await target.drain()


async def serve(port: int, proxy: LossyProxy) -> None:
    """Take connections on every address of this machine until cancelled."""
    server = await asyncio.start_server(proxy.handle, None, port)
    async with server:
        await server.serve_forever()


def main() -> int:
    """Run the proxy until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("target", help="host:port")
    parser.add_argument("--share", type=float, default=0.02, help="of the answers to writes that are lost, 0 to 1")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    host, _, port = options.target.rpartition(":")
    proxy = LossyProxy(host, int(port), options.share, random.Random(options.seed))  # noqa: S311  # no secret
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, proxy))
    return 0


if __name__ == "__main__":
    sys.exit(main())
