"""The roles on real hosts: they converge, and whatever goes wrong, mail goes on by the old configuration."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mailwright.rehearsal import credentials
from mailwright.rehearsal.lab import Lab, scene
from mailwright.rehearsal.rehearse import Prepared, prepare
from support.example import load_example

pytestmark = [pytest.mark.hosts, pytest.mark.slow]

HOST = "mail.college.ac.uk"
RECIPIENT = "postmaster@college.ac.uk"


@dataclass(frozen=True)
class Run:
    status: int
    words: str

    @property
    def changed(self) -> int:
        """Tasks that changed something on the host."""
        recap = re.search(rf"^{re.escape(HOST)}\s+: ok=\d+\s+changed=(\d+)", self.words, re.MULTILINE)
        assert recap, self.words
        return int(recap[1])

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks, handlers apart, that changed something or would."""
        return re.findall(
            r"^TASK \[(.+?)\] \**\n(?:(?!TASK |RUNNING )[^\n]*\n)*?changed: ", self.words, re.MULTILINE
        )


@dataclass(frozen=True)
class Site:
    """A host that was applied to, and its project, of which each test spoils a copy."""

    lab: Lab
    prepared: Prepared
    secrets: Path
    folder: Path
    first: str = ""  # what ansible-playbook said in check mode and the first time, with -vvv

    def apply(self, *arguments: str, project: Path | None = None, **variables: str) -> Run:
        folder = project or self.prepared.project
        argv, environment = self.lab.ansible_command(
            folder, *arguments, variables={**credentials.variables(self.secrets), **variables}
        )
        done = subprocess.run(
            argv,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=1800,
        )
        return Run(done.returncode, done.stdout)

    def spoilt(self, component: str, path: str, change: Callable[[str], str]) -> Path:
        """A copy of the project in which one file is another, as a broken template would make it."""
        project = self.folder / "spoilt"
        shutil.rmtree(project, ignore_errors=True)
        shutil.copytree(self.prepared.project, project)
        folder = project / "hosts" / HOST / component
        text = (folder / path[1:]).read_text()
        spoilt = change(text)
        assert spoilt != text
        (folder / path[1:]).write_text(spoilt)
        listed = json.loads((folder / "FILES.json").read_text())
        for entry in listed["files"]:
            if entry["path"] == path:
                entry["sha256"] = hashlib.sha256(spoilt.encode()).hexdigest()
        (folder / "FILES.json").write_text(json.dumps(listed))
        return project

    def on_host(self, *argv: str) -> str:
        status, said = self.lab.shell.run(HOST, *argv)
        assert status == 0, said
        return said

    def write(self, path: str, text: str) -> None:
        self.on_host("python3", "-c", "import sys; open(sys.argv[1], 'w').write(sys.argv[2])", path, text)

    def files(self) -> str:
        """Content, mode and owner of everything that is ours."""
        places = "/etc/postfix /etc/dovecot /etc/rspamd /etc/mailwright /etc/ssl/mailwright /etc/rsyslog.conf"
        each = "-type f -printf '%p %m %u %g ' -exec sha256sum {} \\;"
        look = f"find {places} /etc/systemd/system {each} 2>/dev/null | sort"
        return self.on_host("sh", "-c", look)

    def serves(self) -> None:
        """Real conversations from elsewhere: mail for the postmaster is taken, relaying refused, IMAP answers."""
        address = str(self.prepared.plan.hosts[0].addresses[0])
        trust = ssl.create_default_context(cafile=str(self.secrets / credentials.AUTHORITY))
        with self.lab.vantage("outside", "outside").enter(), smtplib.SMTP(address, 25, timeout=60) as client:
            client.ehlo("client.example")
            client._host = HOST  # type: ignore[attr-defined]  # the name that the certificate is for
            client.starttls(context=trust)
            client.ehlo("client.example")
            assert client.docmd("MAIL FROM:<>")[0] == 250
            assert client.docmd("RCPT TO:<somebody@elsewhere.example>")[0] == 554
            assert client.docmd(f"RCPT TO:<{RECIPIENT}>")[0] == 250
        login = next(account for account in self.prepared.credentials.accounts if account.address)
        with self.lab.vantage("campus", "inside").enter():
            raw = socket.create_connection((address, 993), 20)
            with trust.wrap_socket(raw, server_hostname=HOST) as connection:
                stream = connection.makefile("rw", newline="")
                assert stream.readline().startswith("* OK")
                stream.write(f"a1 LOGIN {login.login} {login.password}\r\n")
                stream.flush()
                while not (line := stream.readline()).startswith("a1 "):
                    assert line
                assert line.startswith("a1 OK"), line


