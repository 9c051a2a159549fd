"""Providers of many customers, made for the purpose: how long check, build and review of them take.

python bench/providers.py              the whole table: 10,000 customers, 1,000 for growth and for Kapitan
python bench/providers.py FOLDER N     writes a provider of N customers into FOLDER, to try things on
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
MAILWRIGHT = Path(sys.executable).parent / "mailwright"
DAY = "2026-12-01"
MANY, FEW = 10_000, 1_000
ADDRESSES = 50
"""Of each customer, with those of its roles and automatic senders."""

_FIRST = ("Ann", "Ben", "Cara", "Dewi", "Eve", "Finn", "Gwen", "Hugh", "Ida", "Jack")
_LAST = ("Adams", "Bevan", "Clark", "Davies", "Ellis", "Floyd", "Grant", "Howell", "Irwin", "Jones")
_KINDS = (("school", "sch.uk"), ("college", "ac.uk"), ("trust", "ac.uk"), ("library", "org.uk"))

# What customers are told of their provider, and what lies beneath them.
_DEFAULTS = ROOT / "inventories" / "provider"


def write(folder: Path, count: int) -> None:
    """A provider with so many customers on one platform, each another; the layers are those of the example."""
    for name in ("platforms", "profiles"):
        shutil.copytree(_DEFAULTS / name, folder / name)
    shutil.copy(_DEFAULTS / "provider.yml", folder)
    key = (_DEFAULTS / "platforms" / "dkim.pub").read_bytes()
    (folder / "customers").mkdir()
    for number in range(count):
        name = f"c{number:05d}"
        (folder / "customers" / f"{name}.yml").write_text("\n".join([*_customer(number, name), ""]), "utf-8")
        files = folder / "customers" / name
        files.mkdir()
        (files / "dkim.pub").write_bytes(_of_its_own(key, number))
        if _in_a_file(number):
            (files / "people.csv").write_text("\n".join([*_table(_people(number)), ""]), "utf-8")


def _of_its_own(key: bytes, number: int) -> bytes:
    """A public key of the same length that no other customer has, and nobody the private one of."""
    first, second, third, *rest = key.splitlines(keepends=True)
    return b"".join((first, second, f"{number:08d}".encode(), third[8:], *rest))


@dataclass(frozen=True, slots=True)
class _Person:
    login: str
    name: str
    address: str
    alias: str
    internal: str


def _domain(number: int) -> str:
    kind, above = _KINDS[number % len(_KINDS)]
    return f"{kind}{number:05d}.{above}"


def _in_a_file(number: int) -> bool:
    return number % 2 == 1


def _people(number: int) -> list[_Person]:
    """Of the ADDRESSES five are roles' and a process's; each fifth person has an alias."""
    domain = _domain(number)
    people: list[_Person] = []
    left = ADDRESSES - 6
    while left > 0:
        at = len(people)
        first, last = _FIRST[at % 10], f"{_LAST[(at // 10 + number) % 10]}{'' if at < 100 else at}"
        alias = f"{first}@{domain}".lower() if at % 5 == 0 and at < 10 else ""
        inside = f"{first}.{last}@in.{domain}" if _internal(number) and at % 10 == 0 else ""
        people.append(_Person(f"u{at:03d}", f"{first} {last}", f"{first}.{last}@{domain}", alias, inside))
        left -= 2 if alias else 1
    return people


def _internal(number: int) -> bool:
    return number % 7 == 0


def _table(people: Sequence[_Person]) -> Iterator[str]:
    yield "login,name,address,aliases,internal"
    for one in people:
        yield f"{one.login},{one.name},{one.address},{one.alias},{one.internal}"


def _customer(number: int, name: str) -> Iterator[str]:
    domain, people = _domain(number), _people(number)
    kind = _KINDS[number % len(_KINDS)][0]
    profiles = ["school" if kind == "school" else "college", *(["welsh"] if number % 10 == 3 else [])]
    yield "platform: shared"
    yield f"profiles: [{', '.join(profiles)}]"
    if number % 50 == 49:
        yield 'leaving: {stop: "2026-10-31", mail_until: "2027-01-31", logs_until: "2027-06-30"}'
    yield "organisation:"
    yield f"  name: {kind.capitalize()} of Place {number}"
    yield f"  registry: PL{number}-RIPE"
    yield "  contacts:"
    for at, one in enumerate(people[:2]):
        yield f"    - {{name: {one.name}, email: {one.address}, telephone: +44 1632 96{at}{number % 1000:03d}}}"
    if "welsh" in profiles:
        yield f"  service_desk: {{email: support@{domain}, telephone: +44 1632 961{number % 1000:03d}}}"
    yield f"domains: [{{name: {domain}, facilities: [web, support]}}]"
    if _internal(number):
        yield f'internal_domains: {{in.{domain}: {{published: {domain}, until: "2028-12-31"}}}}'
    if _in_a_file(number):
        yield f"people: {name}/people.csv"
    else:
        yield "people:"
        for at, one in enumerate(people):
            aliases = f", aliases: [{one.alias}]" if one.alias else ""
            inside = f", internal: [{one.internal}]" if one.internal else ""
            listed = ", listed: true" if kind == "school" and at == 0 else ""
            yield f"  - {{login: {one.login}, name: {one.name}, address: {one.address}{aliases}{inside}{listed}}}"
    yield "roles:"
    first, second, third = (one.login for one in people[:3])
    yield f"  postmaster: [{first}, {second}, Ada.Owen@hosting.example]"
    yield f"  abuse: [{second}, {third}]"
    yield f"  webmaster: [{first}, {third}]"
    yield f"  support: [{first}, {second}]"
    yield f"  hostmaster: [{second}, {third}]"
    yield "automatic_senders:"
    yield f"  forms: {{purpose: Forms, addresses: [forms@{domain}], replies: webmaster@{domain}}}"
    yield f"store: {{passwords: secrets/{name}/passwords}}"
    yield f"dkim: {{selector: s{number}, public_key: {name}/dkim.pub, private_key: secrets/{name}/dkim.key}}"
    yield "attestations:"
    yield f"  ROLE-3: {{statement: Mail to roles is read every day., owner: {people[0].name}, date: 2026-09-14}}"


# --- Measuring -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float
    mebibytes: float  # the most that all of its processes had at a time; what they share is counted once


def run(
    *argv: str | Path, cwd: Path | None = None, well: tuple[int, ...] = (0,), watched: bool = False
) -> Measured:
    """A whole command, from its start to its end; when what was written before is on the disk.

    watched  its memory is looked at meanwhile, which takes a little of its time
    Raises SystemExit with what it said where it ends otherwise.
    """
    most = 0.0
    os.sync()
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen([str(word) for word in argv], cwd=cwd, stdout=said, stderr=said)
        while watched and process.poll() is None:
            most = max(most, sum(map(_memory, _family(process.pid))))
            time.sleep(0.2)
        process.wait()
        seconds = time.perf_counter() - started
        if process.returncode not in well:
            said.seek(0)
            raise SystemExit(f"{argv[0]} ended with {process.returncode}:\n{said.read()[-2000:].decode()}")
    return Measured(seconds, most)


def _family(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from _family(int(child))


def _memory(pid: int) -> float:
    """Mebibytes of a process, of what it shares its part (PSS)."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0


