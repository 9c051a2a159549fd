"""Deployments with one thing wrong, and what must be found about each: written down before it ran.

``EXAMPLE`` is of the example's one host, ``SPLIT`` and ``GATEWAY`` of the worked sites of those names; those of the
site that is described whole are in ``known_bad_whole``. Why other checks than its own fail on a mutant stands above
it.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from mailwright.audit.model import Probe
from mailwright.rehearsal.rehearse import Stage
from support.live_changes import (
    CLOCK_OFF,
    CLOCK_ON,
    DOVECOT,
    FILTER,
    LOG,
    ROTATION,
    Change,
    Seen,
    all_of,
    border,
    clocks,
    examine,
    files,
    option,
    postfix,
    quick,
    quoted,
    script,
    with_record,
    without,
    without_alias,
    zones,
)
from support.spare_authority import certified, trusted

_OUTSIDE = "203.0.113.0/24 [2001:db8:ffff::]/64"
_SUBMISSION = ("465/inet", "587/inet")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A deployment with one thing wrong.

    fails     exactly these checks fail
    unproven  exactly these prove nothing any more: what gives their other observations a meaning does not pass, or
              they cannot get at what they look at
    also      slow checks that are asked besides the quick ones, since the mutant is of their kind
    trust     the checks believe the spare authority too (``spare_authority``)
    """

    name: str
    change: Change
    fails: frozenset[str]
    unproven: frozenset[str] = field(default=frozenset(), kw_only=True)
    also: frozenset[str] = field(default=frozenset(), kw_only=True)
    trust: bool = field(default=False, kw_only=True)


def _of(*ids: str) -> frozenset[str]:
    return frozenset(ids)


def _header(
    pattern: str, action: str, service: str = "cleanup-submission/unix", kind: str = "header_checks"
) -> Change:
    """Cleanup's rule for a header line, where people submit."""
    rule = f"/{pattern}/ {action}".replace("$", "$$")  # which is else the name of a setting
    return postfix(f"{kind} = regexp:{{{{{rule}}}}}", services=(service,))


def _filter(old: str, new: str) -> Change:
    return files(FILTER, f"swap /etc/rspamd/mailwright.lua {quoted(old)} {quoted(new)}")


def _dovecot(old: str, new: str, path: str = "/etc/dovecot/dovecot.conf") -> Change:
    return files(DOVECOT, f"swap {path} {quoted(old)} {quoted(new)}")


def _dovecot_says(text: str) -> Change:
    """Settings at the end of the file, where they count."""
    return files(DOVECOT, f"printf '%s\\n' {quoted(text)} >> /etc/dovecot/dovecot.conf")


def _logging(old: str, new: str) -> Change:
    return files(LOG, f"swap /etc/rsyslog.conf {quoted(old)} {quoted(new)}")


def _rule(chain: str, rule: str) -> Change:
    """A rule before all others of the host's firewall."""
    return script(
        f"nft insert rule inet mailwright {chain} {rule}", "nft -f /etc/mailwright/nftables.nft; sleep 0.1"
    )


def _server(name: str, program: str) -> Change:
    """A program that serves somebody on the host."""
    return script(
        f"systemd-run --quiet --collect --unit=known-bad-{name} python3 -c {quoted(program)}; sleep 0.4",
        f"systemctl stop known-bad-{name}",
    )


def _less(*words: str) -> Change:
    """The border's rules without those that reject and have all of these words."""
    return border(
        lambda rules: "".join(
            line
            for line in rules.splitlines(keepends=True)
            if " reject " not in line or not all(word in line for word in words)
        )
    )


def _without_v6(rules: str) -> str:
    """The rules less all that match IPv6 addresses."""
    return "".join(line for line in rules.splitlines(keepends=True) if not line.lstrip().startswith("ip6 "))


def _not_of(owner: str, word: str) -> Callable[[str], str]:
    return lambda line: "" if line.startswith(owner) and word in line else line


_WEB = "import http.server; http.server.test(http.server.SimpleHTTPRequestHandler, port=8080, bind='::')"
_TRAP = """
import socket
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
    server.bind(('::', 161))
    while True:
        said, client = server.recvfrom(2048)
        server.sendto(said, client)
"""


