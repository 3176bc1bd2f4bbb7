"""Uploads as they come in over HTTP: a file of a form or a bare body, streamed and never held."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from flask import Request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData, Preamble

from churn.errors import FieldError, ValidationError
from churn.tables.unpacking import gunzip
from churn_api.errors import InvalidBody, RequestTooLarge, UnsupportedMediaType
from churn_api.jobs.errors import UploadTooLarge

FIELD = "file"
_BLOCK_BYTES = 256 << 10

# What a form may have beside its file: boundaries, headers, other fields. The decoder holds what it can't take apart
# yet, which of a form that is one is less than two blocks.
_FORM_BYTES = 64 << 10
_PARTS = 16

# Of the size of any file.
_SIZE_DIGITS = 15

BODIES = (
    "text/csv",
    "text/tab-separated-values",
    "application/gzip",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.apache.parquet",
)
"""What a bare body may be declared as; what it is, it tells itself."""

_CHARSETS = ("utf-8", "utf8", "us-ascii", "utf-16", "utf-16le", "utf-16be")

# Words in Cyrillic have hardly anything but letters beyond ASCII; those of Western Europe have one here and there.
_MOSTLY_HIGH = re.compile(rb"[\xc0-\xff]{4}")


class Upload(NamedTuple):
    """A file's name, if it has one, and its content as it arrives."""

    filename: str | None
    blocks: Iterator[bytes]


def read_upload(request: Request, limit_mb: int) -> Upload:
    """The upload of a request. Raises UnsupportedMediaType, UploadTooLarge, RequestTooLarge, InvalidBody,
    ValidationError."""
    coding = request.headers.get("Content-Encoding", "identity").lower()
    if coding not in ("identity", "gzip", "x-gzip"):
        raise UnsupportedMediaType(f"Send the file unpacked or by gzip; got the Content-Encoding {coding[:40]!r}.")
    if (request.content_length or 0) > limit_mb * 1_000_000 + _FORM_BYTES:
        raise UploadTooLarge(limit_mb)
    request.max_content_length = None  # the bytes are counted while they are read
    if request.mimetype in BODIES:
        return _bare(request)
    if request.mimetype == "multipart/form-data":
        blocks = _blocks(request)
        packed = coding != "identity"
        return _of_form(request, gunzip(blocks, limit_mb * 1_000_000 + _FORM_BYTES) if packed else blocks)
    got = (request.content_type or "")[:80]
    raise UnsupportedMediaType(f"Send the CSV as multipart/form-data (field {FIELD!r}) or as text/csv; got {got!r}.")


def read_head(request: Request, limit: int) -> tuple[bytes, int]:
    """The start of a file, of at most `limit` bytes, and the size of all of it, which the query tells.

    Raises UnsupportedMediaType, RequestTooLarge, ValidationError."""
    if request.mimetype != "application/octet-stream":
        got = (request.content_type or "")[:80]
        raise UnsupportedMediaType(f"Send the start of the file as application/octet-stream; got {got!r}.")
    request.max_content_length = limit
    try:
        head = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise RequestTooLarge(f"Send the first {limit >> 10} KiB of the file, not more.") from error
    told = request.args.get("size", str(len(head)))
    if not (told.isascii() and told.isdigit() and len(told) <= _SIZE_DIGITS and int(told) >= len(head)):
        message = "size must be the file's whole size in bytes, no less than what is sent of it."
        raise ValidationError([FieldError("size", "out_of_range", message)])
    return head, int(told)


def _bare(request: Request) -> Upload:
    """A body that is the file. One that was packed for its way looks like a packed file, and is read like one."""
    charset = request.mimetype_params.get("charset", "utf-8")
    if charset.lower() not in _CHARSETS:
        raise UnsupportedMediaType(f"Send the file in UTF-8; got the charset {charset[:40]!r}.")
    disposition = request.headers.get("Content-Disposition", "").encode("latin-1", "replace")
    _, options = parse_options_header(_disposition(disposition))
    return Upload(options.get("filename"), _blocks(request))


def _blocks(request: Request) -> Iterator[bytes]:
    while block := request.stream.read(_BLOCK_BYTES):
        yield block


def _of_form(request: Request, blocks: Iterator[bytes]) -> Upload:
    boundary = request.mimetype_params.get("boundary", "")
    if not boundary:
        raise InvalidBody("The form has no boundary in its Content-Type.")
    events = _events(_Decoder(boundary.encode("latin-1", "replace"), 2 * _BLOCK_BYTES, max_parts=_PARTS), blocks)
    for event in _limited(events):
        if _is_file(event):
            return Upload(event.filename if isinstance(event, File) else None, _content(events))
    raise ValidationError([FieldError(FIELD, "missing", f"The form has no field {FIELD!r} with the CSV.")])


def _is_file(event: Event) -> bool:
    return isinstance(event, File | Field) and event.name == FIELD


def _content(events: Iterator[Event]) -> Iterator[bytes]:
    """The bytes of the part at hand, then on to the form's end, so that what was cut off is not taken for whole."""
    for event in events:
        if isinstance(event, Data):
            yield bytes(event.data)
            if not event.more_data:
                break
    for event in _limited(events):
        if _is_file(event):
            message = f"The form has more than one field {FIELD!r}; send each file as a job of its own."
            raise ValidationError([FieldError(FIELD, "not_allowed", message)])


def _limited(events: Iterable[Event]) -> Iterator[Event]:
    """Events of what is not the file. Raises RequestTooLarge when that is more than a form has."""
    left = _FORM_BYTES
    for event in events:
        left -= len(event.data) if isinstance(event, Preamble | Data) else 0
        if left < 0:
            raise _too_much()
        yield event


def _too_much() -> RequestTooLarge:
    return RequestTooLarge(
        f"Beside its file the form has more than {_FORM_BYTES >> 10} KiB or {_PARTS} parts; send the file alone."
    )


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
    except RequestEntityTooLarge as error:
        raise _too_much() from error


class _Decoder(MultipartDecoder):
    """A decoder that takes names of files in any encoding, and with Windows' backslashes."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        lines = bytes(data).splitlines()
        return super()._parse_headers(b"\r\n".join(_disposition(line).encode() for line in lines))


def _disposition(header: bytes) -> str:
    """The text of a header as well as it can be told; a backslash is one, unless it stands before a quote."""
    text = _decoded(header)
    return re.sub(r'\\(?!")', r"\\\\", text) if "filename" in text.lower() else text


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("cp1251" if _MOSTLY_HIGH.search(text) else "cp1252", "replace")
