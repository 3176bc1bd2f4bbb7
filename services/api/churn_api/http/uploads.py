"""Uploads over HTTP: a file in a form or a bare body, streamed and never in memory as a whole."""

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

# The bytes of a form besides its file (boundaries, headers, other fields), and the number of its parts. The decoder
# keeps what it cannot parse yet, which is less than two blocks of a valid form.
_FORM_BYTES = 64 << 10
_PARTS = 16

# The most digits that the size of a file may have.
_SIZE_DIGITS = 15

BODIES = (
    "text/csv",
    "text/tab-separated-values",
    "application/gzip",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.apache.parquet",
)
"""The media types of a bare body; its actual format is recognised from its content."""

_CHARSETS = ("utf-8", "utf8", "us-ascii", "utf-16", "utf-16le", "utf-16be")

# Cyrillic words are made of letters beyond ASCII; words of Western Europe have only a few of them.
_MOSTLY_HIGH = re.compile(rb"[\xc0-\xff]{4}")


class Upload(NamedTuple):
    """A file's name, if it has one, and its content in blocks as they arrive."""

    filename: str | None
    blocks: Iterator[bytes]


def read_upload(request: Request, limit_mb: int) -> Upload:
    """The upload of a request, of at most `limit_mb` megabytes.

    Raises UnsupportedMediaType, UploadTooLarge, RequestTooLarge, InvalidBody and ValidationError.
    """
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
    """The start of a file, of at most `limit` bytes, and the size of the whole file in bytes, from the query.

    Raises UnsupportedMediaType, RequestTooLarge and ValidationError.
    """
    if request.mimetype != "application/octet-stream":
        got = (request.content_type or "")[:80]
        raise UnsupportedMediaType(f"Send the start of the file as application/octet-stream; got {got!r}.")
    request.max_content_length = limit
    try:
        head = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise RequestTooLarge(f"Send the first {limit >> 10} KiB of the file, not more.") from error
    size = request.args.get("size", str(len(head)))
    if not (size.isascii() and size.isdigit() and len(size) <= _SIZE_DIGITS and int(size) >= len(head)):
        message = "size must be the file's whole size in bytes, no less than what is sent of it."
        raise ValidationError([FieldError("size", "out_of_range", message)])
    return head, int(size)


def _bare(request: Request) -> Upload:
    """A body that is the file. One with a Content-Encoding of gzip is read like a file that is packed by gzip."""
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
    """The bytes of the current part; then reads to the form's end, so that an interrupted upload is not accepted."""
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
    """Events outside the file. Raises RequestTooLarge if they are more than a form may have."""
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
    """The form's events up to its end. Raises InvalidBody if it is not a form or ends too early."""
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
    """A decoder that accepts file names in any encoding, and with the backslashes of Windows."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        lines = bytes(data).splitlines()
        return super()._parse_headers(b"\r\n".join(_disposition(line).encode() for line in lines))


def _disposition(header: bytes) -> str:
    """The text of a header, decoded as well as possible; a backslash is literal unless it precedes a quote."""
    text = _decoded(header)
    return re.sub(r'\\(?!")', r"\\\\", text) if "filename" in text.lower() else text


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("cp1251" if _MOSTLY_HIGH.search(text) else "cp1252", "replace")
