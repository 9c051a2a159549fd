"""What the services' own parsers make of a site that has only IPv6, or only IPv4."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from mailwright.components import COMPONENTS
from mailwright.components.dns import fragments
from mailwright.components.model import File
from mailwright.plan import make
from mailwright.plan.model import HostFacts, Plan
from mailwright.site.model import Site
from support.example import load_example, split
from support.families import of_family
from support.native import RELEASES, run
from support.tools import need

pytestmark = pytest.mark.native

# Every parser in turn: each says its name, and on the same line whether it had a complaint.
ASK = """
set -u
mkdir -p /etc/ssl/mailwright
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout "$1.key" -out "$1.pem" 2>/dev/null
ask() { name=$1; shift; words=$("$@" 2>&1 >"/tmp/$name"); echo "$name $? $(echo "$words" | grep -v "^rsyslogd" )"; }
guard=/usr/local/sbin/mailwright-guard
[ -e "$guard" ] && python3 -I "$guard" keys && ask fail2ban fail2ban-client -c /etc/fail2ban -t
ask postconf postconf -n
ask master postconf -M
[ -e /etc/dovecot/dovecot.conf ] && ask doveconf doveconf -n
ask nft nft -c -f /etc/mailwright/nftables.nft
ask rsyslogd rsyslogd -N1
ask chronyd chronyd -p -f /etc/chrony/chrony.conf
echo --
grep -hE "^(inet_protocols|smtp_bind_address6?) " /tmp/postconf
"""


# As the roles make them, before anything of theirs runs.
ACCOUNTS = [
    ["systemd-sysusers"],
    ["systemd-sysusers", "--inline", "u mailwright-guard - -", "u vmail - -"],
    ["systemd-tmpfiles", "--create", "/etc/tmpfiles.d/mailwright.conf"],
]


def asked(plan: Plan, host: HostFacts) -> tuple[list[str], list[str]]:
    """What each parser had to say of the host's files, and Postfix's settings of families."""
    files: dict[str, str] = {}
    for component in COMPONENTS:
        if component.runs_on(plan, host):
            for file in component.files(plan, host):
                assert isinstance(file, File)
                files[file.path] = file.text
    place = f"/etc/ssl/mailwright/{host.name}"
    done = run(host.os, ["sh", "-c", ASK, "sh", place], files, before=ACCOUNTS)
    lines = done.stdout.splitlines()
    divide = lines.index("--")
    return [line.strip() for line in lines[:divide]], lines[divide + 1 :]


def variant(site: str, version: int, release: str) -> Site:
    made = {"example": load_example, "split": split}[site]()
    return of_family(replace(made, hosts=tuple(replace(host, os=release) for host in made.hosts)), version)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("site", "version"), [("example", 4), ("example", 6), ("split", 6)])
def test_every_parser_is_content(site: str, version: int, release: str) -> None:
    plan = make(variant(site, version, release))
    for host in plan.hosts:
        complaints, postfix = asked(plan, host)
        assert [line for line in complaints if not line.endswith(" 0")] == [], host.name
        assert len(complaints) >= 5
        settings = dict(line.split(" = ") for line in postfix)
        if "mx" in host.functions or "submission" in host.functions:
            # IPv4 is on loopback everywhere, where the filter is
            assert settings.pop("inet_protocols") == ("ipv4" if version == 4 else "all")
            assert list(settings.values()) == [str(host.addresses[0])]


@pytest.mark.parametrize("site", ["example", "split"])
@pytest.mark.parametrize("version", [4, 6])
def test_the_zones_pass_every_check_of_the_loader(site: str, version: int, tmp_path: Path) -> None:
    need("named-checkzone")
    for file, text in fragments(make(variant(site, version, "debian-13"))).items():
        zone = file.removesuffix(".zone")
        head = (
            f"{zone}. 3600 IN SOA ns.elsewhere.example. hostmaster.elsewhere.example. 1 7200 3600 1209600 3600\n"
            f"{zone}. 3600 IN NS ns.elsewhere.example.\n"
        )
        (tmp_path / file).write_text(head + text, encoding="utf-8")
        argv = ["named-checkzone", "-i", "local", "-k", "fail", "-m", "fail", "-n", "fail", "-r", "fail"]
        done = subprocess.run([*argv, zone, tmp_path / file], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
        assert "warning" not in done.stdout
