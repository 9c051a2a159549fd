"""How a probe gets to the site's servers: which listener at which address, from where, as whom."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

from mailwright.audit import threads, wire
from mailwright.audit.model import (
    Account,
    Context,
    Correspondent,
    Observation,
    Shell,
    UnavailableError,
    Vantage,
    Where,
)
from mailwright.audit.smtp import Dialogue
from mailwright.findings import Target
from mailwright.plan.model import Listener
from mailwright.records import dataclass
from mailwright.site.addresses import key
from mailwright.site.model import IPAddress

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Door:
    """A listener at one of its host's addresses."""

    listener: Listener
    address: IPAddress

    def __str__(self) -> str:
        return f"{self.listener.host} port {self.listener.port} over IPv{self.address.version}"

    @property
    def target(self) -> Target:
        return Target(self.listener.host, self.listener.port)


@dataclass(frozen=True, slots=True)
class Person:
    """An account of somebody with a mailbox, and the addresses that the plan gives it."""

    account: Account
    published: str
    aliases: tuple[str, ...]
    internal: tuple[str, ...]
    roles: tuple[str, ...]  # role addresses that it may send as

    @property
    def login(self) -> str:
        return self.account.login


def vantage(context: Context, where: Where) -> Vantage:
    if where not in context.vantages:
        raise UnavailableError(context.doubts.get(where) or f"nobody can look from {where}")
    return context.vantages[where]


def certain(context: Context, where: Where) -> Vantage:
    """The same, for probes whose verdict hangs on the address that the service sees. Raises UnavailableError where
    that is not known."""
    found = vantage(context, where)
    if where in context.doubts:
        raise UnavailableError(context.doubts[where])
    return found


def somewhere(context: Context) -> Where:
    """A vantage that is there, for what can be done from anywhere; outside where there is a choice."""
    return "outside" if "outside" in context.vantages or "inside" not in context.vantages else "inside"


def shell(context: Context) -> Shell:
    if context.shell is None:
        raise UnavailableError("no commands can be run on the hosts")
    return context.shell


def correspondent(context: Context) -> Correspondent:
    if context.correspondent is None:
        raise UnavailableError("nobody outside receives mail for the probes")
    return context.correspondent


def doors(context: Context, where: Where, *services: str) -> tuple[Door, ...]:
    """Each listener of these services, at each address that can be reached with the vantage's address families."""
    families = {address.version for address in vantage(context, where).addresses}
    found = tuple(
        Door(listener, address)
        for listener in context.plan.listeners
        if listener.service in services
        for address in context.plan.host(listener.host).addresses
        if address.version in families
    )
    if not found:
        raise UnavailableError(
            f"the plan has no listener for {' or '.join(services)} that can be reached from {where}"
        )
    return found


def unreachable(context: Context, where: Where) -> Iterator[Observation]:
    """A host's address in a family that the vantage does not have is something that cannot be looked at."""
    families = {address.version for address in vantage(context, where).addresses}
    for host in context.plan.hosts:
        for address in host.addresses:
            if address.version not in families:
                yield Observation(
                    f"reach {host.name} at {address} from {where}",
                    f"there is no IPv{address.version} at {where}",
                    None,
                    target=Target(host.name),
                )


def side_by_side(
    items: Iterable[Item], look: Callable[[Item], Iterable[Observation]], jobs: int = 4
) -> Iterator[Observation]:
    """What ``look`` sees of each item, in the order of the items; several are looked at at a time.

    An exception of ``look`` comes when its item's turn has come.
    """
    for seen in threads.each(lambda item: tuple(look(item)), items, jobs):
        yield from seen


def tls(context: Context) -> ssl.SSLContext:
    """A client that verifies certificates and names, and speaks TLS 1.2 or newer. Shared: not to be changed."""
    return _shared_client(context.trust)


@cache
def _shared_client(trust: str | None) -> ssl.SSLContext:
    return client(trust)


def client(trust: str | None) -> ssl.SSLContext:
    """The same, made anew; it takes a while, since the system's authorities are read."""
    made = ssl.create_default_context()
    made.sslsocket_class = wire.BoundedTls
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if trust is not None:
        made.load_verify_locations(cafile=trust)
    return made


