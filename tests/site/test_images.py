"""Pictures beside a description: what is one is taken, and whatever else lies there is a finding with its place."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from mailwright.findings import Findings, Place
from mailwright.site import images
from mailwright.site.model import Image
from mailwright.site.read import read
from mailwright.source.files import opened
from support.example import ROOT

WHERE = Place("site.yml", 12, 9)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 8, height: int = 4, behind: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = zlib.compress(b"\0" * (min(width, 64) * 3 + 1) * min(height, 64))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"") + behind


def jpeg(width: int = 8, height: int = 4, end: bytes = b"\xff\xd9") -> bytes:
    app = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0\1\1\0\0\1\0\1\0\0"
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\1\x11\0"
    scan = b"\xff\xda" + struct.pack(">H", 8) + b"\1\1\0\0\x3f\0" + b"\x2a\x2a"
    return b"\xff\xd8" + app + frame + scan + end


def look(path: Path) -> tuple[object, list[str]]:
    findings = Findings()
    found = images.image(path, findings, WHERE)
    assert all(item.where == WHERE for item in findings.items)
    return found, [item.message for item in findings.items]


@pytest.mark.parametrize(("data", "media_type"), [(png(), "image/png"), (jpeg(), "image/jpeg")])
def test_a_picture_is_taken_by_what_it_holds(tmp_path: Path, data: bytes, media_type: str) -> None:
    (tmp_path / "logo.any").write_bytes(data)
    found, said = look(tmp_path / "logo.any")
    assert isinstance(found, Image)
    assert (found.media_type, found.data, said) == (media_type, data, [])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is no PNG or JPEG"),
        (b"College", "is no PNG or JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "can hold scripts"),
        (b"GIF89a\1\0\1\0\0\0\0;", "is no PNG or JPEG"),
        (png()[:-1], "not whole"),
        (png()[:40], "not whole"),
        (png()[:8], "not whole"),
        (png()[:8] + b"\xff\xff\xff\xff" + png()[12:], "not whole"),
        (png().replace(b"IDAT", b"IDAX"), "checksum"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), "does not begin with its size"),
        (png(behind=b"<script>"), "something else behind it"),
        (png(width=0), "0 by 4 pixels"),
        (png(width=2049), "2049 by 4 pixels"),
        (png(height=2**31), "pixels"),
        (jpeg(end=b""), "not whole"),
        (jpeg(height=0), "8 by 0 pixels"),
        (jpeg(width=65535), "65535 by 4 pixels"),
        (b"\xff\xd8\xff\xd9", "does not say its size"),
        (b"\xff\xd8\xff\xe0\0\0\xff\xd9", "damaged"),
        (b"\xff\xd8\xff\xc0\0\xff\xd9", "does not say its size"),
        (b"\xff\xd8" + b"\xff\xe0\0\4ab" + b"x" * 20 + b"\xff\xd9", "damaged"),
    ],
)
def test_what_is_none_is_told_with_its_place(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "logo.png").write_bytes(data)
    found, said = look(tmp_path / "logo.png")
    assert found is None
    assert len(said) == 1
    assert why in said[0]
    assert str(tmp_path / "logo.png") in said[0]


def test_any_bytes_are_refused_or_taken_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    for whole in (png(), jpeg()):
        for at in range(len(whole)):
            for octet in (0, 0x7F, 0xFF):
                path.write_bytes(whole[:at] + bytes((octet,)) + whole[at + 1 :])
                found, said = look(path)
                assert (found is None) == bool(said)


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "logo.png"
    with path.open("wb") as file:
        file.write(png())
        file.truncate(50 * 1024**2)
    read_octets = []
    real = opened

    class Counting:
        def __init__(self, file: object) -> None:
            self.file = file

        def read(self, count: int) -> bytes:
            data: bytes = self.file.read(count)  # type: ignore[attr-defined]
            read_octets.append(len(data))
            return data

    from contextlib import contextmanager

    @contextmanager
    def counted(*arguments: object):  # type: ignore[no-untyped-def]
        with real(*arguments) as file:  # type: ignore[arg-type]
            yield Counting(file)

    monkeypatch.setattr(images, "opened", counted)
    found, said = look(path)
    assert found is None
    assert "larger than 256 kB" in said[0]
    assert sum(read_octets) <= images.MAX_BYTES + 1


def test_the_largest_is_taken(tmp_path: Path) -> None:
    room = images.MAX_BYTES - len(png()) - 12
    whole = png()[:-12] + chunk(b"tEXt", b"x" * room) + chunk(b"IEND", b"")
    (tmp_path / "logo.png").write_bytes(whole)
    assert len(whole) == images.MAX_BYTES
    assert look(tmp_path / "logo.png")[1] == []


@pytest.mark.parametrize("kind", ["none", "folder", "pipe"])
def test_what_is_no_file_is_told(tmp_path: Path, kind: str) -> None:
    import os

    path = tmp_path / "logo.png"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    found, said = look(path)
    assert found is None
    assert len(said) == 1


def test_a_description_reads_its_logo_and_says_where_it_is_none(tmp_path: Path) -> None:
    minimal = (ROOT / "tests/site/minimal.yml").read_text(encoding="utf-8")
    (tmp_path / "site.yml").write_text(f"{minimal}\nwebmail: {{title: Post, logo: logo.png}}\n", encoding="utf-8")
    (tmp_path / "logo.png").write_bytes(png())
    for beside in (ROOT / "tests/site").glob("*.csv"):
        (tmp_path / beside.name).write_bytes(beside.read_bytes())
    site = read(tmp_path / "site.yml").site
    assert site is not None
    assert site.webmail is not None
    assert site.webmail.logo is not None
    assert (site.webmail.title, site.webmail.logo.data) == ("Post", png())

    (tmp_path / "logo.png").write_text("<svg/>", encoding="utf-8")
    reading = read(tmp_path / "site.yml")
    assert reading.site is None
    (finding,) = [item for item in reading.findings if item.id == "site.image"]
    assert finding.where is not None
    assert finding.where.line == len(minimal.splitlines()) + 2
    assert finding.where.column > 1


@pytest.mark.parametrize("path", ["/etc/logo.png", "../logo.png", "logo.svg", "a/../../logo.png"])
def test_a_path_that_leads_elsewhere_is_not_opened(tmp_path: Path, path: str) -> None:
    minimal = (ROOT / "tests/site/minimal.yml").read_text(encoding="utf-8")
    (tmp_path / "site.yml").write_text(f'{minimal}\nwebmail: {{logo: "{path}"}}\n', encoding="utf-8")
    for beside in (ROOT / "tests/site").glob("*.csv"):
        (tmp_path / beside.name).write_bytes(beside.read_bytes())
    reading = read(tmp_path / "site.yml")
    assert reading.site is None
    assert not [item for item in reading.findings if item.id in ("site.image", "source.no-file")]
