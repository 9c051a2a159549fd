"""Webmail on the one host of a site that has no other: the same login reads, sends, and is known by where it is.

What people do in webmail, and what those try who mean ill, is in molecule/whole/tests/test_webmail.py.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from mailwright.rehearsal.rehearse import Stage, prepare, staged
from mailwright.rehearsal.world import ForeignMail
from mailwright.site.model import Site
from support.browser import Browser, browser, in_lab
from support.example import whole
from support.webmail import Webmail

pytestmark = [pytest.mark.hosts, pytest.mark.slow]

HOST = "mail.college.ac.uk"
LOGIN = "km217"


def described() -> Site:
    """The whole site on its mail host alone, without lists and pages."""
    site = whole()
    (host,) = [
        replace(one, functions=("mx", "submission", "store", "web")) for one in site.hosts if one.name == HOST
    ]
    return replace(site, hosts=(host,), lists=(), list_server=None)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("webmail")
    with staged(prepare(described(), (), (), folder), folder, print) as stage:
        stage.apply(print)
        yield stage


@pytest.fixture(scope="module")
def window(stage: Stage) -> Iterator[Browser]:
    address = str(stage.prepared.plan.host(HOST).addresses[0])
    flags = in_lab({HOST: address}, [stage.prepared.credentials.files[f"{HOST}.pem"]])
    with browser(prefix=stage.lab.vantage("outside", "outside").command_prefix(), flags=flags) as opened:
        yield opened


def test_one_host_does_it_all(stage: Stage, window: Browser) -> None:
    (password,) = [one.password for one in stage.prepared.credentials.accounts if one.login == LOGIN]
    webmail = Webmail(window, f"https://{HOST}/webmail/")
    webmail.try_to_sign_in(LOGIN, f"{password}-not")
    webmail.await_said("Login failed")
    webmail.sign_in(LOGIN, password)
    mark = secrets.token_hex(8)
    webmail.compose(f"{ForeignMail.address},", "From one host", mark)
    webmail.send()
    received = stage.lab.mail.wait_for(mark)
    assert received is not None
    assert (
        message_from_bytes(received.content, policy=policy.default)["From"].addresses[0].addr_spec
        == received.sender
    )
    assert "From one host" in webmail.subjects("Sent")
    # REMOTE-2: the log has the client, not the host that asks for it
    outside = str(stage.lab.topology.node("outside").ips[0])
    status, said = stage.lab.shell.run(HOST, "grep", "-rah", f"user=<{LOGIN}>", "/var/log/mail")
    assert status == 0
    assert [line for line in said.splitlines() if "auth failed" in line and f"rip={outside}" in line]
    assert [line for line in said.splitlines() if "Logged in" in line and f"rip={outside}" in line]
