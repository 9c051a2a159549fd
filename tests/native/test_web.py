"""nginx, systemd and Radicale of Debian 13 read what is rendered for them, all of a host together."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from mailwright.components import carddav, web, webmail
from mailwright.plan import make
from mailwright.plan.model import Plan
from support.example import whole
from support.native import run

pytestmark = pytest.mark.native

IMAGE = "debian-13-web"
MAIL, WWW = "mail.college.ac.uk", "www.college.ac.uk"


@cache
def plan(alone: bool = False) -> Plan:
    """The whole site, or all of it on one host."""
    site = whole()
    if not alone:
        return make(site)
    one = replace(site.hosts[0], functions=(*site.hosts[0].functions, *site.hosts[1].functions))
    return make(replace(site, hosts=(one,)))


def files(made: Plan, name: str) -> dict[str, str]:
    host = made.host(name)
    return {
        file.path: file.text
        for component in (web, webmail, carddav)
        if component.COMPONENT.runs_on(made, host)
        for file in component.files(made, host)
        if isinstance(file.text, str)
    }


def before(name: str) -> list[list[str]]:
    pem = f"/etc/ssl/mailwright/{name}"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"]
    return [["mkdir", "-p", "/etc/ssl/mailwright"], [*made, "-keyout", f"{pem}.key", "-out", f"{pem}.pem"]]


ASK = ("nginx", "-t", "-q", "-e", "stderr")
EACH = pytest.mark.parametrize(("alone", "name"), [(False, WWW), (False, MAIL), (True, MAIL)])


@EACH
def test_nginx_takes_what_all_components_put_there_and_warns_of_nothing(alone: bool, name: str) -> None:
    done = run(IMAGE, ASK, files(plan(alone), name), before=before(name))
    assert done.returncode == 0, done.stderr
    assert "nginx: [" not in done.stderr


def test_what_nginx_does_not_take_is_refused() -> None:
    said = files(plan(), WWW)
    said["/etc/nginx/nginx.conf"] = said["/etc/nginx/nginx.conf"].replace("server_tokens off;", "server_token off;")
    done = run(IMAGE, ASK, said, before=before(WWW))
    assert done.returncode != 0
    assert "server_token" in done.stderr


UNITS = ("mailwright-signin.socket", "mailwright-signin.service", "mailwright-sign.socket", "radicale.service")


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_takes_the_units(unit: str) -> None:
    done = run(IMAGE, ("systemd-analyze", "verify", "--man=no", unit), files(plan(), WWW))
    named = [line for line in done.stderr.splitlines() if "mailwright" in line or "radicale" in line]
    assert not [line for line in named if "Unknown" in line or "Failed" in line or "Invalid" in line], done.stderr


READ = (
    "import sys; from radicale import config; c = config.load([(sys.argv[1], False)]); print(c.get('auth', 'type'))"
)


def test_radicale_takes_its_configuration() -> None:
    done = run(IMAGE, ("python3", "-I", "-c", READ, "/etc/radicale/config"), files(plan(), WWW))
    assert done.stdout == "http_x_remote_user\n", done.stderr
    said = files(plan(), WWW)
    said["/etc/radicale/config"] += "[auth]\ntypo = x\n"
    assert run(IMAGE, ("python3", "-I", "-c", READ, "/etc/radicale/config"), said).returncode != 0
