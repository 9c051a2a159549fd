"""The smarthost, and the directory that judges passwords."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.changes.risks import systems
from mailwright.site.model import Directory, Site, Smarthost
from mailwright.site.read import read
from support.comparing import said
from support.example import HERE, ROOT, example, load_example

SMARTHOST = Smarthost("smtp.provider.example", 587, "college", "secrets/smarthost", "spf.provider.example", HERE)


def through(**parts: object) -> Site:
    return example(smarthost=replace(SMARTHOST, **parts))  # type: ignore[arg-type]


def live() -> Site:
    site = read(ROOT / "inventories" / "directory" / "site.yml").site
    assert site is not None
    return site


def asking(**parts: object) -> Site:
    site = live()
    assert isinstance(site.directory, Directory)
    return replace(site, directory=replace(site.directory, **parts))  # type: ignore[arg-type]


def test_mail_by_a_smarthost() -> None:
    assert said(systems.smarthost, load_example(), through()) == [
        ("high", "all mail to the Internet goes through smtp.provider.example from now on")
    ]
    ((_, sentence),) = said(systems.smarthost, load_example(), through(spf=""))
    assert sentence.endswith(", which no SPF record covers (smarthost.spf)")
    assert said(systems.smarthost, through(), load_example()) == [
        (
            "medium",
            "mail to the Internet does not go through smtp.provider.example any more: the mailers deliver it "
            "themselves",
        )
    ]
    assert said(systems.smarthost, through(), through(spf="")) == [
        (
            "medium",
            "no SPF record covers smtp.provider.example any more, through which all mail to the Internet goes",
        )
    ]


@pytest.mark.parametrize(
    ("host", "severity"),
    [("smtp.other.example", "high"), ("smtp2.provider.example", "medium"), ("out.college.ac.uk", "medium")],
)
def test_whose_the_other_smarthost_is(host: str, severity: str) -> None:
    assert [found for found, _ in said(systems.smarthost, through(), through(host=host))] == [severity]


def test_another_smarthost() -> None:
    ((_, sentence),) = said(systems.smarthost, through(), through(host="smtp.other.example"))
    assert sentence == (
        "all mail to the Internet goes through smtp.other.example instead of smtp.provider.example; it is sent the "
        "password in secrets/smarthost, which was for the other"
    )
    other = through(host="smtp.other.example", password="secrets/other")
    ((_, sentence),) = said(systems.smarthost, through(), other)
    assert "password" not in sentence


@pytest.mark.parametrize("parts", [{"port": 465}, {"login": "other"}, {"host": "SMTP.provider.example"}])
def test_the_same_smarthost(parts: dict[str, object]) -> None:
    assert said(systems.smarthost, through(), through(**parts)) == []


def test_another_directory() -> None:
    assert said(systems.judge, live(), asking(servers=("ldap3.college.ac.uk", "ldap1.college.ac.uk"))) == [
        ("medium", "ldap3.college.ac.uk judges everybody's password from now on")
    ]
    assert said(systems.judge, live(), asking(servers=("ldap.hosted.example",))) == [
        (
            "high",
            "ldap.hosted.example judges everybody's password from now on; ldap.hosted.example is in none of the "
            "site's domains",
        )
    ]
    elsewhere = asking(servers=("ldap1.hosted.example",))
    assert [weight for weight, _ in said(systems.judge, elsewhere, asking(servers=("ldap2.hosted.example",)))] == [
        "medium"
    ]


def test_a_directory_that_comes_or_goes() -> None:
    assert said(systems.judge, load_example(), live()) == [
        ("medium", "ldap1.college.ac.uk and ldap2.college.ac.uk judge everybody's password from now on")
    ]
    ((_, sentence),) = said(systems.judge, live(), load_example())
    assert sentence.startswith("passwords are judged by the stores themselves")


@pytest.mark.parametrize(
    "parts",
    [
        {"servers": ("ldap2.college.ac.uk", "ldap1.college.ac.uk")},
        {"servers": ("LDAP1.college.ac.uk", "ldap2.college.ac.uk.")},
        {"servers": ("ldap2.college.ac.uk",)},
        {"tls": "ldaps"},
        {"live": False},
    ],
)
def test_the_same_directory(parts: dict[str, object]) -> None:
    new = replace(asking(**parts), people=load_example().people if "live" in parts else ())
    assert said(systems.judge, live(), new) == []
