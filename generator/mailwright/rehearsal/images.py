"""Images of Debian hosts: made once with mmdebstrap, kept in podman's storage, found again by a hash.

No container registry is needed. All packages of the stack are in the image, so that hosts themselves never reach
the real network.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mailwright.plan.model import HostFacts
from mailwright.records import dataclass
from mailwright.rehearsal import machine
from mailwright.rehearsal.command import attempt, must
from mailwright.rehearsal.errors import LabError

Progress = Callable[[str], None]

REPOSITORY = "localhost/mailwright"
WORLD = "world"
DIRECTORY = "directory"
_SPACE = 3 * 2**30  # bytes: the tree, its archive and the image
_TEMPORARY = Path("/var/tmp")  # noqa: S108 - not /tmp, which is memory on Debian 13; mkdtemp below it

_SYSTEM = ("systemd-sysv", "dbus", "python3", "iproute2", "procps")
_HOST_PACKAGES = (
    *_SYSTEM,
    *("python3-apt", "ca-certificates", "nftables", "openssh-server", "sudo"),
    *("postfix", "postfix-cdb", "postfix-ldap", "postfix-lmdb", "tinycdb"),
    *("libsasl2-modules", "rspamd", "redis-server", "fail2ban"),
    *("dovecot-core", "dovecot-imapd", "dovecot-pop3d", "dovecot-lmtpd", "dovecot-sieve", "dovecot-managesieved"),
    *("dovecot-auth-lua", "dovecot-ldap", "lua-sec"),
    *("rsyslog", "rsyslog-relp", "logrotate", "chrony"),
)
# What hosts with these functions have besides. Lists and webmail run on Debian 13 alone.
_WEB_FUNCTIONS = frozenset({"lists", "web"})
_WEB_PACKAGES = (
    *("mailman3", "mailman3-web", "python3-mailman-hyperkitty", "postgresql", "python3-psycopg2"),
    *("nginx", "php-fpm", "php-ldap", "roundcube-core", "roundcube-plugins", "roundcube-sqlite3"),
    *("radicale", "ldap-utils", "python3-ldap3"),
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an image is made. ``hooks`` are shell commands with the tree as ``$1``, after installation."""

    name: str
    suite: str
    packages: tuple[str, ...]
    preseed: str
    hooks: tuple[str, ...]

    @property
    def reference(self) -> str:
        """The image's name in podman's storage; changes with anything that the recipe says."""
        said = "\0".join((self.suite, *self.packages, "", self.preseed, *self.hooks))
        return f"{REPOSITORY}/{self.name}:{hashlib.sha256(said.encode()).hexdigest()[:12]}"


_PRESEED = """\
postfix postfix/main_mailer_type select Local only
postfix postfix/mailname string localhost
"""

_HOOKS = (
    # Each host makes or gets its own; an empty machine-id is filled at start without a first-boot run.
    'rm -f "$1"/etc/ssh/ssh_host_*',
    ': > "$1"/etc/machine-id',
    'echo localhost > "$1"/etc/hostname',
    'printf "127.0.0.1 localhost\\n::1 localhost ip6-localhost\\n" > "$1"/etc/hosts',
    # As Debian's installer leaves it; without it PAM complains at each login.
    'echo LANG=C.UTF-8 > "$1"/etc/default/locale',
    # Timers that would want the real network, or work that says nothing about mail.
    "for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer; do"
    ' ln -sf /dev/null "$1/etc/systemd/system/$unit"; done',
)

_HOST_HOOKS = (
    *_HOOKS,
    # As the roles install them: nothing starts before its configuration is in place.
    'chroot "$1" systemctl disable --quiet postfix dovecot rspamd redis-server fail2ban rsyslog chrony nftables',
)

_WEB_HOOKS = (
    *_HOST_HOOKS,
    'chroot "$1" systemctl disable --quiet mailman3 mailman3-web postgresql nginx php8.4-fpm radicale'
    " roundcube-gc.timer roundcube-cleandb.timer",
)

RECIPES = (
    Recipe("debian-12", "bookworm", _HOST_PACKAGES, _PRESEED, _HOST_HOOKS),
    Recipe("debian-13", "trixie", _HOST_PACKAGES, _PRESEED, _HOST_HOOKS),
    Recipe("debian-13-web", "trixie", (*_HOST_PACKAGES, *_WEB_PACKAGES), _PRESEED, _WEB_HOOKS),
    Recipe(WORLD, "trixie", (*_SYSTEM, "nsd", "unbound", "chrony"), "", _HOOKS),
    Recipe(DIRECTORY, "trixie", ("python3", "slapd"), "slapd slapd/no_configuration boolean true\n", ()),
)


