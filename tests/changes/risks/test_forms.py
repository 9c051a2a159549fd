"""Forms of address that are used inside, and stand for another domain."""

from __future__ import annotations

from datetime import date

from mailwright.changes.risks import forms
from mailwright.site.model import InternalDomain, Site
from support.comparing import said
from support.example import HERE, example, with_gateway


def form(published: str, until: date | None = None) -> Site:
    return example(internal_domains=(InternalDomain("old.college.ac.uk", published, until, HERE),))


def test_a_form_stands_for_another_domain() -> None:
    ((severity, sentence),) = said(forms.moved, form("college.ac.uk"), form("chem.college.ac.uk"))
    assert severity == "medium"
    assert sentence.startswith(
        "addresses in old.college.ac.uk stand for those in chem.college.ac.uk instead of college.ac.uk: mail to "
    )


def test_somebody_else_has_the_same_name_there() -> None:
    site = form("chem.college.ac.uk")
    people = tuple(
        one if one.login != "ab011" else type(one)(**_parts(one, aliases=("Chidi.Danjuma@chem.college.ac.uk",)))
        for one in site.people
    )
    new = example(internal_domains=site.internal_domains, people=people)
    old = example(internal_domains=form("college.ac.uk").internal_domains, people=people)
    ((severity, sentence),) = said(forms.moved, old, new)
    assert severity == "high"
    assert "comes to others" in sentence


def _parts(one: object, **more: object) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__slots__} | more  # type: ignore[attr-defined]


def test_who_is_there_may_be_unknown() -> None:
    def behind(published: str) -> Site:
        site = with_gateway(recipients="ask", people=())
        return example(
            domains=site.domains,
            roles=site.roles,
            gateways=site.gateways,
            internal_domains=(InternalDomain("phys.college.ac.uk", published, None, HERE),),
        )

    ((_, sentence),) = said(forms.moved, behind("chem.college.ac.uk"), behind("physics.college.ac.uk"))
    assert sentence.endswith("who most of them are is not known here")


def test_a_form_that_lasts_longer_or_comes_is_no_matter() -> None:
    assert said(forms.moved, form("college.ac.uk"), form("college.ac.uk", date(2027, 1, 1))) == []
    assert said(forms.moved, example(), form("college.ac.uk")) == []
