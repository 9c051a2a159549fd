"""Customers on shared hosts: fragments that were put there, taken away or edited by hand, and what the host made
of them. The host's own program, which made the tables, compares
(templates/customers/mailwright_customers/compare.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.drift.answer import Answer
from mailwright.drift.model import Host, differs, unknown
from mailwright.findings import Finding, Level

COMPONENT = "customers"

_OVERWRITE = "apply with -e mailwright_overwrite_hand_edits=true"
_FIXES = {
    "edited": f"See who did it, and why. Put into the customer's description what shall stay, and build; then "
    f"{_OVERWRITE}. What the project has nothing of goes with -e customers_forget=CUSTOMER.",
    "missing": f"To put it back, {_OVERWRITE}.",
    "product": f"To have the host make it again, {_OVERWRITE}.",
    "not-applied": "Apply the build: ansible-playbook site.yml in the built project.",
}


def judge(host: Host, said: Answer) -> Iterator[Finding]:
    """What differs, each with its customer."""
    if COMPONENT not in said.records:
        return  # it was never applied, which is told of the component
    seen = said.customers
    if seen is None or seen.error:
        yield unknown(
            "drift.product",
            host.name,
            "what the host made of customers could not be compared",
            "Ask there: mailwright-customers compare. A host that does not know the word has an older one: apply.",
            seen.error if seen else "the host said nothing about it",
        )
        return
    for one in seen.told:
        level = Level.SHOULD if one.kind == "not-applied" else Level.MUST
        whose = f"customer {one.customer}: " if one.customer else ""
        yield differs(f"drift.{one.kind}", host.name, f"{whose}{one.words}", _FIXES[one.kind], level=level)
    if seen.more:
        words = f"of customers {seen.more:,} more things differ"
        yield differs("drift.edited", host.name, words, "Ask there: mailwright-customers compare.")
