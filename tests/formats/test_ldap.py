"""Names, filters and attributes of LDAP: nothing that is written can be more than it was."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.findings import Place
from mailwright.formats import ldap
from mailwright.formats.engine import FormatError
from mailwright.site.model import Attributes, Directory

HERE = Place("site.yml", 1, 1)
UNSAFE = re.compile(r"""[%${}"#;`'\x00-\x1f\x7f]""")
ANYTHING = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


def directory(**parts: object) -> Directory:
    names = Attributes("uid", "cn", "mail", "proxyAddresses", "", "", "")
    said: dict[str, object] = {
        "servers": ("a.example", "b.example"),
        "port": 389,
        "tls": "starttls",
        "base": "ou=people,o=x",
        "filter": "(objectClass=person)",
        "bind_dn": "",
        "password": "",
        "attributes": names,
        "where": HERE,
    }
    return Directory(**{**said, **parts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("ou=people,dc=college,dc=ac,dc=uk", "ou=people,dc=college,dc=ac,dc=uk"),
        ("OU = Mail Users , O=x", "OU=Mail Users,O=x"),
        ("cn=Marx\\, Karl+uid=km,o=x", "cn=Marx\\2c Karl+uid=km,o=x"),
        ("cn=a\\22b\\23,o=x", "cn=a\\22b\\23,o=x"),
        ("cn=Kl\\c3\\a4r,o=x", "cn=Klär,o=x"),
    ],
)
def test_names(said: str, written: str) -> None:
    assert ldap.dn(said) == written
    assert ldap.dn(written) == written


@pytest.mark.parametrize(
    "said", ["", "people", "ou=,o=x", "ou=a;b", 'ou="a"', "ou=a\\", "ou=a\nb,o=x", "=x", "o=\\ff"]
)
def test_what_is_no_name(said: str) -> None:
    with pytest.raises(FormatError):
        ldap.dn(said)


@pytest.mark.parametrize(
    "said",
    [
        "(objectClass=inetOrgPerson)",
        "(&(objectCategory=person)(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
        "(|(uid=*)(cn=a*b*c)(n>=5)(n<=6)(n~=x))",
        "(cn=\\2a\\28)",
        "(:dn:2.4.6.8.10:=Dino)",
    ],
)
def test_filters_are_as_they_were(said: str) -> None:
    assert str(ldap.parse(said)) == said


@pytest.mark.parametrize(
    "said",
    [
        "",
        "uid=x",
        "(uid=x",
        "(uid=x))",
        "(uid=x)(uid=y)",
        "(&)",
        "(!(a=b)(c=d))",
        "(uid=a(b)",
        "(uid=\\zz)",
        "(=x)",
        "(a:dn=x)",
        "(uid=\\ff)",
        "(uid=a\nb)",
        "(&" * 30 + "(a=b)" + ")" * 30,
    ],
)
def test_what_is_no_filter(said: str) -> None:
    with pytest.raises(FormatError):
        ldap.parse(said)


@given(ANYTHING)
def test_no_value_of_a_filter_gets_out(value: str) -> None:
    made = ldap.Filter("=", left="cn", values=(value,))
    text = str(made)
    assert not UNSAFE.search(text)
    assert re.fullmatch(r"\(cn=[^()*]*\)", text)
    assert ldap.parse(text) == made


@given(ANYTHING)
def test_no_text_makes_a_name_or_filter_that_means_something_in_a_file(text: str) -> None:
    for write in (ldap.dn, lambda said: str(ldap.parse(said))):
        for said in (text, f"cn={text}", f"(cn={text})"):
            try:
                written = write(said)
            except FormatError:
                continue
            assert not UNSAFE.search(written)
            assert not written.endswith("\\")


@given(ANYTHING)
def test_attributes(text: str) -> None:
    try:
        assert re.fullmatch("[A-Za-z][A-Za-z0-9-]*", ldap.attribute(text))
    except FormatError:
        assert not re.fullmatch("[A-Za-z][A-Za-z0-9-]{0,63}", text)


def test_a_question() -> None:
    said = ldap.query(directory(), ("mail", "proxyAddresses", ""), "%s")
    assert said == (
        "(&(objectClass=person)(!(uid=*/*))(!(uid=.*))(!(uid=*,*))(|(mail=%s)(proxyAddresses=smtp:%s)))"
    )
    assert ldap.query(directory(), ("mail",), "%s").endswith("(mail=%s))")


def test_servers() -> None:
    assert ldap.uris(directory()) == "ldap://a.example:389 ldap://b.example:389"
    assert ldap.uris(directory(tls="ldaps", port=636)) == "ldaps://a.example:636 ldaps://b.example:636"
    with pytest.raises(FormatError):
        ldap.uris(directory(servers=("a.example/x",)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(&(objectClass=person)(!(employeeType=former)))", "(&(!(EMPLOYEETYPE=former))(objectclass=Person))"),
        ("(|(a=1)(|(b=2)(c=3)))", "(|(c=3)(b=2)(a=1)(a=1))"),
        ("(&(a=1))", "(a=1)"),
        ("(a=\\41)", "(a=A)"),
    ],
)
def test_filters_that_find_the_same_have_one_meaning(one: str, other: str) -> None:
    assert ldap.meaning(one) == ldap.meaning(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(&(a=1)(b=2))", "(|(a=1)(b=2))"),
        ("(!(a=1))", "(a=1)"),
        ("(a=x)", "(a=X)"),
        ("(a=x*y)", "(a=y*x)"),
        ("(&(a=1)(|(b=2)(c=3)))", "(&(a=1)(b=2)(c=3))"),
        ("(a>=1)", "(a<=1)"),
    ],
)
def test_filters_that_may_find_others_have_another(one: str, other: str) -> None:
    assert ldap.meaning(one) != ldap.meaning(other)
