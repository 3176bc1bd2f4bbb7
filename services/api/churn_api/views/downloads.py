"""A file of the store over HTTP: whole, packed, in part, or not at all where the client has it already (RFC 9110).

A file never changes once it is there, so what broke off goes on where it stopped. It holds customers' data: only the
one who asked may keep it, and asks again before it is used.
"""

import codecs
import hashlib
import re
import unicodedata
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple
from urllib.parse import quote

from flask import Request, Response

from churn.errors import ChurnError
from churn_api.errors import ConditionFailed
from churn_api.http import error_handlers
from churn_api.jobs.csv.result_files import CSV
from churn_api.stored_file import StoredFile

# gzip's own header and trailer around the deflated bytes; the lowest level is a third of the work for nine tenths of
# the gain.
_GZIP, _LEVEL = 31, 1

# What an upload's name may end with, that says nothing of a file made of it.
_ENDINGS = re.compile(r"(\.(csv|tsv|txt|tab|xlsx|xls|parquet|gz|gzip))+\Z", re.IGNORECASE)
# Windows keeps these from names.
_RESERVED = frozenset('<>:"/\\|?*')
# File systems allow 255 bytes for a name.
_MAX_STEM_BYTES = 150
_is_plain = re.compile(r"[A-Za-z0-9 _.,()+-]+").fullmatch


class RangeNotSatisfiable(ChurnError):
    """The file ends before the range that was asked for."""

    status = 416

    def __init__(self, size: int) -> None:
        super().__init__(f"The file has {size} bytes; ask for a range within them, such as bytes=0-, or for all of it.")


class _Content(NamedTuple):
    """What an address stands for: a file, with a byte order mark before it where Excel is to read it."""

    mark: bytes
    file: StoredFile

    @property
    def size(self) -> int:
        return len(self.mark) + self.file.size

    @property
    def etag(self) -> str:
        """In quotes, as headers have it."""
        return f'"{hashlib.sha256(self.mark + self.file.etag.encode()).hexdigest()[:32]}"'

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to, without, `end`; the store is asked for no others."""
        marks = len(self.mark)
        rest = self.file.read(max(0, start - marks), end - marks) if end > marks else iter(())
        return chain([self.mark[start:end]], rest) if start < marks else rest


def send(request: Request, file: StoredFile, name: str, *, excel: bool) -> Response:
    """Answer a GET or HEAD for a file, which is to be called `name`. Raises ConditionFailed."""
    content = _Content(codecs.BOM_UTF8 if excel else b"", file)
    wanted = _range(request, content)
    packed = wanted is None and request.accept_encodings["gzip"] > 0
    etag = f'{content.etag[:-1]}-gzip"' if packed else content.etag
    if "If-Match" in request.headers and not request.if_match.contains(etag.strip('"')):
        raise ConditionFailed
    if request.if_none_match.contains_raw(f"W/{etag}"):
        response = Response(status=304)
        del response.headers["Content-Type"]
    elif wanted is not None:
        response = _part(content, *wanted)
    else:
        response = _whole(request, content, packed=packed)
    if response.status_code < 400:
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Accept-Ranges"] = "bytes"
        response.headers["Content-Disposition"] = _disposition(name)
    return response


def _range(request: Request, content: _Content) -> tuple[int, int] | None:
    """The first byte of the requested part and the one after its last, which may be past the file's end.

    None for the whole file: by HEAD, for several ranges at once, another unit, or another version of the file.
    """
    asked = request.range
    if request.method != "GET" or asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    if request.headers.get("If-Range", content.etag) != content.etag:
        return None
    first, behind = asked.ranges[0]
    if first < 0:  # so many from the end
        return max(0, content.size + first), content.size
    return first, content.size if behind is None else min(behind, content.size)


def _part(content: _Content, first: int, behind: int) -> Response:
    if first >= content.size:
        response = error_handlers.answer(RangeNotSatisfiable(content.size))
        response.headers["Content-Range"] = f"bytes */{content.size}"
        return response
    response = Response(content.read(first, behind), 206, content_type=CSV)
    response.headers["Content-Range"] = f"bytes {first}-{behind - 1}/{content.size}"
    response.headers["Content-Length"] = str(behind - first)
    return response


def _whole(request: Request, content: _Content, *, packed: bool) -> Response:
    pieces = content.read(0, content.size) if request.method == "GET" else iter(())
    response = Response(_gzipped(pieces) if packed else pieces, content_type=CSV)
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    else:
        response.headers["Content-Length"] = str(content.size)
    return response


def _gzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def file_name(upload: str | None, job_id: str, kind: str) -> str:
    """What to call a file of a job: after the upload, as far as that is a name that every system takes."""
    name = unicodedata.normalize("NFC", upload or "").replace("\\", "/").rpartition("/")[2]
    plain = "".join(letter if letter.isprintable() and letter not in _RESERVED else "_" for letter in name)
    stem = _ENDINGS.sub("", plain).encode()[:_MAX_STEM_BYTES].decode("utf-8", "ignore").strip(" .")
    return f"{stem if stem.strip('_') else job_id}_{kind}.csv"


def _disposition(name: str) -> str:
    """The name as RFC 6266 has it: what is more than plain ASCII is encoded, beside a plain name for old clients."""
    if _is_plain(name):
        return f'attachment; filename="{name}"'
    simple = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    # Some clients take a % for the start of an encoded letter.
    fallback = "".join(letter if _is_plain(letter) else "_" for letter in simple)
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}"
