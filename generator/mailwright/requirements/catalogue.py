"""The catalogue: every requirement of the Janet Site E-mail Requirements, in our own words.

``gap`` is the honest part: what no rule, setting or probe of this version shows. A requirement with a gap is never
reported as met. An issue that closes a gap empties it here, together with the rule or probe that does so.
"""

from __future__ import annotations

from mailwright.findings import Level
from mailwright.requirements.model import Requirement

MUST, SHOULD, SHOULD_NOT, ADVICE = Level.MUST, Level.SHOULD, Level.SHOULD_NOT, Level.ADVICE

_HOSTS_ONLY = "Shown for the described hosts; whatever else sends mail on the site's networks is not looked at."
_REHEARSED_DNS = (
    "A rehearsal serves the records that were made; whether the site's real zones hold them is seen when the live "
    "service is audited."
)

_UNPUBLISHED = (
    "The description neither has a web host, which serves the documents, nor says under published where this one "
    "is to be read."
)

_ADDRESSES = (
    Requirement(
        "ADDR-1", "E-mail addresses", SHOULD, "Recommended forms",
        "A published address is a personal name, an initial and surname with the department as its domain, or "
        "an identifier that says nothing.",
        ("check",),
    ),
    Requirement(
        "ADDR-2", "E-mail addresses", SHOULD_NOT, "Nothing private in addresses",
        "Sign-in names, names of machines and operating systems do not show in published addresses: they go "
        "stale, and they serve an intruder more than a correspondent.",
        ("check",),
        limits="Machines are known from the description and from the usual names of servers and systems.",
    ),
    Requirement(
        "ADDR-3", "E-mail addresses", SHOULD_NOT, "Case does not matter",
        "However an address is capitalised, it reaches the same mailbox, role or list.",
        ("check", "config", "probe"),
        limits="Tried with mailboxes and roles; lists have their addresses from the same tables.",
    ),
    Requirement(
        "ADDR-4", "E-mail addresses", MUST, "Complete domains",
        "When mail leaves, each of the organisation's addresses in envelope and header carries its whole "
        "domain, up to the top level.",
        ("check", "config", "probe"),
        limits=_HOSTS_ONLY,
    ),
    Requirement(
        "ADDR-5", "E-mail addresses", MUST, "Addresses that can be answered",
        "When mail leaves, each of the organisation's addresses in envelope and header is one to which mail can "
        "be delivered.",
        ("check", "config", "probe"),
        limits=f"{_HOSTS_ONLY} Compared are MAIL FROM, From: and Sender:; an own address that a writer puts "
        "under To:, Cc: or Reply-To: is the writer's affair.",
    ),
    Requirement(
        "ADDR-6", "E-mail addresses", SHOULD, "MAIL FROM as published",
        "The envelope's sender is the address that the person publishes. Web forms, lists and other automatic "
        "processes may differ.",
        ("config", "probe"),
        limits="A person's aliases and the roles that they may send as count as published.",
    ),
    Requirement(
        "ADDR-7", "E-mail addresses", MUST, "From: as published",
        "The From: line shows the address that the person publishes. Web forms, lists and other automatic "
        "processes may differ.",
        ("config", "probe"),
        limits="A person's aliases and the roles that they may send as count as published.",
    ),
    Requirement(
        "ADDR-8", "E-mail addresses", SHOULD_NOT, "No Sender: line",
        "Ordinary mail has no Sender: line. Automatic processes may use one.",
        ("config", "probe"),
        limits="Tested is that no component adds a Sender: line: a message that is submitted without one "
        "leaves without it; and that a line with somebody else's address is refused. A line that the writer's own "
        "program puts in is let pass if it names one of the writer's addresses.",
    ),
    Requirement(
        "ADDR-9", "E-mail addresses", SHOULD_NOT, "No Reply-To: line",
        "Ordinary mail has no Reply-To: line. Automatic processes may use one.",
        ("config", "probe"),
        limits="Tested is that no component adds a Reply-To: line: a message that is submitted without one "
        "leaves without it, from an alias too. A line that the writer asks for is left as it is.",
    ),
)  # fmt: skip

