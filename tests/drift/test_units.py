"""Services: stopped, failed, masked, disabled, older than their file; and what is none of it."""

from __future__ import annotations

from typing import Any

import pytest

from mailwright.drift.answer import AnswerError
from support.drifting import APPLIED, as_built, judged


def with_unit(name: str, **stands: object) -> dict[str, Any]:
    value = as_built()
    value["units"][name].update(stands)
    return value


@pytest.mark.parametrize(
    ("stands", "said"),
    [
        ({"active": "inactive", "sub": "dead"}, "is stopped"),
        ({"active": "deactivating"}, "is stopped"),
        ({"active": "failed", "sub": "failed"}, "has failed"),
        ({"active": "activating", "sub": "auto-restart"}, "fails again and again"),
        ({"enabled": "disabled"}, "is not started at boot"),
        ({"active": "inactive", "enabled": "disabled"}, "is stopped and is not started at boot"),
        ({"load": "masked", "active": "inactive", "enabled": "masked"}, "is masked and is stopped"),
        ({"load": "masked", "enabled": "masked-runtime"}, "is masked"),
        ({"load": "not-found", "active": "inactive", "enabled": ""}, "is not there"),
        ({"alive": False}, "is stopped"),
        ({"reload": True}, "was changed, and systemd has not read it since"),
    ],
)
def test_each_fault_is_named(stands: dict[str, object], said: str) -> None:
    (found,) = judged(with_unit("rspamd.service", **stands))
    assert (found.id, found.message) == ("drift.unit", f"rspamd.service {said}")
    assert "rspamd.service" in found.fix or "systemctl" in found.fix


@pytest.mark.parametrize(
    "stands",
    [
        {"active": "reloading", "sub": "reload"},
        {"active": "activating", "sub": "start"},
        {"enabled": "static"},
        {"enabled": "enabled-runtime"},
        {"since": APPLIED + 1e6},
    ],
)
def test_what_is_well(stands: dict[str, object]) -> None:
    assert judged(with_unit("rspamd.service", **stands)) == []


def test_a_masked_unit_has_to_be_unmasked_before_an_apply() -> None:
    (found,) = judged(with_unit("postfix.service", load="masked", active="inactive"))
    assert found.fix.startswith("systemctl unmask postfix.service; then apply")


def test_a_service_that_is_older_than_its_file() -> None:
    value = as_built()
    value["files"]["/etc/rspamd/rspamd.conf"]["modified"] = APPLIED + 100
    (found,) = judged(value)
    assert found.message == ("rspamd.service runs with an older /etc/rspamd/rspamd.conf than the one that is there")
    value["units"]["rspamd.service"]["since"] = APPLIED + 100  # in whole seconds, cut off
    value["files"]["/etc/rspamd/rspamd.conf"]["modified"] = APPLIED + 100.9
    assert judged(value) == []


def test_a_service_that_reads_its_file_anew_by_itself_may_be_older() -> None:
    value = as_built()
    value["files"]["/etc/postfix/virtual_aliases"]["modified"] = APPLIED + 100
    assert judged(value) == []


def test_units_of_an_apply_before_they_were_written_down_are_not_known() -> None:
    value = as_built()
    value["records"]["filter"]["units"] = None
    del value["units"]["rspamd.service"]
    assert judged(value) == []


def test_a_unit_of_a_component_that_is_not_described_is_nobodys() -> None:
    value = as_built()
    value["records"]["other"] = {"files": {}, "products": {}, "units": ["x.service"]}
    assert [finding.id for finding in judged(value)] == ["drift.not-applied"]


def test_a_host_that_says_nothing_of_a_unit_is_no_host_without_drift() -> None:
    value = as_built()
    del value["units"]["rspamd.service"]
    with pytest.raises(AnswerError, match=r"rspamd\.service"):
        judged(value)
