"""The facts that are one to a site."""

from __future__ import annotations

from mailwright.plan import names
from mailwright.plan.model import Settings
from mailwright.site.model import Site


def make(site: Site) -> Settings:
    """Settings of the site."""
    return Settings(
        organisation=site.organisation.name,
        timezone=site.organisation.timezone,
        primary_domain=site.primary.name,
        domains=tuple(domain.name for domain in site.domains),
        mailer_names=names.mailers(site),
        message_size=site.submission.message_size,
        recipients=site.submission.recipients,
        certificate=site.tls.certificate,
        key=site.tls.key,
        passwords=site.store.passwords,
        dkim_selector=site.dkim.selector if site.dkim else "",
        dkim_private_key=site.dkim.private_key if site.dkim else "",
        relay_networks=tuple(dict.fromkeys(network.prefix for network in site.networks.relay)),
        management_networks=tuple(dict.fromkeys(network.prefix for network in site.networks.management)),
        campus_networks=tuple(dict.fromkeys(network.prefix for network in site.networks.campus)),
        log_free=site.logging.free,
        hourly=site.submission.hourly,
        smarthost=site.smarthost,
        directory=site.directory,
        quota=site.store.quota,
        internal_domains=site.internal_domains,
    )
