"""``--accept-golden``: take what is built now as the golden tree."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept-golden", action="store_true", help="accept the trees as they are built now")
