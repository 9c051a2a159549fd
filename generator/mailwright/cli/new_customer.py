"""mailwright new-customer: a customer's file from a few facts, its DNS records, and the steps."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mailwright.cli import common

if TYPE_CHECKING:
    from mailwright.plan.model import Plan
    from mailwright.provider.judge import Judged
    from mailwright.provider.model import Provider
    from mailwright.provider.new import Written
    from mailwright.provider.platform import Shared
    from mailwright.provider.starter import NewCustomer
    from mailwright.provider.steps import Step

T = TypeVar("T")


@click.command("new-customer")
@click.argument("folder", type=click.Path(path_type=Path), metavar="PROVIDER")
@click.option(
    "--domain", "domains", multiple=True, metavar="DOMAIN", help="Its mail domains, the primary one first."
)
@click.option("--name", metavar="NAME", help="The organisation's name.")
@click.option("--id", "id_", metavar="ID", help="What you call it.  [default: the primary domain's first part]")
@click.option("--platform", metavar="NAME", help="The shared hosts that it is on.  [default: where there is one]")
@click.option("--profile", "profiles", multiple=True, metavar="NAME", help="What it has in common with others.")
@click.option(
    "--contact",
    "contacts",
    multiple=True,
    metavar="'NAME, LOGIN, TELEPHONE[, ADDRESS]'",
    help="Who looks after mail there; better two. The address is First.Last@DOMAIN unless given.",
)
@click.option(
    "--person", "persons", multiple=True, metavar="'NAME, LOGIN[, ADDRESS]'", help="Somebody with a mailbox."
)
@click.option(
    "--people",
    "people",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="CSV",
    help="A list of everybody with a mailbox, which is copied.",
)
@click.option("--registry", metavar="HANDLE", help="Its contact's handle in the RIPE registry.")
@click.option("--dkim-key", "with_key", is_flag=True, help="Make its pair of DKIM keys too.")
@click.option("--selector", metavar="NAME", help="Of the DKIM key.  [default: mail and the year]")
@click.option(
    "--steps", "of", metavar="ID", help="Write nothing; tell the records and steps of a customer that is there."
)
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@common.today
def command(folder: Path, today: datetime | None, format_: str, of: str | None, **said: Any) -> int:
    """Write the file of a new customer of the provider's folder PROVIDER, on shared hosts.

    On a terminal it asks for what no flag says. The file is judged before it is there: where it could not be built,
    nothing is written (exit status 2). Then its DNS records are printed, zone by zone, and what to do in order;
    with --steps again at any time, and for a customer that leaves the way out, with its days. No secret is read.
    """
    from mailwright.provider.new import NewError, write
    from mailwright.provider.platform import read_platforms

    day = today.date() if today else date.today()
    provider = _provider(folder)
    platforms, findings = read_platforms(provider, day)
    if of is not None:
        return _tell(_there(provider, platforms, of, day), None, provider, format_)
    if not platforms:
        common.show([one for one in findings if one.fails], "text")
        raise common.Refused(
            f"{folder} has no shared hosts that can be used; a customer with hosts of its own is described by hand."
        )
    new = _facts(provider, platforms, day, said)
    try:
        written = write(provider, platforms, new, day, said["with_key"])
    except NewError as error:
        if error.findings:
            common.show([one for one in error.findings if one.fails], "text")
        raise common.Refused(f"{error}; nothing was written.") from None
    except OSError as error:
        raise common.Refused(f"{error.filename}: {error.strerror}; nothing was written.") from None
    return _tell(written.judged, written, provider, format_)


def _provider(folder: Path) -> Provider:
    from mailwright.findings import Findings
    from mailwright.provider.read import is_provider, read

    if not is_provider(folder):
        raise common.Refused(f"{folder} is no provider's folder: `mailwright init --provider {folder}` makes one.")
    findings = Findings()
    provider = read(folder, findings)
    if provider is None or findings.unusable:
        raise common.unusable(findings.items)
    return provider


def _there(provider: Provider, platforms: dict[str, Shared], name: str, day: date) -> Judged:
    from mailwright.findings import Findings
    from mailwright.provider.customer import head
    from mailwright.provider.judge import judge
    from mailwright.provider.read import customer_files

    files = customer_files(provider, Findings())
    first = [path for path in files if path.stem == name]
    for path in (*first, *(path for path in files if path.stem != name)):
        said = head(path, Findings())
        if said is not None and said.id == name:
            judged = judge(provider, platforms, path, day)
            if judged.plan is None:
                raise common.unusable(judged.findings)
            return judged
    raise common.Refused(f"{provider.customers} has no customer {name}.")


# ---- what is asked


def _facts(provider: Provider, platforms: Mapping[str, Shared], day: date, said: dict[str, Any]) -> NewCustomer:
    """Of flags; what they do not say is asked for on a terminal, or is a usage error that names the flags."""
    from mailwright.cli.init import registry
    from mailwright.provider import starter as texts
    from mailwright.site import starter, values

    asking = sys.stdin.isatty()
    missing = [f"--{flag}" for flag, value in (("domain", said["domains"]), ("name", said["name"])) if not value]
    missing += ["--contact"] if not said["contacts"] else []
    missing += ["--platform"] if not said["platform"] and len(platforms) > 1 else []
    if missing and not asking:
        raise click.UsageError(f"Without a terminal to ask at, these are needed as well: {', '.join(missing)}.")

    domains = [_flag("--domain", values.name, text) for text in said["domains"]]
    domains = domains or [_ask("Primary mail domain", values.name)]
    if len(set(domains)) < len(domains):
        raise click.UsageError("--domain: the same domain is said twice.")
    name = (
        _flag("--name", starter.text, said["name"])
        if said["name"]
        else _ask("Name of the organisation", starter.text)
    )
    id_ = _flag("--id", _id, said["id_"] if said["id_"] is not None else domains[0].partition(".")[0])
    platform = said["platform"] or (next(iter(platforms)) if len(platforms) == 1 else "")
    platform = _flag("--platform", _one_of(platforms), platform) if platform else _ask(
        f"Platform ({', '.join(platforms)})", _one_of(platforms))  # fmt: skip
    known = [layer.name.removeprefix("profile ") for layer in provider.profiles]
    profiles = [_flag("--profile", _one_of(known), text) for text in said["profiles"]]
    if len(set(profiles)) < len(profiles):
        raise click.UsageError("--profile: the same profile is said twice.")

    def contact(text: str) -> starter.Administrator:
        return starter.administrator(text, domains[0])

    contacts = [_flag("--contact", contact, text) for text in said["contacts"]]
    contacts = contacts or [_ask("Who looks after mail there, as Name, login, telephone", contact)]
    persons = [_flag("--person", lambda text: texts.person(text, domains[0]), text) for text in said["persons"]]
    given = b""
    if said["people"] is not None:
        if persons:
            raise click.UsageError("--people and --person: say one of them.")
        given = _read(said["people"])
    else:
        own = [one for one in contacts if one.address.rpartition("@")[2] in domains]
        persons = [*(texts.Person(one.name, one.login, one.address) for one in own), *persons]
    selector = said["selector"] or (f"mail{day.year}" if said["with_key"] else "")
    if selector and not said["with_key"]:
        raise click.UsageError("--selector is for the key that --dkim-key makes.")
    return texts.NewCustomer(
        id=id_,
        name=name,
        domains=tuple(domains),
        platform=platform,
        profiles=tuple(profiles),
        contacts=tuple(contacts),
        people=tuple(persons),
        list_=given,
        selector=selector,
        registry=_flag("--registry", registry, said["registry"] or ""),
    )


def _id(text: str) -> str:
    from mailwright.site import values

    if not values.is_id(text):
        raise ValueError(f"{text!r} is not a customer's id: {values.ID_FORM}")
    return text


def _one_of(known: Any) -> Callable[[str], str]:
    def turn(text: str) -> str:
        if text not in known:
            raise ValueError(f"{text!r} is not in provider.yml, which has {', '.join(known) or 'none'}")
        return text

    return turn


def _read(path: Path) -> bytes:
    from mailwright.source.files import MAX_FILE

    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except OSError as error:
        raise click.BadParameter(f"{path}: {error.strerror}", param_hint="--people") from None
    if len(content) > MAX_FILE or not content:
        raise click.BadParameter(f"{path} is {'empty' if not content else 'too large'}", param_hint="--people")
    return content


def _flag(name: str, turn: Callable[[str], T], text: str) -> T:
    try:
        return turn(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=name) from None


def _ask(question: str, turn: Callable[[str], T]) -> T:
    """Asks until the answer can be used."""

    def proc(text: str) -> T:
        try:
            return turn(text.strip())
        except ValueError as error:
            raise click.UsageError(str(error)) from None

    answer: T = click.prompt(question, value_proc=proc)
    return answer


# ---- what is told


def _tell(judged: Judged, written: Written | None, provider: Provider, format_: str) -> int:
    from mailwright.provider import secrets, steps

    plan, head = judged.plan, judged.head
    assert plan is not None  # noqa: S101 - of any other nobody comes here
    kept = provider.folder / secrets.folder(head.id)
    if head.leaving is not None:
        todo = list(steps.leaving(plan, head.leaving))
    else:
        todo = list(steps.arriving(plan, head, str(provider.folder), str(kept)))
    lines = _json(plan, todo, judged, written) if format_ == "json" else _text(plan, todo, judged, written)
    click.echo("\n".join(lines))
    return 0


def _text(plan: Plan, todo: list[Step], judged: Judged, written: Written | None) -> Iterator[str]:
    from mailwright.components import dns

    if written is not None:
        yield f"Written: {written.file}, and {written.people}: add everybody with a mailbox there"
        if written.public is not None:
            yield f"Public key:  {written.public}"
            yield f"Private key: {written.private} (readable by you alone; keep it out of every repository)"
        yield ""
    yield "DNS records, for whoever keeps each zone:"
    for name, text in dns.fragments(plan).items():
        yield f"\n---- {name}"
        yield text.rstrip("\n")
    yield "\nWhat to do, in this order:"
    for number, step in enumerate(todo, 1):
        when = f" By {step.by}:" if step.by is not None else ""
        yield f"\n{number:2}.{when} {step.what}"
        yield f"    {step.why}"
        for row in dict.fromkeys((row.type, row.owner) for row in step.records):
            yield f"      {row[0]:4} {row[1]}"
        yield from (f"      {command}" for command in step.commands)
    open_ = [one for one in judged.findings if one.fails]
    if open_:
        yield f"\nStill to be seen to ({len(open_)}), as `mailwright check` says:"
        yield from (f"  {one.id}: {one.message}" for one in open_)


def _json(plan: Plan, todo: list[Step], judged: Judged, written: Written | None) -> Iterator[str]:
    from mailwright.provider import steps

    def row(one: Any) -> dict[str, object]:
        return {"owner": one.owner, "type": one.type, "value": one.value, "ttl": one.ttl}

    made: dict[str, object] = {
        "customer": judged.head.id,
        "written": [
            str(path)
            for path in (written.file, written.people, written.public, written.private)
            if path is not None
        ]
        if written is not None
        else [],
        "zones": {zone: [row(one) for one in rows] for zone, rows in steps.zones(plan).items()},
        "steps": [
            {
                "what": step.what,
                "why": step.why,
                "by": step.by.isoformat() if step.by is not None else None,
                "records": [row(one) for one in step.records],
                "commands": list(step.commands),
            }
            for step in todo
        ],
        "open": [{"id": one.id, "message": one.message} for one in judged.findings if one.fails],
    }
    yield json.dumps(made, indent=1, ensure_ascii=False)