@cache
def _mailer() -> ssl.SSLContext:
    """A client like a mailer elsewhere, which takes any certificate rather than send in clear (RFC 7435)."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.sslsocket_class = wire.BoundedTls
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


@contextmanager
def talking(context: Context, door: Door) -> Iterator[None]:
    """A turn at the door's server; an error meanwhile says which it was."""
    with context.turns.at(door.address):
        try:
            yield
        except UnavailableError:  # whose words say what is missing
            raise
        except Exception as error:
            if not getattr(error, "__notes__", ()):
                error.add_note(str(door))
            raise


@contextmanager
def smtp(
    context: Context, door: Door, *, secure: bool = True, account: Account | None = None
) -> Iterator[Dialogue]:
    """A dialogue that has said EHLO; over TLS where the listener has it and ``secure``; logged in with ``account``.

    Certificates are verified where people log in. On port 25 we are a mailer elsewhere: a certificate that is over
    there is a fault of its own (``transport.incoming``), and hides no other.
    The vantage must have been entered. Raises OSError when it does not come about.
    """
    client = tls(context) if door.listener.auth else _mailer()
    implicit = client if door.listener.tls == "implicit" else None
    reachable = context.may_send_to if context.live else None
    with (
        talking(context, door),
        Dialogue.connect(
            str(door.address), door.listener.port, implicit, door.listener.host, context.patience, reachable
        ) as dialogue,
    ):
        dialogue.greeting()
        dialogue.ehlo()
        if secure and door.listener.tls == "starttls":
            dialogue.starttls(client, door.listener.host)
        if account is not None:
            reply = dialogue.login(account.login, account.password)
            if reply.code != 235:
                raise UnavailableError(f"the login of {account.login} on {door} was answered with {reply}")
        try:
            yield dialogue
        finally:
            dialogue.quit()


def people(context: Context) -> tuple[Person, ...]:
    """The accounts with a mailbox, those with most addresses first."""
    kinds = {route.address: route.kind for route in context.plan.routes}
    mailboxes = {mailbox.login for mailbox in context.plan.mailboxes}
    found = []
    for account in context.accounts:
        own = [row.address for row in context.plan.senders if row.login == account.login and not row.automatic]
        published = next((address for address in own if kinds.get(address) == "mailbox"), key(account.address))
        if account.login in mailboxes and published:
            found.append(
                Person(
                    account,
                    published,
                    tuple(address for address in own if kinds.get(address) == "alias"),
                    tuple(address for address in own if kinds.get(address) == "internal"),
                    tuple(address for address in own if kinds.get(address) == "role"),
                )
            )
    return tuple(sorted(found, key=lambda one: (-len(one.aliases), -len(one.roles), one.login)))


def person(context: Context, wanted: Callable[[Person], object], what: str) -> Person:
    """Somebody who fits, for whom an account is at hand."""
    for one in people(context):
        if wanted(one):
            return one
    raise UnavailableError(f"there is no account of {what}")


def anybody(context: Context) -> Person:
    return person(context, lambda _: True, "anybody with a mailbox")


def one_on_each_store(context: Context) -> tuple[Person, ...]:
    """Somebody for each host that keeps mailboxes."""
    stores = {mailbox.login: mailbox.host for mailbox in context.plan.mailboxes}
    found: dict[str, Person] = {}
    for one in people(context):
        found.setdefault(stores[one.login], one)
    if not found:
        raise UnavailableError("there is no account of anybody with a mailbox")
    return tuple(found.values())


def others(context: Context, login: str) -> tuple[str, ...]:
    """Published addresses of other people that ``login`` may not send as."""
    own = {row.address for row in context.plan.senders if row.login == login}
    return tuple(
        route.address
        for route in context.plan.routes
        if route.kind == "mailbox" and route.address not in own and login not in route.targets
    )


def logins_of(context: Context, address: str) -> tuple[frozenset[str], frozenset[str]]:
    """Whom mail for ``address`` reaches in the end: logins of mailboxes, and addresses that lead outside."""
    routes = {route.address: route for route in context.plan.routes}
    logins: set[str] = set()
    outside: set[str] = set()
    seen: set[str] = set()
    waiting = [key(address)]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        route = routes.get(current)
        if route is None:
            outside.add(current)
        elif route.kind == "mailbox":
            logins.update(route.targets)
        else:
            waiting.extend(key(target) for target in route.targets)
    return frozenset(logins), frozenset(outside)
