"""Lists of a domain's logins and mailboxes, as Dovecot reads them: a passwd-file whose path has the domain in it.

One file serves three questions, so that ten thousand customers are ten thousand files. A login or a published
address is there as it is typed, for who may authenticate; on a store ``to/ADDRESS`` is where mail for it is
delivered, and ``at/LOGIN`` where whoever has authenticated finds it.
"""

from __future__ import annotations

from mailwright_customers import host
from mailwright_customers.fragment import Facts
from mailwright_customers.host import Settings

ENDING = ".people"
_HEAD = "# Made of what customers are described with; not to be edited.\n"


def files(facts: Facts, settings: Settings) -> dict[str, str]:
    """Path → text. A domain in which nobody is has no file."""
    if not settings.dovecot:
        return {}
    found: dict[str, list[str]] = {name: [] for name in (facts.realm, *facts.domains)}
    # SCALE-2: of who is stopped, mail is fetched and nothing is sent.
    common = "noauthenticate=y only=fetch" if facts.state == "stopped" else "noauthenticate=y"
    own = found[facts.realm]
    own += [f"{login}:::::::{common}" for login in facts.logins]
    own += [f"{login}:::::::{common} nologin=y" for login in facts.processes]
    for address, login in {**facts.mailboxes, **facts.names}.items():
        found[address.rpartition("@")[2]] += _both(address, f":::::::user={login} {common}")
    if settings.store:
        rest = {login: _mailbox(login, size, settings) for login, size in facts.logins.items()}
        own += [f"at/{login}{each}" for login, each in rest.items()]
        for address, login in facts.mailboxes.items():
            found[address.rpartition("@")[2]] += _both(f"to/{address}", f"{rest[login]} userdb_user={login}")
    return {path(name): _HEAD + "\n".join(lines) + "\n" for name, lines in found.items() if lines}


def path(domain: str) -> str:
    return f"{host.DOVECOT}/{domain}{ENDING}"


def passwords(realm: str) -> str:
    """Where Dovecot looks for them: a link to the customer's file, which is the host's own."""
    return f"{host.DOVECOT}/{realm}.passwords"


def _mailbox(login: str, size: int, settings: Settings) -> str:
    name, _, realm = login.partition("@")
    quota = f"quota_rule=*:bytes={size}" if settings.dovecot == "2.3" else f"quota_storage_size={size}B"
    return f":::::{settings.mail}/{realm}/{name}::userdb_{quota}"


def _both(key: str, rest: str) -> tuple[str, ...]:
    """When it looks for a key, Dovecot 2.4 has put a backslash before each apostrophe."""
    if "'" not in key:
        return (key + rest,)
    return (key + rest, key.replace("'", "\\'") + rest)
