"""The site that is described whole (inventories/whole) with one thing wrong, and what must be found about each.

Why other checks than its own fail on a mutant stands above it. The hosts are ``mail``, which keeps lists and mail,
and ``www``, which serves webmail, pages, the address book and what mail programs ask for.
"""

from __future__ import annotations

from pathlib import Path

from mailwright.audit.model import Phase, Probe
from mailwright.rehearsal.rehearse import Stage
from support.known_bad import Mutant, Seen, looked_at
from support.live_changes import (
    DOVECOT,
    FILTER,
    NGINX,
    Change,
    Part,
    all_of,
    examine,
    files,
    postfix,
    quoted,
    script,
    without,
)
from support.spare_authority import certified, trusted

WWW = "www.college.ac.uk"
_WEBMAIL = Part("etc/roundcube etc/mailwright/webmail", "systemctl restart php8.4-fpm; sleep 0.5")
_SIGN_IN = Part("etc/mailwright/signin.json", "systemctl restart mailwright-signin; sleep 0.5")
_PAGES = Part("usr/share/mailwright-pages usr/share/mailwright-clients", "true")
_LISTS = Part("etc/mailman3/mailwright.json", "true")

# They post to each list and wait for what comes of it.
_SLOW = frozenset({"lists.members", "lists.posters", "lists.services", "links.between", "links.deliveries"})


def _of(*ids: str) -> frozenset[str]:
    return frozenset(ids)


def _on_www(part: Part, path: str, old: str, new: str) -> Change:
    return files(part, f"swap /{path} {quoted(old)} {quoted(new)}", WWW)


def _page(name: str, old: str, new: str) -> Change:
    return _on_www(_PAGES, f"usr/share/mailwright-pages/{name}.html", old, new)


def _nginx(old: str, new: str, file: str = "nginx.conf") -> Change:
    return _on_www(NGINX, f"etc/nginx/{file}", old, new)


_LIST_MUTANTS = (
    # What the list server sends is thrown away: nothing arrives of what may be posted either, which is the twin of
    # what may not.
    Mutant(
        "lists-lose-mail",
        postfix("content_filter=discard:", services=("127.0.0.1:10026/inet",)),
        _of("lists.members", "lists.services"),
        unproven=_of("lists.posters"),
    ),
    Mutant(
        "list-open-to-anyone",
        files(
            _LISTS,
            "python3 -c 'import json\n"
            'path = "/etc/mailman3/mailwright.json"\n'
            "said = json.load(open(path))\n"
            'said["lists"]["physics@college.ac.uk"]["post"].append("anyone")\n'
            'json.dump(said, open(path, "w"))\'',
        ),
        _of("lists.posters"),
    ),
    # The filter takes it out of what comes in, and the mailer once more of what goes out: both let it be. The list
    # server takes it out of what it sends on all the same.
    Mutant(
        "verdict-of-a-stranger-stays",
        all_of(
            files(
                FILTER, "swap /etc/rspamd/mailwright.lua 'remove_headers = { [POSTER] = 0 }' 'remove_headers = {}'"
            ),
            postfix(do=": > /etc/postfix/list_verdict"),
        ),
        _of("lists.verdict"),
    ),
    Mutant(
        "anybody-sends-as-the-list-server",
        script(
            "nft insert rule inet mailwright output ip daddr 127.0.0.1 tcp dport 10026 accept",
            "nft -f /etc/mailwright/nftables.nft; sleep 0.1",
        ),
        _of("lists.loopback"),
    ),
)

_WEBMAIL_MUTANTS = (
    Mutant(
        "webmail-without-hsts",
        _nginx(
            'add_header Strict-Transport-Security "max-age=31536000" always;',
            "",
            f"mailwright/{WWW}.d/webmail.conf",
        ),
        _of("webmail.secure"),
    ),
    # It asks the port for POP3. Nobody gets in, so nobody writes and looks people up.
    Mutant(
        "webmail-asks-nobody",
        _on_www(_WEBMAIL, "etc/roundcube/config.inc.php", ":993", ":995"),
        _of("webmail.sign-in"),
        unproven=_of("webmail.sends", "webmail.book", "accounts.usage"),
    ),
    # Of those that can be chosen the published one is still the first, and it is what is written from.
    Mutant(
        "webmail-as-another",
        _on_www(
            _WEBMAIL,
            "etc/mailwright/webmail/people.json",
            '"m.curie@chem.college.ac.uk",',
            '"m.curie@chem.college.ac.uk", "k.marx@chem.college.ac.uk",',
        ),
        _of("webmail.sends"),
    ),
    # The store judges passwords for webmail too.
    Mutant(
        "webmail-takes-any-password",
        files(
            DOVECOT,
            "swap /etc/dovecot/dovecot.conf 'default_password_scheme = CRYPT'"
            " 'default_password_scheme = CRYPT\n  fields {\n    nopassword=\n  }'",
        ),
        _of("webmail.wrong-password"),
    ),
    # Mail programs get the book from elsewhere.
    Mutant(
        "webmail-finds-nobody",
        _on_www(_WEBMAIL, "etc/mailwright/webmail/book.json", '"people": [', '"people": [], "others": ['),
        _of("webmail.book"),
    ),
)