_ROLES = (
    Requirement(
        "ROLE-1", "Required e-mail addresses", MUST, "postmaster and abuse",
        "Each domain that the organisation looks after has the addresses postmaster and abuse.",
        ("check", "config", "probe"),
        limits="Domains that the description leaves out are not known.",
    ),
    Requirement(
        "ROLE-2", "Required e-mail addresses", MUST, "Role addresses of RFC 2142",
        "A service for which RFC 2142 prescribes a mailbox, such as webmaster for the web, has that mailbox as "
        "soon as the organisation offers it.",
        ("check", "config", "probe"),
        limits="Which services a domain offers is what the description says under facilities. Distribution lists "
        "have their -request and -owner addresses by themselves (LIST-2).",
    ),
    Requirement(
        "ROLE-3", "Required e-mail addresses", MUST, "Timely answers",
        "What Janet or its contractors send to postmaster and abuse gets an answer in good time.",
        ("check", "probe", "attest", "document"),
        limits="Tested is that a message to each of these addresses comes to two people at least; that somebody "
        "answers is the site's word, and counts for a year. No document about it is written.",
    ),
    Requirement(
        "ROLE-4", "Required e-mail addresses", ADVICE, "Other names, fitting senders",
        "Further names of a role reach it too, and whoever answers for a role does so from a valid address that "
        "suits it.",
        ("check", "config", "probe"),
    ),
    Requirement(
        "ROLE-5", "Required e-mail addresses", ADVICE, "Not one person alone",
        "Role mail comes to people who can deal with it, and is dealt with while one of them is away.",
        ("check",),
        limits="Counted are the people whom a role reaches, and a rehearsal looks into the mailbox of each. "
        "Whether they have the skill and the time is for the site to judge.",
    ),
)  # fmt: skip

_DNS = (
    Requirement(
        "DNS-1", "DNS", SHOULD, "Reverse look-up",
        "The address from which a mailer sends leads to a name (PTR).",
        ("check", "config", "probe"),
        limits=_REHEARSED_DNS,
    ),
    Requirement(
        "DNS-2", "DNS", SHOULD, "Full name in HELO",
        "A sending mailer gives its full domain name in HELO or EHLO.",
        ("check", "config", "probe"),
    ),
    Requirement(
        "DNS-3", "DNS", SHOULD, "HELO name and address agree",
        "The name in HELO or EHLO has an address record that holds the address the mailer sends from.",
        ("check", "config", "probe"),
        limits=_REHEARSED_DNS,
    ),
    Requirement(
        "DNS-4", "DNS", MUST, "MX records",
        "Where the mailer of a domain is not called like the domain, MX records say what it is called.",
        ("check", "config", "probe"),
        limits=_REHEARSED_DNS,
    ),
)  # fmt: skip

_MESSAGE = (
    Requirement(
        "MSG-1", "Message format", MUST, "Date:, From: and To:",
        "Outgoing mail has Date:, From: and To: lines as RFC 5322 (once RFC 822) has them.",
        ("config", "probe"),
        limits="Lines that are missing are added to what is submitted with a login; mail that networks relay on "
        "port 25 is passed on as it is.",
    ),
    Requirement(
        "MSG-2", "Message format", SHOULD, "Message-ID:",
        "Outgoing mail has a Message-ID: line.",
        ("config", "probe"),
        limits="A line that is missing is added to what is submitted with a login; mail that networks relay on "
        "port 25 is passed on as it is.",
    ),
    Requirement(
        "MSG-3", "Message format", MUST, "Clocks right to a second",
        "Date: and Received: lines are right to a second and show the right zone. The clocks behind them follow "
        "NTP, those of users' own computers too, which write most Date: lines.",
        ("check", "config", "probe", "document"),
        limits="Measured are each host's clock against its time server, and the Date: and Received: lines that "
        "hosts write. The clocks of users' own computers are not measured: documents/clocks.html says how to keep "
        "them. Where the description says that it is published, an audit of the running service reads it there.",
    ),
    Requirement(
        "MSG-4", "Message format", MUST, "MIME",
        "Messages keep to MIME (RFC 2045 and those that follow it), if only by making no use of it.",
        ("config", "probe"),
        limits="Tested is that messages in every kind of MIME encoding, and without MIME, leave octet for octet "
        "as they were submitted, to a host that takes eight bits. What a writer's program malforms is "
        "neither mended nor refused.",
    ),
    Requirement(
        "MSG-5", "Message format", ADVICE, "Received: lines that help",
        "Received: lines are of use in finding out who wrote a message.",
        ("config", "probe"),
        limits="Tested is that the Received: line which submission adds names the address that the message was "
        "handed in from. From there to the person leads the log (AUDIT-1).",
    ),
)  # fmt: skip

