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


# Of those on hosts, the sets of hosts that take longest, longest first: three of them run side by side, and what is
# left over in the end is short.
_LONG = (
    "test_molecule.py-whole",
    "test_molecule.py-provider",
    "test_molecule.py-split",
    "test_molecule.py-gateway",
    "test_known_bad.py",
)


@pytest.hookimpl(tryfirst=True)  # xdist looks for groups in this hook too
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that ask real services first, since one of their files takes minutes. What is asked of the same hosts
    is asked in one process (``--dist loadgroup``)."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=_rank)


# The fixtures that bring hosts up, and what a scenario of molecule goes by.
_HOSTS = ("lab", "scenario", "site", "stage")


def _group(item: pytest.Item) -> str:
    """The file; of tests on hosts, with the hosts that they are on, where a file has several sets."""
    call = getattr(item, "callspec", None)
    if call is None or item.get_closest_marker("hosts") is None:
        return item.path.name
    return "-".join((item.path.name, *(str(call.params[name]) for name in _HOSTS if name in call.params)))


def _rank(item: pytest.Item) -> tuple[bool, int]:
    group = _group(item)
    return item.get_closest_marker("native") is None, _LONG.index(group) if group in _LONG else len(_LONG)