_CLIENT_MUTANTS = (
    # Who asks under the other names turns away.
    Mutant(
        "web-certificate-for-one-name",
        certified(WWW, 90, "nginx", WWW),
        _of("certificates.web"),
        unproven=_of("clients.autoconfig", "clients.autodiscover"),
        trust=True,
    ),
    Mutant(
        "thunderbird-told-another-port",
        _on_www(_PAGES, "usr/share/mailwright-clients/config-v1.1.xml", "<port>465</port>", "<port>25</port>"),
        _of("clients.autoconfig"),
    ),
    # One program on the host tells both.
    Mutant(
        "outlook-and-apple-told-another-port",
        _on_www(_SIGN_IN, "etc/mailwright/signin.json", '"port": 993', '"port": 143'),
        _of("clients.autodiscover", "clients.mobileconfig"),
    ),
    Mutant("no-srv", without(" SRV "), _of("clients.located")),
)

_BOOK_MUTANTS = (
    Mutant(
        "anybody-asks-for-the-book",
        script(
            "nft insert rule inet mailwright output ip daddr 127.0.0.1 tcp dport 5232 accept",
            "nft -f /etc/mailwright/nftables.nft; sleep 0.1",
            WWW,
        ),
        _of("carddav.loopback"),
    ),
)

_PAGE_MUTANTS = (
    # Other pages lead there, and whoever signs in elsewhere finds nothing either: what is not shown has no twin.
    Mutant(
        "page-missing",
        files(_PAGES, "rm /usr/share/mailwright-pages/support.html", WWW),
        _of("pages.inside", "pages.discreet", "publications.support"),
        unproven=_of("pages.outside", "pages.secure"),
    ),
    Mutant(
        "pages-for-everybody",
        _nginx("deny all;", "allow all;", f"mailwright/{WWW}.d/web.conf"),
        _of("pages.outside"),
    ),
    # What has no policy of its own has this one.
    Mutant(
        "pages-let-scripts-in",
        _nginx("\"default-src 'none'; style-src 'self'", "\"default-src *; style-src 'self'"),
        _of("pages.secure"),
    ),
    Mutant("page-tells-a-login", _page("lists", "</main>", "<p>jb143</p></main>"), _of("pages.discreet")),
    Mutant(
        "privacy-statement-of-other-days",
        _page("privacy", "92", "30"),
        _of("publications.privacy"),
    ),
    Mutant(
        "agreement-about-something-else",
        _page("agreement", "Within four working hours", "Soon"),
        _of("publications.agreement"),
    ),
)

KINDS = (_LIST_MUTANTS, _WEBMAIL_MUTANTS, _CLIENT_MUTANTS, _BOOK_MUTANTS, _PAGE_MUTANTS)
"""What is wrong in one way."""

WHOLE = tuple(mutant for kind in KINDS for mutant in kind)
"""Of the site that is described whole."""


def examined_whole(stage: Stage, group: tuple[Mutant, ...], folder: Path) -> Seen:
    """What the checks find of a mutant, or of some at once: those that the example does not have, but for the slow
    ones, and those that are written down. ``folder`` is for files of the moment."""
    written = frozenset().union(*(mutant.fails | mutant.unproven | mutant.also for mutant in group))
    probes = tuple(probe for probe in stage.probes if _asked(probe) or probe.id in written)
    trust = trusted(stage, folder) if any(mutant.trust for mutant in group) else None
    if len(group) > 1:
        return examine(stage, all_of(*(mutant.change for mutant in group)), probes, trust)
    return looked_at(stage, group[0], probes, trust)


def _asked(probe: Probe) -> bool:
    own = probe.only is not None and probe.id not in _SLOW
    return own and probe.phase in (Phase.MAIN, Phase.LAST)
