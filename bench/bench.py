"""Measures what docs/performance.md quotes: times and ratios, both sides of a ratio in the same run.

python bench/bench.py            all; the rehearsal needs root and podman, and is left out where they are missing
python bench/bench.py --quick    without the rehearsal

Nothing is asserted here: correctness has tests, and a slow machine is no fault.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "inventories" / "example"
PROGRAMS = Path(sys.executable).parent
MAILWRIGHT = PROGRAMS / "mailwright"
PEOPLE = 100_000
HOSTS = (("mx", 4, "mx"), ("smtp", 4, "submission"), ("store", 40, "store"), ("log", 2, "log"))
"""The hosts of the largest site: name, how many, function."""
UNCHANGED = 3
"""Times that the unchanged deployment is asked all that there is to ask."""


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float
    mebibytes: float  # the most memory that the process had at a time


def run(*argv: str | Path, cwd: Path | None = None) -> Measured:
    """A whole process, from its start to its end. Raises CalledProcessError with what it said."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([str(word) for word in argv], cwd=cwd, stdout=said, stderr=said)
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            raise SystemExit(
                f"{' '.join(map(str, argv))} ended with {process.returncode}:\n{said.read(2000).decode()}"
            )
    return Measured(seconds, usage.ru_maxrss / 1024)


def median(times: int, *argv: str | Path, fresh: Path | None = None) -> float:
    """The median of so many runs, in seconds; ``fresh`` is removed before each."""
    found = []
    for _ in range(times):
        if fresh is not None:
            shutil.rmtree(fresh, ignore_errors=True)
        found.append(run(*argv).seconds)
    return statistics.median(found)


def say(what: str, figure: str, wanted: str) -> None:
    print(f"{what:<72} {figure:>16}   {wanted}", flush=True)


def help_() -> None:
    say("mailwright --help", f"{median(15, MAILWRIGHT, '--help') * 1000:.0f} ms", "wanted: 150 ms")


def build(work: Path) -> None:
    out = work / "build"
    ours = median(9, MAILWRIGHT, "build", EXAMPLE / "site.yml", "--out", out, fresh=out)
    say("mailwright build of the example, whole process, from nothing", f"{ours:.3f} s", "wanted: 0.5 s")
    again = median(9, MAILWRIGHT, "build", EXAMPLE / "site.yml", "--out", out)
    say("the same, nothing changed", f"{again:.3f} s", "")
    project = out / "college.ac.uk"
    # All that the build renders; roles/ is copied as it is, which ansible-playbook is spared.
    files = sorted(
        path for path in project.rglob("*") if path.is_file() and path.relative_to(project).parts[0] != "roles"
    )
    theirs, count = ansible(work, files)
    say(f"ansible-playbook, templating the same {count} files locally", f"{theirs:.1f} s", "")
    say("ratio", f"{theirs / ours:.0f} times", "wanted: 50 times")


def ansible(work: Path, files: list[Path]) -> tuple[float, int]:
    """Seconds that ansible-playbook needs to template ``files``, one task each, on this machine."""
    templates, made = work / "templates", work / "made"
    templates.mkdir()
    made.mkdir()
    tasks = []
    for number, file in enumerate(files):
        # The text stands in a raw block, so that it comes out as it is; one value is filled in, as in any template.
        text = "{% raw %}" + file.read_text(encoding="utf-8") + "{% endraw %}\n# {{ inventory_hostname }}\n"
        (templates / f"{number}.j2").write_text(text, encoding="utf-8")
        tasks.append(f"    - ansible.builtin.template: {{src: {templates}/{number}.j2, dest: {made}/{number}}}")
    playbook = work / "playbook.yml"
    head = ["- hosts: localhost", "  connection: local", "  gather_facts: false", "  tasks:"]
    playbook.write_text("\n".join([*head, *tasks]) + "\n", encoding="utf-8")
    measured = run(
        PROGRAMS / "ansible-playbook",
        "-i",
        "localhost,",
        "-e",
        f"ansible_python_interpreter={sys.executable}",
        playbook,
        cwd=work,
    )
    return measured.seconds, len(files)


