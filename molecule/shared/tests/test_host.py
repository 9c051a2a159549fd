"""How an applied host stands: seen from the host itself, by testinfra."""

from __future__ import annotations

import pytest
from testinfra.host import Host

from mailwright.rehearsal.rehearse import Stage

SERVICES = ("postfix", "dovecot", "rspamd", "rsyslog", "chrony", "mailwright-firewall")
PERSONAL = (
    "/etc/postfix/virtual_mailboxes",
    "/etc/postfix/virtual_aliases",
    "/etc/postfix/senders",
    "/etc/dovecot/users",
)
SECRET = ("/etc/dovecot/passwords", "/etc/rspamd/dkim/mail2026.key", "/etc/ssl/mailwright/mail.college.ac.uk.key")


@pytest.mark.parametrize("name", SERVICES)
def test_services_run_and_start_at_boot(host: Host, name: str) -> None:
    service = host.service(name)
    assert service.is_enabled
    assert service.is_running


def test_nothing_failed(host: Host) -> None:
    assert host.check_output("systemctl --failed --plain --no-legend") == ""


def test_every_file_is_as_it_was_built(host: Host, stage: Stage) -> None:
    import json

    seen = 0
    for listed in sorted(stage.prepared.project.glob("hosts/mail.college.ac.uk/*/FILES.json")):
        for entry in json.loads(listed.read_text(encoding="utf-8"))["files"]:
            file = host.file(entry["path"])
            assert file.sha256sum == entry["sha256"], entry["path"]
            assert f"{file.mode:04o}" == entry["mode"], entry["path"]
            assert (file.user, file.group) == (entry["owner"], entry["group"]), entry["path"]
            seen += 1
    assert seen > 15


@pytest.mark.parametrize("path", PERSONAL)
def test_files_that_hold_people_are_not_for_everybody(host: Host, path: str) -> None:
    assert host.file(path).size > 0
    assert host.file(path).mode == 0o640


@pytest.mark.parametrize("path", SECRET)
def test_secrets_are_for_their_service_alone(host: Host, path: str) -> None:
    assert host.file(path).size > 0
    assert host.file(path).mode & 0o037 == 0


def test_the_firewall_keeps_to_a_table_of_its_own(host: Host) -> None:
    assert "table inet mailwright" in host.check_output("nft list tables")
    rules = host.check_output("nft list table inet mailwright")
    assert "policy drop" in rules
    assert "skuid" in rules
