"""Users away, and the service as a whole (REMOTE-1, REMOTE-2, SCALE-1)."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.findings import Level
from mailwright.requirements.model import Fault, rule
from mailwright.requirements.rules.relaying import too_wide
from mailwright.requirements.subject import Subject


@rule("REMOTE-1", "submission-host", Level.ADVICE, "there is a host to which users submit their mail")
def submission_host(subject: Subject) -> Iterator[Fault]:
    """No host takes mail from users who log in.

    On port 25 nobody can tell a user away from home from a stranger who forges their address. The function
    ``submission`` opens ports 587 and 465, which ask for a login over TLS first.

    Breaks it:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, store]}

    Mended:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, submission, store]}
    """
    if not subject.hosts("submission"):
        yield Fault(
            subject.site.where,
            "no host has the function submission, so nobody can log in and send",
            "give one of the hosts the function submission",
        )


@rule("REMOTE-2", "store-host", Level.MUST, "there is a host that keeps the mailboxes")
def store_host(subject: Subject) -> Iterator[Fault]:
    """No host keeps the mailboxes.

    People described here have a mailbox on the host with the function ``store``, and read it over TLS from wherever
    they are.

    Breaks it:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, submission]}

    Mended:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, submission, store]}
    """
    if not subject.hosts("store"):
        yield Fault(
            subject.site.where,
            "no host has the function store, so nobody has a mailbox",
            "give one of the hosts the function store",
        )


@rule("SCALE-1", "management-too-wide", Level.ADVICE, "SSH is let in from few places")
def management_too_wide(subject: Subject) -> Iterator[Fault]:
    """SSH to the mail hosts is let in from the whole Internet, or a large part of it.

    The hosts' firewall bars what is not needed, and SSH is needed by administrators alone. Name the networks they
    sit in, or that of their VPN.

    Breaks it:

        networks: {campus: [198.51.100.0/24], management: [0.0.0.0/0]}

    Mended:

        networks: {campus: [198.51.100.0/24], management: [198.51.100.240/28]}
    """
    for network in subject.site.networks.management:
        if too_wide(network):
            yield Fault(
                network.where,
                f"SSH is let in from {network.prefix}, which is far more than administrators",
                "name the administrators' networks",
            )


RULES = (submission_host, store_host, management_too_wide)
