"""The filter (rspamd as a milter): nobody sends as somebody else, and what leaves is signed.

It looks at mail after a login, at mail of this host's own processes and, where somebody may relay, at port 25.
What a role does with these files is in docs/reference/roles.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from ipaddress import ip_network

from mailwright import resources
from mailwright.components import counter
from mailwright.components.model import Component, File, once
from mailwright.components.postfix import NO_DOMAIN
from mailwright.components.postfix_roads import ident
from mailwright.formats import rspamd, systemd
from mailwright.formats.engine import render
from mailwright.plan.lists import ADDRESSES
from mailwright.plan.model import HostFacts, Plan

GROUP = "_rspamd"
_SUFFIXES = {
    "debian-12": "/usr/share/rspamd/effective_tld_names.dat",
    "debian-13": "/usr/share/publicsuffix/effective_tld_names.dat",
}
"""The list of public suffixes, as the filter's package of each release brings it or asks for it."""
CUSTOMERS = "/var/lib/mailwright-customers/filter.cdb"
"""Where customers' addresses are, on hosts that serve some (components/customers.py)."""
DIRECTORY = "/run/mailwright-directory.sock"
"""Where the filter asks whom an address belongs to, where people are in a directory alone."""


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """rspamd.conf, the rules, and the map of addresses and the logins that may send as them.

    Raises FormatError for a value that rspamd's formats cannot carry.
    """
    own = plan.own_clients(host.name)
    relay = tuple(network for network in plan.relay_networks(host.name) if network not in own)
    conf = render(
        rspamd.FORMAT,
        "filter/rspamd.conf.j2",
        host=host,
        settings=plan.settings,
        relay_networks=relay,
        own_clients=own,
        gateways=[(ident(row), row) for row in plan.gateways if row.clients],
        live_domains=[name for row in plan.gateways if row.known == "live" for name in row.domains],
        no_domain=NO_DOMAIN,
        throttled=counter.COMPONENT.runs_on(plan, host),
        counter=counter.SOCKET,
        directory=DIRECTORY if plan.live else "",
        automatic=sorted({row.login for row in plan.senders if row.automatic}),
        lists=bool(plan.lists),
        customers=CUSTOMERS if plan.settings.customers else "",
        suffixes=_SUFFIXES[host.os],
        transfer=any(row.check == "milter:own-from-exists" for row in plan.policies if row.host == host.name),
        sign_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128"), *own, *relay),
    )
    yield File("/etc/rspamd/rspamd.conf", conf)
    program = resources.folder("templates") / "filter/mailwright.lua"
    yield File("/etc/rspamd/mailwright.lua", program.read_text("utf-8"))
    if plan.live:
        for name in ("socket", "service"):
            unit = "mailwright-directory.socket" if name == "socket" else "mailwright-directory@.service"
            text = render(systemd.FORMAT, f"filter/directory.{name}.j2", socket=DIRECTORY)
            yield File(f"/etc/systemd/system/{unit}", text)
    yield File("/etc/rspamd/mailwright/addresses", _addresses(plan), "root", GROUP, 0o640, personal=True)
    if plan.lists:
        yield File("/etc/rspamd/mailwright/lists", _lists(plan), "root", GROUP, 0o640, personal=True)


@once
def _addresses(plan: Plan) -> str:
    logins: defaultdict[str, list[str]] = defaultdict(list)
    for route in plan.routes:
        logins[route.address] = []
    for row in plan.senders:
        logins[row.address].append(row.login)
    return rspamd.address_map(
        "ADDR-7, ADDR-5: each address of the site, and the logins that may write it in From: and Sender:",
        sorted(logins.items()),
    )


@once
def _lists(plan: Plan) -> str:
    """Each address of a list with the list; and addresses by which mail comes to one in the end, with ``-``."""
    found = {row.address: row.address for row in plan.lists}
    for row in plan.lists:
        local, _, domain = row.address.rpartition("@")
        found |= {f"{local}-{word}@{domain}": row.address for word in ADDRESSES}
    leading: defaultdict[str, list[str]] = defaultdict(list)
    for route in plan.routes:
        for target in route.targets:
            if target != route.address:
                leading[target].append(route.address)
    waiting = list(found)
    while waiting:
        for address in leading[waiting.pop()]:
            if address not in found:
                found[address] = rspamd.NOBODY
                waiting.append(address)
    return rspamd.list_map(
        "LIST-3: each address of a list, and the list; - where mail for an address comes to one.",
        sorted(found.items()),
    )


def variables(plan: Plan, _host: HostFacts) -> dict[str, object]:
    """``dkim_selector`` (empty: no signing) and ``dkim_private_key``, a path on the control machine.

    ``filter_directory``, where a directory is asked whom an address belongs to.
    """
    return {
        "dkim_selector": plan.settings.dkim_selector,
        "dkim_private_key": plan.settings.dkim_private_key,
        **({"filter_directory": True} if plan.live else {}),
    }


COMPONENT = Component("filter", frozenset({"mx", "submission"}), files, variables)
