"""What a site may publish for mailers that send to it: MTA-STS (RFC 8461) and TLS reports (RFC 8460)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from mailwright.audit import names, roads, values, web, wire
from mailwright.audit.model import Context, Observation, Probe
from mailwright.audit.zone import shown
from mailwright.findings import Target
from mailwright.formats.visible import visible
from mailwright.records import dataclass
from mailwright.site.addresses import domain as domain_of
from mailwright.site.addresses import key

_JOBS = 8
_OCTETS = 64 << 10  # of a policy (RFC 8461, 3.3)
_LONGEST = 31_557_600  # seconds of max_age (RFC 8461, 3.2)
_MX = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+\.?", re.IGNORECASE)


def strict_transport(context: Context) -> Iterator[Observation]:
    """Each mail domain whose DNS has an MTA-STS record has one alone, well formed, and the policy that it announces
    is served over HTTPS by ``mta-sts.`` of the domain, without a redirect, in order, and names every mailer of the
    domain's MX records (RFC 8461): a mailer that it forgets gets no mail from those who heed it. Where the DNS says
    that there is no such record, nothing is to be asked (SCALE-1)."""
    asker = names.Asker()
    yield from roads.side_by_side(context.plan.settings.domains, lambda name: _strict(context, asker, name), _JOBS)


def reports(context: Context) -> Iterator[Observation]:
    """Each mail domain whose DNS has a TLS-RPT record has one alone, well formed, and reports go to a web address,
    or to one that takes mail (RFC 8460). Where the DNS says that there is no such record, nothing is to be asked
    (SCALE-1)."""
    asker = names.Asker()
    yield from roads.side_by_side(context.plan.settings.domains, lambda name: _reports(context, asker, name), _JOBS)


def mailers_of(context: Context, domain: str) -> tuple[tuple[str, ...], Observation]:
    """The names in the domain's MX records, and that the same resolver finds them: its word that there is no other
    record means something then. The vantage must have been entered. Raises OSError."""
    found = names.mailers(context.resolver, domain)
    return found, Observation(
        f"{domain} MX, by the same resolver", " ".join(found[:6]) or "no such record", bool(found), twin=True
    )


def _strict(context: Context, asker: names.Asker, domain: str) -> Iterator[Observation]:
    owner = f"_mta-sts.{domain}"
    target = Target(owner)
    try:
        with roads.vantage(context, "outside").enter():
            texts = asker.ask(names.RESOLVER, lambda: names.ask(context.resolver, owner, "TXT"))
            served = _of(texts, "v=STSv1")
            mailers, twin = asker.ask(names.RESOLVER, lambda: mailers_of(context, domain))
    except OSError as error:
        yield Observation(f"{owner} TXT", wire.words(error), None, target=target)
        return
    yield twin
    if not served:
        yield Observation(f"{owner} TXT", "none published", True, target=target)
        return
    tags = values.tags(served[0]) or {}
    ok = len(served) == 1 and re.fullmatch(r"[A-Za-z0-9]{1,32}", tags.get("id", "")) is not None
    yield Observation(f"{owner} TXT", shown(served), ok, target=target)
    yield _policy_of(context, domain, mailers)


def _policy_of(context: Context, domain: str, mailers: tuple[str, ...]) -> Observation:
    url = f"https://mta-sts.{domain}/.well-known/mta-sts.txt"
    target = Target(f"mta-sts.{domain}", 443)
    try:
        page = web.fetch(context, "outside", url, octets=_OCTETS, redirects=0)
    except web.WrongPageError as error:
        return Observation(url, wire.words(error), False, target=target)
    except OSError as error:
        return Observation(url, wire.words(error), None, target=target)
    if page.status != 200 or page.type != "text/plain":
        return Observation(url, f"{page}; status 200 and text/plain are wanted", False, target=target)
    policy = parse(page.body.decode("utf-8", "replace"))
    if isinstance(policy, str):
        return Observation(url, policy, False, target=target)
    forgotten = [name for name in mailers if not policy.covers(name)]
    seen = f"mode {policy.mode}, mx {' '.join(policy.patterns[:6])}"
    seen += f"; it forgets {' '.join(forgotten[:6])}" if forgotten else ""
    return Observation(url, visible(seen)[:240], not forgotten or policy.mode == "none", target=target)


@dataclass(frozen=True, slots=True)
class Policy:
    """An MTA-STS policy (RFC 8461, 3.2). ``patterns`` in lower case, without a trailing dot."""

    mode: str
    patterns: tuple[str, ...]

    def covers(self, mailer: str) -> bool:
        """A ``*.`` stands for one whole label (RFC 8461, 4.1)."""
        name = mailer.rstrip(".").lower()
        return name in self.patterns or f"*.{name.partition('.')[2]}" in self.patterns


def parse(text: str) -> Policy | str:
    """The policy, or why it is none. Of a key that is there twice, but for ``mx``, the first counts."""
    found: dict[str, str] = {}
    patterns: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if not line.strip():
            continue
        name, colon, content = line.partition(":")
        if not colon:
            return f"a line that is no key and value: {visible(line)[:60]}"
        if name.strip() == "mx":
            patterns.append(content.strip())
        else:
            found.setdefault(name.strip(), content.strip())
    if found.get("version") != "STSv1":
        return f"its version is {visible(found.get('version', 'not there'))[:40]}, not STSv1"
    mode = found.get("mode", "")
    if mode not in ("enforce", "testing", "none"):
        return f"its mode is {visible(mode)[:40] or 'not there'}: neither enforce nor testing nor none"
    age = found.get("max_age", "")
    if not re.fullmatch(r"[0-9]{1,10}", age) or int(age) > _LONGEST:
        return f"its max_age is {visible(age)[:40] or 'not there'}: no number of seconds up to {_LONGEST}"
    wrong = next((one for one in patterns if not _MX.fullmatch(one)), None)
    if wrong is not None:
        return f"an mx that is no name: {visible(wrong)[:60]}"
    if not patterns and mode != "none":
        return "it names no mx"
    return Policy(mode, tuple(one.rstrip(".").lower() for one in patterns))


def _reports(context: Context, asker: names.Asker, domain: str) -> Iterator[Observation]:
    owner = f"_smtp._tls.{domain}"
    target = Target(owner)
    try:
        with roads.vantage(context, "outside").enter():
            texts = asker.ask(names.RESOLVER, lambda: names.ask(context.resolver, owner, "TXT"))
            served = _of(texts, "v=TLSRPTv1")
            _, twin = asker.ask(names.RESOLVER, lambda: mailers_of(context, domain))
    except OSError as error:
        yield Observation(f"{owner} TXT", wire.words(error), None, target=target)
        return
    yield twin
    if not served:
        yield Observation(f"{owner} TXT", "none published", True, target=target)
        return
    addresses = [one.strip() for one in (values.tags(served[0]) or {}).get("rua", "").split(",") if one.strip()]
    wrong = [one for one in addresses if not _takes_reports(context, one)]
    seen = shown(served) + (f"; of no use: {' '.join(wrong[:3])[:120]}" if wrong else "")
    yield Observation(f"{owner} TXT", seen, len(served) == 1 and bool(addresses) and not wrong, target=target)


def _takes_reports(context: Context, uri: str) -> bool:
    """Whether it is a web address or one for mail; of the site's own addresses, one that the plan has."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname)
    if parts.scheme != "mailto" or not re.fullmatch(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+", parts.path):
        return False
    plan = context.plan
    if domain_of(parts.path) not in plan.settings.domains or plan.live is not None:
        return True
    return any(route.address == key(parts.path) for route in plan.routes)


def _of(served: tuple[str, ...], version: str) -> tuple[str, ...]:
    """Those of the TXT values that begin with this version (RFC 8461, 3.1; RFC 8460, 3)."""
    return tuple(one for one in served if re.match(rf"{re.escape(version)}\s*(;|$)", one))


PROBES = (
    Probe(
        "published.mta-sts",
        ("SCALE-1",),
        "outside",
        "What MTA-STS announces is so",
        strict_transport,
        negative=True,
    ),
    Probe("published.tls-rpt", ("SCALE-1",), "outside", "TLS reports have somewhere to go", reports, negative=True),
)
