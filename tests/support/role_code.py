"""The Python code of the roles, imported as Ansible does it: below ``ansible.module_utils``, and by its path."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import ansible.module_utils

ROLES = Path(__file__).resolve().parents[2] / "roles"
BASE = ROLES / "base"

if str(BASE / "module_utils") not in ansible.module_utils.__path__:
    ansible.module_utils.__path__.append(str(BASE / "module_utils"))


def load(path: str, role: str = "base") -> ModuleType:
    """``library/….py`` of a role, or ``module_utils/….py`` of the role base, as a module."""
    if path.startswith("module_utils/"):
        return importlib.import_module(f"ansible.module_utils.{Path(path).stem}")
    name = f"mailwright_roles_{role}_{path.removesuffix('.py').replace('/', '_')}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROLES / role / path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses look there for their own module
        spec.loader.exec_module(module)
    return sys.modules[name]