def _letters(number: int) -> str:
    """A name that is another for each number."""
    digits = [(number // 26**place) % 26 for place in range(4)]
    return "".join(chr(ord("a") + digit) for digit in digits).capitalize()


def large(site: Path) -> Path:
    """The example with PEOPLE people more, in the folder ``site``."""
    shutil.copytree(EXAMPLE, site)
    with (site / "people.csv").open("a", encoding="utf-8", newline="") as file:
        columns = len((EXAMPLE / "people.csv").read_text(encoding="utf-8").splitlines()[0].split(","))
        rows = csv.writer(file, lineterminator="\n")
        for number in range(PEOPLE):
            name = f"{_letters(number)} {_letters(PEOPLE - number)}son"
            row = [f"u{number:06d}", name, f"{name.replace(' ', '.')}@college.ac.uk"]
            rows.writerow([*row, *[""] * (columns - len(row))])
    return site


def people(work: Path) -> None:
    site = large(work / "large")
    measured = run(MAILWRIGHT, "build", site / "site.yml", "--out", work / "large-build")
    say(f"build with {PEOPLE:,} people in CSV", f"{measured.seconds:.2f} s", "wanted: 5 s")
    say("its memory, at the most", f"{measured.mebibytes:.0f} MiB", "wanted: 500 MiB")
    spread(site)
    measured = run(MAILWRIGHT, "build", site / "site.yml", "--out", work / "spread-build")
    hosts = sum(count for _name, count, _function in HOSTS)
    say(f"build with {PEOPLE:,} people and {hosts} hosts", f"{measured.seconds:.2f} s", "wanted: 15 s")
    say("its memory, at the most", f"{measured.mebibytes:.0f} MiB", "")


def review_speed(work: Path) -> None:
    """One person more in the example, and in a site of PEOPLE; and a review where nothing differs."""
    small = pair(work / "review", EXAMPLE)
    seconds = median(9, MAILWRIGHT, "diff", *small)
    say("review of one person in the example, whole process", f"{seconds:.2f} s", "wanted: 0.5 s")
    page = median(5, MAILWRIGHT, "diff", *small, "--format", "html")
    say("the same as a page, with the differences of all files", f"{page:.2f} s", "")
    old, new = pair(work / "large-review", large(work / "large-people"))
    measured = run(MAILWRIGHT, "diff", old, new)
    say(f"review of one person among {PEOPLE:,}", f"{measured.seconds:.2f} s", "wanted: 3 s")
    say("its memory, at the most", f"{measured.mebibytes:.0f} MiB", "")
    measured = run(MAILWRIGHT, "diff", old, new, "--format", "html")
    say("the same as a page, with the differences of all files", f"{measured.seconds:.2f} s", "")
    say("its memory, at the most", f"{measured.mebibytes:.0f} MiB", "")
    building = run(MAILWRIGHT, "build", old, "--out", work / "review-build").seconds
    nothing = run(MAILWRIGHT, "diff", old, old).seconds
    say("review where nothing differs, in parts of a build of the same", f"{nothing / building:.2f}", "wanted: 1")
    since = run(MAILWRIGHT, "diff", work / "review-build", old).seconds
    say("review where nothing differs since a build, in the same parts", f"{since / building:.2f}", "wanted: 1")


def pair(folder: Path, site: Path) -> tuple[Path, Path]:
    """A description twice, the second time with one more person."""
    old, new = folder / "old", folder / "new"
    for copy in (old, new):
        shutil.copytree(site, copy)
    columns = (new / "people.csv").read_text(encoding="utf-8").partition("\n")[0].count(",") + 1
    with (new / "people.csv").open("a", encoding="utf-8") as file:
        file.write(",".join(["ns001", "New Starter", "New.Starter@college.ac.uk", *[""] * (columns - 3)]) + "\n")
    return old / "site.yml", new / "site.yml"


def published() -> None:
    """The pages of the site that is described whole, in two languages: the first time, and after that."""
    from mailwright import pages
    from mailwright.plan import make
    from mailwright.site.read import read

    site = read(ROOT / "inventories" / "whole" / "site.yml").site
    if site is None:
        raise SystemExit("the whole site cannot be used")
    plan = make(site)
    found = []
    for _ in range(10):
        started = time.perf_counter()
        count = len(pages.files(plan))
        found.append(time.perf_counter() - started)
    say(
        f"the {count} files of an organisation's pages, with templates compiled",
        f"{found[0] * 1000:.0f} ms",
        "wanted: 100 ms",
    )
    say("the same of the next organisation", f"{statistics.median(found[1:]) * 1000:.0f} ms", "")


def spread(site: Path) -> None:
    """The site's one host becomes many."""
    lines, number = [], 10
    for name, count, function in HOSTS:
        for each in range(1, count + 1):
            number += 1
            addresses = f'[198.51.100.{number}, "2001:db8:c011::{number}"]'
            about = f"{{addresses: {addresses}, os: debian-13, functions: [{function}]}}"
            lines.append(f"  {name}{each}.college.ac.uk: {about}\n")
    text = (site / "site.yml").read_text(encoding="utf-8")
    before, _, rest = text.partition("\nhosts:")
    _old, _, after = rest.partition("\n\n")
    (site / "site.yml").write_text(f"{before}\nhosts:\n{''.join(lines)}\n{after}", encoding="utf-8")


TRACE = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from mailwright_trace import command
command.note = lambda text: None  # this machine's log is left alone
sys.exit(command.main())
"""


def trail(work: Path) -> None:
    """mailwright-trace over a gibibyte of made logs, all days but two compressed."""
    import mail_logs

    folder = work / "logs"
    folder.mkdir()
    settings, known = mail_logs.write(folder, 1 << 30, 12)
    program = (sys.executable, "-c", TRACE, ROOT / "templates" / "logs", "--settings", settings)
    measured = run(*program, "--index")
    read = sum(end for (end,) in mail_logs.indexed(settings))
    say(
        f"mailwright-trace --index, {read / 2**30:.1f} GiB of text from nothing",
        f"{read / 1e6 / measured.seconds:.0f} MB/s",
        "wanted: 50 MB/s",
    )
    size = (folder / "index" / "index").stat().st_size
    say("the index, in parts of the text", f"{size / read:.3f}", "")
    one = known[len(known) // 2]
    at = ("--to", one.recipient, "--at", one.time.isoformat())
    for what, words in (
        ("queue id", (one.queue_id,)),
        ("Message-ID", (one.message_id,)),
        ("recipient and time", at),
    ):
        say(f"a question by {what}, whole process", f"{median(5, *program, *words):.2f} s", "wanted: 1 s")
    shutil.rmtree(folder)


def rehearsal(work: Path) -> None:
    run(MAILWRIGHT, "rehearse", EXAMPLE / "site.yml", "--out", work / "warm-up")  # makes the images where need be
    measured = run(MAILWRIGHT, "rehearse", EXAMPLE / "site.yml", "--out", work / "rehearsal")
    say(
        "rehearsal of the example, cached images, from nothing to verdict",
        f"{measured.seconds:.0f} s",
        "wanted: 120 s",
    )
    spread_out = EXAMPLE.parent / "split" / "site.yml"
    measured = run(MAILWRIGHT, "rehearse", spread_out, "--out", work / "split")
    say("rehearsal of the split site, six hosts, the same", f"{measured.seconds:.0f} s", "wanted: 240 s")


def many_domains() -> None:
    import audits

    seconds, came = audits.of_many_domains()
    what = f"audit of {audits.DOMAINS} domains on one platform, 30 ms away ({came})"
    say(what, f"{seconds:.1f} s", "wanted: 120 s")


def review_cases() -> None:
    import reviews

    reviews.rates()


def providers(work: Path) -> None:
    import providers as of_many

    folder = work / "providers"
    folder.mkdir()
    of_many.table(folder)
    shutil.rmtree(folder)


def one_host_of_a_provider() -> None:
    import provider_host

    provider_host.main(())


def second_apply(work: Path) -> None:
    from datetime import date

    import audits

    from mailwright.rehearsal.rehearse import prepare, staged
    from mailwright.requirements.evaluate import evaluate
    from mailwright.site.read import read

    site = read(EXAMPLE / "site.yml").site
    if site is None:
        raise SystemExit("the example cannot be used")
    folder = work / "apply"
    folder.mkdir()

    def quiet(_text: str) -> None:
        return

    with staged(prepare(site, evaluate(site, date.today()), (), folder), folder, quiet) as stage:
        first = stage.apply(quiet)
        again = stage.apply(quiet)
        seconds, came = audits.of_hosts(stage)
    say("first apply, packages there", f"{first.seconds:.1f} s", "")
    changed = sum(again.changed.values())
    say(f"second apply of the unchanged host ({changed} changed)", f"{again.seconds:.1f} s", "wanted: 15 s")
    say(f"audit of the example from outside ({came})", f"{seconds:.1f} s", "wanted: 20 s")


def detection(work: Path) -> None:
    """Mutants and the unchanged deployment, in one lab: what is found of each."""
    from datetime import date

    from mailwright.rehearsal.rehearse import prepare, staged
    from mailwright.requirements.evaluate import evaluate
    from mailwright.site.read import read

    sys.path.insert(0, str(ROOT / "tests"))
    from support.known_bad import EXAMPLE as MUTANTS
    from support.known_bad import examined
    from support.live_changes import examine, unchanged

    site = read(EXAMPLE / "site.yml").site
    if site is None:
        raise SystemExit("the example cannot be used")
    folder = work / "known-bad"
    folder.mkdir()

    def quiet(_text: str) -> None:
        return

    alarms, found, missed, seconds = 0, 0, [], []
    with staged(prepare(site, evaluate(site, date.today()), (), folder), folder, quiet) as stage:
        stage.apply(quiet)
        checks = len(stage.probes)
        for _ in range(UNCHANGED):
            seen = examine(stage, unchanged, stage.probes, hurried=False)
            alarms += len(seen.fails)
            if seen.fails | seen.unproven:
                print(f"unchanged: {seen}")
        for mutant in MUTANTS:
            seen = examined(stage, mutant, folder)
            seconds.append(sum(seen.seconds))
            if mutant.fails <= seen.fails:
                found += 1
            if (seen.fails, seen.unproven) != (mutant.fails, mutant.unproven):
                missed.append(f"{mutant.name}: {seen}")
    count = len(MUTANTS)
    for words in missed:
        print(words)
    say(f"{count} mutants, found", f"{found} ({found / count:.0%})", "wanted: 100 %")
    exact = count - len(missed)
    say(f"{count} mutants, found for exactly what they are", f"{exact} ({exact / count:.0%})", "wanted: 100 %")
    asked = UNCHANGED * checks
    say(
        f"false alarms on {UNCHANGED} unchanged deployments, {checks} checks each",
        f"{alarms} ({alarms / asked:.1%})",
        "wanted: none",
    )
    say("seconds for each mutant: made, probed, put right", f"{statistics.median(seconds):.1f} s", "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="without the rehearsal")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores; load at the start {os.getloadavg()[0]:.1f}; Python {sys.version.split()[0]}")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(prefix="mailwright-bench-") as folder:
        work = Path(folder)
        help_()
        build(work)
        published()
        people(work)
        trail(work)
        many_domains()
        review_cases()
        review_speed(work)
        providers(work)
        if arguments.quick:
            return
        if os.geteuid() != 0 or shutil.which("podman") is None:
            print("The rehearsal is left out: it needs root and podman.")
            return
        second_apply(work)
        rehearsal(work)
        one_host_of_a_provider()
        detection(work)


if __name__ == "__main__":
    main()
