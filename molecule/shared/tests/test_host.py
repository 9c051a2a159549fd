"""How the applied hosts stand: seen from each host itself, by testinfra."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from testinfra.host import Host

from mailwright.rehearsal.rehearse import Stage

# Component → the services that it runs.
SERVICES = {
    "postfix": ("postfix",),
    "nullclient": ("postfix",),
    "dovecot": ("dovecot",),
    "filter": ("rspamd",),
    "logs": ("rsyslog",),
    "time": ("chrony",),
    "firewall": ("mailwright-firewall",),
    "guard": ("fail2ban",),
    "mailman": ("mailman3", "mailwright-lists.timer"),
    "web": ("nginx", "mailwright-signin"),
    "webmail": ("php8.4-fpm", "nginx", "roundcube-gc.timer", "roundcube-cleandb.timer"),
    "carddav": ("radicale", "nginx"),
}
# Files with people in them, and with secrets; ``NAME`` stands for the host's name, ``SELECTOR`` for that of DKIM.
PERSONAL = {
    "postfix": ("/etc/postfix/virtual_mailboxes", "/etc/postfix/virtual_aliases", "/etc/postfix/senders"),
    "dovecot": ("/etc/dovecot/users",),
    "mailman": ("/etc/mailman3/mailwright.json",),
    "web": ("/etc/mailwright/signin-people.json",),
    "webmail": ("/etc/mailwright/webmail/book.json", "/etc/mailwright/webmail/people.json"),
    "carddav": ("/etc/mailwright/carddav-people.vcf",),
}
SECRET = {
    "dovecot": ("/etc/dovecot/passwords",),
    "filter": ("/etc/rspamd/dkim/SELECTOR.key",),
    "tls": ("/etc/ssl/mailwright/NAME.key",),
}


def test_services_run_and_start_at_boot(host: Host, component: str) -> None:
    for each in SERVICES.get(component, ()):
        service = host.service(each)
        assert service.is_enabled
        assert service.is_running


def test_nothing_failed(host: Host) -> None:
    assert host.check_output("systemctl --failed --plain --no-legend") == ""


def test_every_file_is_as_it_was_built(host: Host, stage: Stage, name: str, component: str) -> None:
    listed = stage.prepared.project / "hosts" / name / component / "FILES.json"
    entries = json.loads(listed.read_text(encoding="utf-8"))["files"]
    built = {entry["path"]: listed.parent / entry["path"][1:] for entry in entries}
    # One command for all of them: each costs a good part of a second.
    paths = shlex.join(built)
    there = host.check_output(f"stat --format='%n %a %U %G' -- {paths}").splitlines() if built else []
    assert there == [f"{e['path']} {int(e['mode'], 8):o} {e['owner']} {e['group']}" for e in entries]
    with_secrets = [
        path for path in built if "/directory" in path and path.startswith(("/etc/postfix/", "/etc/dovecot/"))
    ]
    sums = host.check_output(f"sha256sum -- {paths}").splitlines() if built else []
    differ = {line[66:] for line, entry in zip(sums, entries, strict=True) if line[:64] != entry["sha256"]}
    assert differ <= set(with_secrets)
    for path in with_secrets:
        # as it was built, and the directory's password in one more line
        text, _, _password = host.file(path).content_string.removesuffix("\n").rpartition("\n")
        assert f"{text}\n" == built[path].read_text(encoding="utf-8"), path


def test_files_that_hold_people_are_not_for_everybody(host: Host, stage: Stage, name: str, component: str) -> None:
    built = stage.prepared.project / "hosts" / name / component
    for path in PERSONAL.get(component, ()):
        if Path(f"{built}{path}").exists():
            assert host.file(path).size > 0
            assert host.file(path).mode == 0o640


def test_secrets_are_for_their_service_alone(host: Host, stage: Stage, name: str, component: str) -> None:
    selector = stage.prepared.plan.settings.dkim_selector
    for path in SECRET.get(component, ()):
        file = host.file(path.replace("NAME", name).replace("SELECTOR", selector))
        if file.exists or component != "dovecot":  # a host that asks others for passwords has none
            assert file.size > 0
            assert file.mode & 0o037 == 0


def test_the_firewall_keeps_to_a_table_of_its_own(host: Host) -> None:
    assert "table inet mailwright" in host.check_output("nft list tables")
    rules = host.check_output("nft list table inet mailwright")
    assert "policy drop" in rules
    assert "skuid" in rules


@pytest.mark.parametrize("path", ["/etc/postfix/virtual_mailboxes", "/etc/postfix/virtual_aliases"])
def test_somebody_has_the_tables_of_people(stage: Stage, path: str) -> None:
    """So that the tests above cannot pass for want of files."""
    assert list((stage.prepared.project / "hosts").glob(f"*/postfix{path}"))
