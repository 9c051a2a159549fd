"""The null client: Postfix on a host that is no mailer. What the host's own processes send goes to the mx hosts.

Nothing reaches it by the network, nothing is delivered on the host. What a role does with these files is in
docs/reference/roles.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.components.model import Component, File
from mailwright.components.postfix import AUTHORITIES, CIPHERS
from mailwright.formats import postfix
from mailwright.formats.engine import render
from mailwright.plan.model import HostFacts, Plan


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """main.cf and master.cf. Raises FormatError for a value that Postfix's formats cannot carry."""
    families = sorted({str(address.version) for address in host.addresses})
    main = render(
        postfix.FORMAT,
        "nullclient/main.cf.j2",
        host=host,
        settings=plan.settings,
        families=families,
        bind4=[address for address in host.addresses if address.version == 4][:1],
        bind6=[address for address in host.addresses if address.version == 6][:1],
        mailers=[row.server for row in plan.links if (row.client, row.service) == (host.name, "smtp")],
        authorities=AUTHORITIES,
        ciphers=CIPHERS,
    )
    yield File("/etc/postfix/main.cf", main)
    yield File("/etc/postfix/master.cf", render(postfix.FORMAT, "nullclient/master.cf.j2", host=host))


MAILERS = frozenset({"mx", "submission"})
COMPONENT = Component("nullclient", frozenset(), files, instead=MAILERS)
