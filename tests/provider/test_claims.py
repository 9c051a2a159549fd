"""Names that are claimed twice among customers."""

from __future__ import annotations

from dataclasses import replace

from mailwright.findings import Place
from mailwright.provider.claims import Claimant, findings, of_customer, of_platforms
from support.provider_folder import EXAMPLE, judged, opened


def at(id_: str, *names: str, platform: str = "", secrets: tuple[str, ...] = (), file: str = "") -> Claimant:
    place = Place(file or f"{id_}.yml", 1, 1)
    return Claimant(
        id_, place, platform, tuple((name, place) for name in names), tuple((path, place) for path in secrets)
    )


def told(*claimants: Claimant, wide: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(item.id, item.where.file) for item in findings(claimants, wide) if item.where]


def test_names_of_their_own_are_well() -> None:
    assert told(at("a", "a.ac.uk", "sub.a.ac.uk"), at("b", "b.ac.uk", "a.b.ac.uk")) == []


def test_a_name_of_two_is_told_at_both() -> None:
    assert told(at("a", "a.ac.uk"), at("b", "b.ac.uk", "A.ac.uk"), at("c", "c.ac.uk")) == [
        ("customer.claimed-twice", "a.yml"),
        ("customer.claimed-twice", "b.yml"),
    ]
    message = next(findings([at("a", "a.ac.uk"), at("b", "a.ac.uk")], ())).message
    assert message == "a.ac.uk is claimed by a and by b (b.yml:1:1)"


def test_one_that_says_a_name_twice_claims_it_once() -> None:
    assert told(at("a", "a.ac.uk", "A.ac.uk")) == []


def test_a_platforms_name_is_nobody_elses_but_names_below_it_are_given() -> None:
    platform = at("platform shared", "hosting.example", "mail.hosting.example")
    assert told(platform, at("a", "a.hosting.example")) == []
    assert [id_ for id_, _ in told(platform, at("a", "hosting.example"))] == ["customer.claimed-twice"] * 2
    assert [id_ for id_, _ in told(platform, at("a", "mail.hosting.example"))] == ["customer.claimed-twice"] * 2


def test_a_name_below_another_customers_is_not_proven_and_does_not_fail() -> None:
    (found,) = findings([at("a", "a.ac.uk"), at("b", "chem.a.ac.uk")], ("a.ac.uk",))
    assert (found.id, found.fails, found.where and found.where.file) == ("customer.below-another", False, "b.yml")
    assert "a.ac.uk of a" in found.message
    # Whoever has the name above as well knows.
    assert told(at("a", "a.ac.uk", "chem.a.ac.uk"), at("b", "x.chem.a.ac.uk"), wide=("chem.a.ac.uk",)) == [
        ("customer.below-another", "b.yml")
    ]
    assert told(at("a", "ac.uk", "x.a.ac.uk")) == []


def test_a_name_above_those_of_others_is_the_claimants_fault_unless_the_provider_knows() -> None:
    evil, others = at("evil", "wide.example"), [at(id_, f"{id_}.wide.example") for id_ in ("a", "b", "c")]
    above = [item for item in findings([*others, evil], ()) if item.fails]
    assert [(item.id, item.where and item.where.file) for item in above] == [("customer.above-another", "evil.yml")]
    assert "wide.example of evil lies above a.wide.example of a (a.yml:1:1), and above 2 more" in above[0].message
    assert [item.id for item in findings([*others, evil], ("wide.example",)) if item.fails] == []
    platform = at("platform shared", "mail.hosting.example")
    assert told(platform, at("evil", "hosting.example")) == [("customer.above-another", "evil.yml")]
    assert told(at("a", "a.ac.uk", "x.a.ac.uk"), at("b", "ba.ac.uk")) == []


def test_a_public_key_of_two_is_told_at_both() -> None:
    one, two, other = (
        replace(at(id_, f"{id_}.ac.uk"), keys=((key, Place(f"{id_}.yml", 9, 1)),))
        for id_, key in (("a", "1"), ("b", "1"), ("c", "2"))
    )
    assert told(one, other) == []
    assert told(one, two, other) == [("customer.same-key", "a.yml"), ("customer.same-key", "b.yml")]


def test_an_id_of_two_is_told_at_both() -> None:
    assert told(at("a", "a.ac.uk"), at("a", "b.ac.uk", file="b.yml")) == [
        ("customer.same-id", "a.yml"),
        ("customer.same-id", "b.yml"),
    ]


def test_a_secret_of_a_platform_is_nobody_elses() -> None:
    platform = at("platform shared", platform="shared", secrets=("secrets/a/key",))
    assert told(platform, at("b", platform="shared", secrets=("secrets/b/key",))) == []
    assert told(platform, at("b", platform="other", secrets=("secrets/a/key",))) == []
    assert told(platform, at("b", platform="shared", secrets=("secrets/./a/key",))) == [
        ("customer.same-secret", "platform shared.yml"),
        ("customer.same-secret", "b.yml"),
    ]


def test_of_hosts_of_its_own_no_secret_lies_in_another_customers_folder() -> None:
    college = at("college", platform="shared")
    assert told(college, at("b", secrets=("secrets/passwords", "secrets/tls/key", "secrets/college.key"))) == []
    assert told(at("b", secrets=("secrets/passwords",)), at("c", secrets=("secrets/passwords",))) == []
    assert told(college, at("b", secrets=("secrets/college/dkim.key",))) == [("customer.same-secret", "b.yml")]
    assert told(college, at("b", secrets=("secrets/b/dkim.key",))) == []


def test_of_hosts_of_their_own_no_two_customers_say_one_secret() -> None:
    """A host's key lies where everybody can guess it: ``secrets/<host>.key``."""
    one, other = (at(id_, secrets=("secrets/mail.one.ac.uk.key",)) for id_ in ("one", "other"))
    assert told(one, at("other", secrets=("secrets/mail.other.ac.uk.key",))) == []
    assert told(one, other) == [("customer.same-secret", "one.yml"), ("customer.same-secret", "other.yml")]
    layer = Place("provider.yml", 9, 1)
    shared = [replace(each, secrets=(("secrets/wildcard.key", layer),)) for each in (one, other)]
    assert told(*shared) == []


def test_what_a_site_claims() -> None:
    college = judged(EXAMPLE / "customers" / "college.yml")
    assert college.site is not None
    said = of_customer("college", college.head.where, "shared", college.site)
    assert [name for name, _ in said.names] == ["valley.ac.uk", "music.valley.ac.uk"]
    assert all(place.file.endswith("customers/college.yml") for _, place in said.names)
    assert [path for path, _ in said.secrets] == ["secrets/college/passwords", "secrets/college/dkim.key"]
    (shared,) = of_platforms(opened(EXAMPLE)[1])
    assert {"shared", "mx2.hosting.example"} <= {name for name, _ in shared.names}
    assert "secrets/mail.hosting.example.key" in [path for path, _ in shared.secrets]
    institute = judged(EXAMPLE / "customers" / "institute.yml")
    assert institute.site is not None
    own = of_customer("institute", institute.head.where, "", institute.site)
    assert "mail.institute.ac.uk" in [name for name, _ in own.names]
