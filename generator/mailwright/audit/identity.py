"""What the Internet sees of the mailers: names, addresses, and the proofs that a message is theirs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from ipaddress import ip_address

import dkim
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mailwright.audit import letters, names, posting, roads, spf_terms, values
from mailwright.audit.model import Condition, Context, Observation, Probe
from mailwright.audit.roads import Person
from mailwright.audit.zone import shown
from mailwright.findings import Target
from mailwright.keypair import BITS
from mailwright.plan.model import HostFacts, Plan, Record
from mailwright.plan.names import SENDING
from mailwright.site.model import IPAddress

_JOBS = 8
_MOST_NAMES = 8  # of one address


def reverse(context: Context) -> Iterator[Observation]:
    """Every address of the site's hosts leads back to its host's name, as the plan has it, and that name to the
    address again (DNS-1); so does the address from which a message really came to a host outside."""
    yield from _served(context, "PTR")
    for host in context.plan.hosts:
        for address in host.addresses:
            yield _confirmed(context, address)
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
            ok = _judged(verdict, ("pass",))
            yield Observation(f"SPF of {what} from {received.client}", f"{verdict} ({reason})", ok)

    def at(domain: str) -> Iterator[Observation]:
        with roads.vantage(context, "outside").enter():
            verdict, reason = names.spf_verdict(context.resolver, str(stranger), f"x@{domain}", "stranger.invalid")
        yield Observation(
            f"SPF of {domain} from {stranger}, an outsider",
            f"{verdict} ({reason})",
            _judged(verdict, ("fail", "softfail")),
        )

    yield from roads.side_by_side(context.plan.settings.domains, at, _JOBS)


def sender_policy_cost(context: Context) -> Iterator[Observation]:
    """Checking SPF of each mail domain, and of each name that is given in HELO, takes no more than 10 look-ups, of
    which two at the most find nothing (RFC 7208, 4.6.4), and each has one SPF record alone. Beyond that receivers
    say *permerror*, whatever the record means."""
    owners = [f"{domain}." for domain in context.plan.settings.domains]
    owners += [row.owner for row in context.plan.records if values.kind(row) == "TXT v=spf1"]
    asker = names.Asker()

    def ask(name: str, type_: str) -> tuple[str, ...]:
        return asker.ask(names.RESOLVER, lambda: names.ask(context.resolver, name, type_))

    def at(owner: str) -> Iterator[Observation]:
        what = f"the cost of SPF of {owner}"
        with roads.vantage(context, "outside").enter():
            try:
                found = spf_terms.cost(ask, owner)
            except OSError as error:
                yield Observation(what, str(error), None)
                return
        yield Observation(what, str(found), found.within, target=Target(owner.rstrip(".")))

    yield from roads.side_by_side(dict.fromkeys(owners), at, _JOBS)


def sender_policy_cover(context: Context) -> Iterator[Observation]:
    """SPF passes for every address of every host that sends mail: for each mail domain, and for the host's own name
    in HELO. One address that was forgotten loses the mail that happens to leave by it."""
    senders = [host for host in context.plan.hosts if not SENDING.isdisjoint(host.functions)]
    cases = [
        (host, address, sender)
        for host in senders
        for address in host.addresses
        for sender in ("", *(f"postmaster@{domain}" for domain in context.plan.settings.domains))
    ]
    if not cases:
        yield Observation("hosts that send mail", "the plan has none", None)
    asker = names.Asker()

    def at(case: tuple[HostFacts, IPAddress, str]) -> Iterator[Observation]:
        host, address, sender = case
        what = f"SPF of {sender.partition('@')[2] or f'the HELO name {host.name}'} from {address}"
        with roads.vantage(context, "outside").enter():
            try:
                verdict, reason = asker.ask(
                    names.RESOLVER,
                    lambda: names.spf_verdict(context.resolver, str(address), sender, host.name),
                )
            except OSError as error:
                yield Observation(what, str(error), None)
                return
        yield Observation(what, f"{verdict} ({reason})", _judged(verdict, ("pass",)), target=Target(host.name))

    yield from roads.side_by_side(cases, at, _JOBS)


def signing_key(context: Context) -> Iterator[Observation]:
    """The DKIM key that is served under each selector of the plan can be read, is not revoked, and has no fewer
    than 2048 bits (RFC 8301), or is one of Ed25519 (RFC 8463)."""
    for owner in dict.fromkeys(row.owner for row in context.plan.records if values.kind(row) == "TXT v=DKIM1"):
        served = _ask(context, owner, "TXT")
        seen, ok = _key(served[0]) if len(served) == 1 else (shown(served), False)
        yield Observation(f"the key of {owner}", seen, ok, target=Target(owner.rstrip(".")))


def _key(record: str) -> tuple[str, bool]:
    """A DKIM record's key in words, and whether it will do."""
    tags = values.tags(record)
    if tags is None or "p" not in tags:
        return f"cannot be read: {record[:100]}", False
    text = "".join(tags["p"].split())
    if not text:
        return "it is revoked (p= is empty)", False
    kind = tags.get("k", "rsa")
    try:
        octets = base64.b64decode(text, validate=True)
        if kind == "ed25519":
            return f"Ed25519, {len(octets)} octets", len(octets) == 32
        key = load_der_public_key(octets)
    except (binascii.Error, ValueError, UnsupportedAlgorithm) as error:
        return f"cannot be read: {error}"[:160], False
    if kind != "rsa" or not isinstance(key, RSAPublicKey):
        return f"k={kind[:20]} with a key of another kind", False
    return f"RSA, {key.key_size} bits", key.key_size >= BITS


