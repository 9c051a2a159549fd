"""People behind gateways: who gets their mail, and whose name what they send has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.changes.risks import addresses, behind
from mailwright.site.model import Addressee, Site
from support.comparing import said
from support.example import HERE, load_example, with_gateway

X = "exchange.physics.college.ac.uk"
LISE, EMMY, MARIE = (f"{name}@physics.college.ac.uk" for name in ("Lise.Meitner", "Emmy.Noether", "Marie.Curie"))


def listed(*people: tuple[str, str]) -> Site:
    return with_gateway(people=tuple(Addressee(address, internal, HERE) for address, internal in people))


OLD = listed((LISE, f"lm042@{X}"), (EMMY, f"en007@{X}"), (MARIE, MARIE))


def lise(internal: str) -> Site:
    return listed((LISE, internal), (EMMY, f"en007@{X}"), (MARIE, MARIE))


def test_two_are_swapped() -> None:
    ((severity, sentence),) = said(
        addresses.redirected, OLD, listed((LISE, f"en007@{X}"), (EMMY, f"lm042@{X}"), (MARIE, MARIE))
    )
    assert severity == "high"
    assert sentence.startswith("mail to 2 addresses of people who stay comes to somebody else")


def test_another_login_gets_the_mail() -> None:
    assert [severity for severity, _ in said(addresses.redirected, OLD, lise(f"spy99@{X}"))] == ["high"]


def test_a_first_name_inside_weighs_less() -> None:
    new = listed((LISE, f"lm042@{X}"), (EMMY, f"en007@{X}"), (MARIE, f"mc001@{X}"))
    assert [severity for severity, _ in said(addresses.redirected, OLD, new)] == ["medium"]


@pytest.mark.parametrize("internal", [f"LM042@{X}", "lm042@post.physics.college.ac.uk", LISE])
def test_the_same_person_called_otherwise(internal: str) -> None:
    assert said(addresses.redirected, OLD, lise(internal)) == []


def test_strangers_get_the_mail() -> None:
    ((severity, sentence),) = said(addresses.outside, OLD, lise("lm042@evil.example"))
    assert severity == "high"
    assert "lm042@evil.example, outside the organisation" in sentence
    assert said(addresses.redirected, OLD, lise("lm042@evil.example")) == []


def taken(login: str) -> Site:
    """Lise's address is an alias of somebody here."""
    site = listed((EMMY, f"en007@{X}"), (MARIE, MARIE))
    return replace(
        site, people=tuple(replace(one, aliases=(LISE,)) if one.login == login else one for one in site.people)
    )


def test_a_colleague_here_gets_the_mail() -> None:
    ((severity, sentence),) = said(addresses.redirected, OLD, taken("cd140"))
    assert severity == "high"
    assert "→ cd140" in sentence


def test_somebody_of_that_name_is_the_same() -> None:
    assert [one.name for one in load_example().people if one.login == "lm178"] == ["Lise Meitner"]
    assert said(addresses.redirected, OLD, taken("lm178")) == []


@pytest.mark.parametrize(
    "internal",
    ["Rosa.Luxemburg@college.ac.uk", "R.Luxemburg@college.ac.uk", "security@college.ac.uk", MARIE],
)
def test_what_somebody_sends_leaves_in_anothers_name(internal: str) -> None:
    ((severity, sentence),) = said(behind.rewritten, OLD, lise(internal))
    assert severity == "high"
    assert f"{internal.lower()} → lise.meitner@physics.college.ac.uk" in sentence


@pytest.mark.parametrize("internal", [f"lm043@{X}", "lise@college.ac.uk", LISE])
def test_a_name_of_ones_own_inside(internal: str) -> None:
    assert said(behind.rewritten, OLD, lise(internal)) == []


def test_what_was_so_before_is_nothing_new() -> None:
    assert said(behind.rewritten, lise(MARIE), lise(MARIE)) == []
