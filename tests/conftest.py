"""What holds for all tests: the order in which they run, and that none is limited in time."""

from __future__ import annotations

import pytest
from hypothesis import settings

# A busy machine is no fault: how fast things are is for bench/.
settings.register_profile("mailwright", deadline=None)
settings.load_profile("mailwright")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that ask real services first, since one of their files takes minutes."""
    items.sort(key=lambda item: item.get_closest_marker("native") is None)
