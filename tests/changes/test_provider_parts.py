"""Parts of a review of a provider's folder: names left out, values and limits compared, files that are needed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mailwright.changes import comparison
from mailwright.changes.cause import Asked
from mailwright.changes.personal import impersonal, personal, whole
from mailwright.changes.provider import customer, needed, shared
from mailwright.changes.provider.own import Own
from mailwright.changes.provider.review import only
from mailwright.changes.provider.shared import MISSING, LimitChange
from mailwright.findings import Findings, Place
from mailwright.plan import make
from mailwright.provider.model import Layer, Limit, Provider
from mailwright.site.model import Sharing
from mailwright.source.compose import compose
from mailwright.source.folder import OnDisk
from support.example import load_example
from support.provider_cases import BASE, TODAY, Case

HERE = Place("provider.yml", 1, 1)


class TestNamesOfItsOwn:
    OWN = Own("hill", ("hill.ac.uk", "music.hill.ac.uk"), "Hill School", ("hill2026", "198.51.100.25"))

    @pytest.mark.parametrize(
        ("sentence", "said"),
        [
            ("mail for hill.ac.uk", "mail for <domain>"),
            ("TXT of _dmarc.music.hill.ac.uk", "TXT of _dmarc.<domain>"),
            ("postmaster@HILL.ac.uk is new", "postmaster@<domain> is new"),
            ("uphill.ac.uk is another", "uphill.ac.uk is another"),
            ("hill.ac.uk-old stays", "hill.ac.uk-old stays"),
            ("Hill School is called so", "<customer> is called so"),
            ("hill2026._domainkey.hill.ac.uk", "<id>._domainkey.<domain>"),
            ("secrets/hill/dkim.key", "secrets/<id>/dkim.key"),
            ("up the hill", "up the hill"),
            (f"{personal('ann', 'somebody')} has 2 GB", "somebody has 2 GB"),
        ],
    )
    def test_are_left_out(self, sentence: str, said: str) -> None:
        assert self.OWN.left_out(sentence) == said

    def test_one_without_names(self) -> None:
        assert Own("x", (), "").left_out("mail for hill.ac.uk") == "mail for hill.ac.uk"


def limit(**said: Any) -> Limit:
    values: dict[str, Any] = {"fixed": False, "minimum": None, "maximum": None, "one_of": (), "reason": "so"}
    return Limit(pointer="/logging/days", where=HERE, **{**values, **said})


def provider(*limits: Limit, defaults: str = "logging: {days: 92}\n") -> Provider:
    root = compose(defaults.encode(), "provider.yml", Findings())
    assert root is not None
    return Provider(Path(), "Example", (), (), Layer("defaults", root), (), limits, HERE)


class TestLimits:
    @pytest.mark.parametrize(
        ("old", "new", "wider", "narrower"),
        [
            (limit(minimum=92), None, True, False),
            (None, limit(minimum=92), False, True),
            (limit(minimum=92), limit(minimum=30), True, False),
            (limit(minimum=92), limit(minimum=100), False, True),
            (limit(maximum=92), limit(maximum=100), True, False),
            (limit(maximum=92), limit(maximum=30), False, True),
            (limit(minimum=10, maximum=20), limit(minimum=5, maximum=15), True, True),
            (limit(minimum=10), limit(maximum=10), True, True),
            (limit(fixed=True), limit(maximum=10), True, False),
            (limit(maximum=10), limit(fixed=True), False, True),
            (limit(one_of=("a", "b")), limit(one_of=("a",)), False, True),
            (limit(one_of=("a",)), limit(one_of=("a", "b")), True, False),
            (limit(one_of=("a",)), limit(maximum=3), True, True),
            (limit(one_of=(1,)), limit(one_of=(True,)), True, True),
        ],
    )
    def test_wider_one_way_and_the_other(
        self, old: Limit | None, new: Limit | None, wider: bool, narrower: bool
    ) -> None:
        before, after = (provider(*filter(None, [one])) for one in (old, new))
        ((there,), (back,)) = shared.limits(before, after), shared.limits(after, before)
        assert (there.wider, back.wider) == (wider, narrower)
        assert there.sentence

    def test_another_reason_or_order_is_no_change(self) -> None:
        old, new = limit(one_of=("a", "b")), limit(one_of=("b", "a"), reason="otherwise")
        assert not shared.limits(provider(old), provider(new))

    def test_its_sentence(self) -> None:
        change = LimitChange(limit(fixed=True), limit(minimum=92, maximum=180), True)
        wanted = "of /logging/days, customers may set 92 to 180; before, customers may set nothing"
        assert change.sentence == wanted


class TestValues:
    def differing(self, old: str, new: str) -> list[tuple[str, object, object, int]]:
        found = shared.values(provider(defaults=old), provider(defaults=new))
        return [(one.pointer, one.old, one.new, one.where.line) for one in found]

    def test_each_by_itself_with_its_line(self) -> None:
        old = "logging: {days: 92, readers: a}\nstore: {quota: 1 GB}\n"
        new = "# first\nlogging:\n  readers: a\n  days: 120\npages: {languages: [cy, en]}\n"
        assert self.differing(old, new) == [
            ("/logging/days", 92, 120, 4),
            ("/store/quota", "1 GB", MISSING, 2),
            ("/pages/languages", MISSING, ["cy", "en"], 5),
        ]

    def test_a_list_is_one_value(self) -> None:
        assert self.differing("roles: {abuse: [a, b]}\n", "roles: {abuse: [a]}\n") == [
            ("/roles/abuse", ["a", "b"], ["a"], 1)
        ]

    def test_order_and_comments_are_no_difference(self) -> None:
        assert not self.differing("a: 1\nb: {c: 2, d: 3}\n", "b:\n  d: 3 # three\n  c: 2\na: 1\n")

    def test_an_address_among_them_is_somebody(self) -> None:
        said = shared.said(["Ann@hill.ac.uk", "Bob@hill.ac.uk"])
        assert impersonal(said) == "2 values"
        assert whole(said) == "Ann@hill.ac.uk and Bob@hill.ac.uk"
        assert impersonal(shared.said("Ann@hill.ac.uk")) == "an address"


class TestNeeded:
    def test_what_customers_share_is_what_is_named(self, tmp_path: Path) -> None:
        for name in (
            "provider.yml",
            "platforms/shared.yml",
            "platforms/stores.csv",
            "notes.yml",
            "build/x/site.yml",
        ):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("a: b\n")
        (tmp_path / "provider.yml").write_text("platforms: {shared: platforms/shared.yml}\n")
        (tmp_path / "platforms/shared.yml").write_text("people: people.csv\nwebmail: {texts: texts}\n")
        (tmp_path / "platforms/texts/en").mkdir(parents=True)
        (tmp_path / "platforms/texts/en/faq.md").write_text("Text\n")
        (tmp_path / "platforms/people.csv").write_text("login\n")
        assert needed.shared(OnDisk(tmp_path)) == (
            "platforms/people.csv",
            "platforms/shared.yml",
            "platforms/stores.csv",
            "platforms/texts/en/faq.md",
            "provider.yml",
        )

    def test_files_of_one_customer_are_no_others(self) -> None:
        hashes = {
            "customers/a.yml": "1",
            "customers/a/dkim.pub": "2",
            "customers/a.b.yml": "3",
            "customers/lost/dkim.pub": "4",
            "customers/readme.md": "5",
            "provider.yml": "6",
        }
        assert needed.customers(hashes) == {
            "a": {"customers/a.yml": "1", "customers/a/dkim.pub": "2"},
            "a.b": {"customers/a.b.yml": "3"},
        }

    def test_all_that_the_base_of_the_cases_has_is_used(self) -> None:
        hashes = OnDisk(BASE).hashes
        assert set(hashes) == {
            *needed.shared(OnDisk(BASE)),
            *(path for files in needed.customers(hashes).values() for path in files),
        }


def test_what_a_plan_says_of_a_providers_hosts_is_told_without_the_team() -> None:
    site = load_example()
    sharing = Sharing("shared", "hosting.example", ("Ada@hosting.example",))
    plans = [make(site)]
    for other in (
        sharing,
        replace(sharing, platform="north", domain="north.example", team=("Ben@hosting.example",)),
    ):
        settings = replace(plans[0].settings, sharing=other)
        plans.append(replace(plans[0], settings=settings))
    said = [change.sentence for old, new in pairwise(plans) for change in _changes(old, new)]
    assert list(map(impersonal, said)) == [
        "mail is on the provider's hosts shared instead of hosts of its own",
        "mail is on the provider's hosts north instead of the provider's hosts shared",
        "the provider's own domain is north.example instead of hosting.example",
        "others of the provider's people may receive what is written to roles",
    ]
    assert whole(said[-1]).endswith(": Ben@hosting.example")


def _changes(old: Any, new: Any) -> Any:
    return comparison(old, new, {}, TODAY).changes


def test_a_fault_of_the_program_is_one_customers_and_ends_no_review(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = customer.read_customer

    def read(provider: Provider, platforms: Any, path: Path) -> Any:
        if path.stem == "holt":
            raise RecursionError(f"too deep in {path}")
        return real(provider, platforms, path)

    monkeypatch.setattr(customer, "read_customer", read)
    default = {"file": "provider.yml", "replace": "logging: {days: 92}", "with": "logging: {days: 110}"}
    found = Case("", {"new": [default]}).review(tmp_path)
    ((what, side, findings),) = ((one.what, one.side, one.findings) for one in found.broken)
    assert (what, side, [one.id for one in findings]) == ("holt", "new", ["customer.fault"])
    assert "RecursionError: too deep in" in findings[0].message
    assert found.changed == ("abbey", "bay", "cove", "isle", "knoll", "lea", "mere")


def test_a_new_domain_is_told_at_its_own_place(tmp_path: Path) -> None:
    """So that a comment at the line of a change stands where the domain is."""
    for said, column in (("[isle.ac.uk, Bank.example]", 23), ("[isle.ac.uk, {name: bank.example}]", 30)):
        case = Case("", {"new": [{"file": "customers/isle.yml", "replace": "[isle.ac.uk]", "with": said}]})
        found = case.review(tmp_path / str(column))
        (risk,) = found.risks
        (one,) = risk.cases
        assert risk.rule.id == "provider.domain-new"
        assert one.spot is not None
        assert one.spot.layer == "customer isle"
        assert one.spot.where is not None
        assert (one.spot.where.line, one.spot.where.column) == (8, column)


@pytest.mark.parametrize("rule", ["provider.domain-claimed", "provider.domain-moved"])
def test_a_domain_of_another_is_told_at_its_own_place(tmp_path: Path, rule: str) -> None:
    folder = "customers/holt.yml"
    new = [
        {
            "file": "customers/isle.yml",
            "replace": "domains: [isle.ac.uk]",
            "with": "domains:\n  - isle.ac.uk\n  - m.ac.uk",
        }
    ]
    other = {"file": folder, "replace": "[holt.ac.uk]", "with": "[holt.ac.uk, m.ac.uk]"}
    new += [other] if rule.endswith("claimed") else []
    (found,) = [one for one in Case("", {"old": [other], "new": new}).review(tmp_path).risks if one.rule.id == rule]
    assert found.cases[0].spot is not None
    assert (found.cases[0].spot.where.line, found.cases[0].spot.where.column) == (10, 5)


def test_all_new_domains_of_a_customer_are_named(tmp_path: Path) -> None:
    names = [f"one{number}.ac.uk" for number in range(50)]
    case = Case(
        "",
        {
            "new": [
                {
                    "file": "customers/isle.yml",
                    "replace": "[isle.ac.uk]",
                    "with": f"[isle.ac.uk, {', '.join(names)}]",
                }
            ]
        },
    )
    sentences = [one.sentence for risk in case.review(tmp_path).risks for one in risk.cases]
    assert any(all(name in said for name in names) for said in sentences)


@pytest.mark.parametrize("complete", [True, False])
def test_what_is_built_of_one_customer_is_shown_where_it_is_asked_for(tmp_path: Path, complete: bool) -> None:
    edit = {"file": "customers/isle.yml", "replace": "name: Bob Isleer", "with": "name: Rob Isleer"}
    added = {
        "file": "customers/isle.yml",
        "append": "  - {login: cat, name: Cat Isleer, address: cat@isle.ac.uk}\n",
    }
    case = Case("", {"new": [edit, added]})
    old, new = (OnDisk(case.side(which, tmp_path)) for which in ("old", "new"))
    found = only(old, new, Asked(TODAY, complete=complete), "isle")
    assert not isinstance(found, str)
    files = {file.path: file for file in found.files}
    if complete:
        assert "+mailbox cat@isle.ac.uk cat@isle.ac.uk" in files["mail.tables"].diff
        assert files["mail.tables"].personal
        assert not any(path.startswith("compliance/") for path in files)
    else:
        assert files == {}