def build(folder: Path, out: Path, *more: str, watched: bool = False) -> Measured:
    return run(MAILWRIGHT, "build", folder, "--out", out, "--today", DAY, *more, watched=watched)


def edit(folder: Path, number: int, name: str) -> None:
    """A new name for a person of one customer."""
    files = (folder / "customers" / f"c{number:05d}.yml", folder / "customers" / f"c{number:05d}" / "people.csv")
    for file in files:
        if file.exists():
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace("Cara Adams", name).replace("Cara.Adams", name.replace(" ", ".")), "utf-8")


def table(work: Path, many: int = MANY, few: int = FEW) -> None:
    """The table of providers in docs/performance.md.

    Nothing is deleted before the end: for minutes after that, ext4 looks through all that is gone at each new file.
    """
    each_of_few = fewer(work, few) / few
    folder, out = work / "provider", work / "build"
    folder.mkdir()
    write(folder, many)
    first = build(folder, out, watched=True)
    files = sum(len(names) for _folder, _folders, names in os.walk(out))
    say(f"{many:,} customers, {ADDRESSES} addresses each: check and build, {files:,} files", first.seconds, "60 s")
    print(f"{'its memory, at the most':<76} {first.mebibytes:>8.0f} MiB   wanted: 600 MiB", flush=True)
    ratio(f"each of them, in parts of one of {few:,}", first.seconds / many / each_of_few, "0.85 to 1.15")
    copied = run("cp", "-r", out, work / "copy").seconds
    ratio("in parts of cp -r of the built tree", first.seconds / copied, "at most 5")
    build(folder, out)  # looks again at what was written just before it was read
    say("the same, nothing changed: the longest of 3", max(build(folder, out).seconds for _ in range(3)), "2 s")
    for numbers, words in (((17, 18, 19), ()), ((20,), ("--only", "c00020"))):
        took = 0.0
        for number in numbers:
            edit(folder, number, "Cora Amis")
            took = max(took, build(folder, out, *words).seconds)
        what = "--only it: build" if words else "build: the longest of 3"
        say(f"the same, one customer edited, {what}", took, "1 s")
    review(folder)


