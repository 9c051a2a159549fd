"""Every paragraph of what is set for webmail, its pages and the list server says which requirement it serves."""

from __future__ import annotations

import re

import pytest

from mailwright import resources

_ID = re.compile(r"\b[A-Z]+-\d+\b")
_STARTS = ("<?php", "# Made by", '"""')


def paragraphs(name: str) -> list[str]:
    text = (resources.folder("templates") / name).read_text(encoding="utf-8")
    return [one for one in re.split(r"\n\s*\n", text) if not one.startswith(_STARTS)]


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("webmail/config.inc.php.j2", r"^\$config\["),
        ("webmail/pool.conf.j2", r"^(pm|php_admin_\w+|listen|user|clear_env|security)\b"),
        ("mailman/mailman.cfg.j2", r"^\w+: "),
        ("mailman/mailwright_postorius/settings.py", r"^[A-Z_]+ = "),
        ("web/nginx.conf.j2", r"^\s*[a-z_]+ [^{]*;$"),
    ],
)
def test_settings_have_reasons(name: str, setting: str) -> None:
    found = [one for one in paragraphs(name) if re.search(setting, one, re.MULTILINE)]
    assert len(found) > 2
    assert [one for one in found if not _ID.search(one)] == []


def test_settings_of_lists_have_reasons() -> None:
    """Each group of settings_of, which begins with a comment."""
    text = (resources.folder("templates") / "mailman" / "mailwright_lists.py").read_text(encoding="utf-8")
    body = text.partition("def settings_of")[2].partition("return {")[2].partition("\n    }")[0]
    groups = [one for one in re.split(r"\n(?=        #)", body) if '": ' in one]
    assert len(groups) > 3
    assert [one for one in groups if not _ID.search(one.partition('"')[0])] == []