def _other_key(line: str) -> str:
    """A DKIM record with a key that is as good as any and belongs to nobody."""
    if "v=DKIM1" not in line:
        return line
    place = line.index("p=") + 120
    return line[:place] + ("B" if line[place] == "A" else "A") + line[place + 1 :]


_COMPLAINT = """
import syslog, time
while True:
    syslog.syslog(syslog.LOG_WARNING, 'the disk is nearly full')
    time.sleep(0.5)
"""

# What is served is compared with the plan at every name server (zone.*), besides what it is good for.
_DNS = (
    Mutant("no-reverse", without(" PTR "), _of("identity.reverse", "zone.reverse")),
    # A short name is no whole one, has no address, and nobody has said who may use it.
    Mutant("short-helo", postfix("smtp_helo_name=mail"), _of("identity.helo", "identity.forward", "identity.spf")),
    # The name that the address leads to does not lead back.
    Mutant(
        "no-v6-address",
        without("mail.college.ac.uk.", " AAAA "),
        _of("identity.forward", "identity.reverse", "zone.addresses"),
    ),
    # That a domain publishes nothing for those who send to it means something where its mailers were found.
    Mutant(
        "no-mx",
        zones(_not_of("chem.college.ac.uk.", " MX ")),
        _of("identity.mailers", "zone.mailers"),
        unproven=_of("published.mta-sts", "published.tls-rpt"),
    ),
    # What is not there costs nothing and covers nobody.
    Mutant(
        "no-spf",
        without("v=spf1"),
        _of("identity.spf", "identity.spf-cost", "identity.spf-cover", "zone.policies"),
    ),
    Mutant(
        "spf-lets-anybody",
        zones(lambda line: line.replace(" -all", " +all") if line.startswith("chem.") else line),
        _of("identity.spf", "zone.policies"),
    ),
    Mutant(
        "spf-without-v6",
        zones(lambda line: line.replace(" ip6:2001:db8:c011::25", "")),
        _of("identity.spf", "identity.spf-cover", "zone.policies"),
    ),
    Mutant(
        "spf-too-dear",
        zones(lambda line: line.replace(" -all", f" {' '.join(['mx'] * 11)} -all") if "v=spf1" in line else line),
        _of("identity.spf", "identity.spf-cost", "zone.policies"),
    ),
    Mutant("dkim-key-of-another", zones(_other_key), _of("identity.dkim", "zone.policies")),
    Mutant(
        "dkim-key-broken",
        zones(lambda line: line.replace("p=MIIB", "p=MIIC") if "v=DKIM1" in line else line),
        _of("identity.dkim", "identity.dkim-key", "zone.policies"),
    ),
    Mutant(
        "unsigned",
        files(FILTER, "swap /etc/rspamd/rspamd.conf 'sign_authenticated = true' 'sign_authenticated = false'"),
        _of("identity.dkim"),
    ),
    Mutant("no-dmarc", without("_dmarc.chem."), _of("identity.dmarc", "zone.policies")),
)