_RELAYING = (
    Requirement(
        "RELAY-1", "Relaying", SHOULD, "Port 25 at the border",
        "The router or firewall at the border turns away port 25 in both directions, but for the mailers that "
        "are looked after.",
        ("check", "config", "probe"),
        limits="Tried with packets on the border router of a rehearsal, which is Linux and has "
        "border/nftables.nft: every address of the described hosts, one computer of the campus and one address "
        "that nobody has, over IPv4 and IPv6. The dialects of Cisco, Juniper and Arista are written from the same "
        "rows and have been on no device, and nothing is known of the site's real router.",
    ),
    Requirement(
        "RELAY-2", "Relaying", MUST, "No open relay",
        "A system that outsiders reach on port 25 does not pass their mail on to other outsiders, unless it was "
        "told to expressly.",
        ("check", "config", "probe"),
        limits="Tried on the described hosts, with the forms of address that are known to have fooled mailers. "
        "Other systems of the site that may be reachable on port 25 are for the border (RELAY-1).",
    ),
    Requirement(
        "RELAY-3", "Relaying", MUST, "Submission port 587",
        "What holds for port 25 holds for port 587: nobody relays through it unasked, and the border lets it in "
        "to the submission hosts alone.",
        ("check", "config", "probe"),
        limits="On the described hosts it is tested that 587 and 465 relay nothing without a login, and that "
        "their firewalls open them on submission hosts alone. That the border keeps both ports from other machines "
        "is tried on the border router of a rehearsal, as under RELAY-1, and with the same limits.",
    ),
)  # fmt: skip

_NO_GATEWAY = "No gateway is described, so there is nothing to try."
_GATEWAYS = (
    Requirement(
        "GATE-1", "Gateways", ADVICE, "A gateway is a native mailer",
        "Where mail inside works by other rules, the gateway behaves towards the Internet as a native mailer "
        "would, and meets all that is asked here.",
        ("check", "config", "probe"),
        limits="Tried with a stand-in for the system behind each described gateway, which takes mail, refuses, and "
        "sends as such a system would; the site's real system is seen when the live service is audited. Systems "
        "that nobody described are not looked at. Bodies are the same bit for bit in lines of at most 998 octets "
        "that end in CRLF.",
        absent=_NO_GATEWAY,
    ),
    Requirement(
        "GATE-2", "Gateways", ADVICE, "Changes at the gateway",
        "The gateway changes addresses, headers and format as far as either side needs.",
        ("config", "probe"),
        limits="Addresses are changed in the envelope and in the lines of the header that hold addresses; in texts "
        "and in delivery statuses they stay as they were written. A delivery status that the system behind writes "
        "in a form of its own is passed on in that form.",
        absent=_NO_GATEWAY,
    ),
)  # fmt: skip

_REMOTE = (
    Requirement(
        "REMOTE-1", "Dialup accounts", ADVICE, "Login before relaying",
        "Users who are away prove who they are in a safe way before their mail is relayed. An outsider who "
        "borrows their address cannot.",
        ("check", "config", "probe"),
        limits="Tried from outside with passwords over TLS on 587 and 465. Guessing is tried from two addresses, "
        "not from thousands. What a login sends is counted by each submission host for itself. How users keep "
        "their passwords is AUDIT-2.",
    ),
    Requirement(
        "REMOTE-2", "Dialup accounts", ADVICE, "Mailboxes from outside",
        "Users who are away reach their mailbox safely, by IMAP over TLS.",
        ("config", "probe"),
    ),
)  # fmt: skip

