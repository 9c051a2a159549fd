"""Distribution lists on a real host in a container: how long it takes to make them so, and what a large one does to
other mail.

python bench/lists.py               all; needs root and podman
python bench/lists.py --delivery    what a large list does to other mail

Mailman's own syncmembers is measured beside it on the same host, at the largest size that it does in bearable time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from mailwright.audit import letters, posting, roads
from mailwright.rehearsal.rehearse import Stage, prepare, staged
from mailwright.rehearsal.zones import FOREIGN
from mailwright.site.model import DistributionList, ListServer, Membership, Site
from support.example import HERE, load_example

HOST = "mail.college.ac.uk"
LISTS, EACH = 200, 250
MEMBERS = "/run/bench-members"
BOTH = 1000
"""Members of a list that both make."""
LARGE = 20_000
OTHERS = 15
"""Messages of other people before and while the large list is delivered."""

# On the host: a description with more lists than anybody wants to build.
_MANY = """
import json, sys
path, lists, each, mark = "/etc/mailman3/mailwright.json", int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
with open(path) as file:
    said = json.load(file)
row = {"title": "x", "owners": ["rosa.luxemburg@college.ac.uk"], "moderators": [], "post": ["members"],
       "moderated": False, "known": "build", "group": ""}
for at in range(lists):
    on_it = [f"{mark}{(at * 97 + one * 13) % 20000:05}@college.ac.uk" for one in range(each)]
    said["lists"][f"{mark}{at}@college.ac.uk"] = {**row, "members": on_it}
with open(path, "w") as file:
    json.dump(said, file)
with open("/run/bench-members", "w") as file:
    file.write("".join(f"z{one:05}@college.ac.uk\\n" for one in range(each)))
"""


def large(database: str) -> Site:
    """The example with one list of many people elsewhere, on a host that does all."""
    example = load_example()
    host = replace(example.hosts[0], os="debian-13", functions=("mx", "submission", "store", "lists"))
    everybody = DistributionList(
        local="everybody",
        domain="college.ac.uk",
        title="Everybody",
        owners=("rl204",),
        moderators=(),
        members=Membership(named=tuple(f"member{number:05}@{FOREIGN}" for number in range(LARGE))),
        post=("managers",),
        moderated=False,
        archive="none",
        where=HERE,
    )
    server = ListServer("postgresql" if database == "postgresql" else "sqlite", HERE)
    return replace(example, hosts=(host,), lists=(everybody,), list_server=server)


def timed(stage: Stage, *argv: str) -> float:
    """Seconds of a command on the host. Raises SystemExit with its words when it fails."""
    started = time.monotonic()
    status, said = stage.lab.shell.run(HOST, *argv, timeout=1800.0)
    if status != 0:
        raise SystemExit(f"{' '.join(argv)[:200]} ended with {status}:\n{said[-2000:]}")
    return time.monotonic() - started


def say(what: str, figure: str, wanted: str = "") -> None:
    print(f"{what:<72} {figure:>16}   {wanted}", flush=True)


def synchronised(stage: Stage, database: str) -> None:
    timed(stage, "cp", "-p", "/etc/mailman3/mailwright.json", "/root/")
    timed(stage, "python3", "-I", "-c", _MANY, str(LISTS), str(EACH), "many")
    first = timed(stage, "mailwright-lists", "apply")
    say(f"{LISTS} lists, {LISTS * EACH:,} memberships, the first time ({database})", f"{first:.1f} s")
    say("the same, nothing changed", f"{timed(stage, 'mailwright-lists', 'apply'):.2f} s", "wanted: 5 s")
    timed(stage, "python3", "-I", "-c", _MANY, "1", str(BOTH), "one")
    ours = timed(stage, "mailwright-lists", "apply")
    mailman = ("runuser", "-u", "list", "--", "mailman")
    timed(stage, *mailman, "create", "theirs@college.ac.uk")
    theirs = timed(stage, *mailman, "syncmembers", "-W", "-G", "-A", MEMBERS, "theirs@college.ac.uk")
    say(f"one list of {BOTH:,} members", f"{ours:.1f} s")
    say("the same by mailman syncmembers", f"{theirs:.1f} s")
    say("ratio", f"{theirs / ours:.0f} times", "wanted: 3 times")
    timed(stage, "mv", "/root/mailwright.json", "/etc/mailman3/mailwright.json")


def delays(stage: Stage, count: int) -> list[float]:
    """Seconds from submission until it is outside, of messages of somebody who has nothing to do with lists."""
    context = stage.context()
    who = roads.anybody(context)
    found = []
    for _ in range(count):
        started = time.monotonic()
        _, sent = posting.send_plain(context, who)
        if sent.received is None:
            raise SystemExit(f"a message of {who.published} did not arrive: {sent.reply}")
        found.append(time.monotonic() - started)
        time.sleep(0.5)
    return found


def delivered(stage: Stage) -> None:
    context = stage.context()
    before = delays(stage, OTHERS)
    owner = roads.person(context, lambda one: one.login == "rl204", "the list's owner")
    mark = letters.token()
    content = letters.letter(mark, f"<{owner.published}>", "<everybody@college.ac.uk>", without=("Auto-Submitted",))
    started = time.monotonic()
    posting.hand_in(context, owner, owner.published, ("everybody@college.ac.uk",), content)
    if roads.correspondent(context).wait_for(mark, 300.0) is None:
        raise SystemExit("nothing of the list arrived")
    begun = time.monotonic() - started
    during = delays(stage, OTHERS)
    while left(stage):
        time.sleep(1.0)
    everybody = time.monotonic() - started
    say(f"a post to {LARGE:,} members: the first has it after", f"{begun:.1f} s")
    say("all have it after", f"{everybody:.0f} s")
    for name, found in (("before", before), ("meanwhile", during)):
        say(f"other mail, {name}: median and longest of {len(found)}",
            f"{statistics.median(found):.2f}, {max(found):.2f} s")  # fmt: skip


def left(stage: Stage) -> int:
    """Messages that Mailman or Postfix still has."""
    script = (
        "find /var/lib/mailman3/queue/out /var/lib/mailman3/queue/pipeline -type f | wc -l; postqueue -j | wc -l"
    )
    _, said = stage.lab.shell.run(HOST, "sh", "-c", script)
    return sum(int(word) for word in said.split() if word.isdigit())


def quiet(_text: str) -> None:
    return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delivery", action="store_true", help="only what a large list does to other mail")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores; load at the start {os.getloadavg()[0]:.1f}")
    for database in ("postgresql",) if arguments.delivery else ("postgresql", "sqlite"):
        with tempfile.TemporaryDirectory(prefix="mailwright-bench-") as name:
            folder = Path(name)
            with staged(prepare(large(database), (), (), folder), folder, quiet) as stage:
                stage.apply(quiet)
                if database == "postgresql":
                    delivered(stage)
                if not arguments.delivery:
                    synchronised(stage, database)


if __name__ == "__main__":
    main()
