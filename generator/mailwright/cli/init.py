"""mailwright init: a first description from a few questions or flags."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from mailwright.site.starter import Facts

T = TypeVar("T")

OS = ("debian-13", "debian-12")


@click.command("init")
@click.option("--organisation", metavar="NAME", help="The organisation's name.")
@click.option("--domain", metavar="DOMAIN", help="The primary mail domain.")
@click.option("--host", metavar="NAME", help="The mail server's full name.  [default: mail.DOMAIN]")
@click.option("--os", "system", type=click.Choice(OS), help="What is installed on it.  [default: debian-13]")
@click.option("--address", "addresses", multiple=True, metavar="IP", help="Its IPv4 and IPv6 addresses.")
@click.option("--campus", multiple=True, metavar="NETWORK", help="The organisation's networks.")
@click.option("--management", multiple=True, metavar="NETWORK", help="Where administrators sit (SSH).")
@click.option(
    "--admin",
    "admins",
    multiple=True,
    metavar="'NAME, LOGIN, TELEPHONE[, ADDRESS]'",
    help="Who looks after mail: two or more. The address is First.Last@DOMAIN unless given.",
)
@click.option("--registry", metavar="HANDLE", help="Your contact's handle in the RIPE registry.")
@click.option("--timezone", metavar="ZONE", default="Europe/London", show_default=True, help="IANA name.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("site.yml"),
    show_default=True,
    help="The description; people.csv and site.schema.json go beside it.",
)
@click.option(
    "--provider",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Instead, the folder of a provider of many organisations: of your own mail on hosts that they share.",
)
def command(out: Path, folder: Path | None, **said: Any) -> None:
    """Write a commented description, from flags or from at most ten questions.

    On a terminal it asks for what no flag says; NETWORK, IP and --admin may be given several times, or in an
    answer several with spaces between. Without a terminal all flags that have no default are needed. Nothing
    that exists is overwritten.
    """
    from mailwright import resources
    from mailwright.site import starter

    if folder is not None:
        _provider(folder, said)
        return
    beside = {out: "", out.parent / "people.csv": "", out.parent / "site.schema.json": ""}
    there = [str(path) for path in beside if path.exists() or path.is_symlink()]
    if there:
        raise click.UsageError(f"Nothing was written, for there is already: {', '.join(there)}.")

    facts = _facts(said, asking=_on_a_terminal())
    schema = resources.folder("schemas") / "site.schema.json"
    texts = (starter.description(facts), starter.people(facts), schema.read_text(encoding="utf-8"))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for path, text in zip(beside, texts, strict=True):
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror}") from None
    click.echo(f"Written: {', '.join(map(str, beside))}")
    click.echo(f"Next: add everybody to people.csv, then run mailwright check {out}")


def _provider(folder: Path, said: dict[str, Any]) -> None:
    """The folder appears whole, or not at all."""
    import shutil
    import tempfile

    from mailwright import resources
    from mailwright.provider import starter

    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise click.UsageError(f"Nothing was written, for {folder} is there already, and not empty.")
    texts = starter.provider(_facts(said, asking=_on_a_terminal()))
    schemas = resources.folder("schemas")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        try:
            for name, text in texts.items():
                path = stage / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            for name in ("provider", "customer", "site"):
                schema = (schemas / f"{name}.schema.json").read_text(encoding="utf-8")
                (stage / f"{name}.schema.json").write_text(schema, encoding="utf-8")
            (stage / "customers").mkdir()
            stage.chmod(0o755)
            stage.rename(folder)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror}") from None
    click.echo(
        f"Written: {folder}/provider.yml, and beside it {', '.join(sorted(name for name in texts if '/' in name))}"
    )
    click.echo(
        f"Next: mailwright new-customer {folder} --domain college.ac.uk, for each, then mailwright check {folder}"
    )


def _on_a_terminal() -> bool:
    return sys.stdin.isatty()


def _facts(said: dict[str, Any], *, asking: bool) -> Facts:
    """The facts that flags say; what they do not say is asked for, or is a usage error that names the flags."""
    from mailwright.site import starter, values

    needed = ("organisation", "domain", "addresses", "campus", "management", "admins")
    flags = {"addresses": "address", "admins": "admin"}
    missing = [f"--{flags.get(name, name)}" for name in needed if not said[name]]
    if len(said["admins"]) == 1:
        missing.append("a second --admin")
    if missing and not asking:
        raise click.UsageError(f"Without a terminal to ask at, these are needed as well: {', '.join(missing)}.")

    def one(name: str, question: str, turn: Callable[[str], T], default: str | None = None) -> T:
        if said[name] is not None:
            return _flag(f"--{flags.get(name, name)}", turn, said[name])
        if not asking:
            return turn(default or "")
        return _ask(question, turn, default)

    def several(name: str, question: str, turn: Callable[[str], object]) -> tuple[str, ...]:
        def each(text: str) -> tuple[str, ...]:
            words = tuple(text.replace(",", " ").split())
            for word in words:
                turn(word)
            if not words:
                raise ValueError("at least one is needed")
            return words

        if said[name]:
            return _flag(f"--{flags.get(name, name)}", each, " ".join(said[name]))
        return _ask(question, each)

    organisation = one("organisation", "Name of the organisation", starter.text)
    domain = one("domain", "Primary mail domain", values.name)
    host = one("host", "Full name of the mail server", values.name, f"mail.{domain}")
    system = one("system", f"Its operating system ({' or '.join(OS)})", _system, OS[0])
    addresses = several("addresses", "Its addresses, IPv4 and IPv6", values.ip)
    campus = several("campus", "Networks of the organisation, as 198.51.100.0/24", values.network)
    management = several("management", "Networks from which administrators come in by SSH", values.network)

    def administrator(text: str) -> starter.Administrator:
        return starter.administrator(text, domain)

    admins = [_flag("--admin", administrator, text) for text in said["admins"]]
    asked = ("First", "Second")[len(admins) :]
    admins += [_ask(f"{which} administrator, as Name, login, telephone", administrator) for which in asked]
    if len({admin.login for admin in admins}) < len(admins):
        raise click.UsageError("The administrators need a login each.")
    handle = one("registry", "Handle in the RIPE registry, empty if you do not know it", registry, "")
    timezone = _flag("--timezone", values.timezone, said["timezone"])
    return starter.Facts(
        organisation, timezone, handle, domain, host, system, addresses, campus, management, tuple(admins)
    )


def _system(text: str) -> str:
    if text not in OS:
        raise ValueError(f"it has to be {' or '.join(OS)}")
    return text


def registry(text: str) -> str:
    if text and not (text.isascii() and text.replace("-", "").isalnum() and text[0].isalpha() and len(text) <= 40):
        raise ValueError(f"{text!r} is not a registry handle, such as COLL1-RIPE")
    return text.upper()


def _flag(name: str, turn: Callable[[str], T], text: str) -> T:
    try:
        return turn(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=name) from None


def _ask(question: str, turn: Callable[[str], T], default: str | None = None) -> T:
    """Asks until the answer can be used."""

    def proc(text: str) -> T:
        try:
            return turn(text.strip())
        except ValueError as error:
            raise click.UsageError(str(error)) from None

    answer: T = click.prompt(question, default=default, value_proc=proc, show_default=bool(default))
    return answer
