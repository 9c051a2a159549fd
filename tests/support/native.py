"""The services' own parsers, of either Debian release, in throw-away containers without a network."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from mailwright.rehearsal import images, machine
from mailwright.rehearsal.images import WORLD
from support.tools import need

RELEASES = ("debian-12", "debian-13")
"""What ``run`` takes as a release; besides, ``WORLD`` has the DNS servers."""

__all__ = ["RELEASES", "WORLD", "run"]


def run(
    release: str, argv: Sequence[str], files: Mapping[str, str], *, before: Sequence[Sequence[str]] = ()
) -> subprocess.CompletedProcess[str]:
    """What ``argv`` ends with and says on a host of that release that has these files (path → text).

    ``before``: commands that must succeed first. Skips the test where containers cannot be made.
    """
    image = _image(release)
    with tempfile.TemporaryDirectory(prefix="mailwright-native-") as given:
        for path, text in files.items():
            file = Path(given, path.lstrip("/"))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        script = ["set -e", "cp -r /given/. /", *(_shell(one) + " >&2" for one in before), 'exec "$@"']
        command = [*machine.podman(), "run", "--rm", "--network=none", "--cap-add=NET_ADMIN", *machine.limits()]
        command += [f"--volume={given}:/given:ro", image, "sh", "-c", "\n".join(script), "sh", *argv]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=1200)


def _shell(argv: Sequence[str]) -> str:
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in argv)


@cache
def _image(release: str) -> str:
    need("podman", root=True)
    return images.ensure_image(release, print)