# An address that is there no longer: people may still send as it (addresses.valid), and where it is a role's,
# nobody gets its mail (addresses.reach); of postmaster and abuse that is looked at once more (contacts).
_ADDRESSES = (
    Mutant(
        "role-missing",
        without_alias("abuse@chem.college.ac.uk"),
        _of("addresses.required", "addresses.reach", "addresses.valid", "contacts.current", "contacts.roles"),
    ),
    Mutant(
        "facility-missing",
        without_alias("hostmaster@chem.college.ac.uk"),
        _of("addresses.facilities", "addresses.reach", "addresses.valid"),
    ),
    # It is the service desk's too.
    Mutant(
        "other-name-missing",
        without_alias("helpdesk@college.ac.uk"),
        _of("addresses.alternatives", "addresses.reach", "addresses.valid", "contacts.reachable"),
        unproven=_of("addresses.any-case"),  # whose twin it is
    ),
    Mutant(
        "role-reaches-one",
        postfix(
            do="swap /etc/postfix/virtual_aliases '\nabuse@college.ac.uk\timran.iqbal@college.ac.uk, '"
            " '\nabuse@college.ac.uk\t'; postmap lmdb:/etc/postfix/virtual_aliases"
        ),
        _of("addresses.reach", "contacts.roles"),
    ),
    # All addresses of the site are tried, a contact's among them.
    Mutant(
        "contact-refused",
        postfix(
            "smtpd_recipient_restrictions = check_recipient_access inline:{ k.marx@chem.college.ac.uk=REJECT },"
            " reject_non_fqdn_recipient, reject_unlisted_recipient",
            services=("25/inet",),
        ),
        _of("contacts.reachable", "addresses.valid"),
    ),
    Mutant("sender-without-box", without_alias("web-forms@college.ac.uk"), _of("addresses.valid")),
    # Postfix takes any case, and hands the address over as it was written; what Dovecot does not know comes back.
    Mutant(
        "minds-case",
        _dovecot("auth_username_format = %{user | lower}", "auth_username_format = %{user}"),
        _of("addresses.any-case"),
    ),
    # Who takes everybody takes those who are not there too: the others' twin, that such a one is refused, is gone.
    Mutant(
        "takes-unknown",
        postfix(
            "smtpd_recipient_restrictions =",
            "smtpd_reject_unlisted_recipient=no",
            services=("25/inet",),
        ),
        _of("addresses.unknown"),
        unproven=_of(
            *("addresses.required", "addresses.facilities", "addresses.valid"),
            *("contacts.current", "contacts.reachable"),
        ),
    ),
    # What may leave bare was not refused either, which is what no-default-domain wants to see. Postfix leaves the
    # header lines of those who come from elsewhere alone then, so internal addresses in them stay as well.
    Mutant(
        "bare-leaves",
        all_of(
            _filter('value:lower():find("@" .. options.no_domain, 1, true)', "false"),
            postfix("remote_header_rewrite_domain=", services=("cleanup-submission/unix",)),
        ),
        _of("addresses.qualified", "addresses.no-default-domain", "addresses.internal"),
    ),
    Mutant(
        "default-domain",
        postfix("local_header_rewrite_clients=static:all", services=_SUBMISSION),
        _of("addresses.no-default-domain"),
    ),
    Mutant(
        "rewriting-off",
        postfix("canonical_maps=", services=("cleanup-submission/unix",)),
        _of("addresses.internal"),
    ),
)

_RELAY = (
    # A network of strangers may relay, so also one who forges a user's address without logging in.
    Mutant(
        "open-relay",
        postfix(
            f"mynetworks={_OUTSIDE}",
            do=option("25/inet", "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination"),
        ),
        _of("relay.outside", "relay.after-login"),
    ),
    Mutant("says-who-it-is", postfix(f"smtpd_authorized_xclient_hosts={_OUTSIDE}"), _of("relay.outside")),
    # An address of a user is still refused without a login (reject_sender_login_mismatch).
    Mutant(
        "submission-without-login",
        postfix(
            f"mynetworks={_OUTSIDE}",
            do="\n".join(
                option(
                    service, f"smtpd_{stage}_restrictions = permit_sasl_authenticated, permit_mynetworks, reject"
                )
                for service in _SUBMISSION
                for stage in ("client", "relay")
            ),
        ),
        _of("relay.submission"),
    ),
    Mutant(
        "campus-relays",
        postfix(
            "mynetworks=198.51.100.0/24 [2001:db8:c011::]/48",
            do=option("25/inet", "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination"),
        ),
        _of("relay.inside"),
    ),
    Mutant(
        "submission-loses-mail",
        postfix("content_filter=discard:", services=("587/inet",)),
        _of("relay.after-login"),
    ),
)

