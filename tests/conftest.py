"""What holds for all tests: their order, and that none is limited in time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# A busy machine is no fault: how fast things are is for bench/.
settings.register_profile("mailwright", deadline=None)
settings.load_profile("mailwright")

# What whoever runs the tests told git, such as to sign commits, or in which repository they are, is not for these.
for _name in [name for name in os.environ if name.startswith("GIT_")]:
    del os.environ[_name]
os.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    """Programs for hosts set theirs, and tests run some of them in this process."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


# Of those on hosts, the sets of hosts that take longest, longest first: three of them run side by side, and what is
# left over in the end is short.
_LONG = (
    "tests/test_molecule.py[whole]",
    "tests/test_molecule.py[provider]",
    "tests/test_molecule.py[split]",
    "tests/test_molecule.py[gateway]",
    "tests/rehearsal/test_known_bad.py",
)
# What tells sets of hosts of one file apart: their releases.
_RELEASES = re.compile(r"\[(debian-1\d|new-old|old-new)[]-]")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that ask real services first, since one of their files takes minutes."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> tuple[bool, int]:
    hosts = hosts_of(item.nodeid)
    return item.get_closest_marker("native") is None, _LONG.index(hosts) if hosts in _LONG else len(_LONG)


def hosts_of(test: str) -> str:
    """The hosts on which a test is: the file's, or of a file with several sets of them, one set."""
    file, _, name = test.partition("::")
    if file == "tests/test_molecule.py":
        return f"{file}{name[name.find('[') :]}"
    found = _RELEASES.search(name)
    return f"{file}[{found[1]}]" if found and "native" not in file else file


class _ByHosts(LoadScopeScheduling):  # type: ignore[misc] # it has no types
    """Tests on the same hosts go to one process, one after another; of others, those of a file."""

    def _split_scope(self, nodeid: str) -> str:
        return hosts_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    return _ByHosts(config, log) if config.getoption("dist") == "loadscope" else None
