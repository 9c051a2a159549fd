"""Encryption, certificates and the names of secrets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from posixpath import normpath

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.risks.doors import Door, does, said
from mailwright.changes.words import listed
from mailwright.plan.model import Gateway, Plan, Settings, TlsMode

_LEVELS: dict[TlsMode, int] = {"none": 0, "starttls": 1, "implicit": 2}
_WORDS: dict[TlsMode, str] = {
    "none": "without TLS",
    "starttls": "in the clear until STARTTLS",
    "implicit": "TLS from the first octet",
}
_TOWARDS = {"may": 0, "encrypt": 1, "verify": 2}
_LEVEL_WORDS = {
    "may": "over TLS only where that is offered, else for everybody on the way to read",
    "encrypt": "over TLS with any certificate, so that whoever is on the way can pose as it",
}
_VERIFY = (
    "Leave tls of the gateway at verify, and give the next hop a certificate that the mail hosts can check: from "
    "an authority that they know, for the name in next_hop."
)


@risk(
    "auth.without-tls",
    Severity.HIGH,
    "REMOTE-1",
    "passwords cross the network unencrypted",
    "Ask for logins on ports with TLS alone: 465 and 587 for sending, 993 and 995 for reading.",
)
def without_tls(comparison: Comparison) -> Iterator[Hit]:
    """A listener takes logins without TLS.

    Whoever is on the way, such as in a café's wireless network, reads the password, and with it the mail. SSH has
    an encryption of its own and does not count.
    """
    before = {row.key for row in comparison.old.listeners if row.auth and row.tls == "none"}
    found = [
        row.key
        for row in comparison.new.listeners
        if row.auth and row.tls == "none" and row.service != "ssh" and row.key not in before
    ]
    if found:
        yield Hit(f"{said(found)} {does(found, 'takes', 'take')} logins and passwords without TLS")


@risk(
    "tls.lowered",
    Severity.MEDIUM,
    "REMOTE-1",
    "a connection is encrypted less well than before",
    "Keep the way it was until both ends can do better, not worse.",
)
def lowered(comparison: Comparison) -> Iterator[Hit]:
    """A service, a gateway or the smarthost is reached over weaker TLS.

    Without TLS everybody on the way reads along; without a look at the certificate, everybody who can stand in the
    way. STARTTLS begins in the clear, and is only as good as the insistence of both ends; so from TLS to STARTTLS
    is a small step, and any certificate or none at all are larger ones. The directory's servers are verified in
    both ways, so there it is none.
    """
    yield from _listeners(comparison)
    yield from _gateways(comparison)
    one, other = comparison.old.settings, comparison.new.settings
    if one.smarthost and other.smarthost and one.smarthost.port == 465 != other.smarthost.port:
        sentence = (
            f"mail to the smarthost {other.smarthost.host} begins in the clear (STARTTLS on port "
            f"{other.smarthost.port}) instead of with TLS from the first octet on port 465"
        )
        yield Hit(sentence, Severity.LOW, "Keep port 465 of the smarthost, if it offers it.", other.smarthost.host)


def _listeners(comparison: Comparison) -> Iterator[Hit]:
    before = {row.key: row.tls for row in comparison.old.listeners}
    found: defaultdict[tuple[TlsMode, TlsMode], list[Door]] = defaultdict(list)
    for row in comparison.new.listeners:
        then = before.get(row.key)
        told = row.auth and row.tls == "none"  # by auth.without-tls
        if then is not None and _LEVELS[row.tls] < _LEVELS[then] and not told:
            found[then, row.tls].append(row.key)
    for (then, now), doors in found.items():
        severity = Severity.HIGH if now == "none" else Severity.MEDIUM
        yield Hit(f"{said(doors)} {does(doors, 'is', 'are')} {_WORDS[now]} instead of {_WORDS[then]}", severity)


def _gateways(comparison: Comparison) -> Iterator[Hit]:
    """By the domains that they serve: what a gateway is called does not matter. Own stores are verified."""
    before: dict[str, str] = dict.fromkeys(comparison.old.settings.domains, "verify")
    before |= {domain: row.tls for row in comparison.old.gateways for domain in row.domains}
    found: defaultdict[Gateway, list[str]] = defaultdict(list)
    for row in comparison.new.gateways:
        for domain in row.domains:
            if _TOWARDS[row.tls] < _TOWARDS[before.get(domain, row.tls)]:
                found[row].append(domain)
    for row, domains in found.items():
        sentence = f"mail for {words.some(domains)} goes to {row.next_hop} {_LEVEL_WORDS[row.tls]}"
        yield Hit(sentence, Severity.HIGH if row.tls == "may" else Severity.MEDIUM, _VERIFY, row.name)


@risk(
    "certificate.names",
    Severity.MEDIUM,
    "REMOTE-2",
    "a service is reached under a name that its certificate may not have",
    "Have a certificate made that holds the old names and the new ones, put it in its place on the control "
    "machine, and look at its names (`openssl x509 -noout -ext subjectAltName -in FILE`) before this is applied.",
)
def names(comparison: Comparison) -> Iterator[Hit]:
    """A host is renamed or joins those that share a certificate, or a name is served besides.

    Mail programs and browsers refuse a certificate for another name, or ask, and people learn to click it away.
    mailwright never reads certificates: an apply looks whether it is for the host, and for nothing else. A new
    host with a file of its own ({host} in the path) is no matter, for that is made for it; nor is another
    file for the same names.
    """
    old, new = comparison.old, comparison.new
    before, after = _names(old, comparison.then), _names(new)
    held: defaultdict[str, set[str]] = defaultdict(set)
    for host in old.hosts:
        held[_file(old.settings.certificate, comparison.then(host.name))] |= before[host.name]
    users: defaultdict[str, list[str]] = defaultdict(list)
    for host in new.hosts:
        users[_file(new.settings.certificate, host.name)].append(host.name)
    found: dict[str, list[str]] = {}
    for path, hosts in users.items():
        wanted = set().union(*(after[host] for host in hosts))
        earlier_files = {_file(old.settings.certificate, comparison.then(host)) for host in hosts if host in before}
        if path in held:
            had = held[path]
        elif len(earlier_files) == 1:  # the same by another name, or anew for the names that it had
            had = held[earlier_files.pop()]
        else:  # a new host's own is made for it; of several in one nobody knows
            had = wanted if len(hosts) == 1 else set()
        if wanted - had:
            found[path] = sorted(wanted - had)
    if found:
        said_ = (f"the certificate in {path} has to be for {words.some(names)}" for path, names in found.items())
        value = next(iter(found.values()))[0]
        if new.settings.certificate != old.settings.certificate:
            value = new.settings.certificate
        yield Hit(f"{words.some(said_)}: nobody asked that of it so far", value=value)


def _names(plan: Plan, own: Callable[[str], str] = str) -> dict[str, set[str]]:
    """Host → the names under which it is reached: its own, and those of what it serves on the web."""
    found = {host.name: {own(host.name)} for host in plan.hosts}
    for row in plan.web:
        found[row.host].add(row.name)
    return found


def _file(path: str, host: str = "") -> str:
    """The file on the control machine that a path of the description means."""
    return normpath(path.replace("{host}", host))


@risk(
    "secret.reference",
    Severity.MEDIUM,
    "REMOTE-1",
    "a secret or certificate is taken from another place",
    "Put the file in its new place on the control machine first, readable by whoever applies alone; see that it is "
    "the right one; apply; then remove the old one.",
)
def reference(comparison: Comparison) -> Iterator[Hit]:
    """The description names another file for a certificate, a key or a password.

    The wrong file is believed: mail is signed in vain or waits because a login fails, and a service shows a
    certificate that its users do not accept. A file that is not there stops the apply. mailwright never looks into
    them; the same file under another spelling of its path is no change.
    """
    old, new = comparison.old, comparison.new
    one, other = old.settings, new.settings
    stay = sorted({host.name for host in old.hosts} & {host.name for host in new.hosts})
    pairs = [
        (what, before, after)
        for what, before, after in (
            ("certificate", one.certificate, other.certificate),
            ("key", one.key, other.key),
        )
        if before != after and any(_file(before, host) != _file(after, host) for host in stay)
    ]
    if pairs:
        what, before, after = (listed(words) for words in zip(*pairs, strict=True))
        sentence = f"the {what} of {words.some(stay)} {'is' if len(pairs) == 1 else 'are'} taken from {after}"
        yield Hit(f"{sentence} instead of {before}", value=pairs[0][2])
    for what, severity, path in _REFERENCES:
        before, after = path(one), path(other)
        if before and after and _file(before) != _file(after):
            yield Hit(f"{what} is taken from {after} instead of {before}", severity, value=after)


def _smarthost(settings: Settings) -> str:
    return settings.smarthost.password if settings.smarthost is not None and settings.smarthost.login else ""


def _directory(settings: Settings) -> str:
    return settings.directory.password if settings.directory is not None and settings.directory.bind_dn else ""


_REFERENCES: tuple[tuple[str, Severity, Callable[[Settings], str]], ...] = (
    ("the file of first passwords", Severity.LOW, lambda settings: settings.passwords),
    ("the private key for DKIM", Severity.MEDIUM, lambda settings: settings.dkim_private_key),
    ("the password for the smarthost", Severity.MEDIUM, _smarthost),
    ("the password for the directory", Severity.MEDIUM, _directory),
)
"""What is one to a site, and where the description says that it is; empty where it is not used."""
