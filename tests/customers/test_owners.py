"""Claims of customers on shared hosts: names, realms, folders of mail, and from when a domain's log is seen."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from support.assembling import module

owners = module("owners")
TODAY = date(2027, 1, 15)
DAYS = ("2026-03-31", "2026-06-30", "2026-09-30")


@dataclass(frozen=True)
class Claim:
    realm: str
    domains: tuple[str, ...] = ()
    state: str = "active"
    leaving: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return self.domains


OVER = Claim("c.ac.uk", (), "over", DAYS)


@pytest.mark.parametrize("rows", [{}, {"c.ac.uk": {"customer": "zed", "over": DAYS[1]}}])
@pytest.mark.parametrize("names", [("abbey", "zed"), ("zed", "abbey")])
def test_who_is_over_takes_no_folder_from_whom_it_serves_now(rows: Any, names: tuple[str, ...]) -> None:
    claims = {"zed": OVER, "abbey": Claim("c.ac.uk", ("c.ac.uk",))}
    assert owners.realms(rows, {name: claims[name] for name in names}) == {
        "c.ac.uk": {"customer": "abbey", "over": ""}
    }
    assert owners.realms(rows, {"zed": OVER}) == {"c.ac.uk": {"customer": "zed", "over": DAYS[1]}}


def test_who_is_over_lets_nobody_else_s_mail_go() -> None:
    rows = {"c.ac.uk": {"customer": "abbey", "over": ""}}
    assert owners.realms(rows, {"zed": OVER}) == rows  # the abbey's fragment is away, which says nothing


def folders(rows: Any, *mail: str) -> Any:
    return owners.Folders(rows, frozenset({"c.dunn"}), lambda realm: realm in mail)


def test_who_is_served_with_a_realm_has_it_whatever_the_list_of_folders_says() -> None:
    rows = {"c.ac.uk": {"customer": "zed", "over": DAYS[1]}}
    abbey = Claim("c.ac.uk", ("c.ac.uk",))
    assert owners.realms_taken(folders(rows, "c.ac.uk"), {"abbey": abbey, "zed": OVER}, {"abbey": abbey}) == {}
    new = owners.realms_taken(folders(rows, "c.ac.uk"), {"zed": OVER}, {"abbey": abbey})
    assert new == {"abbey": "mail of zed is still in the folder of the realm c.ac.uk"}
    rows = {"c.ac.uk": {"customer": "abbey", "over": ""}}
    assert owners.realms_taken(folders(rows, "c.ac.uk"), {"abbey": abbey, "zed": OVER}, {"zed": OVER}) == {}


def test_a_domain_is_seen_from_the_day_on_which_it_came() -> None:
    had = {"a.uk": "", "b.uk": "2026-12-01"}
    left = owners.let_go({"x": Claim("l.uk", ("l.uk",))}, {}, {"old.uk": "2027-01-14"}, TODAY)
    assert left == {"l.uk": "2027-01-15"}
    said = dict(owners.since(("a.uk", "b.uk", "c.uk", "l.uk"), had, left, TODAY))
    assert said == {"b.uk": "2026-12-01", "c.uk": "2027-01-15", "l.uk": "2027-01-16"}


def plainly(before: Any, fresh: Any, gone: Any) -> set[str]:
    """Who is refused, by the rule as one would say it: again from the beginning after each that is."""
    fresh, refused = dict(fresh), set()
    while True:
        owner = {
            each: name
            for name, claim in before.items()
            if name not in fresh and name not in gone
            for each in claim.names
        }
        for name, claim in fresh.items():
            had = before[name].names if name in before else ()
            owner |= {each: name for each in claim.names if each in had}
        for name, claim in sorted(fresh.items()):
            if any(owner.setdefault(each, name) != name for each in claim.names):
                refused.add(name)
                del fresh[name]
                break
        else:
            return refused


def owned(before: Any, fresh: Any, gone: Any, refused: Any) -> list[str]:
    kept = {name: claim for name, claim in before.items() if name not in gone}
    kept |= {name: claim for name, claim in fresh.items() if name not in refused}
    return [each for claim in kept.values() for each in claim.names]


@pytest.mark.parametrize("seed", range(300))
def test_claims_are_settled_by_the_rule_and_no_name_has_two_owners(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret

    def some() -> tuple[str, ...]:
        return tuple(sorted(chance.sample("mnopqrst", chance.randint(0, 3))))

    names = list("mnopqrst")
    chance.shuffle(names)
    before = {}
    for name in "abcd":
        before[name] = Claim("r", tuple(names.pop() for _ in range(chance.randint(0, 2))))
    gone = [name for name in "ab" if chance.random() < 0.3]
    fresh = {name: Claim("r", some()) for name in "abcdefg" if name not in gone and chance.random() < 0.6}
    refused = owners.settle(before, fresh, gone)
    assert set(refused) <= set(fresh)
    left = owned(before, fresh, gone, refused)
    assert len(left) == len(set(left))
    assert set(refused) == plainly(before, fresh, gone)


def test_ten_thousand_that_claim_each_other_s_names_are_settled_in_one_go() -> None:
    looked = 0

    class Counted(Claim):
        @property
        def names(self) -> tuple[str, ...]:
            nonlocal looked
            looked += 1
            return self.domains

    count = 10_000
    before = {f"c{number:05}": Counted("r", (f"d{number:05}",)) for number in range(count)}
    fresh = {f"c{number:05}": Counted("r", (f"d{(number + 1) % count:05}", "x")) for number in range(count)}
    fresh |= {f"n{number:05}": Counted("r", ("x",)) for number in range(count)}
    assert len(owners.settle(before, fresh, [])) > count
    assert looked < 20 * count
