"""What the Internet sees of the mailers: names, addresses, and the proofs that a message is theirs."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import dkim

from mailwright.audit import letters, names, posting, roads
from mailwright.audit.model import Context, Observation, Probe
from mailwright.findings import Target
from mailwright.plan.model import Record


def reverse(context: Context) -> Iterator[Observation]:
    """Every address of the site's hosts leads back to its host's name, as the plan has it (DNS-1), and so does the
    address from which a message really came to a host outside."""
    yield from _served(context, "PTR")
    _, received = posting.arrived(context, roads.anybody(context))
    back = _ask(context, ip_address(received.client).reverse_pointer, "PTR")
    wanted = {f"{host.name}." for host in context.plan.hosts if ip_address(received.client) in host.addresses}
    yield Observation(
        f"PTR of {received.client}, from which a message came to {_foreign(context)}",
        " ".join(back) or "no such record",
        bool(back) and set(back) <= wanted,
        target=Target(received.client),
    )


def qualified_helo(context: Context) -> Iterator[Observation]:
    """The name that the mailer gives when it sends is the whole name of one of the site's hosts (DNS-2)."""
    _, received = posting.arrived(context, roads.anybody(context))
    yield Observation(
        f"HELO name that {_foreign(context)} was given",
        received.helo,
        "." in received.helo.strip(".") and received.helo.lower() in {host.name for host in context.plan.hosts},
        target=Target(received.client, 25),
    )


def forward(context: Context) -> Iterator[Observation]:
    """The HELO name has an address record that matches the address that the message came from (DNS-3)."""
    families = {address.version for host in context.plan.hosts for address in host.addresses}
    for family, type_ in ((4, "A"), (6, "AAAA")):
        if family in families:
            yield from _served(context, type_)
    _, received = posting.arrived(context, roads.anybody(context))
    with roads.vantage(context, "outside").enter():
        found = names.addresses(context.resolver, received.helo)
    yield Observation(
        f"addresses of the HELO name {received.helo}, for a message that came from {received.client}",
        " ".join(str(address) for address in found) or "no such record",
        ip_address(received.client) in found,
        target=Target(received.helo),
    )


def mailers(context: Context) -> Iterator[Observation]:
    """Each mail domain has the MX records of the plan, and each mailer that they name greets on port 25 (DNS-4)."""
    yield from _served(context, "MX")
    for door in roads.doors(context, "outside", "smtp"):
        with roads.vantage(context, "outside").enter(), roads.smtp(context, door, secure=False) as dialogue:
            seen = dialogue.ehlo()
        yield Observation(
            f"EHLO on {door}",
            seen.lines[0],
            seen.lines[0].split()[0].lower() == door.listener.host,
            target=door.target,
        )


def sender_policy(context: Context) -> Iterator[Observation]:
    """SPF (RFC 7208), asked as a receiver would, passes for the address that a message was seen to come from: for
    its sender, and for its HELO name, which is what counts for bounces. From any other address it fails."""
    yield from _served(context, "TXT", "v=spf1")
    _, received = posting.arrived(context, roads.anybody(context))
    stranger = next(iter(roads.vantage(context, "outside").addresses))
    with roads.vantage(context, "outside").enter():
        for sender, what in ((received.sender, f"sender {received.sender}"), ("", f"HELO name {received.helo}")):
            verdict, reason = names.spf_verdict(context.resolver, received.client, sender, received.helo)
            yield Observation(f"SPF of {what} from {received.client}", f"{verdict} ({reason})", verdict == "pass")
        for domain in context.plan.settings.domains:
            verdict, reason = names.spf_verdict(context.resolver, str(stranger), f"x@{domain}", "stranger.invalid")
            yield Observation(
                f"SPF of {domain} from {stranger}, an outsider",
                f"{verdict} ({reason})",
                verdict in ("fail", "softfail"),
            )