def _judged(verdict: str, wanted: tuple[str, ...]) -> bool | None:
    """An error of the moment says nothing about the record."""
    return None if verdict == "temperror" else verdict in wanted


def _confirmed(context: Context, address: IPAddress) -> Observation:
    """That the names of an address lead to it again."""
    back = _ask(context, address.reverse_pointer, "PTR")
    found = {name: _addresses(context, name) for name in back[:_MOST_NAMES]}
    seen = "; ".join(f"{name} {' '.join(map(str, own[:4])) or 'has no address'}" for name, own in found.items())
    ok = bool(found) and len(back) <= _MOST_NAMES and all(address in own for own in found.values())
    return Observation(
        f"addresses of the name of {address}",
        (seen or "it has no name")[:200],
        ok,
        target=Target(str(address)),
    )


def _addresses(context: Context, name: str) -> tuple[IPAddress, ...]:
    with roads.vantage(context, "outside").enter():
        return names.addresses(context.resolver, name)


def signature(context: Context) -> Iterator[Observation]:
    """A message of each domain carries a DKIM signature of the From: domain, which verifies against the public key
    that the DNS serves (RFC 6376); with one octet of the body changed it does not. Where the description leaves
    signing out, messages leave without a signature."""
    signed = _signs(context.plan)
    if signed:
        yield from _served(context, "TXT", "v=DKIM1")
    people = roads.people(context)

    def at(domain: str) -> Iterator[Observation]:
        who, address = _writer(people, domain)
        if who is None:
            yield Observation(f"a message from {domain}", "there is no account that may send from it", None)
            return
        mark = letters.token()
        content = letters.letter(mark, f"<{address}>", f"<{posting.outsider(context)}>")
        sent = posting.send_out(context, who, address, mark, content)
        if sent.received is None:
            yield Observation(f"a message from {address} to {_foreign(context)}", str(sent.reply), None)
            return
        message = sent.received.content
        tags = " ".join(letters.header(message, "DKIM-Signature"))
        if not signed:
            yield Observation(
                f"DKIM signature of a message from {address}, which the description leaves out",
                tags[:120] or "no DKIM-Signature: line",
                not tags,
            )
            return
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

    yield from roads.side_by_side(context.plan.settings.domains, at)


def _writer(people: tuple[Person, ...], domain: str) -> tuple[Person | None, str]:
    """Who may send from the domain, and the address: somebody's own, or else an alias or a role."""
    for one in people:
        if _in(one.published, domain):
            return one, one.published
    for one in people:
        for address in (*one.aliases, *one.roles):
            if _in(address, domain):
                return one, address
    return None, ""


def policy_record(context: Context) -> Iterator[Observation]:
    """Each mail domain serves the DMARC record of the plan (RFC 7489)."""
    yield from _served(context, "TXT", "v=DMARC1")


def _served(context: Context, type_: str, policy: str = "") -> Iterator[Observation]:
    """What the resolver serves for each owner of such records, compared with the plan by value.

    policy  of TXT records, those that begin with it are looked at (``v=spf1``)
    """
    kind = f"{type_} {policy}".strip()
    wanted: dict[str, list[Record]] = {}
    for row in context.plan.records:
        if values.kind(row) == kind:
            wanted.setdefault(row.owner, []).append(row)
    if not wanted:
        yield Observation(f"{type_} records {policy}".strip(), "the plan has none", None)

    def at(owner: str) -> Iterator[Observation]:
        served = values.relevant(kind, owner, _ask(context, owner, type_))
        yield Observation(
            f"{owner} {type_}",
            shown(served),
            values.same(kind, (row.value for row in wanted[owner]), served),
            target=Target(owner.rstrip(".")),
        )

    yield from roads.side_by_side(wanted, at, _JOBS)


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


def _signs(plan: Plan) -> bool:
    return any(values.kind(row) == "TXT v=DKIM1" for row in plan.records)


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
    Probe(
        "identity.spf-cost", ("REMOTE-1",), "outside", "SPF stays within its limits of look-ups", sender_policy_cost
    ),
    Probe(
        "identity.spf-cover", ("REMOTE-1",), "outside", "SPF covers every address that sends", sender_policy_cover
    ),
    Probe("identity.dkim", ("REMOTE-1",), "outside", "DKIM signatures verify against the served key", signature),
    Probe(
        "identity.dkim-key",
        ("REMOTE-1",),
        "outside",
        "The DKIM key is strong enough",
        signing_key,
        only=Condition("mail is signed with DKIM", _signs),
    ),
    Probe("identity.dmarc", ("REMOTE-1",), "outside", "The DMARC record is served", policy_record),
)
