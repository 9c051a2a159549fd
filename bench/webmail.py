"""How long signing in to webmail takes, from the click to the in-box, with many messages in the box.

python bench/webmail.py FOLDER   on the hosts of a scenario ``whole`` that is up; FOLDER is molecule's ephemeral one
"""

from __future__ import annotations

import os
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "molecule" / "shared")]

MESSAGES = 10_000
TIMES = 7
LOGIN = "at512"
WEB, MAIL = "www.college.ac.uk", "mail.college.ac.uk"

# As LMTP would have put them there, with their sizes in the names; Dovecot makes its index at the first look.
_FILL = f"""
import os, pwd
user = pwd.getpwnam("vmail")
home = "/var/vmail/{LOGIN}"
box = home + "/Maildir"
for name in ("", "/cur", "/new", "/tmp"):
    os.makedirs(box + name, mode=0o700, exist_ok=True)
for number in range({MESSAGES}):
    text = (
        f"From: Somebody {{number % 97}} <somebody{{number % 97}}@foreign.example>\\n"
        f"To: alan.turing@college.ac.uk\\nSubject: Message {{number}}\\n"
        f"Date: Mon, {{number % 28 + 1}} Jun 2026 {{number % 24:02}}:{{number % 60:02}}:00 +0000\\n"
        f"Message-ID: <{{number}}@foreign.example>\\n\\n" + "Some words. " * (number % 200) + "\\n"
    )
    sizes = f"S={{len(text)}},W={{len(text) + text.count(chr(10))}}"
    with open(f"{{box}}/cur/{{1700000000 + number}}.M{{number}}.bench,{{sizes}}:2,S", "w") as file:
        file.write(text)
for folder, folders, files in os.walk(home):
    for name in (folder, *(os.path.join(folder, one) for one in files)):
        os.chown(name, user.pw_uid, user.pw_gid)
"""


def main(folder: Path) -> None:
    from lab import attach

    from support.browser import browser, in_lab
    from support.webmail import Webmail

    stage = attach(folder)
    lab = stage.lab
    status, said = lab.shell.run(MAIL, "python3", "-c", _FILL, timeout=300)
    if status != 0:
        raise SystemExit(said)
    (password,) = [one.password for one in stage.prepared.credentials.accounts if one.login == LOGIN]
    addresses = {host.name: str(host.addresses[0]) for host in stage.prepared.plan.hosts}
    flags = in_lab(addresses, [stage.prepared.credentials.files[f"{WEB}.pem"]])
    print(f"load at the start {os.getloadavg()[0]:.1f}")
    found = []
    with browser(prefix=lab.vantage("campus", "inside").command_prefix(), flags=flags) as opened:
        webmail = Webmail(opened, f"https://{WEB}/webmail/")
        for number in range(TIMES + 1):
            seconds = webmail.sign_in(LOGIN, password)
            shown = opened.run("document.querySelectorAll('#messagelist tbody tr.message').length")
            there = opened.run("rcmail.env.messagecount")
            if (shown, there) != (50, MESSAGES):
                raise SystemExit(f"{shown} messages shown of {there}")
            if number:  # the first makes the index of the box, and fills the browser's cache
                found.append(seconds)
            else:
                print(f"the very first time: {seconds:.2f} s")
            webmail.sign_out()
    print(f"signing in to the in-box with {MESSAGES:,} messages: median {statistics.median(found):.2f} s, ", end="")
    print(
        f"{min(found):.2f} to {max(found):.2f} s in {TIMES}; wanted 1.5 s; load at the end {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
