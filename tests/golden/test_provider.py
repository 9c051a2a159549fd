"""The example provider, built: one customer's folder and the list of them, compared with the golden tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailwright.build import manifest
from mailwright.provider.build import build
from support.golden import accept, differences
from support.provider_folder import EXAMPLE, TODAY

GOLDEN = Path(__file__).parent / "provider"
CUSTOMER = "customers/college"


def kept(platform: Path) -> dict[str, bytes]:
    """Pages and the matrix are compared where the example's are (``college``): of pages, one in each language."""
    folder = platform / CUSTOMER
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != manifest.NAME]
    pages = {"agreement.html", "agreement.en.html"}
    files = [path for path in files if path.parent.name not in ("documents", "compliance") or path.name in pages]
    return {
        path.relative_to(platform).as_posix(): path.read_bytes() for path in [platform / "customers.json", *files]
    }


def test_the_example_provider_is_built_as_before(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    build(EXAMPLE, tmp_path, TODAY)
    now = kept(tmp_path / "shared")
    if request.config.getoption("--accept-golden", False):
        accept(now, GOLDEN)
    found = differences(now, GOLDEN)
    assert not found, "\n".join([*found, "", "Read the difference; `make golden` accepts it."])
