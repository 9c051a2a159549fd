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
from mailwright.plan.model import HostFacts, Plan

GROUP = "_rspamd"
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
        throttled=counter.COMPONENT.runs_on(host),
        counter=counter.SOCKET,
        directory=DIRECTORY if plan.live else "",
        automatic=sorted({row.login for row in plan.senders if row.automatic}),
        sign_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128"), *own, *relay),
    )
    yield File("/etc/rspamd/rspamd.conf", conf)
    yield File("/etc/rspamd/mailwright.lua", (resources.folder("templates") / "filter/mailwright.lua").read_text())
    if plan.live:
        for name in ("socket", "service"):
            unit = "mailwright-directory.socket" if name == "socket" else "mailwright-directory@.service"
            text = render(systemd.FORMAT, f"filter/directory.{name}.j2", socket=DIRECTORY)
            yield File(f"/etc/systemd/system/{unit}", text)
    yield File("/etc/rspamd/mailwright/addresses", _addresses(plan), "root", GROUP, 0o640, personal=True)


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
