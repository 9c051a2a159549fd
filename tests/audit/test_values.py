"""Records compared by what they mean."""

from __future__ import annotations

import pytest

from mailwright.audit import values

SPF, DKIM, DMARC = "TXT v=spf1", "TXT v=DKIM1", "TXT v=DMARC1"


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("AAAA", "2001:db8::25", "2001:DB8:0:0:0:0:0:25"),
        ("MX", "10 mail.college.ac.uk.", "10  Mail.College.AC.UK."),
        ("PTR", "mail.college.ac.uk.", "MAIL.college.ac.uk."),
        (SPF, "v=spf1 ip4:198.51.100.25 ip6:2001:db8::25 -all", "V=SPF1  ip6:2001:DB8::25 +ip4:198.51.100.25 -ALL"),
        (SPF, "v=spf1 include:a.example redirect=b.example", "v=spf1 redirect=b.example include:A.example"),
        (DKIM, "v=DKIM1; k=rsa; p=AAAA", "p=AA AA"),
        (DKIM, "v=DKIM1; p=AAAA", "v=DKIM1;k=rsa;p=AAAA;n=a note"),
        (DMARC, "v=DMARC1; p=none", "v=DMARC1;pct=100 ; p=none; adkim=r"),
    ],
)  # fmt: skip
def test_the_same(kind: str, one: str, other: str) -> None:
    assert values.same(kind, [one], [other])


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("A", "198.51.100.25", "198.51.100.26"),
        ("A", "198.51.100.25", "not an address"),
        ("MX", "10 mail.college.ac.uk.", "20 mail.college.ac.uk."),
        ("MX", "10 mail.college.ac.uk.", "ten mail.college.ac.uk."),
        (SPF, "v=spf1 ip4:198.51.100.25 -all", "v=spf1 ip4:198.51.100.25 ~all"),
        (SPF, "v=spf1 ip4:198.51.100.25 -all", "v=spf1 -all ip4:198.51.100.25"),
        (SPF, "v=spf1 -ip4:10.0.0.1 +ip4:10.0.0.0/24 -all", "v=spf1 ip4:10.0.0.0/24 -ip4:10.0.0.1 -all"),
        (SPF, "v=spf1 ip4:198.51.100.25 -all", "v=spf1 ip4:198.51.100.25 -all redirect=x.example"),
        (DKIM, "v=DKIM1; p=AAAA", "v=DKIM1; p=AAAB"),
        (DKIM, "v=DKIM1; p=AAAA", "v=DKIM1; p=AAAA; t=y"),
        (DKIM, "v=DKIM1; p=AAAA", "v=DKIM1; p=AAAA; p=AAAA"),
        (DMARC, "v=DMARC1; p=none", "v=DMARC1; p=none; pct=50"),
    ],
)  # fmt: skip
def test_not_the_same(kind: str, one: str, other: str) -> None:
    assert not values.same(kind, [one], [other])


def test_twice_is_not_once() -> None:
    one = "v=spf1 ip4:198.51.100.25 ip4:198.51.100.26 -all"
    turned = "v=spf1 ip4:198.51.100.26 ip4:198.51.100.25 -all"
    assert values.same(SPF, [one], [turned])
    assert not values.same(SPF, [one], [one, turned])


def test_other_texts_of_a_name_are_not_looked_at() -> None:
    served = ("v=spf1 -all", "google-site-verification=1", "v=spf10 x", "v=DMARC1; p=none")
    assert values.relevant(SPF, "college.ac.uk.", served) == ("v=spf1 -all",)
    assert values.relevant(DMARC, "_dmarc.college.ac.uk.", served) == ("v=DMARC1; p=none",)
    assert values.relevant(DKIM, "s._domainkey.college.ac.uk.", ("p=AAAA",)) == ("p=AAAA",)
    assert values.relevant("MX", "college.ac.uk.", ("10 a.",)) == ("10 a.",)


@pytest.mark.parametrize("value", ["a", "=b", "a=b; a=c", "9=x"])
def test_no_tag_list(value: str) -> None:
    assert values.tags(value) is None
