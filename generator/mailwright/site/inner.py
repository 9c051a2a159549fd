"""What an address is called inside: the forms that ``internal_domains`` describes (INT-4)."""

from __future__ import annotations

from collections import defaultdict

from mailwright.site.model import Site


class Inner:
    """Finds the internal forms of a site's addresses."""

    def __init__(self, site: Site) -> None:
        self._names: defaultdict[str, list[str]] = defaultdict(list)
        for item in site.internal_domains:
            self._names[item.published].append(item.name)

    def forms(self, address: str) -> tuple[str, ...]:
        """``x@unix3.chem.college.ac.uk`` for ``X@chem.college.ac.uk``, in look-up form; one a name."""
        if not self._names or "@" not in address:
            return ()
        local, _, name = address.lower().rpartition("@")
        return tuple(f"{local}@{inner}" for inner in self._names.get(name, ()))
