"""The stage of all scenarios."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_path = Path(__file__).resolve().parents[2] / "shared" / "tests" / "conftest.py"
_spec = importlib.util.spec_from_file_location("shared_fixtures", _path)
assert _spec is not None
assert _spec.loader is not None
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)

stage = _shared.stage