_SENDERS = (
    Mutant(
        "password-in-clear",
        postfix("smtpd_tls_auth_only=no", "smtpd_tls_security_level=may", services=("587/inet",)),
        _of("submission.no-login-in-clear"),
    ),
    # One Dovecot judges passwords for submission and store.
    Mutant(
        "any-password",
        _dovecot(
            "default_password_scheme = CRYPT", "default_password_scheme = CRYPT\n  fields {\n    nopassword=\n  }"
        ),
        _of("submission.wrong-password", "store.wrong-password"),
        also=_of("submission.wrong-password", "store.wrong-password"),
    ),
    Mutant(
        "sender-unbound",
        postfix("smtpd_sender_restrictions=reject_non_fqdn_sender", services=_SUBMISSION),
        _of("submission.envelope"),
    ),
    # The same comparison is made with Sender:, and in read receipts.
    Mutant(
        "author-unbound",
        _filter("not logins or not logins[login]", "false"),
        _of("submission.author", "submission.sender-line", "submission.receipt"),
    ),
    Mutant(
        "sender-line-forged",
        _filter('and check_field(task, login, "Sender", "sender", false)', ""),
        _of("submission.sender-line"),
    ),
    Mutant(
        "sender-line-added",
        _header("^From: .*m.curie@chem.college.ac.uk", "PREPEND Sender: m.curie@chem.college.ac.uk"),
        _of("submission.sender-line"),
    ),
    Mutant(
        "reply-to-added",
        _header("^Subject:", "PREPEND Reply-To: helpdesk@college.ac.uk"),
        _of("submission.reply-to"),
    ),
    Mutant(
        "receipt-of-another",
        _filter(
            'check_field(task, login, "From", "from", true)',
            '(is_receipt(task) or check_field(task, login, "From", "from", true))',
        ),
        _of("submission.receipt"),
    ),
    Mutant(
        "no-recipients-line",
        postfix("undisclosed_recipients_header=", services=("cleanup-submission/unix",)),
        _of("submission.date-and-to"),
    ),
    # Relaying adds nothing, changes no addresses, and marks none that lack a domain. Without Date: there is no line
    # to compare with the clock.
    Mutant(
        "submission-taken-for-relaying",
        postfix("cleanup_service_name = cleanup", services=_SUBMISSION),
        _of(
            *("submission.date-and-to", "submission.message-id", "clock.lines"),
            *("addresses.internal", "addresses.qualified", "addresses.no-default-domain"),
        ),
    ),
    # What only passes through is completed too, in all the three lines.
    Mutant(
        "relayed-completed",
        postfix("always_add_missing_headers=yes", services=("cleanup/unix",)),
        _of("submission.date-and-to", "submission.message-id"),
    ),
    Mutant(
        "mime-changed",
        _header("^Content-Type:(.*); format=flowed.*$", "REPLACE Content-Type:$1", kind="mime_header_checks"),
        _of("submission.mime"),
    ),
    # The line's own date and host stay.
    Mutant(
        "origin-hidden",
        _header(r"^Received: from [^ ]* \([^)]*\)(.*)$", "REPLACE Received: from hidden$1"),
        _of("submission.received"),
    ),
    # Postfix then warns of what it takes for a command in the hidden message.
    Mutant(
        "smuggled-in",
        postfix("smtpd_forbid_bare_newline=no", "smtpd_forbid_unauth_pipelining=no", services=("25/inet",)),
        _of("smuggling.inbound", "journal.clean"),
        also=_of("smuggling.inbound", "smuggling.outbound"),
    ),
    Mutant(
        "smuggled-out",
        postfix("smtpd_forbid_bare_newline=no", "smtpd_forbid_unauth_pipelining=no", services=_SUBMISSION),
        _of("smuggling.outbound", "journal.clean"),
        also=_of("smuggling.inbound", "smuggling.outbound"),
    ),
)

# Checks that log in somewhere, and do not where a certificate is over.
_LOGGED_IN = _of(
    "addresses.alternatives",
    "addresses.any-case",
    "addresses.internal",
    "addresses.no-default-domain",
    "addresses.qualified",
    "addresses.reach",
    "addresses.unknown",
    "clock.lines",
    "contacts.roles",
    "firewall.outbound",
    "identity.dkim",
    "identity.forward",
    "identity.helo",
    "identity.reverse",
    "identity.spf",
    "relay.after-login",
    "relay.submission",
    "store.pop",
    "store.sieve",
    "submission.author",
    "submission.date-and-to",
    "submission.envelope",
    "submission.message-id",
    "submission.mime",
    "submission.no-login-in-clear",
    "submission.receipt",
    "submission.received",
    "submission.reply-to",
    "submission.sender-line",
    "trail.responsible",
    "trail.secret",
    "trail.sent",
)

_CBC = "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES128-SHA"

