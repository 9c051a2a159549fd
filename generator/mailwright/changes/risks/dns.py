"""DNS records on which others rely: where mail goes, who the mailers are, whose signature counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from ipaddress import ip_address

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.zones import Zones, spf
from mailwright.plan.model import HostFacts, Plan, Service
from mailwright.site.model import IPAddress


class _Zones(Zones):
    """With the hosts that are behind the records."""

    @cached_property
    def services(self) -> Mapping[IPAddress, frozenset[Service]]:
        """Address → what is offered there to others and to users."""
        found: defaultdict[IPAddress, set[Service]] = defaultdict(set)
        offered: defaultdict[str, set[Service]] = defaultdict(set)
        for row in self.plan.listeners:
            if row.service in _PUBLIC:
                offered[row.host].add(row.service)
        for host in self.plan.hosts:
            for address in host.addresses:
                found[address] |= offered[host.name]
        return {address: frozenset(services) for address, services in found.items()}

    def sending(self) -> tuple[HostFacts, ...]:
        return self.plan.with_function("mx", "submission")


_PUBLIC: Mapping[Service, str] = {
    "smtp": "mail from outside",
    "submission": "sending",
    "submissions": "sending",
    "imaps": "reading",
    "pop3s": "reading",
    "managesieve": "filters",
    "https": "web pages",
}


def _still(comparison: Comparison) -> frozenset[str]:
    """Names that take mail before and after."""
    return frozenset(comparison.old.settings.own_names) & frozenset(comparison.new.settings.own_names)


def _mail_domains(comparison: Comparison) -> frozenset[str]:
    """Domains in which people write before and after."""
    return frozenset(comparison.old.settings.domains) & frozenset(comparison.new.settings.domains)


def _same(one: str, other: str, old: _Zones, new: _Zones) -> bool:
    """Whether two names, of the old plan and the new one, are one mailer."""
    return one == other or bool(old.addresses(one) & new.addresses(other))


@risk(
    "mx.removed",
    Severity.HIGH,
    "DNS-4",
    "a mailer is no mailer of a domain any more",
    "Remove the MX record first, wait its time to live, and only then take the function mx from the host; see "
    "that the remaining mailers take the mail of a busy day.",
)
def mx_removed(comparison: Comparison) -> Iterator[Hit]:
    """A domain has no MX record any more, or fewer.

    With fewer mailers, mail waits elsewhere as soon as those that are left are down; with none, others try the
    domain's own address, and mail comes back where nothing answers there.
    """
    old, new = _Zones(comparison.old), _Zones(comparison.new)
    fewer: defaultdict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = defaultdict(list)
    for name in sorted(_still(comparison)):
        before, after = old.mailers.get(name, ()), new.mailers.get(name, ())
        gone = tuple(one for one in before if not any(_same(one, other, old, new) for other in after))
        come = any(not any(_same(one, other, old, new) for one in before) for other in after)
        if gone and not come:
            fewer[gone, after].append(name)
    for (gone, after), names in fewer.items():
        if after:
            only = f"; {after[0]} is the only one left" if len(after) == 1 else ""
            yield Hit(
                f"{words.listed(gone)} takes no mail for {words.some(names)} any more{only}"
                if len(gone) == 1
                else f"{words.listed(gone)} take no mail for {words.some(names)} any more{only}",
                Severity.MEDIUM if only else Severity.LOW,
            )
        else:
            yield Hit(
                f"{words.some(names)} {'has' if len(names) == 1 else 'have'} no MX record any more, so mail from "
                "outside has nowhere to go",
                None,
                "Give a host the function mx before the last one loses it.",
            )


@risk(
    "mx.moved",
    Severity.HIGH,
    "DNS-4",
    "mail for a domain comes to another mailer",
    "Let the new host have the function mx beside the old one: build, apply, open the border, try it with a "
    "message from outside. Then publish the new MX record, wait the old one's time to live, empty the old host's "
    "queue, and take the function from it in a second change.",
)
def mx_moved(comparison: Comparison) -> Iterator[Hit]:
    """MX records name another host in place of one that they named.

    Mail comes to where they point as soon as others ask anew: to a host that is not ready it comes in vain, and one
    that is not ours reads all of it. The same host under another name or in another order is no move, and one more
    mailer is none.
    """
    old, new = _Zones(comparison.old), _Zones(comparison.new)
    ours = {host.name for host in comparison.new.hosts}
    moved: defaultdict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = defaultdict(list)
    for name in sorted(_still(comparison)):
        before, after = old.mailers.get(name, ()), new.mailers.get(name, ())
        gone = tuple(one for one in before if not any(_same(one, other, old, new) for other in after))
        come = tuple(other for other in after if not any(_same(one, other, old, new) for one in before))
        if come and (gone or not ours.issuperset(come)):
            moved[gone, come].append(name)
    for (gone, come), names in moved.items():
        strange = [name for name in come if name not in ours]
        instead = f" instead of {words.listed(gone)}" if gone else " as well"
        where = f"; {words.listed(strange)} is no host of this description" if strange else ""
        yield Hit(
            f"mail for {words.some(names)} comes to {words.listed(come)}{instead}{where}",
            None if strange else Severity.MEDIUM,
            value=come[0],
        )


_OLD_NAME = (
    "Leave the address records of the old name in the zone, though the new fragment does not have them, until its "
    "MX records are forgotten and no program comes by it; take them out last."
)


@risk(
    "dns.early",
    Severity.MEDIUM,
    "DNS-4",
    "others still remember a record when what it names is gone",
    "Two changes with the time to live between them: first the new record beside the old one, with both hosts at "
    "work; then, when the old record's time is over, the rest.",
)
def early(comparison: Comparison) -> Iterator[Hit]:
    """A record is removed or changed, and the host or address that it names stops in the same change.

    Other name servers remember the old record for its time to live and send there. Mailers try again for some days,
    so their mail comes late; programs of people show errors. An address that another host takes over, with the same
    services, misses nothing. It weighs less where only a name goes, whose record can stay for as long as it is
    needed, and where an IPv4 address of the name stays, which everybody tries as well.
    """
    old, new = _Zones(comparison.old), _Zones(comparison.new)
    yield from _early_mailers(comparison, old, new)
    yield from _early_addresses(comparison, old, new)


def _early_mailers(comparison: Comparison, old: _Zones, new: _Zones) -> Iterator[Hit]:
    """MX records that name a host where nothing takes mail any more, or a name that leads nowhere."""
    found: defaultdict[tuple[str, int, bool], list[str]] = defaultdict(list)
    for name in sorted(_still(comparison)):
        after = new.mailers.get(name, ())
        for row in old.get(name, "MX"):
            target = row.value.partition(" ")[2].rstrip(".").lower()
            if not target or target in after or not after:
                continue
            takes = any("smtp" in new.services.get(each, ()) for each in old.addresses(target))
            if not takes or not new.addresses(target):
                found[target, row.ttl, takes].append(name)
    for (target, ttl, takes), names in found.items():
        what = (
            "a name that leads nowhere unless its records stay so long"
            if takes
            else "where nothing takes mail then"
        )
        yield Hit(
            f"for {words.duration(ttl)} after the change others may still send mail for {words.some(names)} to "
            f"{target} (MX, TTL {ttl} s), {what}",
            Severity.LOW if takes else None,
            _OLD_NAME if takes else "",
        )


def _early_addresses(comparison: Comparison, old: _Zones, new: _Zones) -> Iterator[Hit]:
    """Names that stay, and lead to other addresses than those where their services were."""
    for name in dict.fromkeys(host.name for host in comparison.old.hosts):
        rows = [row for type_ in ("A", "AAAA") for row in old.get(name, type_)]
        if not new.addresses(name):
            continue
        lost: dict[str, None] = {}
        left: list[str] = []
        stays = any(one.version == 4 for one in old.addresses(name) & new.addresses(name))
        for row in rows:
            address = ip_address(row.value)
            if address in new.addresses(name):
                continue
            missing = old.services.get(address, frozenset()) - new.services.get(address, frozenset())
            if missing:
                left.append(row.value)
                lost.update(dict.fromkeys(word for service, word in _PUBLIC.items() if service in missing))
        if left:
            ttl = max(row.ttl for row in rows)
            yield Hit(
                f"for {words.duration(ttl)} after the change others may still look for {name} at "
                f"{words.listed(left)} (TTL {ttl} s), where nothing answers for {words.listed(lost)} then",
                Severity.LOW if stays else None,
                value=name,
            )


@risk(
    "dns.identity",
    Severity.HIGH,
    "DNS-3",
    "a mailer's name, its address and the name of its address do not agree, or are others",
    "Publish A, AAAA and PTR of the new name or address first, and SPF that has it; ask whoever runs the reverse "
    "zone early. When `dig -x` of each address answers with the host's name from outside, apply.",
)
def identity(comparison: Comparison) -> Iterator[Hit]:
    """HELO name, PTR and address record of a mailer disagree, or are to be others.

    Many receivers refuse mail from an address whose name does not lead back to it, or that says another name in
    HELO. PTR records are often somebody else's to change, and come later than the rest. A new address also has no
    good name with receivers yet, nor a bad one.
    """
    old, new = _Zones(comparison.old), _Zones(comparison.new)
    before = {host.name: replace(host, name=comparison.then(host.name)) for host in old.sending()}
    for host in new.sending():
        was = before.get(host.name)
        wrong = tuple(_wrong(host, new))
        if wrong and (was is None or set(wrong) - set(_wrong(was, old))):
            yield Hit(f"{host.name}: {'; '.join(wrong)}", value=host.name)
        elif was is not None and was.name != host.name:
            yield Hit(
                f"the mailer {was.name} is called {host.name} from now on, in HELO too; PTR records that still say "
                f"{was.name} have others refuse its mail",
                Severity.MEDIUM,
                value=host.name,
            )
        elif was is not None and (come := [one for one in host.addresses if one not in was.addresses]):
            yield Hit(
                f"the mailer {host.name} sends from {words.listed(come)} from now on; until PTR and SPF records "
                "say so, others refuse its mail",
                Severity.MEDIUM,
                value=str(come[0]),
            )


def _wrong(host: HostFacts, zones: _Zones) -> Iterator[str]:
    for address in host.addresses:
        if address not in zones.addresses(host.name):
            yield f"no address record of the name has {address}"
        said = [row.value.rstrip(".").lower() for row in zones.get(address.reverse_pointer, "PTR")]
        if host.name not in said:
            yield f"the PTR record of {address} {'says ' + words.listed(said) if said else 'is missing'}"
        elif len(said) > 1:
            yield f"{address} leads to several names: {words.listed(said)}"


_ALL = {"-all": 3, "~all": 2, "?all": 1}


@risk(
    "spf.weakened",
    Severity.MEDIUM,
    "REMOTE-1",
    "others may send in a domain's name, or nobody is told who may not",
    "Name single addresses rather than a provider's whole record where that is possible, keep -all at the end, "
    "and sign with DKIM what leaves another way.",
)
def spf_weakened(comparison: Comparison) -> Iterator[Hit]:
    """The SPF record of a domain lets more pass than the site's own mailers, or is gone.

    Whoever sends from there counts as the site, other customers of a provider too: an include: or a network lets
    them all pass. Without the record, or with ~all, receivers take forgeries more readily. The site's own hosts in
    it are no change of that kind.
    """
    old, new = _Zones(comparison.old), _Zones(comparison.new)
    ours = {str(address) for host in comparison.new.hosts for address in host.addresses}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(_mail_domains(comparison)):
        before, after = spf(old.get(name, "TXT")), spf(new.get(name, "TXT"))
        if before and not after:
            found["have no SPF record any more, so receivers cannot tell forgeries"].append(name)
        elif before:
            weaker = max(map(_strength, before)) > max(map(_strength, after))
            come = [one for one in after if one not in before and _lets_others(one, ours)]
            if weaker:
                found[f"end their SPF records with {after[-1]} instead of {before[-1]}"].append(name)
            if come:
                found[f"let {words.listed(come)} send in their name (SPF)"].append(name)
    for said, names in found.items():
        yield Hit(f"{words.some(names)} {said}")


def _strength(term: str) -> int:
    return _ALL.get(term, 0)


def _lets_others(term: str, ours: Iterable[str]) -> bool:
    """Whether a term has somebody pass who is no host of the site."""
    plain = term.removeprefix("+")
    return plain[:1] not in "-~?" and plain.partition(":")[2] not in ours and "=" not in plain


_POLICIES = ("", "none", "quarantine", "reject")
_ASKED = {
    "": "judge {} for themselves",
    "none": "let {} pass",
    "quarantine": "put {} aside",
    "reject": "refuse {}",
}


@risk(
    "dmarc.weakened",
    Severity.MEDIUM,
    "REMOTE-1",
    "forged mail in a domain's name is let pass by others",
    "Find out from the reports which mail fails, and mend that (SPF and DKIM) rather than the policy.",
)
def dmarc_weakened(comparison: Comparison) -> Iterator[Hit]:
    """The DMARC policy of a domain asks for less than before, or is gone.

    Receivers then deliver mail that says it comes from the domain and does not: letters about passwords, most
    often, to the domain's own people too.
    """
    for names, before, after in _policies(comparison):
        if _POLICIES.index(after) < _POLICIES.index(before):
            yield Hit(
                f"others are told to {_told(after, f'forged mail from {words.some(names)}')}, and no more to "
                f"{_told(before, 'it')} (DMARC)",
                Severity.LOW if before == "none" else None,
            )


@risk(
    "dmarc.tightened",
    Severity.LOW,
    "REMOTE-1",
    "others refuse mail in a domain's name that is not signed",
    "Read the DMARC reports of some weeks first: whatever sends in the domain's name elsewhere (newsletters, "
    "forms at providers) has to be signed or sent through the site's mailers. Go by way of quarantine.",
)
def dmarc_tightened(comparison: Comparison) -> Iterator[Hit]:
    """The DMARC policy of a domain asks for more than before.

    Mail in the domain's name that takes other ways, or passes lists elsewhere, is refused or put among the junk
    from then on, and its senders are the last to know. Otherwise the domain is protected by it.
    """
    for names, before, after in _policies(comparison):
        if _POLICIES.index(after) > _POLICIES.index(before) and after != "none":
            yield Hit(
                f"others are told to {_told(after, f'mail from {words.some(names)}')} that is not the "
                f"site's, and no more to {_told(before, 'it')} (DMARC)",
                Severity.MEDIUM if after == "reject" and before != "quarantine" else None,
                value=after,
            )


def _told(policy: str, mail: str) -> str:
    return _ASKED[policy].format(mail)


def _policies(comparison: Comparison) -> Iterator[tuple[list[str], str, str]]:
    """Domains whose policy differs, with the old one and the new one."""
    old, new = _Zones(comparison.old), _Zones(comparison.new)
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for name in sorted(_mail_domains(comparison)):
        before, after = _dmarc(old, name), _dmarc(new, name)
        if before != after:
            found[before, after].append(name)
    yield from ((names, before, after) for (before, after), names in found.items())


def _dmarc(zones: _Zones, name: str) -> str:
    for row in zones.get(f"_dmarc.{name}", "TXT"):
        tags = dict(part.strip().split("=", 1) for part in row.value.split(";") if "=" in part)
        if tags.get("v") == "DMARC1" and tags.get("p") in _POLICIES:
            return tags["p"]
    return ""


@risk(
    "dkim.replaced",
    Severity.MEDIUM,
    "REMOTE-1",
    "mail that was signed with the old key cannot be verified any more",
    "A new key gets a new selector. Publish its record, wait until the name servers have it, apply, and leave the "
    "old record in the zone for a week, though the new fragment does not have it (docs/how-to.md, Change the DKIM "
    "key).",
)
def dkim_replaced(comparison: Comparison) -> Iterator[Hit]:
    """Another DKIM key signs, and the old one's record is not in the description any more.

    Messages on their way bear the old signature, and others look for the old record for some days. Where the
    selector stays and the key is another, there is no way to have both: mail fails with whoever remembers the old
    record.
    """
    old, new = _keys(comparison.old), _keys(comparison.new)
    still = _mail_domains(comparison)
    replaced: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    other: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(still):
        before, after = old.get(name, {}), new.get(name, {})
        for selector in sorted(before.keys() & after.keys()):
            if before[selector] != after[selector]:
                other[selector].append(name)
        gone, come = before.keys() - after.keys(), after.keys() - before.keys()
        if gone and come:
            replaced[words.listed(sorted(gone)), words.listed(sorted(come))].append(name)
    for (gone_, come_), names in replaced.items():
        yield Hit(
            f"mail from {words.some(names)} is signed with the DKIM key {come_} instead of {gone_}, whose "
            "record the description has no more",
            value=come_,
        )
    for selector, names in other.items():
        yield Hit(
            f"another DKIM key stands under the same selector {selector} of {words.some(names)}: what is on its "
            "way, and what reaches those who remember the old record, does not verify",
            None,
            "Give the new key a selector of its own (dkim.selector), and leave the old record in the zone for a "
            "week (docs/how-to.md, Change the DKIM key).",
            selector,
        )


@risk(
    "dkim.removed",
    Severity.MEDIUM,
    "REMOTE-1",
    "mail leaves unsigned",
    "Leave dkim in site.yml; where the key is lost, make a new one with `mailwright dkim-key`. With a DMARC "
    "policy of reject, what is forwarded elsewhere comes back without a signature.",
)
def dkim_removed(comparison: Comparison) -> Iterator[Hit]:
    """Mail of a domain bears no DKIM signature any more.

    Others cannot tell it from a forgery once it was forwarded, and large receivers put it among the junk or refuse
    it.
    """
    old, new = _keys(comparison.old), _keys(comparison.new)
    still = _mail_domains(comparison)
    bare = sorted(name for name in still if old.get(name) and not new.get(name))
    if bare:
        yield Hit(f"mail from {words.some(bare)} leaves without a DKIM signature from now on")


def _keys(plan: Plan) -> dict[str, dict[str, str]]:
    """Domain → selector → the record of its key."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in plan.records:
        selector, middle, name = row.owner.rstrip(".").lower().partition("._domainkey.")
        if middle and row.type == "TXT":
            found[name][selector] = row.value
    return found
