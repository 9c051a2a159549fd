"""The site's own pages: to be read by all its people and by nobody else, without scripts, and telling of nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from mailwright.audit import browse, roads, web
from mailwright.audit.browse import Browser
from mailwright.audit.model import Account, Condition, Context, Observation, Probe, Where
from mailwright.audit.web import Page
from mailwright.findings import Target
from mailwright.plan.model import Plan, WebService
from mailwright.site.addresses import key

# What a policy of a page that needs no script must not let in (Content Security Policy, level 3).
_LOOSE = ("'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:", "data:")
_SCRIPTS = ("script-src", "script-src-elem", "script-src-attr", "object-src")
_HTML = re.compile(rb'href="([a-z][a-z0-9-]*(?:\.[a-z]{2})?\.html)"')


def inside(context: Context) -> Iterator[Observation]:
    """Every document that the site's web host serves is read from the campus by anybody (PRIV-1, AUDIT-2,
    SUPPORT-1)."""
    for service, path in documents(context.plan):
        page = _get(context, "inside", service, path)
        yield Observation(
            f"https://{service.name}{path} from the campus",
            str(page),
            page.status == 200 and page.type == "text/html",
            target=Target(service.host, 443),
        )


def outside(context: Context) -> Iterator[Observation]:
    """From outside, every document that the site's web host serves is read by whoever has signed in; without
    signing in nothing of it is read (PRIV-1, AUDIT-2, SUPPORT-1)."""
    who = roads.anybody(context)
    for service, path in documents(context.plan):
        target = Target(service.host, 443)
        url = f"https://{service.name}{path} from outside"
        signed = _get(context, "outside", service, path, who.account)
        good = signed.status == 200 and signed.type == "text/html"
        yield Observation(f"{url}, signed in as {who.login}", str(signed), good, True, target)
        stranger = _get(context, "outside", service, path)
        refused = stranger.status in (401, 403) and _nothing_of(signed, stranger)
        yield Observation(f"{url}, without signing in", str(stranger), refused, target=target)


def _nothing_of(page: Page, other: Page) -> bool:
    """Whether no sentence of a page stands in another."""
    sentences = [one for one in re.split(r"(?<=[.:])\s", web.text(page)) if len(one) > 40]
    said = web.text(other)
    return not any(one in said for one in sentences)


def secure(context: Context) -> Iterator[Observation]:
    """The pages are served with a Content-Security-Policy that lets no script run and nothing be loaded from
    elsewhere, without guessing of content types, and with HSTS; every page that the first one leads to is there
    (SUPPORT-1)."""
    for service in _served(context.plan):
        target = Target(service.host, 443)
        first = _get(context, "inside", service, service.path)
        linked = sorted({found.decode("ascii") for found in _HTML.findall(first.body)})
        yield Observation(
            f"pages that {service.url} leads to", ", ".join(linked)[:300] or "none", bool(linked), True, target
        )
        for name in linked:
            page = _get(context, "inside", service, service.path + name)
            yield Observation(f"{service.url}{name}", str(page), page.status == 200, True, target)
            loose = _loose(browse.policy(page))
            yield Observation(
                f"Content-Security-Policy: of {service.url}{name}",
                page.header("Content-Security-Policy")[:200] or "none",
                not loose,
                target=target,
            )
            rest = {name: page.header(name) for name in ("X-Content-Type-Options", "Strict-Transport-Security")}
            yield Observation(
                f"further headers of {service.url}{name}",
                ", ".join(f"{key}: {value or 'none'}" for key, value in rest.items()),
                rest["X-Content-Type-Options"].lower() == "nosniff"
                and "max-age=" in rest["Strict-Transport-Security"],
                target=target,
            )


def _loose(policy: dict[str, str]) -> bool:
    """Whether it lets in what a page that needs no script does not need."""
    if policy.get("default-src") not in ("'none'", "'self'"):
        return True
    runs = any(policy.get(name, policy["default-src"]) != "'none'" for name in _SCRIPTS)
    sources = {source for value in policy.values() for source in value.split()}
    return runs or bool(sources & set(_LOOSE)) or any("." in source for source in sources)


def discreet(context: Context) -> Iterator[Observation]:
    """No page names a login, or an address of somebody because of being on a list; the addresses that the site has
    published as contacts, of roles and of its service desk are there to be read (LIST-2, PRIV-1)."""
    logins = {row.login for row in context.plan.mailboxes}
    members = {row.member for row in context.plan.members} - _published(context.plan)
    for service in _served(context.plan):
        target = Target(service.host, 443)
        first = _get(context, "inside", service, service.path)
        named = False
        for name in sorted({found.decode("ascii") for found in _HTML.findall(first.body)}):
            page = _get(context, "inside", service, service.path + name)
            said = key(page.body.decode("utf-8", "replace"))
            words = set(re.findall(r"[a-z0-9][a-z0-9._-]*", said))
            told = sorted((logins & words) | {one for one in members if one in said})
            named = named or any(one in said for one in _published(context.plan))
            yield Observation(
                f"people whom {service.url}{name} tells of",
                ", ".join(told[:5]) or f"none of {len(logins)} logins and {len(members)} members",
                page.status == 200 and not told,
                target=target,
            )
        yield Observation(
            f"published addresses on the pages of {service.url}", "found" if named else "none", named, True, target
        )


def _published(plan: Plan) -> frozenset[str]:
    """Addresses that are to stand on pages: of contacts, of the service desk, and of roles."""
    found = {key(row.email) for row in plan.contacts} | {row.address for row in plan.routes if row.kind == "role"}
    desk = plan.settings.service_desk
    return frozenset(found | ({key(desk.email)} if desk is not None else set()))


def documents(plan: Plan) -> tuple[tuple[WebService, str], ...]:
    """The documents that the site's own web host serves, each with its service and its path; the first page too."""
    served = {row.name: row for row in _served(plan)}
    found = [(row, row.path) for row in served.values()]
    for publication in plan.publications:
        parts = urlsplit(publication.url)
        if parts.hostname in served:
            found.append((served[parts.hostname], parts.path))
    return tuple(found)


def _get(context: Context, where: Where, service: WebService, path: str, account: Account | None = None) -> Page:
    return Browser(context, where, browse.door(context, where, service), service.name, account).get(path)


def _served(plan: Plan) -> tuple[WebService, ...]:
    return tuple(row for row in plan.web if row.use == "pages")


SERVED = Condition("a host of the site serves the pages", lambda plan: bool(_served(plan)))

PROBES = (
    Probe(
        "pages.inside",
        ("PRIV-1", "AUDIT-2", "SUPPORT-1"),
        "inside",
        "Everybody on the campus reads the pages",
        inside,
        only=SERVED,
    ),
    Probe(
        "pages.outside",
        ("PRIV-1", "AUDIT-2", "SUPPORT-1"),
        "outside",
        "Elsewhere users read the pages after signing in, and nobody else does",
        outside,
        negative=True,
        only=SERVED,
    ),
    Probe(
        "pages.secure",
        ("SUPPORT-1",),
        "inside",
        "The pages run no script and load nothing from elsewhere",
        secure,
        negative=True,
        only=SERVED,
    ),
    Probe(
        "pages.discreet",
        ("LIST-2", "PRIV-1"),
        "inside",
        "The pages tell of no login and of no member",
        discreet,
        negative=True,
        only=SERVED,
    ),
)
