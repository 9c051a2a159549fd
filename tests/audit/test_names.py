"""Questions to the DNS."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from mailwright.audit import names
from support.dns_peer import serving, silent

TABLE = {
    ("college.ac.uk.", "MX"): ["20 b.college.ac.uk.", "10 A.college.ac.uk."],
    ("college.ac.uk.", "TXT"): ['"v=spf1 ip4:198.51.100.25 a:mail.college.ac.uk" " -all"'],
    ("mail.college.ac.uk.", "A"): ["198.51.100.26"],
    ("mail.college.ac.uk.", "AAAA"): ["2001:db8::25"],
    ("25.100.51.198.in-addr.arpa.", "PTR"): ["Mail.college.ac.uk."],
}


def test_values_are_sorted_joined_and_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(TABLE, monkeypatch) as resolver:
        assert names.mailers(resolver, "college.ac.uk") == ("a.college.ac.uk.", "b.college.ac.uk.")
        assert names.txt(resolver, "college.ac.uk") == "v=spf1 ip4:198.51.100.25 a:mail.college.ac.uk -all"
        assert names.ask(resolver, "25.100.51.198.in-addr.arpa", "PTR") == ("mail.college.ac.uk.",)
        assert names.addresses(resolver, "mail.college.ac.uk") == (
            ip_address("198.51.100.26"),
            ip_address("2001:db8::25"),
        )


def test_what_is_not_there_is_nothing_and_what_cannot_be_asked_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(TABLE, monkeypatch) as resolver:
        assert names.ask(resolver, "nothing.college.ac.uk", "A") == ()
        assert names.ask(resolver, "college.ac.uk", "A") == ()
        with pytest.raises(OSError, match="gave no answer"):
            names.ask(resolver, "broken", "A")


@pytest.mark.parametrize(
    ("client", "verdict"),
    [("198.51.100.25", "pass"), ("198.51.100.26", "pass"), ("2001:db8::25", "pass"), ("203.0.113.66", "fail")],
)
def test_spf_asks_the_given_resolver(client: str, verdict: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(TABLE, monkeypatch) as resolver:
        found, _ = names.spf_verdict(resolver, client, "somebody@college.ac.uk", "mail.college.ac.uk")
    assert found == verdict


def test_whoever_is_silent_is_not_waited_for_again_and_again() -> None:
    asker = names.Asker()
    asked: list[str] = []

    def silence() -> str:
        asked.append("silent")
        raise TimeoutError("nothing came")

    def broken() -> str:
        asked.append("broken")
        raise OSError("SERVFAIL")

    for _ in range(5):
        with pytest.raises(OSError, match=r"nothing came|had been silent"):
            asker.ask("silent", silence)
        with pytest.raises(OSError, match="SERVFAIL"):
            asker.ask("broken", broken)
    assert asked.count("silent") == 2
    assert asked.count("broken") == 5
    assert asker.ask("another", lambda: "answer") == "answer"


def test_silence_is_told_from_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(TABLE, monkeypatch, {"127.0.0.2": silent}) as resolver:
        with pytest.raises(TimeoutError):
            names.ask_server("127.0.0.2", "college.ac.uk", "MX")
        with pytest.raises(TimeoutError):
            names.ask(("127.0.0.2",), "college.ac.uk", "MX")
        with pytest.raises(OSError, match="no answer") as caught:
            names.ask(resolver, "x.broken", "MX")
        assert not isinstance(caught.value, TimeoutError)
