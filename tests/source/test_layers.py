from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mailwright.findings import Finding, Findings
from mailwright.source import Document, load
from mailwright.source import layers as module
from support.example import ROOT


def loaded(path: Path) -> tuple[Document | None, list[Finding]]:
    findings = Findings()
    return load(path, findings), findings.items


def fault(path: Path) -> Finding:
    """The only finding, when nothing could be loaded."""
    document, findings = loaded(path)
    assert document is None
    (finding,) = findings
    return finding


def test_a_missing_file(tmp_path: Path) -> None:
    assert fault(tmp_path / "site.yml").id == "source.no-file"


def test_a_folder(tmp_path: Path) -> None:
    finding = fault(tmp_path)
    assert finding.id == "source.not-a-file"
    assert "folder" in finding.message


def test_a_pipe_does_not_make_it_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "site.yml")
    assert fault(tmp_path / "site.yml").id == "source.not-a-file"


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_a_device(path: str) -> None:
    assert fault(Path(path)).id == "source.not-a-file"


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: object) -> int:
        raise PermissionError(13, "Permission denied")  # root, who may run this, is never refused

    monkeypatch.setattr(os, "open", refused)
    finding = fault(tmp_path / "site.yml")
    assert finding.id == "source.unreadable"
    assert "may not be read" in finding.message


def test_links_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "loop.yml").symlink_to("loop.yml")
    assert fault(tmp_path / "loop.yml").id == "source.unreadable"
    (tmp_path / "gone.yml").symlink_to("nothing.yml")
    assert fault(tmp_path / "gone.yml").id == "source.no-file"


@pytest.mark.parametrize("name", ["x" * 300, "a/b/c"])
def test_names_that_cannot_be(tmp_path: Path, name: str) -> None:
    assert fault(tmp_path / name).id in ("source.no-file", "source.unreadable")


def test_a_large_file(tmp_path: Path) -> None:
    path = tmp_path / "site.yml"
    path.write_bytes(b"a: b\n" + b"#" * module.MAX_BYTES)
    assert fault(path).id == "source.too-large"
    path.write_bytes(b"a: b\n" + b"#" * (module.MAX_BYTES - 5))
    assert loaded(path)[1] == []


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text)
    return folder / "site.yml"


def test_mappings_merge_and_the_rest_is_replaced(tmp_path: Path) -> None:
    base = "m: {a: 1, b: {c: 2, d: 3}}\nl: [1, 2]\ns: below\nm2: {a: 1}\nkept: 1\n"
    own = "extends: base.yml\nm: {b: {c: 4, e: 5}}\nl: [3]\ns: above\nm2: text\nnew: 6\n"
    document, findings = loaded(write(tmp_path, base=base, site=own))
    assert findings == []
    assert document is not None
    assert document.data == {
        "m": {"a": 1, "b": {"c": 4, "d": 3, "e": 5}},
        "l": [3],
        "s": "above",
        "m2": "text",
        "kept": 1,
        "new": 6,
    }
    site, below = str(tmp_path / "site.yml"), str(tmp_path / "base.yml")
    assert document.place("/m/a").file == document.key_place("/m/b/d").file == below
    assert document.place("/m/b/c").file == document.place("/l/0").file == document.key_place("/m").file == site


def test_several_layers(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "low.yml").write_text("a: 1\nb: 1\nc: 1\n")
    path = write(tmp_path, mid="extends: deep/low.yml\nb: 2\nc: 2\n", site="extends: mid.yml\nc: 3\n")
    document, findings = loaded(path)
    assert findings == []
    assert document is not None
    assert document.data == {"a": 1, "b": 2, "c": 3}
    assert [Path(document.place(f"/{key}").file).name for key in "abc"] == ["low.yml", "mid.yml", "site.yml"]


def test_a_circle(tmp_path: Path) -> None:
    path = write(tmp_path, site="a: 1\nextends: other.yml\n", other="extends: ./site.yml\n")
    _, (finding,) = loaded(path)
    assert finding.id == "source.extends-circle"
    assert str(finding.where) == f"{tmp_path / 'other.yml'}:1:10"


def test_a_circle_through_a_link(tmp_path: Path) -> None:
    path = write(tmp_path, site="extends: link.yml\n")
    (tmp_path / "link.yml").symlink_to("site.yml")
    assert [finding.id for finding in loaded(path)[1]] == ["source.extends-circle"]


def test_too_many_layers(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"l{number}.yml").write_text(f"extends: l{number + 1}.yml\n")
    assert [finding.id for finding in loaded(tmp_path / "l0.yml")[1]] == ["source.extends-depth"]


def test_faults_of_all_layers_come_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, site="extends: base.yml\na: no\n", base="b: yes\nb: 1\n")
    assert [finding.id for finding in loaded(path)[1]] == [
        "source.ambiguous",
        "source.ambiguous",
        "source.duplicate-key",
    ]


def test_a_profile_that_cannot_be_read_is_reported_where_it_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, site="a: 1\nextends: gone.yml\n")
    document, (finding,) = loaded(path)
    assert document is not None
    assert finding.id == "source.no-file"
    assert str(finding.where) == f"{path}:2:10"


@pytest.mark.parametrize("value", ["[a.yml]", "12", "~", "/etc/passwd", '"a b.yml"', "{}"])
def test_what_is_no_path_is_left_to_the_schema(tmp_path: Path, value: str) -> None:
    document, findings = loaded(write(tmp_path, site=f"extends: {value}\n"))
    assert findings == []
    assert document is not None
    assert "extends" in document.data


def test_the_pattern_is_the_schema_s() -> None:
    schema = json.loads((ROOT / "schemas" / "site.schema.json").read_text())
    assert schema["properties"]["extends"]["pattern"] == module.EXTENDS.pattern
