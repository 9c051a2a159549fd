"""Files: each kind of drift alone, its harmless look-alike, and what is never shown."""

from __future__ import annotations

from typing import Any

import pytest

from mailwright.drift.answer import AnswerError
from mailwright.drift.model import Host
from mailwright.findings import Finding, Status
from support.drifting import as_built, host, hosts, ids, judged

MAIN = "/etc/postfix/main.cf"
ALIASES = "/etc/postfix/virtual_aliases"
KEY = "/etc/rspamd/dkim/mail2026.key"
EDITED = "e" * 64
EARLIER = "f" * 64


def only(found: list[Finding]) -> Finding:
    assert len(found) == 1, [finding.message for finding in found]
    assert found[0].status is Status.FAIL
    assert found[0].target is not None
    assert found[0].target.host == "mail.college.ac.uk"
    assert found[0].fix
    return found[0]


def absent() -> dict[str, Any]:
    return {"kind": "absent"}


@pytest.mark.parametrize("site", ["example", "split", "gateway", "directory", "whole"])
def test_nothing_differs_on_a_host_that_is_as_it_was_built(site: str) -> None:
    for one in hosts(site):
        assert judged(as_built(one), one) == []


def test_edited_by_hand() -> None:
    value = as_built()
    value["files"][MAIN]["sha256"] = EDITED
    found = only(judged(value))
    assert found.id == "drift.edited"
    assert found.message == f"{MAIN} was edited by hand since the last apply"
    assert "2023-11-14 22:13 UTC" in found.evidence
    assert "mailwright_overwrite_hand_edits=true" in found.fix


def test_edited_by_hand_while_the_description_changed() -> None:
    value = as_built()
    value["files"][MAIN]["sha256"] = EDITED
    value["records"]["postfix"]["files"][MAIN] = EARLIER
    found = only(judged(value))
    assert found.id == "drift.edited"
    assert "and the description has changed too" in found.message


def test_not_yet_applied() -> None:
    value = as_built()
    value["files"][MAIN]["sha256"] = value["records"]["postfix"]["files"][MAIN] = EARLIER
    found = only(judged(value))
    assert found.id == "drift.not-applied"
    assert "the description, or mailwright, has changed since" in found.message


def test_what_somebody_wrote_by_hand_as_it_is_built_is_no_drift() -> None:
    value = as_built()
    value["records"]["postfix"]["files"][MAIN] = EARLIER
    assert judged(value) == []


def test_another_time_or_size_is_no_drift() -> None:
    value = as_built()
    value["files"][MAIN]["modified"] += 1000
    assert judged(value) == []


def test_deleted() -> None:
    value = as_built()
    value["files"][ALIASES] = absent()
    found = only(judged(value))
    assert (found.id, found.message) == ("drift.missing", f"{ALIASES} was deleted since the last apply")


def test_a_file_that_is_new_in_the_build() -> None:
    value = as_built()
    value["files"][MAIN] = absent()
    del value["records"]["postfix"]["files"][MAIN]
    assert only(judged(value)).id == "drift.not-applied"


def test_a_file_that_was_there_before_the_build_had_it() -> None:
    value = as_built()
    value["files"][MAIN]["sha256"] = EDITED
    del value["records"]["postfix"]["files"][MAIN]
    assert only(judged(value)).id == "drift.not-applied"


def test_a_file_that_the_build_has_no_more() -> None:
    value = as_built()
    value["records"]["postfix"]["files"]["/etc/postfix/roads"] = EARLIER
    value["files"]["/etc/postfix/roads"] = {**value["files"][MAIN], "sha256": EARLIER}
    found = only(judged(value))
    assert (found.id, found.message) == (
        "drift.not-applied",
        "/etc/postfix/roads was applied once, and the build has it no more",
    )
    value["files"]["/etc/postfix/roads"] = absent()
    assert judged(value) == []


@pytest.mark.parametrize(("what", "now"), [("owner", "daemon"), ("group", "users"), ("mode", 0o666)])
def test_another_owner_group_or_mode(what: str, now: object) -> None:
    value = as_built()
    value["files"][ALIASES][what] = now
    found = only(judged(value))
    assert found.id == "drift.edited"
    assert "and it shall be root:postfix 0640" in found.evidence


@pytest.mark.parametrize(("kind", "word"), [("link", "symbolic link"), ("other", "folder")])
def test_something_else_in_its_place(kind: str, word: str) -> None:
    value = as_built()
    value["files"][MAIN] = {**value["files"][MAIN], "kind": kind, "sha256": ""}
    found = only(judged(value))
    assert found.id == "drift.edited"
    assert word in found.message


def test_a_secret_that_was_changed() -> None:
    value = as_built()
    value["files"][KEY]["sha256"] = EDITED
    found = only(judged(value, shown=True))
    assert found.id == "drift.edited"
    assert "the content is a secret, and not shown" in found.evidence


def test_a_key_that_anybody_may_read() -> None:
    value = as_built()
    value["files"][KEY]["mode"] = 0o644
    found = only(judged(value, shown=True))
    assert found.id == "drift.edited"
    assert found.evidence == "root:_rspamd 0644, and it shall be root:_rspamd 0640"


