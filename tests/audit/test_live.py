"""What an audit reads of a description: passwords with their files' faults, and whom it may send to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mailwright import plan
from mailwright.audit import live
from mailwright.findings import Level
from mailwright.site.model import Audit, OutsideMailbox, Site
from mailwright.site.model import TestMailbox as KeptMailbox
from mailwright.site.read import read
from support.example import HERE, ROOT, example, load_example


def site(*mailboxes: KeptMailbox, outside: OutsideMailbox | None = None, addresses: tuple[str, ...] = ()) -> Site:
    return replace(load_example(), audit=Audit(mailboxes, addresses, outside))


def mailbox(
    login: str = "rl204", address: str = "Rosa.Luxemburg@college.ac.uk", path: str = "secret"
) -> KeptMailbox:
    return KeptMailbox(login, address, path, HERE)


ELSEWHERE = OutsideMailbox("probe@foreign.example", "imap.foreign.example", 993, "probe", "outside", HERE)


def put(path: Path, content: bytes, mode: int = 0o600) -> None:
    path.write_bytes(content)
    path.chmod(mode)


def test_passwords_are_read_from_their_files(tmp_path: Path) -> None:
    put(tmp_path / "secret", b"correct horse\nsecond line\n")
    put(tmp_path / "outside", b"battery staple")
    found = live.read_secrets(site(mailbox(), outside=ELSEWHERE), tmp_path)
    assert not found.findings
    assert [(one.login, one.password, one.address) for one in found.accounts] == [
        ("rl204", "correct horse", "Rosa.Luxemburg@college.ac.uk")
    ]
    assert found.outside is not None
    assert found.outside.password == "battery staple"
    assert "battery" not in repr(found)
    assert "horse" not in repr(found)


def test_a_file_that_others_can_read_is_a_finding(tmp_path: Path) -> None:
    put(tmp_path / "secret", b"x\n", 0o640)
    (finding,) = live.read_secrets(site(mailbox()), tmp_path).findings
    assert finding.id == "audit.password-open"
    assert (finding.level, finding.where) == (Level.ERROR, HERE)
    assert "chmod 600 secret" in finding.fix


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\n", b"a\0b\n", "Käse".encode()])
def test_a_file_without_a_password_is_a_finding(tmp_path: Path, content: bytes) -> None:
    put(tmp_path / "secret", content)
    assert [one.id for one in live.read_secrets(site(mailbox()), tmp_path).findings] == ["audit.password-file"]


def test_a_missing_file_and_a_folder_are_findings(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir(mode=0o700)
    found = live.read_secrets(site(mailbox(), outside=ELSEWHERE), tmp_path)
    assert [one.id for one in found.findings] == ["audit.password-file"] * 2
    assert not found.accounts
    assert found.outside is None


@pytest.mark.parametrize(
    ("described", "id_"),
    [
        (site(mailbox(address="rosa@elsewhere.example")), "audit.address"),
        (site(addresses=("postmaster@elsewhere.example",)), "audit.address"),
        (site(mailbox(login="nobody1")), "audit.login"),
    ],
)
def test_tests_are_for_the_site_alone(tmp_path: Path, described: Site, id_: str) -> None:
    put(tmp_path / "secret", b"x\n")
    assert [one.id for one in live.read_secrets(described, tmp_path).findings] == [id_]


def test_messages_go_to_what_is_named_and_what_leads_there_alone() -> None:
    described = site(mailbox(), addresses=("Postmaster@college.ac.uk",))
    found = live.named(plan.make(described), described.audit)
    assert found >= {"rosa.luxemburg@college.ac.uk", "r.luxemburg@college.ac.uk", "postmaster@college.ac.uk"}
    assert "abuse@college.ac.uk" not in found
    assert "k.marx@chem.college.ac.uk" not in found
    assert "postmaster@chem.college.ac.uk" not in found


def test_a_role_that_reaches_test_mailboxes_alone_is_theirs() -> None:
    described = site(mailbox(), mailbox("ii305", "Imran.Iqbal@college.ac.uk"))
    assert "abuse@college.ac.uk" in live.named(plan.make(described), described.audit)


def test_with_a_live_directory_the_test_mailboxes_are_known() -> None:
    described = read(ROOT / "inventories" / "directory" / "site.yml").site
    assert described is not None
    assert described.live
    audit = Audit((mailbox(),), (), None)
    made = live.known(replace(described, audit=audit))
    assert [row.login for row in made.mailboxes] == ["rl204"]
    assert live.named(made, audit) == {"rosa.luxemburg@college.ac.uk"}
    assert live.known(example()) == plan.make(example())
