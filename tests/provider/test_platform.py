"""Shared hosts: which descriptions can be shared, and what of them is their customers'."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailwright.findings import Finding
from mailwright.provider.platform import Shared, read_platforms
from support.provider_folder import EXAMPLE, TODAY, change, copied, line_of, opened

HOST = 'mail.hosting.example: {addresses: [198.51.100.25, "2001:db8:5afe::25"], os: debian-13, functions: '


def reading(folder: Path) -> tuple[dict[str, Shared], list[Finding]]:
    provider, _ = opened(folder)
    platforms, found = read_platforms(provider, TODAY)
    return platforms, [item for item in found if item.fails]


def test_the_example_can_be_shared() -> None:
    platforms, failing = reading(EXAMPLE)
    assert failing == []
    shared = platforms["shared"]
    assert shared.plan.settings.primary_domain == "hosting.example"
    assert list(shared.over.root.entries) == ["hosts", "networks"]
    assert shared.over.name == "platform shared"
    assert any(finding.status.value == "pass" for finding in shared.findings)


def test_what_is_the_platforms_is_laid_over_and_no_more(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = folder / "platforms" / "shared.yml"
    change(
        path,
        "logging: {days: 180, minimum_days: 92}",
        "logging: {days: 180, maximum_days: 200}\nstore: {quota: 9 GB, pop3: false}\ntime: {}",
    )
    over = reading(folder)[0]["shared"].over.root
    assert list(over.entries) == ["hosts", "networks", "time", "logging", "store"]
    assert list(over.entries["logging"].node.entries) == ["maximum_days"]  # type: ignore[union-attr]
    assert list(over.entries["store"].node.entries) == ["pop3"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("functions: [mx]}", "functions: [mx, store]}", "2 hosts of the platform are stores"),
        ("[mx, submission, store]", "[mx, submission]", "0 hosts of the platform are stores"),
        ("functions: [mx]}", "functions: [mx, submission]}", "mx2.hosting.example has the function submission"),
        ("functions: [mx]}", "functions: [mx, web]}", "mx2.hosting.example has the function web"),
        (
            "[mx, submission, store]",
            "[mx, submission, store, lists]",
            "mail.hosting.example has the function lists",
        ),
    ],
)
def test_hosts_that_cannot_be_shared_are_a_finding_that_says_so(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    folder = copied(tmp_path)
    change(folder / "platforms" / "shared.yml", old, new)
    platforms, failing = reading(folder)
    assert platforms == {}
    assert [words in item.message for item in failing if item.id == "platform.hosts"] == [True]


def test_a_store_without_submission(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    change(folder / "platforms" / "shared.yml", "[mx, submission, store]", "[mx, store]")
    platforms, failing = reading(folder)
    assert platforms == {}
    assert ["takes no mail from users" in item.message for item in failing if item.id == "platform.hosts"] == [True]


def test_a_log_host_beside_the_store_is_well(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    change(folder / "platforms" / "shared.yml", "functions: [mx]}", "functions: [mx, log]}")
    assert "shared" in reading(folder)[0]


def test_what_shared_hosts_do_not_offer_is_a_finding_at_its_line(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = folder / "platforms" / "shared.yml"
    with path.open("a") as file:
        file.write("smarthost: {host: smtp.elsewhere.example, spf: elsewhere.example}\n")
    platforms, failing = reading(folder)
    assert platforms == {}
    assert [(item.id, item.where.line) for item in failing if item.where] == [
        ("platform.hosts", line_of(path, "smarthost"))
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("os: debian-13, functions: [mx]", "os: debian-9, functions: [mx]"),  # cannot be used
        ("  abuse: [aowen, bprice]\n", ""),  # breaks a MUST
        ("domains:\n", "domains: [\n"),
    ],
)
def test_a_description_that_does_not_check_is_no_platform(tmp_path: Path, old: str, new: str) -> None:
    folder = copied(tmp_path)
    change(folder / "platforms" / "shared.yml", old, new)
    platforms, failing = reading(folder)
    assert platforms == {}
    assert failing


def test_a_platform_without_a_file_is_a_finding_at_its_name(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "platforms" / "shared.yml").unlink()
    platforms, (found,) = reading(folder)
    assert platforms == {}
    assert found.id == "source.no-file"
    assert found.where is not None
    assert found.where.line == line_of(folder / "provider.yml", "shared: platforms")
