"""What each host answers on."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan import links
from mailwright.plan.model import Because, Listener
from mailwright.site.model import Site

_SMTP = Because("DNS-4", "the mailer that the MX records name receives mail")
_SUBMISSION = Because("RELAY-3", "message submission, for those who log in alone")
_SUBMISSIONS = Because("REMOTE-1", "message submission with TLS from the first octet (RFC 8314)")
_IMAPS = Because("REMOTE-2", "secure access to the message store from anywhere")
_POP3S = Because("REMOTE-2", "secure access to the message store for POP programs")
_MANAGESIEVE = Because("REMOTE-2", "users manage their own filters and vacation notices")
_LMTP = Because("SCALE-1", "mail from the site's mailers, for the mailboxes that are kept here")
_SYSLOG = Because("AUDIT-1", "a copy of the mail logs of the other hosts")
_LISTS = Because("LIST-3", "posts from the site's other mailers, with their verdict on who sent each")
_PASSWORDS = Because("WEB-2", "people change their own password in webmail")
_WEB = Because("WEB-1", "webmail and the published pages, over TLS alone")
_LIST_PAGES = Because("LIST-2", "owners manage their lists on the web")
_SSH = Because("SCALE-1", "the host is managed from the management networks")


def rows(site: Site) -> Iterator[Listener]:
    """Listeners of each host, by its functions."""
    served = {(link.server, link.port) for link in links.rows(site)}
    for host in site.hosts:
        name = host.name
        if "mx" in host.functions:
            yield Listener(name, 25, "smtp", "starttls", False, _SMTP)
        if "submission" in host.functions:
            yield Listener(name, 587, "submission", "starttls", True, _SUBMISSION)
            yield Listener(name, 465, "submissions", "implicit", True, _SUBMISSIONS)
        if "store" in host.functions:
            yield Listener(name, 993, "imaps", "implicit", True, _IMAPS)
            if site.store.pop3:
                yield Listener(name, 995, "pop3s", "implicit", True, _POP3S)
            yield Listener(name, 4190, "managesieve", "starttls", True, _MANAGESIEVE)
        if (name, links.LMTP) in served:
            yield Listener(name, links.LMTP, "lmtp", "starttls", False, _LMTP)
        if (name, links.SYSLOG) in served:
            yield Listener(name, links.SYSLOG, "syslog", "implicit", False, _SYSLOG)
        if (name, links.LISTS) in served:
            yield Listener(name, links.LISTS, "lists", "starttls", False, _LISTS)
        if (name, links.PASSWORDS) in served:
            yield Listener(name, links.PASSWORDS, "passwords", "implicit", True, _PASSWORDS)
        if "web" in host.functions:
            yield Listener(name, 443, "https", "implicit", False, _WEB)
        elif "lists" in host.functions:
            yield Listener(name, 443, "https", "implicit", False, _LIST_PAGES)
        yield Listener(name, 22, "ssh", "none", True, _SSH)
