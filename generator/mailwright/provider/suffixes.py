"""Domains that belong to nobody, since others register names below them: ``ac.uk`` (the Public Suffix List).

Whoever signed as one, or had the mail of one, would do so for all who are below.
"""

from __future__ import annotations

from collections.abc import Container
from contextlib import suppress
from functools import cache
from importlib import resources

from mailwright.findings import Findings
from mailwright.site.model import Site


def check(site: Site, wide: Container[str], findings: Findings) -> None:
    """Adds a finding for each domain of a customer that is a public suffix. ``wide``: those that the provider knows
    of."""
    said = [(one.name, one.where) for one in site.domains]
    said += [(one.name, one.where) for one in site.internal_domains]
    for name, where in said:
        if is_public(name) and name not in wide:
            message = f"{name} is a public suffix: names below it are many organisations'"
            fix = "Name the organisation's own domain; where this is theirs, the provider says so in wide_domains."
            findings.error("customer.public-suffix", message, where, fix)


def is_public(name: str) -> bool:
    """Whether the list has this name, in A-labels, word for word.

    Its patterns are left out: by ``*.sch.uk`` every school directly below sch.uk would be one.
    """
    if "xn--" in name:
        import idna

        with suppress(idna.IDNAError):
            name = idna.decode(name)
    return name in _suffixes()


@cache
def _suffixes() -> frozenset[str]:
    """From the list as the package has it, so that nothing is fetched."""
    text = resources.files("publicsuffixlist").joinpath("public_suffix_list.dat").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if "." in line and not line.startswith(("//", "*", "!")))