@pytest.fixture(scope="module", params=["debian-13", "debian-12"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The example, applied; before that, what check mode foretold."""
    folder = tmp_path_factory.mktemp("roles")
    described = load_example()
    described = replace(described, hosts=tuple(replace(host, os=request.param) for host in described.hosts))
    prepared = prepare(described, (), (), folder)
    with Lab(scene(prepared.plan, prepared.project / "dns"), print) as lab:
        secrets = lab.folder / "credentials"
        prepared.credentials.write(secrets)
        applied = Site(lab, prepared, secrets, folder)
        before = applied.files()
        foretold = applied.apply("--check", "--diff")
        assert foretold.status == 0, foretold.words
        assert applied.files() == before
        first = applied.apply("--diff", "-vvv")
        assert first.status == 0, first.words
        assert foretold.tasks == first.tasks  # what came is what was foretold
        yield replace(applied, first=foretold.words + first.words)


def test_it_serves(site: Site) -> None:
    site.serves()


def test_no_secret_and_nobodys_address_is_shown_or_logged(site: Site) -> None:
    secret = {
        line
        for path in site.secrets.iterdir()
        if path.name == "passwords" or path.suffix == ".key"
        for line in path.read_text().splitlines()
        if "-----" not in line
    }
    addresses = {account.address for account in site.prepared.credentials.accounts if account.address}
    said = site.first + site.on_host("journalctl", "--no-pager", "--output=cat")
    assert len(secret) > 40
    assert "/etc/dovecot/users\nholds people, not shown" in said  # the diff was there
    assert [line for line in (*secret, *addresses) if line in said] == []


def test_a_second_apply_changes_nothing_and_restarts_nothing(site: Site) -> None:
    pids = ("pgrep", "-x", "master|dovecot|rspamd|rsyslogd|chronyd")
    before = site.on_host(*pids)
    again = site.apply()
    assert (again.status, again.changed) == (0, 0), again.words
    assert site.apply("--check").changed == 0
    assert site.on_host(*pids) == before


def fails_and_serves(site: Site, project: Path, words: str) -> None:
    before = site.files()
    failed = site.apply(project=project)
    assert failed.status != 0
    assert re.search(words, failed.words), failed.words
    assert site.files() == before
    site.serves()
    assert site.apply().changed == 0


def test_a_main_cf_that_postfix_refuses(site: Site) -> None:
    project = site.spoilt("postfix", "/etc/postfix/main.cf", lambda text: text + "inet_protocols = ipx\n")
    fails_and_serves(site, project, "(invalid|bad|unknown).*ipx|ipx.*(invalid|bad|unknown)")


def test_a_main_cf_with_an_unknown_parameter(site: Site) -> None:
    project = site.spoilt("postfix", "/etc/postfix/main.cf", lambda text: text + "smtpd_recipient_limitt = 1\n")
    fails_and_serves(site, project, "unused parameter: smtpd_recipient_limitt")


def test_a_misspelt_restriction_that_the_checker_accepts(site: Site) -> None:
    project = site.spoilt(
        "postfix",
        "/etc/postfix/master.cf",
        lambda text: text.replace("reject_unlisted_recipient", "reject_unlisted_recipiant"),
    )
    fails_and_serves(site, project, "(?s)451 4.3.5.*unknown smtpd restriction.*reject_unlisted_recipiant")


def test_a_table_that_cannot_be_made(site: Site) -> None:
    project = site.spoilt("postfix", "/etc/postfix/senders", lambda text: text + "no-value\n")
    fails_and_serves(site, project, "expected format: key whitespace value")


def test_rules_that_do_not_parse(site: Site) -> None:
    project = site.spoilt(
        "firewall", "/etc/mailwright/nftables.nft", lambda text: text.replace("policy drop;", "policy dorp;", 1)
    )
    fails_and_serves(site, project, "(?s)nftables.nft.*dorp|dorp.*nftables.nft")


def test_rules_that_lock_out_fall_back(site: Site) -> None:
    project = site.spoilt(
        "firewall",
        "/etc/mailwright/nftables.nft",
        lambda text: re.sub(r"tcp dport 22 accept", "tcp dport 2 accept", text),
    )
    before = site.files()
    failed = site.apply(project=project, firewall_confirm="15")
    assert failed.status != 0
    assert "no new connection came in within 15 s" in failed.words, failed.words
    assert site.files() == before
    site.serves()
    assert "tcp dport 22 accept" in site.on_host("nft", "list", "table", "inet", "mailwright")
    assert site.apply().changed == 0


def test_first_rules_that_lock_out_leave_a_host_without_rules(site: Site) -> None:
    unit, rules = "/etc/systemd/system/mailwright-firewall.service", "/etc/mailwright/nftables.nft"
    site.on_host("systemctl", "disable", "--now", "mailwright-firewall.service")
    site.on_host("nft", "delete", "table", "inet", "mailwright")
    site.on_host("rm", unit, rules, "/var/lib/mailwright/firewall.json")
    site.on_host("systemctl", "daemon-reload")
    project = site.spoilt("firewall", rules, lambda text: text.replace("tcp dport 22 accept", "tcp dport 2 accept"))
    failed = site.apply(project=project, firewall_confirm="15")
    assert "no new connection came in within 15 s" in failed.words, failed.words
    assert site.on_host("nft", "list", "tables") == ""
    site.on_host("test", "!", "-e", unit, "-a", "!", "-e", rules)
    assert "mailwright-firewall" not in site.on_host("systemctl", "list-unit-files", "--plain", "--no-legend")
    again = site.apply()
    assert (again.status, again.changed) == (0, 1), again.words
    assert "tcp dport 22 accept" in site.on_host("nft", "list", "table", "inet", "mailwright")


def test_a_dovecot_conf_that_is_broken(site: Site) -> None:
    project = site.spoilt("dovecot", "/etc/dovecot/dovecot.conf", lambda text: text + "service nothing {\n")
    fails_and_serves(site, project, "dovecot.conf")


def test_rules_of_the_filter_that_are_broken(site: Site) -> None:
    project = site.spoilt("filter", "/etc/rspamd/mailwright.lua", lambda text: text + "this is not lua\n")
    fails_and_serves(site, project, "mailwright.lua")


def test_a_broken_rsyslog_conf(site: Site) -> None:
    project = site.spoilt("logs", "/etc/rsyslog.conf", lambda text: text + 'module(load="imnothing")\n')
    fails_and_serves(site, project, "imnothing")


def test_a_key_that_is_not_the_certificates(site: Site, tmp_path: Path) -> None:
    other = credentials.make(site.prepared.plan)
    other.write(tmp_path / "other")
    before = site.files()
    failed = site.apply(tls_key=f"{tmp_path}/other/{HOST}.key")
    assert failed.status != 0
    assert "KEY_VALUES_MISMATCH" in failed.words, failed.words
    assert site.files() == before


def test_a_certificate_for_another_host(site: Site, tmp_path: Path) -> None:
    hosts = tuple(replace(host, name="other.college.ac.uk") for host in site.prepared.plan.hosts)
    credentials.make(replace(site.prepared.plan, hosts=hosts)).write(tmp_path / "other")
    pair = {
        name: f"{tmp_path}/other/other.college.ac.uk.{end}"
        for name, end in (("tls_certificate", "pem"), ("tls_key", "key"))
    }
    failed = site.apply(**pair)
    assert failed.status != 0
    assert "does NOT match certificate" in failed.words, failed.words


def test_a_new_certificate_is_served(site: Site, tmp_path: Path) -> None:
    made = credentials.make(site.prepared.plan)
    made.write(tmp_path / "new")
    pair = {"tls_certificate": f"{tmp_path}/new/{HOST}.pem", "tls_key": f"{tmp_path}/new/{HOST}.key"}
    renewed = site.apply(**pair)
    assert (renewed.status, renewed.changed) == (0, 1), renewed.words
    address = str(site.prepared.plan.hosts[0].addresses[0])
    trust = ssl.create_default_context(cafile=str(tmp_path / "new" / credentials.AUTHORITY))
    for port in (993, 465):
        with (
            site.lab.vantage("campus", "inside").enter(),
            socket.create_connection((address, port), 20) as raw,
            trust.wrap_socket(raw, server_hostname=HOST) as connection,
        ):
            assert connection.getpeercert()
    assert site.apply().changed == 1
    site.serves()


def test_a_hand_edit_stops_the_apply_and_is_overwritten_when_told(site: Site) -> None:
    was = site.on_host("cat", "/etc/postfix/main.cf")
    site.write("/etc/postfix/main.cf", was + "\n# by hand\n")
    stopped = site.apply()
    assert stopped.status != 0
    assert "changed by hand since the last apply: /etc/postfix/main.cf" in stopped.words
    assert "# by hand" in site.on_host("cat", "/etc/postfix/main.cf")
    told = site.apply("--diff", mailwright_overwrite_hand_edits="true")
    assert (told.status, told.changed) == (0, 1), told.words
    assert "-# by hand" in told.words
    assert site.on_host("cat", "/etc/postfix/main.cf") == was


def test_another_release_is_refused_before_anything_changes(site: Site) -> None:
    other = {"debian-13": "debian-12", "debian-12": "debian-13"}[site.prepared.plan.hosts[0].os]
    refused = site.apply(mailwright_os=other)
    assert refused.status != 0
    assert f"the description says {other}" in refused.words
    assert refused.changed == 0


def test_a_service_that_was_stopped_runs_again(site: Site) -> None:
    for unit in ("postfix", "dovecot"):
        site.on_host("systemctl", "disable", "--now", unit)
    again = site.apply()
    assert (again.status, again.changed) == (0, 2), again.words
    site.serves()
    assert site.apply().changed == 0


def test_a_changed_password_stays_and_a_new_login_gets_its_first(site: Site, tmp_path: Path) -> None:
    login = next(account.login for account in site.prepared.credentials.accounts if account.address)
    was = site.on_host("cat", "/etc/dovecot/passwords")
    changed = re.sub(rf"(?m)^{login}:.*$", f"{login}:{{SHA512-CRYPT}}changed", was)
    assert changed != was
    site.write("/etc/dovecot/passwords", changed)
    assert site.apply().changed == 0
    (tmp_path / "seed").write_text(was + "newcomer:{SHA512-CRYPT}first\nstranger:{SHA512-CRYPT}first\n")
    seed = str(tmp_path / "seed")
    assert site.apply(dovecot_passwords=seed).changed == 0  # both are nobody's login here
    with_newcomer = site.spoilt(
        "dovecot", "/etc/dovecot/logins", lambda text: re.sub(rf"(?m)^{login}:(.*)$", r"\g<0>\nnewcomer:\1", text)
    )
    assert site.apply(project=with_newcomer, dovecot_passwords=seed).changed == 1
    assert site.on_host("cat", "/etc/dovecot/passwords") == changed + "newcomer:{SHA512-CRYPT}first\n"
    assert site.apply(project=with_newcomer, dovecot_passwords="/nowhere/at/all").changed == 0
    site.write("/etc/dovecot/passwords", was)
    assert site.apply().changed == 1  # the newcomer is nobody again


def test_an_apply_that_was_killed_is_undone_by_the_next(site: Site) -> None:
    """Killed between swap and record: the journal is there, the files are half new."""
    begin = (
        "import sys; sys.path.insert(0, '/root'); import restore; from pathlib import Path;"
        "restore.begin(Path('/var/lib/mailwright/postfix.journal'), ['/etc/postfix/main.cf'], [],"
        "[{'unit': 'postfix.service', 'active': True, 'enabled': True, 'action': 'reload', 'undo': []}])"
    )
    code = (Path(__file__).resolve().parents[2] / "roles/base/module_utils/mailwright_journal.py").read_text()
    site.write("/root/restore.py", code)
    before = site.files()
    site.on_host("python3", "-c", begin)
    site.write("/etc/postfix/main.cf", "half a fi")
    foretold = site.apply("--check")
    assert foretold.status != 0
    assert "interrupted" in foretold.words
    again = site.apply()
    assert (again.status, again.changed) == (0, 1), again.words
    assert site.files() == before
    site.serves()


def test_what_the_description_no_longer_says_is_removed(site: Site) -> None:
    component = site.prepared.project / "hosts" / HOST / "time"
    project = site.spoilt("time", "/etc/chrony/chrony.conf", lambda text: text + "# more\n")
    extra = project / "hosts" / HOST / "time" / "etc/chrony/conf.d/extra.conf"
    extra.parent.mkdir(parents=True)
    extra.write_text("# nothing\n")
    listed = json.loads((project / "hosts" / HOST / "time" / "FILES.json").read_text())
    listed["files"].append(
        {
            **json.loads((component / "FILES.json").read_text())["files"][0],
            "path": "/etc/chrony/conf.d/extra.conf",
            "sha256": hashlib.sha256(b"# nothing\n").hexdigest(),
        }
    )
    (project / "hosts" / HOST / "time" / "FILES.json").write_text(json.dumps(listed))
    assert site.apply(project=project).changed == 1
    site.on_host("test", "-f", "/etc/chrony/conf.d/extra.conf")
    assert site.apply().changed == 1
    site.on_host("test", "!", "-e", "/etc/chrony/conf.d/extra.conf")


def test_a_project_that_was_edited_after_the_build_is_refused(site: Site) -> None:
    project = site.spoilt("time", "/etc/chrony/chrony.conf", lambda text: text + "# built\n")
    (project / "hosts" / HOST / "time/etc/chrony/chrony.conf").write_text("# edited\n")
    refused = site.apply(project=project)
    assert refused.status != 0
    assert "is not as it was built" in refused.words
