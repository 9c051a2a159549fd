"""The site's own texts: what is read, and what is a finding with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailwright.findings import Findings, Place
from mailwright.site import texts
from mailwright.site.model import TextBlock

WHERE = Place("site.yml", 7, 10)


def read(folder: Path, *languages: str) -> tuple[list[TextBlock], list[str]]:
    """The texts, and each finding as ``file:line:column id``, files named from the folder on."""
    findings = Findings()
    found = list(texts.read(folder, folder, languages or ("en", "cy"), findings, WHERE))
    said = []
    for item in findings.items:
        assert item.where is not None
        said.append(f"{item.where}".replace(f"{folder}/", "") + f" {item.id}")
    return found, said


def write(folder: Path, name: str, content: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def test_texts_are_read_with_their_language_and_block(tmp_path: Path) -> None:
    write(tmp_path, "en/welcome.md", b"\xef\xbb\xbfHello\r\n")
    write(tmp_path, "cy/welcome.md", "Croeso\n")
    write(tmp_path, "en/.notes.md.swp", "an editor's")
    found, said = read(tmp_path)
    assert said == []
    assert [(one.language, one.block, one.text) for one in found] == [
        ("cy", "welcome", "Croeso\n"),
        ("en", "welcome", "Hello\n"),
    ]
    assert found[0].where.file == str(tmp_path / "cy" / "welcome.md")


BAD: tuple[tuple[str, str | bytes, str], ...] = (
    ("en/wellcome.md", "Hello", "en/wellcome.md:1:1 site.text-block"),
    ("en/welcome.txt", "Hello", "en/welcome.txt:1:1 site.text-block"),
    ("fr/welcome.md", "Bonjour", "fr:1:1 site.text-language"),
    ("welcome.md", "Hello", "welcome.md:1:1 site.text-language"),
    ("en/welcome.md", " \n\n", "en/welcome.md:1:1 site.text-empty"),
    ("en/welcome.md", "x" * (texts.MAX_BYTES + 1), "en/welcome.md:1:1 site.text-size"),
    ("en/welcome.md", b"one\ncaf\xe9\n", "en/welcome.md:2:4 site.text-encoding"),
    ("en/welcome.md", "one\nt\u202ewo", "en/welcome.md:2:2 site.text-character"),
    ("en/welcome.md", "one\n\n <script>alert(1)</script>\n", "en/welcome.md:3:2 site.text-markup"),
    ("en/welcome.md", "one <b>two</b>", "en/welcome.md:1:5 site.text-markup"),
    ("en/welcome.md", "one\n[two](javascript:alert(1))\n", "en/welcome.md:2:7 site.text-markup"),
    ("en/welcome.md", "one\n[two](data:text/html,x)\n", "en/welcome.md:2:7 site.text-markup"),
    ("en/welcome.md", "one\n[two](suport.html)\n", "en/welcome.md:2:7 site.text-markup"),
    ("en/welcome.md", "x\n\n![p](https://elsewhere.example/p.png)", "en/welcome.md:3:1 site.text-markup"),
)


@pytest.mark.parametrize(("name", "content", "expected"), BAD, ids=[str(number) for number in range(len(BAD))])
def test_what_cannot_be_shown_is_a_finding_with_its_place(
    name: str, content: str | bytes, expected: str, tmp_path: Path
) -> None:
    write(tmp_path, name, content)
    found, said = read(tmp_path)
    assert found == []
    assert expected in said
    assert {one.partition(" ")[2] for one in said} == {expected.partition(" ")[2]}


def test_an_unknown_block_s_finding_names_those_that_are_known(tmp_path: Path) -> None:
    write(tmp_path, "en/wellcome.md", "Hello")
    findings = Findings()
    list(texts.read(tmp_path, tmp_path, ("en",), findings, WHERE))
    assert "welcome, privacy-disclosure" in findings.items[0].fix


def test_a_language_that_the_pages_have_not_is_a_finding(tmp_path: Path) -> None:
    write(tmp_path, "cy/welcome.md", "Croeso")
    assert read(tmp_path, "en")[1] == ["cy:1:1 site.text-language"]
    assert read(tmp_path, "en", "cy")[1] == []


def test_a_folder_that_is_none_is_told_where_it_is_named(tmp_path: Path) -> None:
    assert read(tmp_path / "gone")[1] == ["site.yml:7:10 site.texts"]
    write(tmp_path, "file", "x")
    assert read(tmp_path / "file")[1] == ["site.yml:7:10 site.texts"]
    for number in range(texts.MAX_ENTRIES + 1):
        write(tmp_path, f"many/{number}.md", "x")
    assert read(tmp_path / "many")[1] == ["site.yml:7:10 site.texts"]


def test_a_pipe_does_not_stop_the_reading(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    os.mkfifo(tmp_path / "en" / "welcome.md")
    assert read(tmp_path)[1] == ["en/welcome.md:1:1 source.not-a-file"]


def test_findings_have_an_end(tmp_path: Path) -> None:
    write(tmp_path, "en/welcome.md", "<b>x</b>\n" * 6000)
    assert len(read(tmp_path)[1]) <= 100
