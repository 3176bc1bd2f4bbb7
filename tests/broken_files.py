"""Ways to break a CSV of customers, each by a seed: what people and programs really upload; and a Parquet file."""

import gzip
import io
import random
import struct
import zipfile
from collections.abc import Callable

# Longer than the longest row that is taken.
_TOO_LONG = 17 << 20

Mutate = Callable[[random.Random, bytes], bytes]


def truncated(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def with_nuls(chance: random.Random, data: bytes) -> bytes:
    return _with(chance, data, b"\0")


def with_quotes(chance: random.Random, data: bytes) -> bytes:
    return _with(chance, data, b'"')


def with_line_ends(chance: random.Random, data: bytes) -> bytes:
    ends = [b"\n", b"\r\n", b"\r", b"\n\n", b"\r\r\n", b"\n \n"]
    return b"".join(line + chance.choice(ends) for line in data.splitlines())


def with_bytes(chance: random.Random, data: bytes) -> bytes:
    return _with(chance, data, bytes([chance.randrange(256)]))


def with_delimiters(chance: random.Random, data: bytes) -> bytes:
    return _with(chance, data, chance.choice([b",", b";", b"\t", b",,,"]))


def with_formulas(chance: random.Random, data: bytes) -> bytes:
    return _with(chance, data, chance.choice([b"=1+1", b"@SUM(A1)", b"+1", b"-1", b"\t=1"]))


def with_a_large_cell(chance: random.Random, data: bytes) -> bytes:
    size = chance.choices([200_000, 10_000_000, _TOO_LONG], [8, 1, 1])[0]
    return _with(chance, data, chance.choice([b"1", b"x", b" ", b"-"]) * size, times=1)


def in_another_encoding(chance: random.Random, data: bytes) -> bytes:
    text = data.decode().replace("Female", chance.choice(["Fémale", "女", "Female\u00a0", "\U0001f600"]))
    return text.encode(chance.choice(["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1", "utf-8"]), "replace")


def packed(chance: random.Random, data: bytes) -> bytes:
    if chance.random() < 0.5:
        return gzip.compress(b"0" * 5_000_000 + data)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("customers.csv", data)
    return archive.getvalue()


def with_a_damaged_body(data: bytes) -> bytes:
    """A Parquet file whose footer is whole, and whose rows cannot be read."""
    (length,) = struct.unpack("<I", data[-8:-4])
    body = len(data) - 8 - length
    return data[:4] + b"\xff" * (body - 4) + data[body:]


def _with(chance: random.Random, data: bytes, what: bytes, times: int | None = None) -> bytes:
    for _ in range(times or chance.randrange(1, 6)):
        place = chance.randrange(len(data) + 1)
        data = data[:place] + what + data[place:]
    return data


MUTATIONS: list[Mutate] = [
    *(truncated, with_nuls, with_quotes, with_line_ends, with_bytes),
    *(with_delimiters, with_formulas, with_a_large_cell, in_another_encoding, packed),
]