def review(folder: Path) -> None:
    """Of one edited customer, between two commits."""
    git = ("git", "-C", folder, "-c", "user.name=x", "-c", "user.email=x@example.org")
    run(*git, "init", "-q")
    run(*git, "add", "-A")
    run(*git, "commit", "-qm", "before")
    edit(folder, 21, "Cora Amis")
    measured = run(MAILWRIGHT, "diff", "HEAD", "--today", DAY, "--", folder, cwd=folder, well=(0, 1))
    say("the same, one customer edited: review", measured.seconds, "2 s")


def fewer(work: Path, few: int) -> float:
    """Seconds for so many customers, the least of two; and how much longer Kapitan takes for as many targets."""
    folder, outs = work / "few", (work / "few-build", work / "few-again")
    folder.mkdir()
    write(folder, few)
    ours = min(build(folder, out).seconds for out in outs)
    say(f"{few:,} customers: check and build, the shorter of 2", ours, "")
    theirs, files = kapitan(work / "kapitan", folder, outs[0], few)
    say(f"Kapitan, {few:,} targets of {_TEMPLATES} templates, {files:,} files", theirs, "")
    ratio("in parts of the build of as many customers", theirs / ours, "at least 30")
    return ours


_TEMPLATES = 10


def kapitan(work: Path, folder: Path, out: Path, count: int) -> tuple[float, int]:
    """Seconds that Kapitan needs for as many targets, and how many files it makes.

    The values of each are those of a customer of ``folder``, laid over its profiles and the provider's defaults. A
    template has a tenth of the text that was built of one into ``out``, and a line for each person.
    """
    classes, targets, templates = work / "inventory" / "classes", work / "inventory" / "targets", work / "templates"
    for place in (classes, targets, templates):
        place.mkdir(parents=True)
    names = [f"templates/page{number}.html" for number in range(_TEMPLATES)]
    said = _said(folder / "provider.yml")
    compiled = {"output_path": ".", "input_type": "jinja2", "input_paths": names}
    common = {
        "kapitan": {"vars": {"target": "${target_name}"}, "compile": [compiled]},
        "site": said.pop("defaults"),
    }
    _laid(classes / "common.yml", {"parameters": {**common, "provider": said}})
    _laid(classes / "shared.yml", {"parameters": {"platform": _said(folder / "platforms" / "shared.yml")}})
    for profile in (folder / "profiles").iterdir():
        _laid(classes / profile.name, {"parameters": {"site": _said(profile)}})
    for number in range(count):
        one = _said(folder / "customers" / f"c{number:05d}.yml")
        layers = [one.pop("platform"), *one.pop("profiles", ())]
        one["people"] = [
            {"login": person.login, "name": person.name, "address": person.address} for person in _people(number)
        ]
        own = {"target_name": f"c{number:05d}", "site": one}
        _laid(targets / f"c{number:05d}.yml", {"classes": ["common", *layers], "parameters": own})
    size = sum(file.stat().st_size for file in out.rglob("customers/c*/**/*") if file.is_file()) // count
    line = "<p>Mail is kept for as long as it says here, and nobody but you reads it.</p>\n"
    people = "{% for one in site.people %}\n<p>{{ one.name }}: {{ one.address }}</p>\n{% endfor %}\n"
    lines = (size // _TEMPLATES - ADDRESSES * 45) // len(line)
    for name in names:
        (work / name).write_text(
            "{% set site = inventory.parameters.site %}\n<h1>{{ site.organisation.name }}</h1>\n"
            + line * lines
            + people
        )
    venv.create(work / "venv", with_pip=True)
    run(work / "venv" / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "kapitan")
    words = ("compile", "-p", str(os.cpu_count()))
    seconds = run(work / "venv" / "bin" / "kapitan", *words, cwd=work).seconds
    return seconds, sum(len(files) for _folder, _folders, files in os.walk(work / "compiled"))


def _said(file: Path) -> dict[str, Any]:
    """What a file of a provider says; dates and numbers as they are written, as they are text in JSON."""
    return dict(yaml.load(file.read_bytes(), yaml.CBaseLoader))  # noqa: S506 - it makes text alone


def _laid(file: Path, said: Mapping[str, object]) -> None:
    file.write_text(json.dumps(said), encoding="utf-8")  # JSON is YAML


def say(what: str, seconds: float, wanted: str) -> None:
    print(f"{what:<76} {seconds:>8.2f} s     {f'wanted: {wanted}' if wanted else ''}", flush=True)


def ratio(what: str, figure: float, wanted: str) -> None:
    print(f"{what:<76} {figure:>8.2f} times wanted: {wanted}", flush=True)


def main() -> None:
    if len(sys.argv) == 3:
        Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
        write(Path(sys.argv[1]), int(sys.argv[2]))
        return
    print(f"{os.cpu_count()} cores; load at the start {os.getloadavg()[0]:.1f}; Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory(prefix="mailwright-bench-") as folder:
        table(Path(folder))


if __name__ == "__main__":
    main()
