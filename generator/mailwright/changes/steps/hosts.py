"""Steps on the hosts and around them: secrets, systems behind gateways, the border, and what goes for good."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.changes import words
from mailwright.changes.model import Comparison, Step, pairs
from mailwright.changes.steps import overlap
from mailwright.plan.model import Settings

APPLY = "`ansible-playbook site.yml`"

_USES = {"submission": "outgoing mail", "store": "reading mail"}
"""Functions whose hosts are named in the programs of users."""

_KNOWN = _USES | {"web": "web pages"}
"""Functions whose hosts people know by their names."""


def gateways(comparison: Comparison) -> Iterator[Step]:
    """A system that is behind no gateway any more, or another one in its place: its people's mail goes first."""
    stay = {row.next_hop for row in comparison.new.gateways}
    for row in comparison.old.gateways:
        if row.next_hop in stay:
            continue
        now = [each.next_hop for each in comparison.new.gateways if not set(each.domains).isdisjoint(row.domains)]
        where = f"on {words.listed(now)}" if now else "elsewhere"
        yield Step(
            f"See that everybody behind the gateway {row.name} has their mail {where} and knows it, and that "
            f"nothing waits in the queue of {row.next_hop}",
            why="After the change, nothing reaches it and what it sends is refused.",
        )


def logs(comparison: Comparison) -> Iterator[Step]:
    """Logs that are deleted sooner."""
    days = [
        after.days
        for before, after, _ in pairs(comparison.old.retention, comparison.new.retention)
        if before is not None and after is not None and after.days < before.days
    ]
    if days:
        yield Step(
            f"Put aside what open enquiries need of the logs that are older than {min(days)} days",
            why="The first nights after the apply delete it, and nothing brings it back.",
        )


def copies(comparison: Comparison) -> Iterator[Step]:
    """A log host that goes has copies of logs that are nowhere else."""
    stay = [host.name for host in comparison.new.with_function("log")]
    gone = [host.name for host in comparison.old.with_function("log") if host.name not in stay]
    if gone:
        where = words.few(stay, "hosts") if stay else "a disk that keeps it until their last day"
        yield Step(
            f"Put a copy of /var/log/mail/hosts and /var/log/mail/seals of {words.few(gone, 'hosts')} on {where}",
            why="An apply copies no logs, and what is on that host alone goes with it.",
        )


def releases(comparison: Comparison) -> Iterator[Step]:
    """A host is described with the release that it runs."""
    found: dict[str, list[str]] = {}
    for before, after, _ in pairs(comparison.old.hosts, comparison.new.hosts):
        if before is not None and after is not None and before.os != after.os:
            found.setdefault(after.os, []).append(after.name)
    for release, names in sorted(found.items()):
        yield Step(
            f"See that {words.few(names, 'hosts')} {'runs' if len(names) == 1 else 'run'} {release}",
            why="An apply refuses a host of another release, and changes nothing there.",
        )


def kept(comparison: Comparison) -> Iterator[Step]:
    """Add before you remove: a description between the two."""
    keeps = overlap.keeps(comparison)
    if keeps:
        yield Step(
            f"Make a description for the time between and build it: in it {words.listed(keeps)}",
            why="So what still comes by the old way finds it.",
        )


def secrets(comparison: Comparison) -> Iterator[Step]:
    """What an apply reads on the control machine has to be there."""
    old, new = comparison.old.settings, comparison.new.settings
    fresh = overlap.fresh(comparison)
    moved = [
        host.name
        for host in comparison.new.hosts
        if host.name in fresh or _pair(old, comparison.then(host.name)) != _pair(new, host.name)
    ]
    for was, now in sorted(comparison.renamed.items()):
        yield Step(
            f"Get a certificate for {now} that is for {was} as well",
            why="Programs name the old one until they are set up anew.",
        )
    if moved:
        where = words.listed(_pair(new, moved[0]) if len(moved) == 1 else (new.certificate, new.key))
        yield Step(
            f"Put the certificate and the key of {words.few(moved, 'hosts')} at {where} on the control machine"
        )
    served = {(row.host, row.name) for row in comparison.old.web}
    names: dict[str, set[str]] = {}
    for row in comparison.new.web:
        if (row.host, row.name) not in served and row.name != row.host:
            names.setdefault(row.host, set()).add(row.name)
    for host, more in sorted(names.items()):
        yield Step(
            f"Get a certificate for {host} that is for {words.few(sorted(more), 'more names')} as well",
            why="An apply stops before it serves a name that the certificate is not for.",
        )
    secrets = (
        ((old.passwords,), new.passwords),
        ((getattr(old.smarthost, "password", ""),), getattr(new.smarthost, "password", "")),
        ((getattr(old.directory, "password", ""),), getattr(new.directory, "password", "")),
        ((old.dkim_private_key,), new.dkim_private_key),
    )
    paths = [path for known, path in secrets if path and path not in known]
    if paths:
        yield Step(f"Put {words.listed(paths)} in place on the control machine: the apply reads it there")