def test_a_secret_that_is_gone() -> None:
    value = as_built()
    value["files"][KEY] = absent()
    assert only(judged(value)).id == "drift.missing"


def completed() -> tuple[Host, str, dict[str, Any]]:
    one = hosts("directory")[0]
    path = next(path for path, file in one.files.items() if file.completed)
    return one, path, as_built(one)


def test_a_file_that_ends_with_a_password_is_told_by_the_rest() -> None:
    one, path, value = completed()
    record = next(part.record for part in one.parts if path in {file.path for file in part.files})
    value["files"][path]["shorn"] = EARLIER
    assert ids(judged(value, one)) == ["drift.not-applied"]
    value["files"][path]["sha256"] = EDITED
    assert ids(judged(value, one)) == ["drift.edited"]
    value["records"][record]["files"][path] = EDITED
    assert ids(judged(value, one)) == ["drift.not-applied"]


def test_a_table_that_was_deleted() -> None:
    value = as_built()
    value["files"][f"{ALIASES}.lmdb"] = absent()
    found = only(judged(value))
    assert found.id == "drift.product"
    assert f"{ALIASES}.lmdb was deleted" in found.message


def test_a_table_that_somebody_made_anew() -> None:
    value = as_built()
    value["files"][f"{ALIASES}.lmdb"]["sha256"] = EDITED
    assert only(judged(value)).id == "drift.product"


def test_a_table_that_was_never_made() -> None:
    value = as_built()
    del value["records"]["postfix"]["products"][f"{ALIASES}.lmdb"]
    assert only(judged(value)).message == f"{ALIASES}.lmdb was never made of {ALIASES}"


def test_an_edit_whose_table_was_not_made_anew_has_no_effect_yet() -> None:
    value = as_built()
    value["files"][ALIASES]["sha256"] = EDITED
    assert "the edit has no effect yet" in only(judged(value)).evidence
    value["files"][f"{ALIASES}.lmdb"]["sha256"] = EDITED
    found = judged(value)
    assert ids(found) == ["drift.edited", "drift.product"]
    assert "no effect" not in found[0].evidence


def test_a_component_that_was_never_applied_is_one_finding() -> None:
    value = as_built()
    del value["records"]["postfix"]
    assert only(judged(value)).message.startswith("postfix was never applied here")


def test_a_component_that_should_be_gone() -> None:
    value = as_built()
    value["records"]["mailman"] = {"files": {"/etc/mailman3/x": EARLIER}, "products": {}, "units": []}
    found = only(judged(value))
    assert (found.id, found.message) == (
        "drift.not-applied",
        "mailman is on this host still, which the description has no more",
    )
    # What is kept of a component that is gone, for its first passwords.
    value["records"]["mailman"] = {"files": {}, "products": {}, "units": []}
    assert judged(value) == []


def test_a_record_that_was_broken() -> None:
    value = as_built()
    del value["records"]["postfix"]
    value["broken"] = ["postfix"]
    assert only(judged(value)).message == "the record /var/lib/mailwright/postfix.json cannot be read"


def test_an_apply_that_was_interrupted() -> None:
    value = as_built()
    value["interrupted"] = ["dovecot"]
    found = only(judged(value))
    assert found.id == "drift.not-applied"
    assert "dovecot" in found.message


def test_the_difference_is_shown_when_asked_for() -> None:
    value = as_built()
    built = host().files[MAIN].text
    assert built is not None
    value["files"][MAIN].update(sha256=EDITED, text=built.decode() + "relayhost = [evil.example]\x1b[2J\n")
    assert "evil" not in only(judged(value)).evidence
    shown = only(judged(value, shown=True)).evidence.splitlines()
    assert shown[1:3] == [f"--- built {MAIN}", f"+++ on the host {MAIN}"]
    assert shown[-1] == r"+relayhost = [evil.example]\x1b[2J"


def test_of_people_only_when_their_text_was_asked_for() -> None:
    value = as_built()
    value["files"][ALIASES]["sha256"] = EDITED
    value["files"][ALIASES]["text"] = "somebody@college.ac.uk else\n"  # whether the host was asked for it or not
    found = only(judged(value, shown=True))
    assert "--personal" in found.evidence
    assert "somebody" not in found.evidence
    assert "+somebody@college.ac.uk else" in only(judged(value, shown=True, personal=True)).evidence


def test_a_host_that_says_nothing_of_a_file_is_no_host_without_drift() -> None:
    value = as_built()
    del value["files"][MAIN]
    with pytest.raises(AnswerError, match=r"main\.cf"):
        judged(value)


def test_all_at_once() -> None:
    value = as_built()
    value["files"][MAIN]["sha256"] = EDITED
    value["files"][ALIASES] = absent()
    value["files"]["/etc/postfix/senders.lmdb"] = absent()
    value["units"]["rspamd.service"]["active"] = "inactive"
    value["firewall"]["own"] = []
    assert sorted(ids(judged(value))) == [
        "drift.edited",
        "drift.firewall",
        "drift.missing",
        "drift.product",
        "drift.unit",
    ]
