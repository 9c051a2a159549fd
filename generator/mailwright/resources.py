"""Where the schemas, templates and roles are: inside an installed wheel, or at the root of a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder of that name (``schemas``, ``templates`` or ``roles``).

    Raises FileNotFoundError when the installation is incomplete.
    """
    for root in (_PACKAGE / "data", _PACKAGE.parent.parent):
        if (root / name).is_dir():
            return root / name
    raise FileNotFoundError(f"mailwright is not completely installed: it has no folder {name!r}")