_TLS = (
    Mutant(
        "weak-tls-on-submission",
        postfix(f"tls_high_cipherlist=ECDHE-ECDSA-AES256-GCM-SHA384:{_CBC}", services=_SUBMISSION),
        _of("transport.submission"),
    ),
    Mutant(
        "weak-tls-on-store",
        _dovecot_says(f"ssl_cipher_list = ECDHE-ECDSA-AES256-GCM-SHA384:{_CBC}"),
        _of("transport.store"),
    ),
    Mutant(
        "weak-tls-on-25",
        postfix(f"tls_high_cipherlist=ECDHE-ECDSA-AES256-GCM-SHA384:{_CBC}", services=("25/inet",)),
        _of("transport.incoming"),
    ),
    # Nobody who brings mail looks at the name, so nothing else does.
    Mutant(
        "mailer-of-another-name",
        certified("other.invalid", 90, "25/inet"),
        _of("transport.incoming", "certificates.incoming"),
        trust=True,
    ),
    Mutant(
        "submission-certificate-ends-in-a-week",
        all_of(*(certified("mail.college.ac.uk", 7, service) for service in _SUBMISSION)),
        _of("certificates.submission"),
        trust=True,
    ),
    Mutant(
        "store-certificate-ends-in-a-week",
        certified("mail.college.ac.uk", 7, "dovecot"),
        _of("certificates.store"),
        trust=True,
    ),
    # Whoever logs in turns away, and does not get to what there is to see behind; Postfix writes warnings of that.
    Mutant(
        "expired-certificate",
        certified("mail.college.ac.uk", -1),
        _of(
            *(f"certificates.{port}" for port in ("incoming", "store", "submission")),
            *(f"transport.{port}" for port in ("incoming", "store", "submission")),
            "journal.clean",
        ),
        unproven=_LOGGED_IN,
        trust=True,
    ),
)

_STORE = (
    # A port that is open is found by those who look at all ports as well.
    Mutant(
        "imap-in-clear",
        all_of(_dovecot("imap {\n    port = 0", "imap {\n    port = 143"), _rule("input", "tcp dport 143 accept")),
        _of("store.imap-outside", "store.imap-inside", "ports.outside", "ports.inside"),
        also=_of("store.imap-outside", "store.imap-inside", "ports.outside", "ports.inside"),
    ),
    Mutant(
        "imap-in-clear-on-campus",
        all_of(
            _dovecot("imap {\n    port = 0", "imap {\n    port = 143"),
            _rule("input", "ip saddr 198.51.100.0/24 tcp dport 143 accept"),
        ),
        _of("store.imap-inside", "ports.inside"),
        also=_of("store.imap-outside", "store.imap-inside", "ports.outside", "ports.inside"),
    ),
    # Dovecot writes an error for each attempt.
    Mutant(
        "pop-without-mail",
        _dovecot_says("protocol pop3 {\n  mail_path = /dev/null/x\n}"),
        _of("store.pop", "journal.clean"),
    ),
    Mutant(
        "sieve-in-clear",
        _dovecot_says("protocol sieve {\n  ssl = yes\n  auth_allow_cleartext = yes\n}"),
        _of("store.sieve"),
    ),
)

_TIME = (
    Mutant(
        "no-clock",
        script(CLOCK_OFF, CLOCK_ON),
        _of("clock.offset"),
    ),
    Mutant("five-seconds-off", clocks(5), _of("clock.offset", "clock.lines")),
    Mutant(
        "wrong-timezone",
        script(
            "ln -sfn /usr/share/zoneinfo/America/New_York /etc/localtime",
            "ln -sfn /usr/share/zoneinfo/Europe/London /etc/localtime",
        ),
        _of("clock.lines"),
    ),
)

_TRAIL = (
    Mutant(
        "login-not-logged",
        _logging(
            'if $syslogfacility-text == "mail" then {',
            'if $msg contains "sasl_username" then stop\nif $syslogfacility-text == "mail" then {',
        ),
        _of("trail.responsible"),
    ),
    Mutant(
        "kept-a-week", files(ROTATION, "swap /etc/logrotate.d/mailwright 'rotate 92' 'rotate 7'"), _of("trail.sent")
    ),
    Mutant(
        "kept-for-ever",
        files(ROTATION, "swap /etc/logrotate.d/mailwright 'rotate 92' 'rotate 9200'"),
        _of("trail.sent"),
    ),
    Mutant(
        "log-for-all-to-read",
        script(
            "chmod 0755 /var/log/mail; chmod 0644 /var/log/mail/mail.log",
            "chmod 0750 /var/log/mail; chmod 0640 /var/log/mail/mail.log",
        ),
        _of("trail.secret"),
    ),
    Mutant(
        "log-copied",
        _logging('dirCreateMode="0750")\n    stop', 'dirCreateMode="0750")'),
        _of("trail.secret"),
    ),
)

