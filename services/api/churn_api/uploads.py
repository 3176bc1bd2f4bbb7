"""Uploads as they come in over HTTP: a file of a form or a bare CSV, streamed and never held."""

from collections.abc import Iterator
from typing import NamedTuple

from flask import Request
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from churn.errors import FieldError, ValidationError
from churn_api.errors import InvalidBody, UnsupportedMediaType
from churn_api.jobs.errors import UploadTooLarge

FIELD = "file"
_BLOCK_BYTES = 256 << 10

# What a form may add to its file: boundaries, headers, other fields.
_FORM_BYTES = 64 << 10


class Upload(NamedTuple):
    """A file's name, if it has one, and its content as it arrives."""

    filename: str | None
    blocks: Iterator[bytes]


def read_upload(request: Request, limit_mb: int) -> Upload:
    """The upload of a request. Raises UnsupportedMediaType, UploadTooLarge, InvalidBody, ValidationError."""
    coding = request.headers.get("Content-Encoding", "identity")
    if coding.lower() != "identity":
        raise UnsupportedMediaType(f"Send the file unpacked; got the Content-Encoding {coding[:40]!r}.")
    if (request.content_length or 0) > limit_mb * 1_000_000 + _FORM_BYTES:
        raise UploadTooLarge(limit_mb)
    request.max_content_length = None  # the bytes are counted while they are read
    if request.mimetype == "text/csv":
        return _bare(request)
    if request.mimetype == "multipart/form-data":
        return _of_form(request)
    got = (request.content_type or "")[:80]
    raise UnsupportedMediaType(f"Send the CSV as multipart/form-data (field {FIELD!r}) or as text/csv; got {got!r}.")


def _bare(request: Request) -> Upload:
    charset = request.mimetype_params.get("charset", "utf-8")
    if charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType(f"Send the file in UTF-8; got the charset {charset[:40]!r}.")
    _, options = parse_options_header(request.headers.get("Content-Disposition"))
    return Upload(options.get("filename"), _blocks(request))


def _blocks(request: Request) -> Iterator[bytes]:
    while block := request.stream.read(_BLOCK_BYTES):
        yield block


def _of_form(request: Request) -> Upload:
    boundary = request.mimetype_params.get("boundary", "")
    if not boundary:
        raise InvalidBody("The form has no boundary in its Content-Type.")
    events = _events(MultipartDecoder(boundary.encode("latin-1", "replace")), _blocks(request))
    for event in events:
        if isinstance(event, File | Field) and event.name == FIELD:
            return Upload(event.filename if isinstance(event, File) else None, _content(events))
    raise ValidationError([FieldError(FIELD, "missing", f"The form has no field {FIELD!r} with the CSV.")])


def _content(events: Iterator[Event]) -> Iterator[bytes]:
    """The bytes of the part at hand, then on to the form's end, so that what was cut off is not taken for whole."""
    for event in events:
        if isinstance(event, Data):
            yield bytes(event.data)
            if not event.more_data:
                break
    for _ in events:
        pass


def _events(decoder: MultipartDecoder, blocks: Iterator[bytes]) -> Iterator[Event]:
    """What the form consists of, up to its end. Raises InvalidBody if it is no form or ends too early."""
    try:
        while not isinstance(event := decoder.next_event(), Epilogue):
            if isinstance(event, NeedData):
                decoder.receive_data(next(blocks, None))
            else:
                yield event
    except ValueError as error:
        raise InvalidBody(f"The body is not a whole multipart form ({error}).") from error
