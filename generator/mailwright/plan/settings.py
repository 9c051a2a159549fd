"""The facts that are one to a site. Several of a kind are in an order of their own where theirs means nothing."""

from __future__ import annotations

from operator import attrgetter

from mailwright.plan import names
from mailwright.plan.model import Settings
from mailwright.plan.networks import prefixes
from mailwright.site.model import Site


def make(site: Site) -> Settings:
    """Settings of the site."""
    return Settings(
        organisation=site.organisation.name,
        timezone=site.organisation.timezone,
        primary_domain=site.primary.name,
        domains=(
            site.primary.name,
            *sorted(name for domain in site.domains if (name := domain.name) != site.primary.name),
        ),
        mailer_names=tuple(sorted(names.mailers(site))),
        message_size=site.submission.message_size,
        recipients=site.submission.recipients,
        certificate=site.tls.certificate,
        key=site.tls.key,
        passwords=site.store.passwords,
        dkim_selector=site.dkim.selector if site.dkim else "",
        dkim_private_key=site.dkim.private_key if site.dkim else "",
        relay_networks=prefixes(site.networks.relay),
        management_networks=prefixes(site.networks.management),
        campus_networks=prefixes(site.networks.campus),
        log_free=site.logging.free,
        hourly=site.submission.hourly,
        smarthost=site.smarthost,
        directory=site.directory,
        quota=site.store.quota,
        internal_domains=tuple(sorted(site.internal_domains, key=attrgetter("name"))),
        list_database=site.list_server.database if site.list_server else "",
        webmail=site.webmail,
        pages=site.pages,
        agreement=site.agreement,
        service_desk=site.organisation.service_desk,
        registry=site.organisation.registry,
        address_book=site.address_book,
        minimum_days=site.logging.minimum_days,
        audit=site.audit,
        sharing=site.sharing,
        provision=site.provision,
    )