_LOGS = (
    Mutant(
        "nothing-sealed",
        script("systemctl stop mailwright-seal.timer", "systemctl start mailwright-seal.timer"),
        _of("logs.sealed"),
    ),
    Mutant(
        "space-unwatched",
        script("systemctl stop mailwright-space-watch.timer", "systemctl start mailwright-space-watch.timer"),
        _of("logs.room"),
    ),
    Mutant(
        "sends-without-room",
        postfix(
            "smtpd_relay_restrictions = permit_sasl_authenticated, reject",
            services=_SUBMISSION,
        ),
        _of("logs.full"),
        also=_of("logs.full"),
    ),
)

_PUBLISHED = (
    Mutant(
        "mta-sts-without-id",
        with_record("college.ac.uk", '_mta-sts.college.ac.uk. 3600 IN TXT "v=STSv1;"'),
        _of("published.mta-sts"),
    ),
    Mutant(
        "tls-reports-to-nobody",
        with_record(
            "college.ac.uk", '_smtp._tls.college.ac.uk. 3600 IN TXT "v=TLSRPTv1; rua=mailto:nobody@college.ac.uk"'
        ),
        _of("published.tls-rpt"),
    ),
    Mutant(
        "pin-of-another",
        with_record("college.ac.uk", f"_25._tcp.mail.college.ac.uk. 3600 IN TLSA 3 1 1 {'0' * 64}"),
        _of("published.tlsa"),
    ),
    Mutant(
        "nobody-may-certify",
        with_record("college.ac.uk", 'college.ac.uk. 3600 IN CAA 0 issue ";"'),
        _of("published.caa"),
    ),
)

_EDGES = (
    # Over IPv6 other machines of the campus are reached on all the mail ports, and reach port 25 outside. The hosts
    # look after themselves, so no more than that.
    Mutant(
        "border-open-on-v6",
        border(_without_v6),
        _of("border.inbound-25", "border.outbound-25", "border.submission"),
    ),
    Mutant("border-lets-25-in", _less("ip daddr", "dport 25 "), _of("border.inbound-25")),
    Mutant("border-lets-25-out", _less("ip saddr", "dport 25 "), _of("border.outbound-25")),
    Mutant("border-lets-587-in", _less("ip6 daddr", "dport 587 "), _of("border.submission")),
    Mutant("anybody-sends", _rule("output", "meta skuid nobody tcp dport 25 accept"), _of("firewall.outbound")),
    Mutant(
        "web-server-left-open",
        all_of(_server("web", _WEB), _rule("input", "ip saddr 203.0.113.0/24 tcp dport 8080 accept")),
        _of("ports.outside"),
        also=_of("ports.outside", "ports.inside", "ports.udp"),
    ),
    Mutant(
        "web-server-left-open-on-campus",
        all_of(_server("web", _WEB), _rule("input", "ip6 saddr 2001:db8:c011::/48 tcp dport 8080 accept")),
        _of("ports.inside"),
        also=_of("ports.outside", "ports.inside", "ports.udp"),
    ),
    Mutant(
        "udp-left-open",
        all_of(_server("trap", _TRAP), _rule("input", "udp dport 161 accept")),
        _of("ports.udp"),
        also=_of("ports.outside", "ports.inside", "ports.udp"),
    ),
)

_AWAY = (
    Mutant(
        "guesses-unlimited",
        files(DOVECOT, ": > /etc/mailwright/guard-dovecot.conf"),
        _of("away.guessing"),
        also=_of("away.guessing"),
    ),
    Mutant(
        "sends-unlimited",
        files(FILTER, "swap /etc/rspamd/rspamd.conf 'burst = 300;' 'burst = 300000;'"),
        _of("away.throttling"),
        also=_of("away.throttling"),
    ),
    Mutant("somebody-complains", _server("complaint", _COMPLAINT), _of("journal.clean")),
)

