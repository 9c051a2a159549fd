"""chrony: the servers of the plan, and nothing served."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.components import time
from mailwright.formats.engine import FormatError
from mailwright.plan import make
from mailwright.plan.model import Because, Clock
from support.example import load_example

HOST = "mail.college.ac.uk"


def directives(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def render(os: str = "debian-13", *servers: str) -> str:
    plan = make(load_example())
    if servers:
        clocks = tuple(Clock(HOST, server, Because("MSG-3", "a reason")) for server in servers)
        plan = replace(
            plan, clocks=(*clocks, Clock("other.college.ac.uk", "ntp.other.example", Because("MSG-3", "")))
        )
    (file,) = time.files(plan, replace(plan.host(HOST), os=os))  # type: ignore[arg-type]
    assert file.path == "/etc/chrony/chrony.conf"
    return file.text


def test_the_servers_of_the_example() -> None:
    assert directives(render())[:4] == [f"server ntp{number}.ja.net iburst" for number in range(4)]


def test_the_servers_of_this_host_alone() -> None:
    text = render("debian-13", "2001:db8::123", "ntp.college.ac.uk")
    assert [line for line in directives(text) if line.startswith("server")] == [
        "server 2001:db8::123 iburst",
        "server ntp.college.ac.uk iburst",
    ]


def test_it_serves_nobody_and_includes_nothing() -> None:
    words = {line.split()[0] for line in directives(render())}
    assert {"port", "cmdport"} <= words
    assert not words & {"allow", "cmdallow", "include", "confdir", "sourcedir", "pool", "mailonchange"}


@pytest.mark.parametrize(("os", "word"), [("debian-12", "leapsectz"), ("debian-13", "leapseclist")])
def test_leap_seconds_from_what_the_release_has(os: str, word: str) -> None:
    assert {"leapsectz", "leapseclist"} & {line.split()[0] for line in directives(render(os))} == {word}


@pytest.mark.parametrize("server", ["a b", "ntp\nallow", "", "ntp0.ja.net\n", "!x", "-x"])
def test_a_server_that_is_no_word_is_refused(server: str) -> None:
    with pytest.raises(FormatError):
        render("debian-13", server)


def test_the_time_zone_is_the_organisations() -> None:
    plan = make(load_example())
    assert time.variables(plan, plan.host(HOST)) == {"time_zone": "Europe/London"}


@pytest.mark.parametrize(
    "zone", ["", "../../etc/passwd", "/etc/passwd", "Europe//London", "Europe/London\n", "a b"]
)
def test_a_time_zone_that_would_leave_its_folder_is_refused(zone: str) -> None:
    plan = make(load_example())
    with pytest.raises(FormatError):
        time.variables(replace(plan, settings=replace(plan.settings, timezone=zone)), plan.host(HOST))
