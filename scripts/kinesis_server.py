"""A Kinesis server, and an S3 server beside it, in this process.

They are moto's, but for the shards: moto's closed ones move their records, take further ones and never end.
"""

import json
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partialmethod
from itertools import count
from threading import Lock, Thread
from typing import Any, cast
from unittest.mock import patch

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.kinesis import models
from moto.kinesis.utils import decompose_shard_iterator
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.utilities.utils import md5_hash
from werkzeug.serving import make_server

# A sequence number of Kinesis has so many digits.
_FIRST_NUMBER = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898
_PREFIX = "Kinesis_20131202."


class KinesisStream(models.Stream):
    """A stream whose closed shards keep their records, and get no further ones."""

    _numbers = count(_FIRST_NUMBER)

    def get_shard_for_key(self, partition_key: str, explicit_hash_key: str) -> models.Shard:
        """The open shard of this key."""
        place = int(explicit_hash_key) if explicit_hash_key else int(md5_hash(partition_key.encode()).hexdigest(), 16)
        shards = self.shards.values()
        return next(shard for shard in shards if shard.is_open and shard.starting_hash <= place <= shard.ending_hash)

    def put_record(self, partition_key: str, explicit_hash_key: str, data: str) -> tuple[str, str]:
        """Put a record under a number that is larger than those of all records before it."""
        shard = self.get_shard_for_key(partition_key, explicit_hash_key)
        number = next(self._numbers)
        shard.records[number] = models.Record(partition_key, data, number, explicit_hash_key)
        return str(number), shard.shard_id

    def split_shard(self, shard_to_split: str, new_starting_hash_key: str) -> None:
        """Close a shard and open two."""
        shard, middle = self.shards[shard_to_split], int(new_starting_hash_key)
        for start, end in ((shard.starting_hash, middle - 1), (middle, shard.ending_hash)):
            self._open(start, end, shard_to_split)
        shard.is_open = False

    def merge_shards(self, shard_to_merge: str, adjacent_shard_to_merge: str) -> None:
        """Close two neighbours and open one."""
        both = self.shards[shard_to_merge], self.shards[adjacent_shard_to_merge]
        start, end = min(shard.starting_hash for shard in both), max(shard.ending_hash for shard in both)
        self._open(start, end, shard_to_merge, adjacent_shard_to_merge)
        for shard in both:
            shard.is_open = False

    def _open(self, start: int, end: int, parent: str, other: str | None = None) -> None:
        shard = models.Shard(len(self.shards), start, end, parent, other)
        self.shards[shard.shard_id] = shard


_moto_get_records = models.KinesisBackend.get_records
_moto_put_records = models.KinesisBackend.put_records


def _get_records(
    backend: models.KinesisBackend, stream_arn: str | None, shard_iterator: str, limit: int | None
) -> tuple[str | None, list[models.Record], int]:
    """Records, and no further iterator at the end of a closed shard."""
    following, records, behind = _moto_get_records(backend, stream_arn, shard_iterator, limit)
    name, shard_id, last = decompose_shard_iterator(following)
    shard = backend.streams[name].shards[shard_id]
    is_over = not shard.is_open and int(last) >= shard.get_max_sequence_number()
    return None if is_over else following, records, behind


def _put_records(
    backend: models.KinesisBackend,
    refuses: Callable[[str], object],
    stream_arn: str,
    stream_name: str,
    records: list[dict[str, Any]],
) -> dict[str, Any]:
    """Put those of the records that are not refused."""
    refused = [bool(refuses(record["PartitionKey"])) for record in records]
    taken = [record for record, is_refused in zip(records, refused, strict=True) if not is_refused]
    answers = iter(_moto_put_records(backend, stream_arn, stream_name, taken)["Records"])
    error = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Too much."}
    entries = [error if is_refused else next(answers) for is_refused in refused]
    return {"FailedRecordCount": sum(refused), "Records": entries}


class KinesisServer:
    """Kinesis and S3 on a free port of the loopback while the context is open; `environment` leads clients there.

    It answers one request after the other, and counts in `asked` how often each operation was asked for. `faults` are
    the codes with which the next requests of an operation are refused. `refuses` tells which records are not taken out
    of a request with many, by their partition keys; `loses` whether the answer to a request, such as "PUT", is lost
    after it was done.
    """

    def __init__(self) -> None:
        self._application = DomainDispatcherApplication(create_backend_app)
        self._lock = Lock()
        self._patches = ExitStack()
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=MotoRequestHandler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.environment = {
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ENDPOINT_URL_KINESIS": self.url,
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.asked: Counter[str] = Counter()
        self.faults: dict[str, deque[str]] = {}
        self.refuses: Callable[[str], object] = lambda key: False  # noqa: ARG005
        self.loses: Callable[[str], object] = lambda method: False  # noqa: ARG005

    def __enter__(self) -> "KinesisServer":
        self._patches.enter_context(patch.object(models, "Stream", KinesisStream))
        self._patches.enter_context(patch.object(models.KinesisBackend, "get_records", _get_records))
        put_records = partialmethod(_put_records, lambda key: self.refuses(key))
        self._patches.enter_context(patch.object(models.KinesisBackend, "put_records", put_records))
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._patches.close()

    def stream(self, name: str, region: str) -> KinesisStream:
        """What a stream holds, for whoever checks it."""
        return cast(KinesisStream, models.kinesis_backends[DEFAULT_ACCOUNT_ID][region].streams[name])

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            operation = environ.get("HTTP_X_AMZ_TARGET", "").removeprefix(_PREFIX)
            self.asked[operation] += 1
            if faults := self.faults.get(operation):
                start_response("400 Bad Request", [("Content-Type", "application/x-amz-json-1.1")])
                return [json.dumps({"__type": faults.popleft(), "message": ""}).encode()]
            if not self.loses(environ["REQUEST_METHOD"]):
                return list(self._application(environ, start_response))
            list(self._application(environ, lambda *_: None))
            start_response("503 Service Unavailable", [])
            return []
