"""What BIND's own loader reads in the rendered zones, record by record."""

from __future__ import annotations

import subprocess
from pathlib import Path

import dns.name
import dns.rdatatype
import dns.zone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwright.components.dns import fragments
from mailwright.formats.engine import FormatError
from mailwright.formats.zone import record
from mailwright.plan import make
from support.example import load_example
from support.tools import need

pytestmark = pytest.mark.native

Rows = set[tuple[str, int, str, bytes]]


@pytest.fixture(scope="module", autouse=True)
def _tools() -> None:
    need("named-checkzone")


def head(zone: str) -> str:
    """What the keeper of the zone has there already."""
    return (
        f"{zone}. 3600 IN SOA ns.elsewhere.example. hostmaster.elsewhere.example. 1 7200 3600 1209600 3600\n"
        f"{zone}. 3600 IN NS ns.elsewhere.example.\n"
    )


def rows(zone: str, text: str) -> Rows:
    """Every record but SOA and NS, its value as on the wire."""
    return {
        (owner.canonicalize().to_text(), ttl, dns.rdatatype.to_text(rdata.rdtype), rdata.to_wire())
        for owner, ttl, rdata in dns.zone.from_text(text, zone, relativize=False).iterate_rdatas()
        if rdata.rdtype not in (dns.rdatatype.SOA, dns.rdatatype.NS)
    }


def loaded(zone: str, text: str, folder: Path) -> Rows:
    """As named-checkzone loads it and writes it out again."""
    file = folder / "zone"
    file.write_text(head(zone) + text, encoding="utf-8")
    # -i none: nothing is looked up in the real DNS; -k ignore: host names with odd characters are the point
    argv = ["named-checkzone", "-i", "none", "-k", "ignore", "-D", "-o", "-", zone, str(file)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    return rows(zone, done.stdout)


def test_the_example_is_loaded_as_it_was_planned(tmp_path: Path) -> None:
    texts = fragments(make(load_example()))
    assert texts
    for file, text in texts.items():
        zone = file.removesuffix(".zone")
        assert loaded(zone, text, tmp_path) == rows(zone, head(zone) + text)


def test_the_example_passes_every_check_of_the_loader(tmp_path: Path) -> None:
    for file, text in fragments(make(load_example())).items():
        zone = file.removesuffix(".zone")
        (tmp_path / file).write_text(head(zone) + text, encoding="utf-8")
        argv = ["named-checkzone", "-i", "local", "-k", "fail", "-m", "fail", "-n", "fail", "-r", "fail"]
        done = subprocess.run([*argv, zone, tmp_path / file], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
        assert "warning" not in done.stdout


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=600)
HOSTILE = (
    'v=spf1 "; $INCLUDE /etc/passwd',
    "$GENERATE 1-10 a$ A 203.0.113.$",
    "a\nevil.college.ac.uk. 60 IN A 203.0.113.1",
    "(",
    ")",
    "\\",
    '\\"',
    "@",
    " leading",
    "",
    "x" * 255,
    "x" * 256,
    "x" * 3000,
)


@settings(max_examples=30, deadline=None)
@given(st.lists(texts | st.sampled_from(HOSTILE), min_size=1, max_size=20))
def test_any_text_is_loaded_as_it_is(tmp_path_factory: pytest.TempPathFactory, values: list[str]) -> None:
    zone = "college.ac.uk"
    text = "".join(
        record(zone, f"n{number}.{zone}.", "TXT", value, 300, value) for number, value in enumerate(values)
    )
    expected = {
        (f"n{number}.{zone}.", 300, "TXT", b"".join(bytes([len(part)]) + part for part in strings(value)))
        for number, value in enumerate(values)
    }
    assert loaded(zone, text, tmp_path_factory.mktemp("zone")) == expected


def strings(value: str) -> list[bytes]:
    octets = value.encode()
    return [octets[start : start + 255] for start in range(0, len(octets), 255)] or [b""]


@settings(max_examples=30, deadline=None)
@given(st.lists(texts.map(lambda text: text[:40]) | st.sampled_from(HOSTILE), min_size=1, max_size=20))
def test_any_name_is_loaded_as_it_is_or_refused(
    tmp_path_factory: pytest.TempPathFactory, labels: list[str]
) -> None:
    zone = "college.ac.uk"
    text, expected = "", set()
    for label in labels:
        owner = f"{label}.{zone}."
        try:
            text += record(zone, owner, "PTR", owner, 300, "because")
        except FormatError:
            continue
        name = dns.name.from_text(owner)
        expected.add((name.canonicalize().to_text(), 300, "PTR", name.to_wire()))
    seen = loaded(zone, text, tmp_path_factory.mktemp("zone"))
    # One owner with several values is one set; case is kept or not as the loader likes.
    assert {(o, t, y, v.lower()) for o, t, y, v in seen} == {(o, t, y, v.lower()) for o, t, y, v in expected}