_NO_WEBMAIL = "No webmail is described, so there is nothing to try."
_WEB = (
    Requirement(
        "WEB-1", "Web-based e-mail", ADVICE, "Mail in the browser",
        "Mail can be read and written in a web browser: forms, a user database, a store with in-box and "
        "folders, and a mailer behind it, on one computer or several.",
        ("config", "probe"),
        limits="Tried by program, as a browser without scripts would: signing in, the in-box, writing. Each "
        "browser that people use is for the site to try; this version's own tests have Chromium alone. Roundcube "
        "1.6 has scripts within its pages and its program evaluates scripts in the server's answers, so its "
        "Content-Security-Policy has 'unsafe-inline' and 'unsafe-eval' for scripts; nothing comes from elsewhere.",
        absent=_NO_WEBMAIL,
    ),
    Requirement(
        "WEB-2", "Web-based e-mail", ADVICE, "Webmail that suits the site",
        "Webmail gives outgoing mail the look that the site wants, lets accounts be managed and reports its "
        "use.",
        ("config", "probe", "document"),
        limits="Tested is that what is written in webmail leaves from the published address and no other, that "
        "sign-ins are counted, and that a login that is suspended is refused. Where webmail is on a host of its "
        "own and no log host is described, its sign-ins are counted among those by IMAP. Whether the look and the "
        "report are what the site wants is for the site to judge.",
        absent=_NO_WEBMAIL,
    ),
)  # fmt: skip

_INTERNAL = (
    Requirement(
        "INT-1", "Internal addresses", MUST, "Nothing unfinished leaves",
        "In outgoing mail every address exists and is complete.",
        ("config", "probe"),
        limits=f"{_HOSTS_ONLY} That each exists is seen to for MAIL FROM, From: and Sender:, as under ADDR-5.",
    ),
    Requirement(
        "INT-2", "Internal addresses", SHOULD, "Address book",
        "Users pick addresses from a book or by a short name, and need not type them out.",
        ("check", "config", "probe"),
        limits="Tried is that a name is completed to the published address in webmail, and that a mail program "
        "finds the book of those who may be found; each mail program is for the site to try.",
        absent="No address book is described, so there is nothing to try.",
    ),
    Requirement(
        "INT-3", "Internal addresses", ADVICE, "No default domain",
        "Neither mail programs nor servers make addresses complete by guessing a domain.",
        ("config", "probe"),
        limits="Tested is that submission refuses addresses without a domain, in the envelope and in the header. A "
        "user's own program that guesses one is not noticed, since what it sends is complete. What hosts' own "
        "processes write is completed with the primary domain. Mail of networks that relay on port 25 is refused "
        "like that of users; no probe tries that.",
    ),
    Requirement(
        "INT-4", "Internal addresses", ADVICE, "The same inside and outside",
        "Addresses inside are the published ones. Where they are not, the outgoing system changes them to the "
        "published form in envelope and header, and users are told what to do.",
        ("check", "config", "probe", "document"),
        limits="Tested is that an internal address of each form that is described leaves in its published form, so "
        "that users need do nothing, and that mail to it arrives where internal_domains has the form. "
        "documents/addresses.html tells them; where the description says that it is published, an audit of the "
        "running service reads it there. The last day of a form is a promise to users: mail to it is accepted "
        "until the form is taken out of the description.",
    ),
)  # fmt: skip

