"""Forms of address that are used inside, and which published addresses they stand for (INT-4)."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.risks.ends import PEOPLES, Ends, asked_elsewhere, comparable
from mailwright.site.addresses import local_part


@risk(
    "form.moved",
    Severity.MEDIUM,
    "INT-4",
    "a form of address that is used inside stands for another domain's addresses",
    "Leave published of the form as it is, and describe the other domain's form under another name. Where it is a "
    "mistake that is mended, compare first who is x in the one domain and in the other.",
)
def moved(comparison: Comparison) -> Iterator[Hit]:
    """Mail to x@form goes to the x of another domain, who may be somebody else or nobody.

    And what is sent from x@form leaves as that one's. Where each x is the same person in both domains, nothing
    happens to anybody.
    """
    old, new = comparison.old, comparison.new
    before = {inner.name: inner.published for inner in old.settings.internal_domains}
    kinds = {row.address: row.kind for row in old.routes}
    live = asked_elsewhere(old) | asked_elsewhere(new)
    one, other = Ends(old), Ends(new)
    for inner in new.settings.internal_domains:
        was = before.get(inner.name, inner.published)
        if was == inner.published:
            continue
        here = f"@{inner.name}"
        now = {row.address for row in new.routes if row.address.endswith(here)}
        then = [row.address for row in old.routes if row.address.endswith(here)]
        turned = [address for address in then if address in now and one.of(address) != other.of(address)]
        lost = [address for address in then if address not in now]
        # Each x who had the mail and loses it to another; a role's is its own to give.
        taken = [
            address
            for address in turned
            if kinds.get(f"{local_part(address)}@{was}") in PEOPLES
            and not one.of(address).people & other.of(address).people
        ]
        unknown = not {was, inner.published}.isdisjoint(live) or not comparable(old, new)
        if not (turned or lost or unknown):
            continue
        said = f"addresses in {inner.name} stand for those in {inner.published} instead of {was}"
        parts = []
        if turned:
            parts.append(f"mail to {words.number(len(turned), 'of them', 'of them')} comes to others")
        if lost:
            parts.append(f"mail to {words.number(len(lost), 'of them', 'of them')} is refused")
        if unknown:
            parts.append("who most of them are is not known here")
        yield Hit(f"{said}: {'; '.join(parts)}", Severity.HIGH if taken else None, value=inner.name)
