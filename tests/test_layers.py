"""Data flows one way: no package imports one that comes after it, wherever in a module the import stands."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import mailwright

PACKAGE = Path(mailwright.__file__).parent

FLOW = (
    ("__version__", "findings", "keypair", "records", "resources"),  # what anything may use
    ("source",),
    ("site",),
    ("requirements", "plan"),  # both read the Site, and neither the other
    ("formats",),
    ("pages",),
    ("border", "components"),
    ("audit",),
    ("build",),
    ("report",),
    ("provider",),
    ("changes", "drift"),  # what was built, compared with another build, and with the hosts
    ("rehearsal",),
    ("cli",),
    ("__main__",),
)
"""From left to right; packages of one line do not import each other."""

EXCEPTIONS = {
    ("build/__init__.py", "report"): "a build has the compliance report, as far as no probe is needed for it",
}
"""Module, and what it imports from its right, with the reason."""

PLACE = {name: place for place, names in enumerate(FLOW) for name in names}


def imported(text: str) -> Iterator[str]:
    """The parts of the package that a module imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(text)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names] if module == "mailwright" else [module]
        yield from (name.split(".")[1] for name in names if name.startswith("mailwright."))


def wrong(module: str, text: str) -> set[tuple[str, str]]:
    """What the module imports from its right, or beside it."""
    own = module.partition("/")[0].removesuffix(".py")
    return {
        (module, other)
        for other in imported(text)
        if other != own and PLACE[other] >= PLACE[own] and PLACE[other] + PLACE[own] > 0
    }


def modules() -> dict[str, str]:
    files = sorted(PACKAGE.rglob("*.py"))
    return {file.relative_to(PACKAGE).as_posix(): file.read_text(encoding="utf-8") for file in files}


def test_every_part_has_its_place() -> None:
    parts = {name.partition("/")[0].removesuffix(".py") for name in modules()} - {"__init__"}
    assert parts == set(PLACE) - {"__version__"}


def test_nothing_imports_what_comes_after_it() -> None:
    found = {pair for name, text in modules().items() if name != "__init__.py" for pair in wrong(name, text)}
    assert found == set(EXCEPTIONS)


def test_an_import_from_the_right_is_seen() -> None:
    for text in (
        "from mailwright.formats import html",
        "from mailwright import formats",
        "import mailwright.formats.html",
        "def f():\n    from mailwright.formats import html\n",
        "from mailwright.plan.model import Plan",
    ):
        assert wrong("requirements/rules/x.py", text), text
    for text in ("from mailwright.site import web", "from mailwright.findings import Place", "import os"):
        assert not wrong("requirements/rules/x.py", text), text
