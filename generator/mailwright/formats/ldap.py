"""What is said to LDAP servers: names of entries (RFC 4514), filters (RFC 4515), attributes, URIs.

A filter ends at its bracket, and ``*`` in it is any text. In the files of Postfix and Dovecot which carry filters
and names, ``%`` and ``$`` expand, quotation marks and ``#`` mean something, a backslash at the end joins lines. So
a name or filter is taken apart and written anew, with every such sign as ``\\XX``. What a client says (``%s``,
``%{user}``) is escaped by Postfix and Dovecot themselves, and never by us.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailwright.formats import postfix
from mailwright.formats.engine import Format, FormatError, Verbatim, comment, single_line
from mailwright.formats.words import word
from mailwright.records import dataclass
from mailwright.site.model import Directory

NAME = "an LDAP look-up"
PREFIXED = "proxyaddresses"
"""Active Directory's attribute whose values begin with ``smtp:`` where they are mail addresses."""

_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
# An attribute, a matching rule (RFC 4515's extensible match) and the sign between it and the value.
_ITEM = re.compile(
    r"(?P<attribute>[A-Za-z][A-Za-z0-9-]{0,63})?(?P<dn>:dn)?(?P<rule>:[A-Za-z0-9][A-Za-z0-9.-]*)?(?P<sign>:=|~=|>=|<=|=)"
)
_HEX = re.compile(r"\\([0-9A-Fa-f]{2})")
_UNSAFE = frozenset("%${}\"#<>;`'\\")
_DEPTH = 20


def attribute(value: object) -> Verbatim:
    """An attribute's name. Raises FormatError for anything else."""
    if isinstance(value, str) and _ATTRIBUTE.fullmatch(value):
        return Verbatim(value)
    raise FormatError(value, NAME, "it is no attribute's name")


def dn(value: str) -> Verbatim:
    """The name of an entry. Raises FormatError for what is none."""
    parts = []
    for relative in _split(value, ",", value):
        pairs = []
        for pair in _split(relative, "+", value):
            kind, equals, text = pair.partition("=")
            if not equals or not _ATTRIBUTE.fullmatch(kind.strip(" ")):
                raise FormatError(
                    value, NAME, "it is no distinguished name: write ou=people,dc=college,dc=ac,dc=uk"
                )
            pairs.append(f"{kind.strip(' ')}={_escaped(_unescaped(text.strip(' '), value), ',+=')}")
        parts.append("+".join(pairs))
    return Verbatim(",".join(parts))


def _plain(text: str) -> None:
    """Raises FormatError for what is not one line that UTF-8 can carry."""
    single_line(text, NAME)
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise FormatError(text, NAME, "it is not UTF-8")


def _split(text: str, sign: str, whole: str) -> list[str]:
    """Parts between signs that no backslash stands before."""
    _plain(whole)
    parts, at = [""], 0
    while at < len(text):
        if text[at] == "\\":
            parts[-1] += text[at : at + 2]
            at += 2
            continue
        if text[at] == sign:
            parts.append("")
        else:
            parts[-1] += text[at]
        at += 1
    return parts


def _unescaped(text: str, whole: str) -> str:
    """The value that a name's text stands for: ``\\2C`` and ``\\,`` are a comma."""
    octets, at = b"", 0
    while at < len(text):
        match = _HEX.match(text, at)
        if match:
            octets += bytes.fromhex(match[1])
            at = match.end()
        elif text[at] == "\\":
            if at + 1 == len(text):
                raise FormatError(whole, NAME, "it ends with a backslash")
            octets += text[at + 1].encode()
            at += 2
        elif text[at] in '"#;<>' and (text[at] != "#" or at == 0):
            raise FormatError(whole, NAME, f"a {text[at]} in a distinguished name needs a backslash before it")
        else:
            octets += text[at].encode()
            at += 1
    if not octets:
        raise FormatError(whole, NAME, "a part of the distinguished name is empty")
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise FormatError(whole, NAME, "it is not UTF-8") from None


