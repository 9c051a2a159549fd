"""Two built projects as the files that differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache

import pytest

from mailwright.build.tree import PERSONAL, Output
from mailwright.changes.files import compare, differing
from mailwright.changes.model import FileChange
from mailwright.changes.side import Made, Side
from mailwright.site.model import Person
from support.example import EXAMPLE, HERE, load_example, split

SIDE = Side("test", EXAMPLE)


@cache
def tree(kind: str) -> Mapping[str, Output]:
    site = split() if kind == "split" else load_example()
    if kind == "starter":
        more = Person("ns001", "New Starter", "New.Starter@college.ac.uk", (), (), "", None, HERE)
        site = replace(site, people=(*site.people, more))
    if kind == "certificate":
        site = replace(site, tls=replace(site.tls, certificate="secrets/other.pem"))
    return Made(SIDE, site, date(2026, 3, 1)).tree


def of(old: str, new: str) -> dict[str, FileChange]:
    return {change.path: change for change in compare(tree(old), tree(new))}


def test_the_same_project_has_no_differences() -> None:
    assert compare(tree("example"), dict(tree("example"))) == ()


def test_a_new_person_is_in_the_files_of_people() -> None:
    change = of("example", "starter")["hosts/mail.college.ac.uk/postfix/etc/postfix/virtual_mailboxes"]
    assert (change.kind, change.area, change.component) == ("changed", "mail.college.ac.uk", "postfix")
    assert (change.lands, change.personal) == ("/etc/postfix/virtual_mailboxes", True)
    assert change.hosts == ("mail.college.ac.uk",)
    assert change.diff[0].startswith("@@ -")
    assert any(line.startswith("+new.starter@college.ac.uk") for line in change.diff)


def test_what_says_again_what_other_files_say_is_left_out() -> None:
    paths = set(of("example", "starter"))
    assert not paths & {"MANIFEST.json", "plan.json"}
    assert not {path for path in paths if path.endswith("/FILES.json") or path.startswith("description/")}


def test_documents_reach_no_host() -> None:
    found = of("example", "starter")
    documents = [change for path, change in found.items() if path.startswith("documents/")]
    assert documents
    assert not any(change.hosts for change in documents)


def test_a_file_whose_bytes_stay_may_get_other_readers() -> None:
    """Who may read a log is no word in any file: owner and mode are in FILES.json, which is left out."""
    old = tree("example")
    name = "hosts/mail.college.ac.uk/postfix/FILES.json"
    listed = json.loads(old[name].data)
    entry = next(one for one in listed["files"] if one["path"] == "/etc/postfix/main.cf")
    entry["mode"] = "0666"
    new = {**old, name: Output(json.dumps(listed).encode())}
    (change,) = compare(old, new)
    assert change.path == "hosts/mail.college.ac.uk/postfix/etc/postfix/main.cf"
    assert change.diff == ("@@ owner and mode @@", "-root:root 0644", "+root:root 0666")
    assert change.hosts == ("mail.college.ac.uk",)


def test_a_variable_of_one_host_has_an_effect_on_that_host_alone() -> None:
    old = tree("split")
    name = "inventory/hosts.yml"
    text = old[name].data.decode()
    assert text.count('!unsafe "198.51.100.33"') == 1
    (change,) = compare(old, {**old, name: Output(text.replace("198.51.100.33", "198.51.100.34").encode())})
    assert (change.area, change.lands, change.hosts) == ("inventory", "", ("log.college.ac.uk",))


def test_a_secret_of_another_name_has_an_effect_on_hosts() -> None:
    found = of("example", "certificate")
    assert {host for change in found.values() for host in change.hosts} == {"mail.college.ac.uk"}


@pytest.mark.parametrize(
    ("path", "hosts"),
    [
        ("roles/postfix/tasks/main.yml", {"mail", "mx2", "smtp"}),
        ("roles/dovecot/tasks/main.yml", {"store1", "store2", "smtp"}),
        ("roles/base/tasks/main.yml", {"mail", "mx2", "smtp", "store1", "store2", "log"}),
        ("site.yml", {"mail", "mx2", "smtp", "store1", "store2", "log"}),
        ("ansible.cfg", {"mail", "mx2", "smtp", "store1", "store2", "log"}),
        ("README.md", set()),
        ("move.yml", set()),
        ("compliance/matrix.html", set()),
    ],
)
def test_a_role_has_an_effect_on_the_hosts_that_have_it(path: str, hosts: set[str]) -> None:
    old = tree("split")
    (change,) = compare(old, {**old, path: Output(old[path].data + b"# more\n")})
    assert {host.removesuffix(".college.ac.uk") for host in change.hosts} == hosts
    assert change.area == {"roles": "roles", "compliance": "compliance"}.get(path.partition("/")[0], "project")


def test_they_are_sorted_by_area_component_and_path() -> None:
    found = compare(tree("example"), tree("split"))
    keys = [(change.area, change.component, change.path) for change in found]
    assert keys == sorted(keys)
    assert {change.kind for change in found} == {"added", "removed", "changed"}


def test_names_alone_are_the_same_without_the_lines() -> None:
    named = compare(tree("example"), tree("split"), diffs=False)
    assert tuple(replace(change, diff=()) for change in compare(tree("example"), tree("split"))) == named
    assert {change.path for change in named} == set(differing(tree("example"), tree("split")))


def test_a_picture_is_only_named() -> None:
    old, new = (
        {"documents/logo.png": Output(b"\x89PNG\0\1")},
        {"documents/logo.png": Output(b"\x89PNG\0\2", PERSONAL)},
    )
    (change,) = compare(old, new)
    assert (change.diff, change.personal) == ((), True)
