"""An object store in an S3 bucket: AWS, MinIO or any server that honours S3's conditional writes."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC
from functools import partial
from itertools import chain, islice
from threading import Lock
from typing import TYPE_CHECKING
from uuid import uuid4

from botocore.exceptions import ClientError

from churn.errors import ChurnError, ObjectNotFound, PreconditionFailed, StoreUnavailable
from churn.overlap import overlapped
from churn.store.interface import Entry, Object, Patience, checked_folder, checked_key, checked_prefix
from churn.store.s3_client import (
    Clients,
    error_code,
    is_final,
    new_clients,
    own_endpoint,
    place,
    translated,
    was_retried,
)
from churn.store.s3_parts import PART_BYTES, Piece, plan, regroup

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, GetObjectRequestTypeDef, PutObjectRequestTypeDef

_CHUNK_BYTES = 1 << 20
# The most keys in a request to delete, and in a page of a list.
_BATCH = 1000
_RETRY_SECONDS = 0.5
# Parallel requests for one object: one sends a part while another waits until the server has stored its own.
_AT_ONCE, _COPIES_AT_ONCE = 2, 4
# The metadata that says which call wrote an object.
_WRITE_ID = "churn-write-id"

_SendPart = Callable[[str, int], str]


class S3Store:
    """The ObjectStore over a bucket; the etag is S3's. Each process makes its clients when it first needs them."""

    def __init__(self, bucket: str, patience: Patience) -> None:
        self._bucket = bucket
        self._patience = patience
        self._lock = Lock()
        self._clients: dict[int, Clients] = {}

    def get(self, key: str) -> Object:
        """The object by one GET. Raises ObjectNotFound."""
        with translated(self._bucket, checked_key(key)):
            answer = self._client().get_object(Bucket=self._bucket, Key=key)
            return Object(answer["Body"].read(), answer["ETag"])

    def put(
        self, key: str, data: bytes, *, content_type: str, if_match: str | None = None, if_absent: bool = False
    ) -> str:
        """Write the object by one PUT; a retry whose first attempt succeeded unnoticed is recognised as a success."""
        write_id = uuid4().hex
        request: PutObjectRequestTypeDef = {
            "Bucket": self._bucket,
            "Key": checked_key(key),
            "Body": data,
            "ContentType": content_type,
            "Metadata": {_WRITE_ID: write_id},
        }
        if if_match is not None:
            request["IfMatch"] = if_match
        if if_absent:
            request["IfNoneMatch"] = "*"
        try:
            with translated(self._bucket, key):
                return self._client().put_object(**request)["ETag"]
        except (PreconditionFailed, ObjectNotFound) as error:
            return self._own_write(key, write_id, error)

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Stream one GET in chunks of up to 1 MiB. Raises ObjectNotFound at once."""
        body = self._open(key, start, end)
        return iter(()) if body is None else self._chunks(key, body.iter_chunks(_CHUNK_BYTES), body.close)

    def fetch(self, key: str, *, start: int, end: int) -> bytes:
        """The bytes from `start` up to, but without, `end`, by one GET. Raises ObjectNotFound."""
        return self._fetch(key, start, end)

    def write(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> None:
        """Write a small object by one PUT, a large one as a multipart upload of 5 MiB parts."""
        checked_key(key)
        parts = regroup(chunks)
        first = next(parts, b"")
        if len(first) < PART_BYTES:
            self.put(key, bytes(first), content_type=content_type)
        else:
            sends = (partial(self._upload, key, part) for part in chain([first], parts))
            del first  # megabytes, until the last part is sent
            self._write_parts(key, sends, content_type)

    def concatenate(self, key: str, parts: Sequence[str], *, content_type: str) -> None:
        """Join objects on the server; only those below S3's smallest part size pass through here."""
        checked_key(key)
        pieces = plan(overlapped((partial(self.head, part) for part in parts), _COPIES_AT_ONCE))
        if any(piece.copied for piece in pieces) or len(pieces) > 1:
            sends = (partial(self._send_piece, key, piece) for piece in pieces)
            self._write_parts(key, sends, content_type, _COPIES_AT_ONCE)
        else:
            self.put(key, b"".join(map(self._joined, pieces)), content_type=content_type)

    def head(self, key: str) -> Entry:
        """Size, time and etag by one HEAD. Raises ObjectNotFound."""
        with translated(self._bucket, checked_key(key)):
            answer = self._client().head_object(Bucket=self._bucket, Key=key)
        return Entry(key, answer["ContentLength"], answer["ETag"], answer["LastModified"].astimezone(UTC))

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> Iterator[Entry]:
        """Page through the keys, up to 1,000 with each request."""
        return islice(self._entries(checked_prefix(prefix), after, min(limit or _BATCH, _BATCH)), limit)

    def folders(self, prefix: str) -> Iterator[str]:
        """The common prefixes that S3 finds, up to 1,000 with each request."""
        return self._folders(checked_folder(prefix))

    def delete(self, keys: Iterable[str]) -> None:
        """Delete up to 1,000 objects with each request. Raises StoreUnavailable if S3 refuses one of them."""
        names = map(checked_key, keys)
        while batch := list(islice(names, _BATCH)):
            with translated(self._bucket):
                answer = self._client().delete_objects(
                    Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True}
                )
            for fault in answer.get("Errors", []):
                raise StoreUnavailable(place(self._bucket), f"S3 answered {fault.get('Code')} to DeleteObjects")

    def ping(self) -> None:
        """Ask for the bucket once, within five seconds."""
        with translated(self._bucket):
            self._connect().probing.head_bucket(Bucket=self._bucket)

    def ensure_bucket(self, *, wait: float = 60.0) -> None:
        """Wait for the bucket; create it only on a server other than AWS, where a missing one is likely misspelled."""
        deadline = time.monotonic() + wait
        while True:
            try:
                return self._ensure_bucket()
            except StoreUnavailable as error:
                if is_final(error) or own_endpoint() is None or time.monotonic() > deadline:
                    raise
            time.sleep(_RETRY_SECONDS)

    def _client(self) -> "S3Client":
        return self._connect().working

    def _connect(self) -> Clients:
        # A forked process must not share connections, and threads must not share a session that is making clients.
        process = os.getpid()
        with self._lock, translated(self._bucket):
            if process not in self._clients:
                self._clients[process] = new_clients(self._patience)
            return self._clients[process]

    def _own_write(self, key: str, write_id: str, error: ChurnError) -> str:
        """The etag, if the write succeeded and only its answer was lost. Raises PreconditionFailed otherwise."""
        if was_retried(error) and (etag := self._etag_of(key, write_id)) is not None:
            return etag
        # For `if_match` on a missing object, S3 answers 404, where the interface has PreconditionFailed.
        raise PreconditionFailed(key) from error

    def _etag_of(self, key: str, write_id: str) -> str | None:
        """The etag of an object, if it is what this call wrote."""
        with translated(self._bucket, key), suppress(ObjectNotFound):
            answer = self._client().head_object(Bucket=self._bucket, Key=key)
            if answer["Metadata"].get(_WRITE_ID) == write_id:
                return answer["ETag"]
        return None

    def _open(self, key: str, start: int, end: int | None, etag: str | None = None) -> "StreamingBody | None":
        """The body of an answer with these bytes, of the version `etag` if given; None if the range is empty."""
        if end is not None and end <= start:
            self.head(key)
            return None
        request: GetObjectRequestTypeDef = {"Bucket": self._bucket, "Key": checked_key(key)}
        if start or end is not None:
            request["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        if etag is not None:
            request["IfMatch"] = etag
        try:
            with translated(self._bucket, key):
                return self._client().get_object(**request)["Body"]
        except StoreUnavailable as error:
            if isinstance(error.__cause__, ClientError) and error_code(error.__cause__) == "InvalidRange":
                return None
            raise

    def _chunks(self, key: str, chunks: Iterator[bytes], close: Callable[[], None]) -> Iterator[bytes]:
        try:
            with translated(self._bucket, key):
                yield from chunks
        finally:
            close()

    def _upload(self, key: str, data: bytes | bytearray, upload: str, number: int) -> str:
        with translated(self._bucket):
            answer = self._client().upload_part(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload,
                PartNumber=number,
                Body=data,  # type: ignore[arg-type]  # botocore takes a bytearray as well; its stubs do not know
            )
        return answer["ETag"]

    def _send_piece(self, key: str, piece: Piece, upload: str, number: int) -> str:
        if not piece.copied:
            return self._upload(key, self._joined(piece), upload, number)
        (source,) = piece.ranges
        with translated(self._bucket, source.key):
            answer = self._client().upload_part_copy(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload,
                PartNumber=number,
                CopySource={"Bucket": self._bucket, "Key": source.key},
                CopySourceIfMatch=source.etag,
                CopySourceRange=f"bytes={source.start}-{source.end - 1}",
            )
        return answer["CopyPartResult"]["ETag"]

    def _joined(self, piece: Piece) -> bytes:
        return b"".join(self._fetch(part.key, part.start, part.end, part.etag) for part in piece.ranges)

    def _fetch(self, key: str, start: int, end: int, etag: str | None = None) -> bytes:
        with translated(self._bucket, key):
            body = self._open(key, start, end, etag)
            return b"" if body is None else body.read()

    def _write_parts(self, key: str, sends: Iterable[_SendPart], content_type: str, at_once: int = _AT_ONCE) -> None:
        """Send the parts of an object while the next ones are drawn; nothing of it stays if one of them fails."""
        client, write_id = self._client(), uuid4().hex
        with translated(self._bucket):
            upload = client.create_multipart_upload(
                Bucket=self._bucket, Key=key, ContentType=content_type, Metadata={_WRITE_ID: write_id}
            )["UploadId"]
        try:
            calls = (partial(send, upload, number) for number, send in enumerate(sends, 1))
            parts: list[CompletedPartTypeDef] = [
                {"PartNumber": number, "ETag": etag} for number, etag in enumerate(overlapped(calls, at_once), 1)
            ]
            self._complete(key, upload, parts, write_id)
        except BaseException:
            # The caller must get the first error, and soon. So a server that hangs is asked to abort only once; parts
            # that stay then are removed by the bucket's lifecycle rule.
            with suppress(StoreUnavailable), translated(self._bucket):
                self._connect().probing.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)
            raise

    def _complete(self, key: str, upload: str, parts: "Sequence[CompletedPartTypeDef]", write_id: str) -> None:
        """Make one object of the parts; if the first answer is lost, a retry finds the object but not the upload."""
        try:
            with translated(self._bucket):
                self._client().complete_multipart_upload(
                    Bucket=self._bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
                )
        except StoreUnavailable as error:
            if not was_retried(error) or self._etag_of(key, write_id) is None:
                raise

    def _entries(self, prefix: str, after: str, page_size: int) -> Iterator[Entry]:
        pages = self._client().get_paginator("list_objects_v2")
        with translated(self._bucket):
            for page in pages.paginate(
                Bucket=self._bucket, Prefix=prefix, StartAfter=after, PaginationConfig={"PageSize": page_size}
            ):
                for item in page.get("Contents", []):
                    # S3 consoles make an empty object to mark a folder.
                    if not item["Key"].endswith("/"):
                        yield Entry(item["Key"], item["Size"], item["ETag"], item["LastModified"].astimezone(UTC))

    def _folders(self, prefix: str) -> Iterator[str]:
        pages = self._client().get_paginator("list_objects_v2")
        with translated(self._bucket):
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix, Delimiter="/"):
                for item in page.get("CommonPrefixes", []):
                    yield item["Prefix"].removeprefix(prefix).removesuffix("/")

    def _ensure_bucket(self) -> None:
        client = self._connect().probing
        with translated(self._bucket):
            try:
                client.head_bucket(Bucket=self._bucket)
            except ClientError as error:
                if error_code(error) != "404" or own_endpoint() is None:
                    raise
                client.create_bucket(Bucket=self._bucket)