def of_host(host: HostFacts) -> str:
    """The name of the recipe for a host: its system, and more packages where it serves lists or the web."""
    return host.os if _WEB_FUNCTIONS.isdisjoint(host.functions) else f"{host.os}-web"


def recipe(name: str) -> Recipe:
    """The recipe of an operating system (``debian-13``), of the simulated Internet or of an LDAP server."""
    for known in RECIPES:
        if known.name == name:
            return known
    systems = ", ".join(known.name for known in RECIPES if known.name.startswith("debian-"))
    raise LabError(f"There is no test host for the operating system {name!r}.", f"Known are {systems}.")


def ensure_image(name: str, progress: Progress) -> str:
    """The reference of the image ``name``, which is built first when it is not there. About 45 s, or nothing.

    Raises LabError when it cannot be built.
    """
    wanted = recipe(name)
    if _exists(wanted.reference):
        return wanted.reference
    machine.check((*machine.TOOLS, *machine.BUILD_TOOLS))
    with _lock(name, progress):
        if not _exists(wanted.reference):  # somebody else may have built it meanwhile
            _build(wanted, progress)
            drop_stale_images()
    return wanted.reference


def drop_stale_images() -> tuple[str, ...]:
    """Remove images of former recipes that no container uses; returns their references."""
    current = {known.reference for known in RECIPES}
    listed = must(["podman", "images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "dangling=false"])
    stale = (line for line in listed.split() if line.startswith(f"{REPOSITORY}/") and line not in current)
    return tuple(reference for reference in stale if attempt(["podman", "rmi", reference])[0] == 0)


def _exists(reference: str) -> bool:
    return attempt(["podman", "image", "exists", reference])[0] == 0


@contextmanager
def _lock(name: str, progress: Progress) -> Iterator[None]:
    """Only one build of an image at a time on this machine; the lock ends with the process, however it ends."""
    with Path(f"/run/lock/mailwright-image-{name}.lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"{name}: waiting for another build of the same image")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _build(wanted: Recipe, progress: Progress) -> None:
    store = Path(must(["podman", "info", "--format", "{{.Store.GraphRoot}}"]).splitlines()[-1])
    for place in (store, _TEMPORARY):
        machine.check_space(place, _SPACE)
    with tempfile.TemporaryDirectory(prefix="mailwright-image-", dir=_TEMPORARY) as folder:
        archive = Path(folder, "image.tar")
        preseed = Path(folder, "preseed")
        preseed.write_text(wanted.preseed, encoding="ascii")
        _mmdebstrap(wanted, preseed, archive, progress)
        progress(f"{wanted.name}: keeping the image")
        must([*machine.podman(), "import", str(archive), wanted.reference], timeout=600)


def _mmdebstrap(wanted: Recipe, preseed: Path, archive: Path, progress: Progress) -> None:
    argv = ["mmdebstrap", "--variant=minbase", f"--include={','.join(wanted.packages)}"]
    argv.append(f'--essential-hook=chroot "$1" debconf-set-selections < {preseed}')
    argv += [f"--customize-hook={hook}" for hook in wanted.hooks]
    argv += [wanted.suite, str(archive)]
    progress(f"{wanted.name}: building the image of {wanted.suite} (once, about a minute)")
    heard: list[str] = []
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(archive.parent), "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
    ) as process:
        try:
            assert process.stderr is not None  # noqa: S101 - Popen was asked for it
            for line in process.stderr:
                heard.append(line.rstrip())
                if line.startswith("I: ") and line.rstrip().endswith("..."):
                    progress(f"{wanted.name}: {line[3:].strip()}")
            status = process.wait()
        except BaseException:
            # It unmounts what it mounted in the tree, which must have happened before the folder goes.
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
    if status != 0:
        raise _build_error(wanted, heard)


def _build_error(wanted: Recipe, heard: list[str]) -> LabError:
    text = "\n".join(heard)
    if "NO_PUBKEY" in text or "not signed" in text:
        way_out = (
            f"The keys of {wanted.suite} are not known here: "
            "apt-get install debian-archive-keyring (the newest of your release)."
        )
    elif "Could not resolve" in text or "Failed to fetch" in text or "Unable to connect" in text:
        way_out = "Building an image needs Debian's mirror once: look at the network, then try again."
    else:
        way_out = "The lines above are mmdebstrap's own."
    told = [line for line in heard if line.startswith(("E:", "Err:", "W:", "dpkg:"))] or heard
    return LabError("\n".join((f"The image of {wanted.name} could not be built:", *told[-15:])), way_out)
