"""Runs Postfix, talks to port 25 as an outsider and as a client that may relay, and prints what came of it as JSON.

Runs on the host that is looked at, with the names of a form that is used inside and of an outsider's domain as
arguments. Nothing is delivered: there is no network and no store, so what was queued is read from the queue.
"""

from __future__ import annotations

import json
import re
import smtplib
import subprocess
import sys
import time

FORM, FOREIGN = sys.argv[1:]
OUTSIDER, TRUSTED = "127.0.0.1", "127.0.0.2"


def run(*argv: str) -> str:
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    return done.stdout + done.stderr


def connect(source: str) -> smtplib.SMTP:
    for _ in range(3000):
        try:
            return smtplib.SMTP("127.0.0.1", 25, "client.example", timeout=60, source_address=(source, 0))
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"no answer on port 25: {run('sh', '-c', 'cat /var/log/mail.log /tmp/log 2>&1 | tail -20')}")


def asked(source: str, sender: str, recipient: str) -> list[object]:
    with connect(source) as client:
        client.ehlo()
        client.docmd(f"MAIL FROM:<{sender}>")
        code, text = client.docmd(f"RCPT TO:<{recipient}>")
        return [code, text.decode()]


def queued(source: str, sender: str, recipient: str, *lines: str) -> str:
    """The message as it lies in the queue, envelope and all; or what the server said instead."""
    with connect(source) as client:
        client.ehlo()
        client.docmd(f"MAIL FROM:<{sender}>")
        client.docmd(f"RCPT TO:<{recipient}>")
        code, text = client.data("\r\n".join((*lines, "", "Text", "")))
        found = re.search(r"queued as (\w+)", text.decode())
        return run("postcat", "-q", found[1]) if found else f"{code} {text.decode()}"


def main() -> None:
    serve = ("setpriv", "--reuid=postfix", "python3", "-I", "/usr/local/sbin/mailwright-space", "serve")
    space = subprocess.Popen(serve)
    run("postfix", "start")
    headers = (f"From: Karl Marx <K.Marx@{FORM}>", f"To: <probe@{FOREIGN}>", f"Reply-To: k.marx@{FORM}")
    seen: dict[str, object] = {
        "known": asked(OUTSIDER, f"x@{FOREIGN}", f"K.MARX@{FORM}"),
        "unknown": asked(OUTSIDER, f"x@{FOREIGN}", f"nobody-at-all@{FORM}"),
        "postmaster": asked(OUTSIDER, f"x@{FOREIGN}", f"postmaster@{FORM}"),
        "forged": asked(OUTSIDER, f"nobody-at-all@{FORM}", f"postmaster@{FORM}"),
        "relayed": asked(OUTSIDER, f"x@{FOREIGN}", f"x@{FOREIGN}"),
        "out": queued(TRUSTED, f"k.marx@{FORM}", f"probe@{FOREIGN}", *headers),
        "bare": queued(TRUSTED, f"k.marx@{FORM}", f"probe@{FOREIGN}", f"From: <k.marx@{FORM}>", "To: somebody"),
        "in": queued(
            OUTSIDER, f"x@{FOREIGN}", f"k.marx@{FORM}", f"From: x@{FOREIGN}", f"To: k.marx@{FORM}", "Cc: bare"
        ),
        "bare postmaster": queued(OUTSIDER, f"x@{FOREIGN}", "postmaster", f"From: x@{FOREIGN}", "To: postmaster"),
    }
    before = ids()
    run("postsuper", "-f", "ALL")
    run("postqueue", "-f")
    bounces: list[str] = []
    for _ in range(600):
        bounces = [run("postcat", "-q", id_) for id_ in ids() - before]
        if bounces:
            break
        time.sleep(0.2)
    seen["bounces"] = bounces
    print(json.dumps(seen))
    run("postfix", "stop")
    space.terminate()


def ids() -> set[str]:
    return {json.loads(line)["queue_id"] for line in run("postqueue", "-j").splitlines()}


main()
