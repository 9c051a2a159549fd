"""Each SMTP probe passes on a peer that behaves, and fails on the one whose fault it is there to find."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from ipaddress import ip_network

import pytest

from mailwright.audit import PROBES, addresses, relay, smuggling, submission
from mailwright.findings import Status
from mailwright.plan.model import Because, Grant
from mailwright.site.addresses import domain
from mailwright.site.model import InternalDomain
from support.example import HERE, example, load_example
from support.mail_peer import FOREIGN, STRICT, Faults
from support.probing import failures, site, verdict

SMTP_PROBES = tuple(probe for module in (addresses, relay, submission, smuggling) for probe in module.PROBES)

# Probe → a peer that it must find at fault.
MUTANTS: tuple[tuple[str, Faults], ...] = (
    ("addresses.required", Faults(refuses=frozenset({"abuse@chem.college.ac.uk"}))),
    ("addresses.required", Faults(refuses=frozenset({"postmaster@college.ac.uk"}))),
    ("addresses.facilities", Faults(refuses=frozenset({"webmaster@college.ac.uk"}))),
    ("addresses.alternatives", Faults(refuses=frozenset({"helpdesk@college.ac.uk"}))),
    ("addresses.reach", Faults(refuses=frozenset({"rosa.luxemburg@college.ac.uk"}))),
    ("addresses.any-case", Faults(minds_case=True)),
    ("addresses.unknown", Faults(takes_unknown=True)),
    ("addresses.valid", Faults(refuses=frozenset({"web-forms@college.ac.uk"}))),
    ("addresses.qualified", Faults(any_sender=True, any_author=True)),
    ("addresses.no-default-domain", Faults(guesses=True)),
    ("addresses.internal", Faults(rewrites=False)),
    ("relay.outside", Faults(relays=lambda _: True)),
    ("relay.outside", Faults(relays=lambda path: "%" in path and domain(path) == "college.ac.uk")),
    ("relay.outside", Faults(relays=lambda path: "!" in path)),
    ("relay.outside", Faults(relays=lambda path: path.startswith("@"))),
    ("relay.outside", Faults(relays=lambda path: path.endswith(f"{FOREIGN}."))),
    ("relay.outside", Faults(relays=lambda path: '"' in path)),
    ("relay.outside", Faults(relays=lambda path: path.endswith("@[203.0.113.25]"))),
    ("relay.outside", Faults(xclient=True)),
    ("relay.submission", Faults(relays=lambda path: path == f"relayed@{FOREIGN}")),
    ("relay.inside", Faults(relays=lambda path: path == f"relayed@{FOREIGN}")),
    ("relay.after-login", Faults(relays=lambda path: domain(path) == FOREIGN)),
    ("submission.no-login-in-clear", Faults(auth_in_clear=True)),
    ("submission.no-login-in-clear", Faults(auth_on_25=True)),
    ("submission.wrong-password", Faults(any_password=True)),
    ("submission.envelope", Faults(any_sender=True)),
    ("submission.envelope", Faults(null_sender=True)),
    ("submission.author", Faults(any_author=True)),
    ("submission.sender-line", Faults(any_author=True)),
    ("submission.sender-line", Faults(adds="Sender: <somebody@college.ac.uk>")),
    ("submission.reply-to", Faults(adds="Reply-To: <somebody@college.ac.uk>")),
    ("submission.receipt", Faults(any_author=True)),
    ("submission.date-and-to", Faults(completes=False)),
    ("submission.date-and-to", Faults(completes_relayed=True)),
    ("submission.message-id", Faults(completes=False)),
    ("submission.mime", Faults(adds="Content-Type: text/html")),
    ("smuggling.inbound", Faults(ends=(*STRICT, b"\n.\n"))),
    ("smuggling.inbound", Faults(ends=(*STRICT, b"\r.\r"))),
    ("smuggling.inbound", Faults(ends=(*STRICT, b"\n.\r\n"))),
    ("smuggling.inbound", Faults(ends=(*STRICT, b"\r\n.\x00\r\n"))),
    ("smuggling.outbound", Faults(ends=(*STRICT, b"\r\n.\n"))),
    ("smuggling.outbound", Faults(bare_line_ends=True)),
)


@pytest.mark.parametrize("probe", SMTP_PROBES, ids=lambda probe: probe.id)
@pytest.mark.usefixtures("foreign_names", "boxes")
def test_passes_on_a_peer_that_behaves(probe) -> None:  # type: ignore[no-untyped-def]
    with site() as (context, _):
        found, seen = verdict(probe, context)
    assert found is Status.PASS, failures(seen)


@pytest.mark.parametrize(
    ("name", "faults"), MUTANTS, ids=[f"{name}-{index}" for index, (name, _) in enumerate(MUTANTS)]
)
@pytest.mark.usefixtures("foreign_names", "boxes")
def test_fails_on_the_peer_at_fault(name: str, faults: Faults) -> None:
    probe = next(probe for probe in PROBES if probe.id == name)
    with site(faults) as (context, _):
        found, seen = verdict(probe, context)
    assert found is Status.FAIL, failures(seen)


def test_every_smtp_probe_has_a_peer_at_fault() -> None:
    exceptions = {"submission.received"}  # its own test below
    assert {probe.id for probe in SMTP_PROBES} - exceptions == {name for name, _ in MUTANTS}


@pytest.mark.usefixtures("foreign_names", "boxes")
def test_where_everything_is_refused_nothing_is_proven() -> None:
    """All refused is no proof that nothing is relayed: the twin is refused too."""
    everything = frozenset(route for route in {"k.marx@chem.college.ac.uk"})
    probe = next(probe for probe in PROBES if probe.id == "addresses.unknown")
    with site() as (context, _):
        nobody = frozenset(route.address for route in context.plan.routes) | everything
    with site(Faults(refuses=nobody)) as (context, _):
        assert verdict(probe, context)[0] is Status.NOT_PROVEN
        relaying = next(probe for probe in PROBES if probe.id == "relay.outside")
        assert verdict(relaying, context)[0] is Status.NOT_PROVEN


@pytest.mark.parametrize(
    ("network", "wanted"), [("198.51.100.128/26", Status.NOT_PROVEN), ("198.51.100.130/32", Status.PASS)]
)
@pytest.mark.usefixtures("foreign_names", "boxes")
def test_who_relays_without_a_login_is_known_of_a_machine_and_not_of_a_network(
    network: str, wanted: Status
) -> None:
    probe = next(probe for probe in PROBES if probe.id == "relay.inside")
    with site() as (context, _):
        granted = Grant(context.plan.hosts[0].name, 25, ip_network(network), Because("RELAY-2", "declared"))
        found, seen = verdict(probe, replace(context, plan=replace(context.plan, grants=(granted,))))
    assert found is wanted, failures(seen)
    assert [item.what for item in seen if item.ok is None] == (
        [f"who sends from {network}, where no login is needed"] if wanted is Status.NOT_PROVEN else []
    )


INSIDE = example(
    internal_domains=(InternalDomain("unix3.chem.college.ac.uk", "chem.college.ac.uk", date(2027, 7, 31), HERE),)
)
FORMS = frozenset(f"{local}@unix3.chem.college.ac.uk" for local in ("k.marx", "m.curie", "d.hodgkin"))


@pytest.mark.parametrize(
    ("faults", "wanted"),
    [
        (Faults(), Status.PASS),
        (Faults(rewrites=False), Status.FAIL),
        (Faults(takes_unknown=True), Status.FAIL),
        (Faults(refuses=FORMS), Status.FAIL),
    ],
    ids=["behaves", "leaves-as-it-is", "takes-anybody", "refuses-the-form"],
)
@pytest.mark.usefixtures("foreign_names", "boxes")
def test_a_form_that_is_used_inside_goes_out_as_published_and_comes_in(faults: Faults, wanted: Status) -> None:
    probe = next(probe for probe in PROBES if probe.id == "addresses.internal")
    with site(faults, INSIDE) as (context, _):
        found, seen = verdict(probe, context)
    assert found is wanted, failures(seen)
    assert any("unix3" in item.what for item in seen)
    if wanted is Status.PASS:
        assert any("@unix3" in item.what and "in the mailbox of" in item.what for item in seen)
        assert any("karlm@chem.college.ac.uk" in item.what for item in seen), "a person's own internal address too"


@pytest.mark.usefixtures("foreign_names", "boxes")
def test_a_published_address_with_capitals_is_as_good() -> None:
    probe = next(probe for probe in PROBES if probe.id == "addresses.internal")
    people = tuple(
        replace(one, address=one.address.title()) if one.internal else one for one in load_example().people
    )
    with site(described=example(people=people)) as (context, _):
        assert any(row.external != row.external.lower() for row in context.plan.rewrites)
        found, seen = verdict(probe, context)
    assert found is Status.PASS, failures(seen)
