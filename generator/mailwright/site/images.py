"""Pictures that lie beside a description: PNG or JPEG, by what they hold and not by what they are called."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Literal

from mailwright.findings import Findings, Place
from mailwright.site.model import Image
from mailwright.source.files import opened

MAX_BYTES = 256 * 1024
MAX_SIDE = 2048  # pixels; more than any page shows

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_FIX = "Name a PNG or JPEG file of at most 256 kB and 2048 by 2048 pixels."


def image(path: Path, findings: Findings, where: Place) -> Image | None:
    """The picture, or None with a finding at ``where``. Of a file that is too large nothing more is read."""
    with opened(path, findings, where) as file:
        if file is None:
            return None
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        findings.error("site.image", f"{path} is larger than {MAX_BYTES // 1024} kB", where, _FIX)
        return None
    try:
        return _looked_into(data)
    except ValueError as error:
        findings.error("site.image", f"{path} {error}", where, _FIX)
        return None


def _looked_into(data: bytes) -> Image:
    """Raises ValueError with what is wrong, to stand behind the file's name."""
    media_type: Literal["image/png", "image/jpeg"]
    if data.startswith(_PNG):
        media_type, (width, height) = "image/png", _png(data)
    elif data.startswith(_JPEG):
        media_type, (width, height) = "image/jpeg", _jpeg(data)
    else:
        raise ValueError("is no PNG or JPEG picture (an SVG file can hold scripts)")
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise ValueError(f"is {width} by {height} pixels")
    return Image(media_type, data)


def _png(data: bytes) -> tuple[int, int]:
    """Width and height. Every part is there with its right checksum, from IHDR to IEND (PNG, 5.3)."""
    at, size = len(_PNG), (0, 0)
    while True:
        if at + 12 > len(data):
            raise ValueError("breaks off: it is a PNG picture that is not whole")
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(data):
            raise ValueError("breaks off: it is a PNG picture that is not whole")
        if struct.unpack_from(">I", data, end - 4)[0] != zlib.crc32(data[at + 4 : end - 4]):
            raise ValueError("is a damaged PNG picture: a checksum does not fit")
        if at == len(_PNG):
            if kind != b"IHDR" or length != 13:
                raise ValueError("is a PNG picture that does not begin with its size")
            size = struct.unpack_from(">II", data, at + 8)
        if kind == b"IEND":
            if end != len(data):
                raise ValueError("is a PNG picture with something else behind it")
            return size
        at = end


_NO_SIZE = frozenset({0xC4, 0xC8, 0xCC})  # in the range of frames, and none
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length


def _jpeg(data: bytes) -> tuple[int, int]:
    """Width and height of the first frame (ISO/IEC 10918-1, B.2)."""
    if not data.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise ValueError("breaks off: it is a JPEG picture that is not whole")
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise ValueError("is a damaged JPEG picture")
        marker = data[at + 1]
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE:
            if at + 9 > len(data):
                break
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        if marker in (0xDA, 0xD9):
            break
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    raise ValueError("is a JPEG picture that does not say its size")
