"""What holds for all tests: their order, and that none is limited in time."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

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


# Of those on hosts, the ones that take longest, longest first; two sets of hosts run side by side.
_LONG = ("test_known_bad.py", "test_molecule.py", "test_on_hosts.py", "test_log_host.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that ask real services first, since one of their files takes minutes. Those on hosts go by file, so
    that what is asked of the same hosts is asked in one process (``--dist loadfile``)."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> tuple[bool, int]:
    name = item.path.name
    return item.get_closest_marker("native") is None, _LONG.index(name) if name in _LONG else len(_LONG)
