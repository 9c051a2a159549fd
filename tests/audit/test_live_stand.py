"""Where an audit stands is compared with the description: a wrong place refuses, and NAT is told."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from mailwright import plan
from mailwright.audit import PROBES, roads, stand
from mailwright.audit.live import held, read_secrets
from mailwright.audit.model import Context, UnavailableError, Where
from mailwright.findings import Status
from mailwright.plan.model import Because, Grant
from support.example import load_example
from support.probing import Here, verdict

PLAN = plan.make(load_example())
HOST = ip_address("198.51.100.25")
HOST6 = ip_address("2001:db8:c011::25")


def standing(*own: str) -> stand.Standing:
    addresses = [ip_address(one) for one in own]
    return stand.standing(PLAN, {HOST if one.version == 4 else HOST6: one for one in addresses})


def test_outside() -> None:
    found = standing("203.0.113.66", "2001:db8:ffff::66")
    assert (found.outside, found.doubt) == ("", "")
    assert "--vantage outside" in found.inside


@pytest.mark.parametrize("own", ["198.51.100.70", "198.51.100.241", "2001:db8:c011:7::1"])
def test_the_site_s_networks_are_not_outside(own: str) -> None:
    found = standing(own)
    assert own in found.outside
    assert "--vantage inside" in found.outside
    assert (found.inside, found.doubt) == ("", "")


def test_one_family_inside_is_neither_here_nor_there() -> None:
    found = standing("198.51.100.70", "2001:db8:ffff::66")
    assert found.outside
    assert found.inside


@pytest.mark.parametrize("own", ["10.1.2.3", "192.168.0.5", "172.31.255.1", "100.64.0.9", "169.254.9.9", "fd00::1"])
def test_a_private_address_means_that_another_is_seen(own: str) -> None:
    found = standing(own)
    assert found.outside == ""
    assert "NAT" in found.doubt
    assert "address of its own" in found.doubt


@pytest.mark.parametrize("own", ["172.32.0.1", "100.128.0.1", "203.0.113.1"])
def test_others_are_their_own(own: str) -> None:
    assert standing(own).doubt == ""


def test_a_private_campus_is_what_it_says() -> None:
    settings = replace(PLAN.settings, campus_networks=(ip_network("10.0.0.0/8"),))
    found = stand.standing(replace(PLAN, settings=settings), {HOST: ip_address("10.1.2.3")})
    assert (found.inside, found.doubt) == ("", "")
    assert found.outside


def test_the_host_itself_is_no_place_to_ask_from() -> None:
    found = stand.standing(PLAN, {HOST: HOST})
    assert "mail.college.ac.uk itself" in found.outside
    assert found.inside


def test_no_road() -> None:
    assert "no road" in stand.standing(PLAN, {}).outside


def test_our_own_address_on_the_way() -> None:
    host = replace(PLAN.hosts[0], addresses=(ip_address("127.0.0.1"),))
    assert stand.ways(replace(PLAN, hosts=(host,))) == {ip_address("127.0.0.1"): ip_address("127.0.0.1")}


def context(doubts: dict[Where, str], vantages: dict[Where, str], **grants: str) -> Context:
    rows = tuple(Grant(HOST_NAME, 25, ip_network(network), Because("", "")) for network in grants.values())
    places = {where: Here(where, (ip_address(own),)) for where, own in vantages.items()}
    return Context(
        plan=replace(PLAN, grants=(*PLAN.grants, *rows)),
        resolver=("127.0.0.1",),
        vantages=dict(places),
        shell=None,
        correspondent=Elsewhere(),
        accounts=(),
        named=frozenset(),
        doubts=doubts,
    )


HOST_NAME = "mail.college.ac.uk"


class Elsewhere:
    domain = "foreign.example"
    address = "probe@foreign.example"

    def wait_for(self, token: str, timeout: float = 60.0) -> None:
        del token, timeout


RELAY = [probe for probe in PROBES if probe.id in ("relay.outside", "relay.submission", "relay.inside")]


@pytest.mark.parametrize("probe", RELAY, ids=lambda probe: probe.id)
def test_relaying_is_not_judged_from_a_wrong_place(probe: object) -> None:
    asked = next(one for one in RELAY if one is probe)
    seen = list_of(asked.run, context({asked.vantage: "not there, because"}, {}))
    assert seen == "not there, because"


@pytest.mark.parametrize("probe", RELAY, ids=lambda probe: probe.id)
def test_nor_behind_nat(probe: object) -> None:
    asked = next(one for one in RELAY if one is probe)
    assert "NAT" in list_of(asked.run, context({asked.vantage: "NAT"}, {asked.vantage: "203.0.113.66"}))


@pytest.mark.parametrize("probe", RELAY, ids=lambda probe: probe.id)
def test_nor_from_where_it_is_granted(probe: object) -> None:
    asked = next(one for one in RELAY if one is probe)
    trusted = context({}, {asked.vantage: "203.0.113.66"}, net="203.0.113.0/24")
    found, seen = verdict(asked, trusted)
    assert found is Status.NOT_PROVEN
    assert any("203.0.113.0/24" in item.seen for item in seen)


def test_a_doubt_is_no_hindrance_where_the_address_does_not_matter() -> None:
    hidden = context({"outside": "NAT"}, {"outside": "203.0.113.66"})
    assert roads.vantage(hidden, "outside").name == "outside"
    with pytest.raises(UnavailableError, match="NAT"):
        roads.certain(hidden, "outside")


def test_what_cannot_be_seen_from_here_is_not_asked_or_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    site = load_example()
    monkeypatch.setattr(stand, "ways", lambda _plan: {HOST: ip_address("198.51.100.70")})
    secrets = read_secrets(
        replace(site, audit=replace(site.audit, mailboxes=(), outside=None)), __import__("pathlib").Path()
    )
    with held(site, "outside", secrets, ("127.0.0.1",)) as audit:
        assert not audit.context.vantages
        assert "198.51.100.0/24" in audit.remarks[0]
        assert audit.context.live
    with held(site, "inside", secrets, ("127.0.0.1",)) as audit:
        assert set(audit.context.vantages) == {"inside"}
        assert {probe.vantage for probe in audit.probes} == {"inside"}
        assert audit.elsewhere["outside"] > 20
        assert len(audit.alone) > 4


def list_of(run: object, made: Context) -> str:
    with pytest.raises(UnavailableError) as caught:
        list(run(made))  # type: ignore[operator]
    return str(caught.value)