def goodbye_first(comparison: Comparison) -> Iterator[Step]:
    if not overlap.keeps(comparison):
        yield from _goodbye(comparison)


def border_first(comparison: Comparison) -> Iterator[Step]:
    if overlap.border(comparison) == (False, True) and not overlap.keeps(comparison):
        yield Step(
            "Give the router its policy from border/",
            why="What closes is closed at the border before the hosts.",
        )


def applied(comparison: Comparison) -> Iterator[Step]:
    """Applies other than a plain one: new hosts first, and with what goes still there."""
    fresh, keeps = overlap.fresh(comparison), overlap.keeps(comparison)
    if fresh:
        logs = {host.name for host in comparison.new.with_function("log")}
        first, rest = ([name for name in fresh if (name in logs) is which] for which in (True, False))
        limits = [f"`ansible-playbook site.yml --limit {','.join(some)}`" for some in (first, rest) if some]
        yield Step(
            f"Set up what is new: {', then '.join(limits)}",
            why="The others send their logs to the log host as soon as they are applied." if first else "",
        )
    moved = [
        after
        for before, after, _ in pairs(comparison.old.mailboxes, comparison.new.mailboxes)
        if before is not None and after is not None and before.host != after.host
    ]
    if moved:
        yield Step(
            "Apply with `ansible-playbook move.yml` in place of site.yml: it moves "
            f"{words.number(len(moved), 'mailbox', 'mailboxes')}",
            why="Mail does not move by itself.",
        )
    elif fresh or keeps:
        yield Step(f"Apply to all hosts: {APPLY}")
    management = overlap.management(comparison)
    if management:
        yield Step(f"Sign in by SSH from {words.listed(management)} before you take the old way in away")


def border_last(comparison: Comparison) -> Iterator[Step]:
    if overlap.border(comparison)[0]:
        keeps = ", which still lets the old hosts through" if overlap.keeps(comparison) else ""
        yield Step(
            f"Give the router its policy from border/{keeps}",
            why="What opens is opened at the border when the hosts are ready for it.",
        )


def called_otherwise(comparison: Comparison) -> Iterator[Step]:
    """A host that has another name is the same machine: it answers by the old one as long as the DNS has it."""
    for was, now in sorted(comparison.renamed.items()):
        uses = [use for function, use in _KNOWN.items() if function in comparison.new.host(now).functions]
        if uses:
            yield Step(
                f"Tell the users that the server for {words.listed(uses)} is called {now} now, and leave the A and "
                f"AAAA records of {was} in the DNS until nobody comes by it",
                why="Programs and bookmarks hold the old name for ever.",
            )


def goodbye_last(comparison: Comparison) -> Iterator[Step]:
    """What was kept for those who still come goes."""
    if overlap.keeps(comparison):
        yield from _goodbye(comparison)
        if overlap.border(comparison)[1]:
            yield Step(f"Give the router its policy from border/ of this description, then apply it: {APPLY}")
        else:
            yield Step(f"Build and apply this description: {APPLY}")


def _goodbye(comparison: Comparison) -> Iterator[Step]:
    """Before a host goes: programs of users hold its name for ever, and mail may wait in its queue."""
    leaving = overlap.leaving(comparison)
    told: dict[str, list[str]] = {}
    for function, use in _USES.items():
        if function in leaving:
            servers = words.few([host.name for host in comparison.new.with_function(function)], "hosts")
            told.setdefault(servers, []).append(use)
    if told:
        gone = sorted({host for function in _USES for host in leaving.get(function, ())})
        names = words.listed(f"{servers} for {words.listed(uses)}" for servers, uses in told.items())
        yield Step(
            f"Tell the users which server it is now ({names}), and wait until no program comes to "
            f"{words.few(gone, 'hosts')}",
            why="Programs that name the old host fail from the day on which it goes.",
        )
    queues = {host for function in ("mx", "submission") for host in leaving.get(function, ())}
    if queues:
        yield Step(
            f"See with `postqueue -p` that nothing waits on {words.few(sorted(queues), 'hosts')}",
            why="Mail in a queue is lost with its host.",
        )


def lists(comparison: Comparison) -> Iterator[Step]:
    stay = {row.address for row in comparison.new.lists}
    gone = [row.address for row in comparison.old.lists if row.address not in stay]
    if gone and comparison.new.lists:
        yield Step(
            f"Delete what is left of {words.few(gone, 'lists')} when nobody asks for it: `mailwright-lists remove`",
            why="It takes no posts and keeps its members until then.",
        )


def _pair(settings: Settings, host: str) -> tuple[str, str]:
    """The paths of a host's certificate and key."""
    return settings.certificate.replace("{host}", host), settings.key.replace("{host}", host)