_AUDIT = (
    Requirement(
        "AUDIT-1", "Audit trail", MUST, "Who sent it",
        "For each message it can be found out who sent it, from something that a user cannot forge.",
        ("check", "config", "probe"),
        limits="Tested is that the logs lead from messages with forged header lines to the login that sent them, "
        "the script that answered or the program on a host. Who used that login is AUDIT-2. A user with a shell on "
        "a mail host could write lines into its log: the description has no such users, and none are looked for.",
    ),
    Requirement(
        "AUDIT-2", "Audit trail", MUST, "Instructions to users",
        "All users can read clear instructions about accounts, passwords and computers that are shared or left "
        "alone.",
        ("check", "document", "probe"),
        limits="The instructions are read where they are published: that they are there for all users, that they "
        "speak of accounts, passwords and computers that are shared or left alone, and that the site says that it "
        "has read them within a year. Whether users find them clear is for the site to judge.",
        absent=_UNPUBLISHED,
    ),
    Requirement(
        "AUDIT-3", "Audit trail", MUST, "A log that is kept",
        "All mail that leaves is logged, and the log is kept for a period that was agreed on, such as three "
        "months.",
        ("check", "config", "probe"),
        limits="Tested is that a message that left is in the log, and that each host's rotation is set to "
        "keep the period. A rehearsal does not wait three months.",
    ),
    Requirement(
        "AUDIT-4", "Audit trail", MUST, "A log that is safe",
        "Nobody reads the log who may not, nobody alters it, and it is not lost by accident.",
        ("check", "config", "probe"),
        needs=(
            (
                "logs.sealed-elsewhere",
                "What was altered since is seen only if another host than the log's own has signed it: whoever is "
                "root there can sign anew. A log host mends that.",
            ),
        ),
        limits="Tested is that ordinary users cannot read the logs, that what is altered in those of earlier days "
        "is found, and that nothing is taken to be sent while there is too little space. Whoever is root on the "
        "log host can alter a log and sign it anew; copies of seals elsewhere would show it.",
    ),
    Requirement(
        "AUDIT-5", "Audit trail", MUST, "Somebody to call",
        "Janet or its contractors can reach those who run the mail service, also by telephone.",
        ("check", "probe", "document", "attest"),
        limits="The description has the contacts and their numbers, and their addresses are tried; nobody is "
        "called. documents/contacts.html is a sheet of them for Janet; that Janet has them is the site's word, and "
        "counts for a year.",
    ),
    Requirement(
        "AUDIT-6", "Audit trail", ADVICE, "Contacts kept up to date",
        "Role addresses, the entry in the RIPE registry and technical contacts are kept up to date.",
        ("check", "probe", "attest"),
        limits="Role addresses are checked and tried; that the registry and Janet have what the description says "
        "is the site's word, and counts for a year.",
    ),
)  # fmt: skip

_NO_LISTS = "No distribution lists are described, so there is nothing to try."
_LISTS = (
    Requirement(
        "LIST-1", "Distribution lists", SHOULD, "Lists",
        "The mail system expands distribution lists inside the organisation and lets them be managed.",
        ("config", "probe"),
        limits="Tried by rehearsals, since members of lists that are in use would be disturbed: a post to each "
        "list whose members the description has.",
        absent=_NO_LISTS,
    ),
    Requirement(
        "LIST-2", "Distribution lists", ADVICE, "Membership",
        "The way in which membership of lists is managed suits the organisation.",
        ("config", "probe", "document"),
        limits="Tested is that lists have the members that the description gives them, that mail to owners "
        "reaches them, and that nobody is told who is on a list. Which of the ways suits the organisation is its "
        "own affair: named members, everybody with an attribute, a group of the directory, or what owners manage "
        "themselves.",
        needs=(("lists.members", _NO_LISTS),),
        absent=_NO_LISTS,
    ),
    Requirement(
        "LIST-3", "Distribution lists", ADVICE, "Who may post",
        "Lists take mail from those who may write to them: members, or further people that the organisation "
        "names, inside or outside.",
        ("check", "config", "probe"),
        limits="Tried by rehearsals, to each list whose members the description has: somebody inside who may not "
        "post, a stranger, and a stranger who forges somebody who may, in the envelope, in the header and in both. "
        "Whoever has somebody's password posts as that one (AUDIT-2).",
        absent=_NO_LISTS,
    ),
)  # fmt: skip