def _escaped(text: str, besides: str) -> str:
    """A value with every sign as ``\\XX`` that means something in a name, a filter or the files that carry them."""
    written = "".join(
        sign
        if sign.isprintable() and sign not in _UNSAFE and sign not in besides
        else "".join(f"\\{octet:02x}" for octet in sign.encode())
        for sign in text
    )
    if written.startswith(" "):
        written = "\\20" + written[1:]
    return written[:-1] + "\\20" if written.endswith(" ") else written


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter, taken apart.

    sign    ``&``, ``|`` or ``!`` over ``parts``; else the sign of a comparison: ``=``, ``>=``, ``:=`` …
    left    of a comparison: the attribute, with a matching rule where there is one
    values  of a comparison: the texts between asterisks; one where there is none, and then it is the value
    """

    sign: str
    parts: tuple[Filter, ...] = ()
    left: str = ""
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.sign in ("&", "|", "!"):
            return f"({self.sign}{''.join(map(str, self.parts))})"
        return f"({self.left}{self.sign}{'*'.join(_escaped(text, '()*') for text in self.values)})"


def parse(text: str) -> Filter:
    """The filter that ``text`` says. Raises FormatError for what is none."""
    _plain(text)
    found, end = _parsed(text, 0, 0)
    if end != len(text):
        raise FormatError(text, NAME, f"after the filter's last bracket stands {text[end:][:20]!r}")
    return found


def meaning(text: str) -> str:
    """The filter as every filter reads that finds the same: parts of an and, or an or, in one order and each once,
    and names of attributes and object classes in small letters (RFC 4512, 2.5). Raises FormatError for none.

    >>> meaning("(&(uid=x)(!(c=d)))") == meaning("(&(!(C=d))(&(UID=x)))")
    True
    """
    return str(_ordered(parse(text)))


def _ordered(one: Filter) -> Filter:
    if one.sign == "!":
        return Filter("!", (_ordered(one.parts[0]),))
    if one.sign not in ("&", "|"):
        left = one.left.lower()
        values = tuple(value.lower() for value in one.values) if left == "objectclass" else one.values
        return Filter(one.sign, left=left, values=values)
    parts: dict[str, Filter] = {}
    for part in map(_ordered, one.parts):
        for inner in part.parts if part.sign == one.sign else (part,):
            parts[str(inner)] = inner
    ordered = tuple(parts[said] for said in sorted(parts))
    return ordered[0] if len(ordered) == 1 else Filter(one.sign, ordered)


def _parsed(text: str, at: int, depth: int) -> tuple[Filter, int]:
    if text[at : at + 1] != "(" or depth > _DEPTH:
        raise FormatError(text, NAME, f"a filter begins with a bracket, at character {at + 1}")
    sign = text[at + 1 : at + 2]
    if sign in ("&", "|", "!") and sign:
        parts: list[Filter] = []
        at += 2
        while text[at : at + 1] == "(":
            part, at = _parsed(text, at, depth + 1)
            parts.append(part)
        if text[at : at + 1] != ")" or not parts or (sign == "!" and len(parts) != 1):
            raise FormatError(text, NAME, f"a bracket is missing or too much, at character {at + 1}")
        return Filter(sign, tuple(parts)), at + 1
    end = text.find(")", at)
    match = _ITEM.match(text, at + 1)
    if end < 0 or match is None or not (match["attribute"] or match["rule"]) or "(" in text[at + 1 : end]:
        raise FormatError(text, NAME, f"at character {at + 1} is no comparison such as (uid=karlm)")
    if (match["dn"] or match["rule"]) and match["sign"] != ":=":
        raise FormatError(text, NAME, f"a matching rule wants :=, at character {at + 1}")
    values = tuple(_value(part, text) for part in text[match.end() : end].split("*"))
    return Filter(match["sign"], left=match[0].removesuffix(match["sign"]), values=values), end + 1


def _value(text: str, whole: str) -> str:
    if _HEX.sub("", text).count("\\"):
        raise FormatError(whole, NAME, "in a filter a backslash is followed by two hexadecimal digits")
    try:
        return b"".join(
            bytes.fromhex(part) if odd else part.encode() for odd, part in _alternating(_HEX.split(text))
        ).decode()
    except UnicodeDecodeError:
        raise FormatError(whole, NAME, "it is not UTF-8") from None


def _alternating(parts: list[str]) -> Iterable[tuple[bool, str]]:
    return ((index % 2 == 1, part) for index, part in enumerate(parts))


def people(directory: Directory) -> str:
    """The filter for entries that are people and whose login can be the name of a folder and one of a list."""
    login = attribute(directory.attributes.login)
    # An empty value, also of the whole, is no part of a path; so is none that begins with a dot.
    return f"{parse(directory.filter)}(!({login}=*/*))(!({login}=.*))(!({login}=*,*))"


def query(directory: Directory, attributes: Iterable[str], said: str) -> Verbatim:
    """The filter for people of whom one of ``attributes`` is ``said``: a place-holder of Postfix or Dovecot."""
    asked = "".join(
        f"({attribute(one)}={'smtp:' if one.lower() == PREFIXED else ''}{said})" for one in attributes if one
    )
    either = f"(|{asked})" if asked.count("(") > 1 else asked
    return Verbatim(f"(&{people(directory)}{either})")


def uris(directory: Directory) -> Verbatim:
    """The servers in their order: ``ldap://a.example:389 ldap://b.example:389``."""
    scheme = "ldaps" if directory.tls == "ldaps" else "ldap"
    return Verbatim(
        " ".join(f"{scheme}://{postfix.name(server, NAME)}:{directory.port:d}" for server in directory.servers)
    )


def write(value: object) -> str:
    """One plain word. Raises FormatError for anything else."""
    return word(value, NAME)


def names(values: Iterable[object]) -> Verbatim:
    """A list of domain names."""
    return postfix.names(values)


FORMAT = Format(
    NAME,
    write,
    (("comment", comment), ("dn", dn), ("uris", uris), ("attribute", attribute), ("names", names)),
)