# What is wrong in one way, and so would get in each other's way. A zone is served in one way at a time.
_KINDS = (
    (*_DNS, *_PUBLISHED),
    _ADDRESSES,
    (*_RELAY, *_SENDERS),
    _TLS,
    _STORE,
    _TIME,
    _TRAIL,
    _LOGS,
    _EDGES,
    _AWAY,
)
EXAMPLE = tuple(mutant for kind in _KINDS for mutant in kind)
"""Of the example."""

# Asked are the checks that the example does not have, and those that are written down.
SPLIT = (
    Mutant(
        "log-host-for-all",
        script(
            "nft insert rule inet mailwright input ip saddr 203.0.113.0/24 accept",
            "nft -f /etc/mailwright/nftables.nft",
            "log.college.ac.uk",
        ),
        _of("links.between"),
    ),
    # The mailers do not hand over to who is not who they look for: mail waits, and the store has nothing to log.
    # Who would look into its mailboxes turns away.
    Mutant(
        "store-of-another-name",
        certified("other.invalid", 90, "dovecot", "store1.college.ac.uk"),
        _of("links.tls"),
        unproven=_of("links.deliveries", "trail.copied"),
    ),
    # While the other one is down, all comes this way.
    Mutant(
        "one-mailer-loses-mail",
        postfix("content_filter = discard:", services=("25/inet",), host="mx2.college.ac.uk"),
        _of("links.deliveries", "outage.one-mailer"),
    ),
    Mutant(
        "one-mailer-unknown",
        without(" MX ", "mx2.college.ac.uk."),
        _of("outage.one-mailer", "identity.mailers", "zone.mailers"),
    ),
    Mutant(
        "log-copied-in-part",
        files(
            LOG,
            "swap /etc/rsyslog.conf '    action(type=\"omrelp\"'"
            ' \'    if not ($msg contains "message-id=") then action(type="omrelp"\'',
            "mx2.college.ac.uk",
        ),
        _of("trail.copied"),
    ),
    Mutant(
        "key-of-seals-on-mailer",
        script(
            "mkdir -p /var/lib/mailwright-seal; touch /var/lib/mailwright-seal/key.pem",
            "rm -r /var/lib/mailwright-seal",
            "mx2.college.ac.uk",
        ),
        _of("logs.sealed-elsewhere"),
    ),
)
"""Of the site whose parts are on several hosts (inventories/split)."""

GATEWAY = (
    # Neither the list nor the next hop is asked who is there, whoever brings the mail.
    Mutant(
        "gateway-takes-all",
        postfix(
            "relay_recipient_maps =",
            do="sed -i s/reject_unverified_recipient/DUNNO/ /etc/postfix/gateway_asked;"
            " postmap lmdb:/etc/postfix/gateway_asked",
        ),
        _of("gateway.recipients", "gateway.loops", "addresses.unknown"),
    ),
    Mutant(
        "gateway-rewrites-to",
        postfix("header_checks = regexp:{{/^To:.*@/ REPLACE To: somebody@college.ac.uk}}"),
        _of("gateway.incoming"),
    ),
    # What the system behind calls its people is not changed on the way out. The people of the site, who log in,
    # still have their internal addresses rewritten.
    # The filter lets nothing of it out, which is the twin of what must not get out.
    Mutant(
        "gateway-rewriting-off",
        postfix("canonical_maps ="),
        _of("gateway.outgoing"),
        unproven=_of("gateway.limits", "gateway.whole"),
    ),
    # The system behind may write whom it likes in MAIL FROM: a relay for its mistakes.
    Mutant(
        "gateway-as-anybody",
        postfix(
            do="swap /etc/postfix/master.cf 'check_client_access cidr:/etc/postfix/gateway_clients, reject' reject"
        ),
        _of("gateway.limits"),
    ),
    Mutant(
        "gateway-sends-back",
        postfix(do=": > /etc/postfix/gateway_returns; postmap lmdb:/etc/postfix/gateway_returns"),
        _of("gateway.loops"),
    ),
    # The same look at header lines is taken at those who log in. What lacks a domain leaves with nobody's.
    Mutant(
        "gateway-completes",
        _filter('value:lower():find("@" .. options.no_domain, 1, true)', "false"),
        _of("gateway.whole", "addresses.no-default-domain"),
    ),
)
"""Of the site with gateways (inventories/gateway)."""