def signature(context: Context) -> Iterator[Observation]:
    """A message of each domain carries a DKIM signature of the From: domain, which verifies against the public key
    that the DNS serves (RFC 6376); with one octet of the body changed it does not. Where the description leaves
    signing out, messages leave without a signature."""
    signed = any(row.type == "TXT" and row.value.startswith("v=DKIM1") for row in context.plan.records)
    if signed:
        yield from _served(context, "TXT", "v=DKIM1")
    for domain in context.plan.settings.domains:
        who = next((one for one in roads.people(context) if _in(one.published, domain)), None)
        address = who.published if who else ""
        if who is None:  # a role of the domain serves as well
            for one in roads.people(context):
                address = next((item for item in (*one.aliases, *one.roles) if _in(item, domain)), "")
                if address:
                    who = one
                    break
        if who is None:
            yield Observation(f"a message from {domain}", "there is no account that may send from it", None)
            continue
        mark = letters.token()
        content = letters.letter(mark, f"<{address}>", f"<{posting.outsider(context)}>")
        sent = posting.send_out(context, who, address, mark, content)
        if sent.received is None:
            yield Observation(f"a message from {address} to {_foreign(context)}", str(sent.reply), None)
            continue
        message = sent.received.content
        tags = " ".join(letters.header(message, "DKIM-Signature"))
        if not signed:
            yield Observation(
                f"DKIM signature of a message from {address}, which the description leaves out",
                tags[:120] or "no DKIM-Signature: line",
                not tags,
            )
            continue
        aligned = f"d={domain};" in tags.replace(" ", "") + ";"
        yield Observation(
            f"DKIM signature of a message from {address}, against the served key",
            (tags or "no DKIM-Signature: line")[:120],
            aligned and _verifies(context, message),
        )
        yield Observation(
            f"the same message from {address} with its body changed",
            "checked with dkimpy",
            not _verifies(context, message.replace(b"audit of the mail", b"audit of the male")),
            twin=True,
        )


def policy_record(context: Context) -> Iterator[Observation]:
    """Each mail domain serves the DMARC record of the plan (RFC 7489)."""
    yield from _served(context, "TXT", "v=DMARC1")


def _served(context: Context, type_: str, prefix: str = "") -> Iterator[Observation]:
    """What the DNS serves for each owner of such records, compared with the plan by value.

    With a prefix (``v=spf1``), values that start otherwise are not looked at.
    """
    wanted: dict[str, list[Record]] = {}
    for row in context.plan.records:
        if row.type == type_ and row.value.startswith(prefix):
            wanted.setdefault(row.owner, []).append(row)
    if not wanted:
        yield Observation(f"{type_} records {prefix}".strip(), "the plan has none", None)
    for owner, rows in wanted.items():
        served = {value for value in _ask(context, owner, type_) if value.startswith(prefix)}
        yield Observation(
            f"{owner} {type_}",
            " ".join(sorted(served))[:160] or "no such record",
            served == {row.value if type_ == "TXT" else _normal(row) for row in rows},
            target=Target(owner.rstrip(".")),
        )


def _normal(row: Record) -> str:
    return str(ip_address(row.value)) if row.type in ("A", "AAAA") else " ".join(row.value.lower().split())


def _ask(context: Context, name: str, type_: str) -> tuple[str, ...]:
    with roads.vantage(context, "outside").enter():
        return names.ask(context.resolver, name, type_)


def _verifies(context: Context, message: bytes) -> bool:
    def served(name: bytes | str, timeout: float = 5) -> bytes:  # noqa: ARG001 - what dkimpy calls
        return names.txt(context.resolver, name.decode() if isinstance(name, bytes) else name).encode()

    with roads.vantage(context, "outside").enter():
        try:
            return bool(dkim.verify(message, dnsfunc=served))
        except dkim.DKIMException:  # a signature or key that cannot be read does not verify
            return False


def _in(address: str, domain: str) -> bool:
    return address.endswith(f"@{domain}")


def _foreign(context: Context) -> str:
    return roads.correspondent(context).domain


PROBES = (
    Probe("identity.reverse", ("DNS-1",), "outside", "The mailers' addresses lead to their names", reverse),
    Probe("identity.helo", ("DNS-2",), "outside", "The HELO name is fully qualified", qualified_helo),
    Probe("identity.forward", ("DNS-3",), "outside", "The HELO name leads to the mailer's address", forward),
    Probe("identity.mailers", ("DNS-4",), "outside", "MX records name the mailers, and these answer", mailers),
    Probe("identity.spf", ("REMOTE-1",), "outside", "SPF tells the mailers from an outsider", sender_policy),
    Probe("identity.dkim", ("REMOTE-1",), "outside", "DKIM signatures verify against the served key", signature),
    Probe("identity.dmarc", ("REMOTE-1",), "outside", "The DMARC record is served", policy_record),
)
