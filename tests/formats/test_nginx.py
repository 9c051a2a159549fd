"""nginx: a value is one word, or refused."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from mailwright.formats import nginx
from mailwright.formats.engine import FormatError
from support.hostile import HOSTILE

FURTHER = ("x; return 200", "x } server {", "$host", "~ .*", "\\x", "=", "x\\", "'", '"')
ONE_WORD = {"x:y:0:0::/:", "pipe:/bin/sh"}  # special elsewhere, and nothing to nginx
NAMES = (".example.ac.uk", "*.example.ac.uk", "~^www\\.")


@pytest.mark.parametrize(
    "value", ["www.college.ac.uk", "/carddav/", ip_network("2001:db8::/32"), 443, "/run/a.socket"]
)
def test_words_and_networks_are_written(value: object) -> None:
    assert nginx.write(value) == str(value)


@pytest.mark.parametrize(
    "value", [*sorted(set(HOSTILE) - ONE_WORD), *FURTHER, *NAMES, "", None, True, ["x"]], ids=repr
)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(FormatError):
        nginx.write(value)
