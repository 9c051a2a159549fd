"""What somebody does by hand to customers' fragments and tables is named by drift, and put back by an apply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailwright.findings import Finding

STORE = "mail.hosting.example"
TABLE = "/etc/postfix/customers/aliases.cdb"


@pytest.mark.usefixtures("as_built")
def test_each_is_named_with_its_customer(customers: Any, drift: Callable[[], tuple[Finding, ...]]) -> None:
    assert [str(one) for one in drift()] == []
    before = customers.on(STORE, "sha256sum", TABLE)
    place = "/etc/mailwright/customers"
    by_hand = (
        f"echo 'alias x@hill.sch.uk y@hill.sch.uk' >> {place}/school.tables",
        f"rm {place}/harbour.tables",
        f"printf x > {TABLE}",
    )
    customers.on(STORE, "sh", "-ec", "\n".join(by_hand))
    found = [one for one in drift() if str(one.target) == STORE]
    told = " ".join(one.message for one in found)
    assert all(one.fails for one in found)
    assert "customer school: " in told
    assert "customer harbour: " in told
    assert f"{TABLE} is no table" in told
    assert "customer trust: " not in told
    again = customers.apply(None, "-e", "mailwright_overwrite_hand_edits=true")
    assert again.status == 0, again.words
    assert [str(one) for one in drift()] == []
    assert customers.on(STORE, "sha256sum", TABLE) == before
