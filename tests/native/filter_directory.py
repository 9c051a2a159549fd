"""Stands in for the socket behind which Postfix's look-up is asked (templates/filter/directory.service.j2).

Answers as ``postmap -q -`` does: a line for each key that is found, ``end`` last. For an address that begins with
``broken`` it goes away before the end, as it does when the directory is down.
"""

from __future__ import annotations

import os
import shutil
import socketserver
from pathlib import Path

SOCKET = "/run/mailwright-directory.sock"
KNOWN = {
    "rosa.luxemburg@college.ac.uk": "rl204",
    "r.luxemburg@college.ac.uk": "RL204",
    "k.marx@college.ac.uk": "km217",
}


class Answer(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        keys = self.rfile.read().decode().splitlines()
        for key in keys:
            if key.startswith("broken"):
                return
            if key in KNOWN or key == "end":
                self.wfile.write(f"{key}\t{KNOWN.get(key, '.')}\n".encode())


if os.fork() == 0:
    os.setsid()
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    Path(SOCKET).unlink(missing_ok=True)
    with socketserver.ThreadingUnixStreamServer(SOCKET, Answer) as server:
        shutil.chown(SOCKET, "_rspamd")
        server.serve_forever()
