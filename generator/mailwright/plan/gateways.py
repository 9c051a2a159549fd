"""The systems of others that serve some of the site's domains (GATE-1, GATE-2)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from mailwright.plan import names
from mailwright.plan.errors import Faults
from mailwright.plan.model import Because, Gateway
from mailwright.plan.networks import prefixes
from mailwright.site.addresses import domain
from mailwright.site.model import Gateway as Described
from mailwright.site.model import Site

_BECAUSE = Because("GATE-1", "mail of a system behind the gateway passes the site's mailers, both ways")


def rows(site: Site, faults: Faults) -> Iterator[Gateway]:
    """A row per gateway.

    Faults: a domain that two gateways serve; one next hop with two levels of TLS, or with a certificate to be
    verified for an address; an address of a family that a mailer has not; recipients in a directory that is not
    described; somebody listed whose address is in none of the gateway's domains.
    """
    served: dict[str, str] = {}
    levels: dict[tuple[str, int], str] = {}
    for gateway in site.gateways:
        for name in gateway.domains:
            if served.setdefault(name, gateway.name) != gateway.name:
                faults.add(
                    "domain-of-two-gateways",
                    f"{name} is served by the gateways {served[name]} and {gateway.name}",
                    gateway.where,
                    "give the domain to one of them",
                )
        if levels.setdefault((gateway.next_hop, gateway.port), gateway.tls) != gateway.tls:
            faults.add(
                "two-levels-of-tls",
                f"mail for {gateway.next_hop} is to go over TLS in two ways: "
                f"{levels[gateway.next_hop, gateway.port]} and {gateway.tls}",
                gateway.where,
                "say the same for each gateway that leads there",
            )
        if gateway.recipients == "directory" and site.directory is None:
            faults.add(
                "no-directory",
                f"who is behind the gateway {gateway.name} is looked up in a directory, and none is described",
                gateway.where,
                "describe it under directory, or list the recipients",
            )
        _check(gateway, faults)
        _check_family(gateway, site, faults)
        yield Gateway(
            gateway.name,
            tuple(sorted(gateway.domains)),
            gateway.next_hop,
            gateway.port,
            gateway.tls,
            gateway.recipients,
            prefixes(gateway.clients),
            _BECAUSE,
        )


def _check(gateway: Described, faults: Faults) -> None:
    if gateway.tls == "verify" and _is_address(gateway.next_hop):
        faults.add(
            "certificate-of-an-address",
            f"the gateway {gateway.name} is to verify the certificate of {gateway.next_hop}, which is no name",
            gateway.where,
            "name the next hop by the name in its certificate, or say tls: encrypt",
        )
    for listed in gateway.people:
        if domain(listed.address) not in gateway.domains:
            faults.add(
                "not-behind-the-gateway",
                f"{listed.address} is listed for the gateway {gateway.name}, which serves another domain",
                listed.where,
                f"list addresses in {', '.join(gateway.domains)} alone",
            )


def _check_family(gateway: Described, site: Site, faults: Faults) -> None:
    if not _is_address(gateway.next_hop):
        return
    version = ip_address(gateway.next_hop).version
    for mailer in names.sending(site):
        if version not in {address.version for address in mailer.addresses}:
            faults.add(
                "next-hop-out-of-reach",
                f"the gateway {gateway.name} leads to {gateway.next_hop}, and {mailer.name} has no IPv{version}",
                gateway.where,
                f"name the next hop by an address that {mailer.name} reaches, or by its name",
            )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
