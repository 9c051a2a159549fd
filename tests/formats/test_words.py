"""Plain words: what passes means the same in every format; all else is refused."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from mailwright.formats import chrony, logrotate, rsyslog, systemd
from mailwright.formats.engine import FormatError, comment
from mailwright.formats.words import unix_name, word


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (92, "92"),
        (ip_address("2001:db8::25"), "2001:db8::25"),
        (ip_network("198.51.100.0/24"), "198.51.100.0/24"),
        ("ntp0.ja.net", "ntp0.ja.net"),
        ("/var/log/mail/mail.log", "/var/log/mail/mail.log"),
        ("2001:db8::123", "2001:db8::123"),
        ("postfix@-", "postfix@-"),
    ],
)
def test_a_word_is_written_as_it_is(value: object, text: str) -> None:
    assert word(value, "a file") == text


HOSTILE = (
    "",
    " ",
    "a b",
    "a\nb",
    "a\n",
    "\na",
    "a\rb",
    "a\tb",
    "a\x00",
    "a\u2028b",
    "-a",
    "a;b",
    "a#b",
    "a%b",
    "a$b",
    "a{b}",
    'a"b',
    "a'b",
    "a\\b",
    "a*",
    "a,b",
    "a!b",
    "ä",
    "a`id`",
)


@pytest.mark.parametrize("value", [*HOSTILE, True, None, 1.5, b"a", ("a",)])
def test_what_is_no_word_is_refused(value: object) -> None:
    with pytest.raises(FormatError):
        word(value, "a file")


@pytest.mark.parametrize("format_", [chrony.FORMAT, logrotate.FORMAT, rsyslog.FORMAT, systemd.FORMAT])
@pytest.mark.parametrize("value", HOSTILE)
def test_the_formats_of_words_refuse_it_too(format_: chrony.Format, value: str) -> None:
    with pytest.raises(FormatError) as caught:
        format_.write(value)
    assert caught.value.value == value
    assert caught.value.format_name == format_.name


def test_rsyslog_quotes() -> None:
    assert rsyslog.FORMAT.write("/var/log/mail/mail.log") == '"/var/log/mail/mail.log"'


@pytest.mark.parametrize("name", ["mailreaders", "_chrony", "systemd-journal", "a1"])
def test_unix_names(name: str) -> None:
    assert unix_name(name, "a file") == name


@pytest.mark.parametrize(
    "name", ["", "0", "Mail", "a b", "a:b", "a/b", "x" * 33, "a\n", "-a", "a.b", "ä", "root,adm"]
)
def test_what_is_no_unix_name_is_refused(name: str) -> None:
    with pytest.raises(FormatError):
        unix_name(name, "a file")


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\u2028b", "a\x85b", "a\x0bb", "a\\", "a\x00b", "a\ud800"])
def test_a_comment_stays_on_its_line(text: str) -> None:
    written = comment(text)
    assert len(written.splitlines()) == 1
    assert not written.endswith("\\")
    assert "\x00" not in written


def test_a_comment_reads_as_it_was_meant() -> None:
    assert comment("DNS-1: the mailer's PTR, “quoted”; 100 %") == "DNS-1: the mailer's PTR, “quoted”; 100 %"