ANSWERED = {
    "accounts.suspended": "tests/audit/test_accounts.py",
    "accounts.usage": "tests/audit/test_accounts.py",
    "carddav.book": "tests/audit/test_carddav.py",
    "carddav.read-only": "tests/audit/test_carddav.py",
    # In a lab the log cannot be taken off its file system and put back without a trace.
    "logs.own-file-system": "tests/audit/test_logs_kept.py",
    # What each document has to say is left out of it; the web server is a scripted one there.
    **{
        f"publications.{name}": "tests/audit/test_pages.py"
        for name in ("addresses", "clocks", "instructions", "faq", "status", "operation", "contacts")
    },
}
"""Checks whose mutants are answers, and the test that has them, with exactly that check asked."""

TEN = (
    "open-relay",
    "role-missing",
    "no-reverse",
    "no-spf",
    "weak-tls-on-submission",
    "expired-certificate",
    "log-for-all-to-read",
    "kept-a-week",
    "sender-unbound",
    "border-open-on-v6",
)
"""Mutants of the example that an auditor would think of first."""


def examined(stage: Stage, mutant: Mutant, folder: Path) -> Seen:
    """What the checks find of a mutant of the example: the quick ones, and those of its kind. ``folder`` is for
    files of the moment."""
    probes = (*quick(stage), *_named(stage, mutant.also))
    return looked_at(stage, mutant, probes, trusted(stage, folder) if mutant.trust else None)


_AT_ONCE = 4  # more would hide too much when one is not found


def together(kinds: tuple[tuple[Mutant, ...], ...] = _KINDS) -> tuple[tuple[Mutant, ...], ...]:
    """Mutants, those of the example where nothing is said, in groups that are looked at at once, which takes a
    third of the time. Of each kind one is in a group at most.

    Each check fails for one of a group at most, so that what must fail of all of them says which were found; those
    that take a twin from other checks are alone.
    """
    groups: list[list[Mutant]] = []
    for kind in kinds:
        used: set[int] = set()  # of one kind, each is in a group of its own
        for mutant in kind:
            place = next((at for at, group in enumerate(groups) if at not in used and _fits(mutant, group)), None)
            if place is None:
                place = len(groups)
                groups.append([])
            groups[place].append(mutant)
            used.add(place)
    return tuple(map(tuple, groups))


def union(group: tuple[Mutant, ...]) -> frozenset[str]:
    """The checks that fail of some mutants at once."""
    return frozenset().union(*(mutant.fails for mutant in group))


def _fits(mutant: Mutant, group: list[Mutant]) -> bool:
    if len(group) == _AT_ONCE or mutant.unproven or any(one.unproven for one in group):
        return False
    return all(mutant.fails.isdisjoint(one.fails) for one in group)


def examined_together(stage: Stage, group: tuple[Mutant, ...], folder: Path) -> Seen:
    """What the checks find of some mutants of the example at once."""
    probes = (*quick(stage), *_named(stage, frozenset().union(*(mutant.also for mutant in group))))
    trust = trusted(stage, folder) if any(mutant.trust for mutant in group) else None
    return examine(stage, all_of(*(mutant.change for mutant in group)), probes, trust)


def examined_besides(stage: Stage, mutant: Mutant) -> Seen:
    """What the checks find of a mutant of another site: those that the example does not have, and those that are
    written down."""
    own = {probe.id for probe in stage.probes if probe.only is not None}
    return looked_at(stage, mutant, _named(stage, own | mutant.fails | mutant.unproven))


def looked_at(stage: Stage, mutant: Mutant, probes: tuple[Probe, ...], trust: Path | None = None) -> Seen:
    """A hurried look; where it differs from what was written down, a patient one, which is what counts."""
    seen = examine(stage, mutant.change, probes, trust)
    if (seen.fails, seen.unproven) != (mutant.fails, mutant.unproven):
        seen = examine(stage, mutant.change, probes, trust, hurried=False)
    return seen


def _named(stage: Stage, ids: AbstractSet[str]) -> tuple[Probe, ...]:
    found = tuple(probe for probe in stage.probes if probe.id in ids)
    assert {probe.id for probe in found} == ids, sorted(ids)
    return found