_PRIVACY = (
    Requirement(
        "PRIV-1", "Privacy", MUST, "Privacy statement",
        "A statement that all users can read says when mail, mail logs or access logs are shown to anybody "
        "besides writer and recipients.",
        ("check", "document", "probe"),
        limits="The statement is read where it is published: that all users can read it, that the retention in it "
        "is the one that is configured, that it speaks of disclosure and names the acts in force (UK GDPR, Data "
        "Protection Act 2018, Investigatory Powers Act 2016, in place of those of the note), and that the site "
        "says that it has read it within a year. That the site keeps to it is not seen.",
        absent=_UNPUBLISHED,
    ),
    Requirement(
        "PRIV-2", "Privacy", MUST, "Notice of disclosure",
        "The statement says how writer and recipients hear of it afterwards.",
        ("document", "probe"),
        limits="Read in the published statement, as under PRIV-1. That people are told so is not seen.",
        absent=_UNPUBLISHED,
    ),
)  # fmt: skip

_SUPPORT = (
    Requirement(
        "SUPPORT-1", "User support", ADVICE, "Help for users",
        "Users find help with accounts, the state of the service, mail programs, failure reports, abuse, good "
        "practice, services and lists elsewhere, connections from away, and security; best on internal pages "
        "with answers to common questions.",
        ("check", "document", "probe"),
        limits="The pages are read where they are published, and each of these subjects is looked for. Whether the "
        "advice is good, and whether somebody answers at the service desk, is for the site to judge.",
        needs=(("publications.support", _UNPUBLISHED),),
        absent=_UNPUBLISHED,
    ),
    Requirement(
        "SUPPORT-2", "User support", ADVICE, "Support and operation talk",
        "Where those who help users are not those who run the service, or sit elsewhere, the two keep each "
        "other informed.",
        ("document", "attest"),
        limits="documents/operation.html says how the two reach each other, and is given to them; where the "
        "description says that it is published, it is read there. That they talk is the site's word, and counts "
        "for a year.",
    ),
)  # fmt: skip

_SERVICE = (
    Requirement(
        "SCALE-1", "Service scaling", ADVICE, "A small service, whole",
        "A small service has a firewall against unused ports, mailers for incoming and outgoing mail, a message "
        "store, and the users' own computers; one system may do it all.",
        ("config", "probe"),
        limits="Tested here are the firewall, every TCP port, the UDP ports that are often left open, and that the "
        "hosts' journals have no warnings; with several hosts also that they reach each other, and that mail "
        "flows while one mailer is down. That mail comes in, goes out and is read by a client is shown under "
        "ROLE-1, REMOTE-1 and REMOTE-2.",
    ),
    Requirement(
        "SCALE-2", "Service scaling", ADVICE, "Larger services",
        "A system may serve several organisations. Larger sites need gateways, stand-ins for what fails, "
        "several places and departments that manage their own.",
        ("config", "probe"),
        gap="Several organisations on one system can be described (docs/providers.md), several mailers, stores and "
        "gateways too. What stands in for a store that fails, and what departments manage themselves, cannot.",
    ),
    Requirement(
        "AGREE-1", "Service agreement", ADVICE, "What was agreed",
        "Provider and users know what to expect of capacity, performance, availability, security, changes, "
        "faults, escalation and penalties.",
        ("check", "document", "probe"),
        limits="The agreement is read where it is published: each of these headings, what is configured of "
        "capacity and security, and what the description says was agreed. Whether both sides hold to it is not "
        "seen.",
        absent=_UNPUBLISHED,
    ),
)  # fmt: skip

REQUIREMENTS: tuple[Requirement, ...] = (
    *_ADDRESSES,
    *_ROLES,
    *_DNS,
    *_MESSAGE,
    *_RELAYING,
    *_GATEWAYS,
    *_REMOTE,
    *_WEB,
    *_INTERNAL,
    *_AUDIT,
    *_LISTS,
    *_PRIVACY,
    *_SUPPORT,
    *_SERVICE,
)

_BY_ID = {requirement.id: requirement for requirement in REQUIREMENTS}


def find(id_: str) -> Requirement | None:
    """The requirement of that id (``ROLE-5``), or None."""
    return _BY_ID.get(id_)
