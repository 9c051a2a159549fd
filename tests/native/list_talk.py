"""Runs Postfix and the filter, sends what /test/cases.json says, and prints as JSON what the list server gets.

A case: ``port``, ``client`` (whom the mailer takes us for), ``login``, ``sender``, ``recipients``, ``message``.
What comes of it: ``answer``, and ``posts``, ``store`` and ``sent``: what went to the list server, to the store and
to other mailers. In place of these stand a few lines of Python.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import smtplib
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

GOT: dict[str, list[str]] = {"posts": [], "store": [], "sent": []}


def run(*argv: str) -> str:
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    return done.stdout + done.stderr


class Taking(socketserver.StreamRequestHandler):
    """LMTP or SMTP: takes what comes, with its envelope above it."""

    where = ""
    unknown = ("gone@", "gone-")

    def handle(self) -> None:
        self.say("220 here")
        envelope: list[str] = []
        for raw in self.rfile:
            line = raw.decode("latin-1").strip()
            verb = line[:4].upper()
            if verb == "DATA":
                self.say("354 go on")
                text = b"".join(iter(self.rfile.readline, b".\r\n")).decode("latin-1")
                if any("@slow." in one for one in envelope):
                    time.sleep(1)
                GOT[self.where].append("\n".join((*envelope, text)))
                recipients = sum(one.startswith("RCPT") for one in envelope)
                for _ in range(recipients if self.where != "sent" else 1):
                    self.say("250 2.0.0 taken")
                envelope = []
            elif verb == "QUIT":
                self.say("221 bye")
                return
            elif verb == "RCPT" and any(one in line for one in self.unknown):
                self.say("550 Requested action not taken: mailbox unavailable")
            else:
                envelope += [line] if verb in ("MAIL", "RCPT") else []
                self.say("250 2.0.0 yes")

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


class Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True


class Logins(socketserver.StreamRequestHandler):
    """As much of Dovecot's protocol for questions about logins as Postfix needs: every password is right."""

    def handle(self) -> None:
        self.wfile.write(b"VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\tx\nDONE\n")
        for raw in self.rfile:
            words = raw.decode().rstrip("\n").split("\t")
            if words[0] == "AUTH":
                said = next(word[5:] for word in words if word.startswith("resp="))
                login = base64.b64decode(said).split(b"\0")[1].decode()
                self.wfile.write(f"OK\t{words[1]}\tuser={login}\n".encode())


def serve(server: socketserver.BaseServer) -> None:
    threading.Thread(target=server.serve_forever, daemon=True).start()


def listen() -> None:
    handlers = {where: type(where, (Taking,), {"where": where}) for where in GOT}
    serve(Tcp(("127.0.0.1", 8024), handlers["posts"]))
    serve(Tcp(("127.0.0.1", 2525), handlers["sent"]))
    for path, handler in (("dovecot-lmtp", handlers["store"]), ("auth", Logins)):
        where = Path("/var/spool/postfix/private", path)
        where.unlink(missing_ok=True)
        serve(Unix(str(where), handler))
        shutil.chown(where, "postfix")


def start() -> list[subprocess.Popen[bytes]]:
    log = Path("/test.log").open("w")  # noqa: SIM115 - as long as the program
    run("sh", "-c", "mkdir -p /run/rspamd; chown -R _rspamd /run/rspamd /etc/rspamd")
    rspamd = ("rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", "/etc/rspamd/rspamd.conf")
    space = ("setpriv", "--reuid=postfix", "python3", "-I", "/usr/local/sbin/mailwright-space", "serve")
    started = [subprocess.Popen(rspamd, stdout=log, stderr=log), subprocess.Popen(space)]
    print(run("postfix", "start"), file=sys.stderr)
    listen()
    end = time.monotonic() + 300
    for port in (11332, 25):
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 2).close()
                break
            except OSError:
                if time.monotonic() > end:
                    sys.exit(f"nobody on port {port}: {run('cat', '/test.log')}")
                time.sleep(0.2)
    return started


def send(case: dict[str, object]) -> str:
    """What the mailer said to the message, or the first refusal."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP("127.0.0.1", int(str(case["port"])), "client.example", timeout=60) as client:
        client.ehlo()
        if case["port"] == 10025:
            client.starttls(context=context)
            client.ehlo()
        if case["client"]:
            code, text = client.docmd(f"XCLIENT ADDR={case['client']} HELO=client.example")
            if code != 220:
                return f"{code} {text.decode()}"
            client.ehlo()
        if case["login"]:
            client.starttls(context=context)
            client.ehlo()
            client.login(str(case["login"]), "secret")
        recipients = case["recipients"]
        assert isinstance(recipients, list)
        for command in (f"MAIL FROM:<{case['sender']}>", *(f"RCPT TO:<{one}>" for one in recipients)):
            code, text = client.docmd(command)
            if code >= 400:
                return f"{code} {text.decode()}"
        client.docmd("DATA")
        client.send(str(case["message"]).replace("\n", "\r\n").encode("latin-1") + b"\r\n.\r\n")
        code, text = client.getreply()
        return f"{code} {text.decode()}"


def queue() -> list[dict[str, object]]:
    return [json.loads(line) for line in run("postqueue", "-j").splitlines() if line.startswith("{")]


def crowded() -> list[int]:
    """What arrived elsewhere, in its order, by its number of recipients.

    A thousand of a list's, of which each portion takes its time; and one message, sent a moment later.
    """
    before = len(GOT["sent"])
    text = "From: exams@college.ac.uk\nTo: exams@college.ac.uk\nMessage-ID: <{}@x.example>\n\nText\n"
    many = [f"m{number}@slow.example" for number in range(1000)]
    case: dict[str, object] = {"client": "", "login": "", "sender": "exams-bounces@college.ac.uk"}
    print(send({**case, "port": 10026, "recipients": many, "message": text.format("many")}), file=sys.stderr)
    one = {"port": 587, "login": "km217", "sender": "k.marx@chem.college.ac.uk", "recipients": ["a@b.example"]}
    text = text.replace("exams@", "k.marx@chem.", 1)
    print(send({**case, **one, "message": text.format("one")}), file=sys.stderr)
    end = time.monotonic() + 120
    while queue() and time.monotonic() < end:
        time.sleep(0.2)
    return [sum(line.startswith("RCPT") for line in got.splitlines()) for got in GOT["sent"][before:]]


def main() -> None:
    started = start()
    try:
        cases = json.loads(Path("/test/cases.json").read_text())
        results = []
        for case in cases:
            before = {where: len(got) for where, got in GOT.items()}
            answer = send(case)
            found = re.search(r"queued as (\w+)", answer)
            end = time.monotonic() + 30
            waiting: list[dict[str, object]] = []
            while found and time.monotonic() < end:
                waiting = [row for row in queue() if row["queue_id"] == found[1]]
                if not waiting or waiting[0]["queue_name"] == "deferred":
                    break
                time.sleep(0.02)
            seen = {where: got[before[where] :] for where, got in GOT.items()}
            print(len(results), case["port"], answer, round(30 - end + time.monotonic(), 2), file=sys.stderr)
            results.append({"answer": answer, **seen, "waiting": waiting})
        said = {"results": results, "order": crowded(), "log": Path("/test.log").read_text(errors="replace")}
        print(json.dumps(said))
    finally:
        run("postfix", "stop")
        for process in started:
            process.kill()
            process.wait(30)


main()
