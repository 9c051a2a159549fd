"""Compiled templates: kept for the next run, and never taken from where others could have put them."""

from __future__ import annotations

import marshal
import os
import sys
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment, TemplateSyntaxError

from mailwright.formats import compiled, engine
from mailwright.formats.compiled import Compiled
from mailwright.formats.engine import Format, Verbatim

TEMPLATE = "one.j2"


class _Counting(Environment):
    compiled = 0

    def compile(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
        self.compiled += 1
        return super().compile(*args, **kwargs)  # type: ignore[call-overload]


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of ``__pycache__``."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path


def _render(text: str = "{{ 1 }} {{ a }}\n", **options: bool) -> tuple[str, bool]:
    """What an environment of its own makes of the template, and whether it was compiled for it."""
    environment = _Counting(loader=DictLoader({TEMPLATE: text}), bytecode_cache=Compiled(), **options)  # type: ignore[arg-type]
    return environment.get_template(TEMPLATE).render(a="b"), environment.compiled > 0


def _file(kept: Path) -> Path:
    (file,) = (path for path in kept.rglob("*") if path.is_file())
    return file


def test_a_template_is_compiled_once() -> None:
    assert _render() == ("1 b", True)
    assert _render() == ("1 b", False)


def test_another_text_or_environment_is_compiled_anew() -> None:
    _render()
    assert _render("{{ a }}{{ a }}") == ("bb", True)
    assert _render("{{ a }}{{ a }}", trim_blocks=True) == ("bb", True)
    assert _render("{{ a }}{{ a }}", trim_blocks=True) == ("bb", False)


def test_what_is_kept_is_read_by_everybody_and_written_by_nobody_else(kept: Path) -> None:
    before = os.umask(0)
    try:
        _render()
    finally:
        os.umask(before)
    assert _file(kept).stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_what_others_may_write_is_not_run(kept: Path, mode: int) -> None:
    _render()
    _file(kept).chmod(mode)
    assert _render() == ("1 b", True)
    assert _render() == ("1 b", False)  # it was written again, as ours


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_others_own_is_not_run(kept: Path) -> None:
    _render()
    os.chown(_file(kept), 12345, 12345)
    assert _render() == ("1 b", True)


def test_what_a_link_leads_to_is_not_run(kept: Path) -> None:
    _render()
    file = _file(kept)
    file.rename(kept / "elsewhere")
    file.symlink_to(kept / "elsewhere")
    assert _render() == ("1 b", True)


def test_what_is_no_file_is_not_waited_for(kept: Path) -> None:
    _render()
    file = _file(kept)
    file.unlink()
    os.mkfifo(file)
    assert _render() == ("1 b", True)


@pytest.mark.parametrize("keep", [0, 10, 40, -1])
def test_a_file_that_is_not_whole_is_not_run(kept: Path, keep: int) -> None:
    _render()
    file = _file(kept)
    file.write_bytes(file.read_bytes()[:keep])
    assert _render() == ("1 b", True)


def test_without_a_place_to_keep_it_all_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    for prefix in ("/dev/null", "/proc/1/nowhere"):
        monkeypatch.setattr(sys, "pycache_prefix", prefix)
        assert _render() == ("1 b", True)
        assert _render() == ("1 b", True)


def test_nothing_is_kept_where_python_may_keep_nothing(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert _render() == ("1 b", True)
    assert not list(kept.iterdir())


def test_a_template_with_a_fault_says_so_every_time() -> None:
    for _ in range(2):
        with pytest.raises(TemplateSyntaxError):
            _render("{% if %}")


def test_no_writer_has_a_part_in_what_is_compiled() -> None:
    def environment(words: str) -> Environment:
        return engine._environment(Format(words, lambda _: words, (("said", lambda _: Verbatim(words)),)))

    source = "{{ 1 }}{{ 'a' ~ 'b' }}{{ 'a' | said }}{% if 'a' | said == 'b' %}c{% endif %}{% include 'b' | said %}"
    codes = {marshal.dumps(environment(words).compile(source, "a", "a")) for words in ("one", "another")}
    assert len(codes) == 1


def _text(maker: bytes = b"one", made: str = "<p>\u0175</p>") -> tuple[str, bool]:
    """What is kept or made under the name, and whether it was made."""
    makings: list[str] = []

    def make() -> str:
        makings.append(made)
        return made

    return compiled.text("en-block", maker, make), bool(makings)


def test_a_text_is_made_once_and_anew_when_anything_is_another() -> None:
    assert _text() == ("<p>\u0175</p>", True)
    assert _text(made="another") == ("<p>\u0175</p>", False)
    assert _text(b"two", "another") == ("another", True)
    assert _text(b"two") == ("another", False)


@pytest.mark.parametrize("fault", ["mode", "cut", "other"])
def test_a_text_that_others_could_have_put_there_is_not_shown(kept: Path, fault: str) -> None:
    _text()
    file = _file(kept)
    if fault == "mode":
        file.chmod(0o666)
    else:
        data = file.read_bytes()
        file.write_bytes(data[:-1] if fault == "cut" else data[:32] + b"<script>")
    assert _text(made="made anew") == ("made anew", True)


def test_a_text_is_no_template(kept: Path) -> None:
    """Neither is ever taken for the other, though both are kept in one folder."""
    _render()
    template = _file(kept)
    _text()
    (text,) = (path for path in kept.rglob("*") if path.is_file() and path != template)
    text.write_bytes(template.read_bytes())
    template.unlink()
    assert _text(made="made anew") == ("made anew", True)
