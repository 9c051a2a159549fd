"""One customer alone is asked for in the same ways of check, build and diff."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mailwright.changes.cause import Asked
from mailwright.changes.provider.review import only
from mailwright.provider import build as engine
from mailwright.provider import which
from mailwright.provider.survey import survey
from mailwright.provider.which import NoCustomerError
from mailwright.source.folder import OnDisk
from support.provider_folder import TODAY, change, copied, customer

FILES = {
    "alpha": b"domains: [alpha.ac.uk, {name: Deep.Alpha.ac.uk}]\n",
    "beta": b"customer: gamma\ndomains: [beta.ac.uk]\n",
    "delta": b"customer: NOT VALID\ndomains: [b\xc3\xbccher.example]\n",
    "beta2": b"customer: beta\n",
    "none": b"",
    "eszett": "domains: [stra\u00dfe.example]\n".encode(),
    "capitals": "domains: [B\u00dcCHEREI.example]\n".encode(),
}


@pytest.mark.parametrize(
    ("asked", "stem"),
    [
        ("alpha", "alpha"),
        ("gamma", "beta"),
        ("beta", "beta2"),  # an id goes before a file's name
        ("delta", "delta"),  # what it says it is called is no id
        ("none", "none"),
        ("beta.ac.uk", "beta"),
        ("DEEP.alpha.ac.uk", "alpha"),
        ("b\u00fccher.example", "delta"),
        ("xn--bcher-kva.example", "delta"),
        ("xn--strae-oqa.example", "eszett"),
        ("b\u00fccherei.example", "capitals"),
        ("xn--bcherei-n2a.example", "capitals"),
        ("ac.uk", None),
        ("nobody", None),
        ("../alpha", None),
        ("", None),
    ],
)
def test_who_is_meant(asked: str, stem: str | None) -> None:
    assert which.stem(asked, FILES, FILES.__getitem__) == stem


@pytest.mark.parametrize("asked", ["harbour", "library", "harbour.ac.uk"])
def test_check_build_and_diff_mean_the_same(tmp_path: Path, asked: str) -> None:
    folder = copied(tmp_path)
    file = folder / "customers" / "library.yml"
    (folder / "customers" / "harbour.yml").rename(file)
    file.write_text("customer: harbour\n" + file.read_text())
    assert survey(folder, TODAY, asked).customers == 1
    engine.build(folder, tmp_path / "build", TODAY, asked)
    assert [one.name for one in (tmp_path / "build" / "shared" / "customers").iterdir()] == ["harbour"]
    review = only(OnDisk(folder), OnDisk(folder), Asked(date(2026, 12, 1)), asked)
    assert not isinstance(review, str)


def test_whose_id_is_invalid_is_asked_for_by_its_file(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    customer(folder, "bede", "customer: Not An Id\n")
    assert survey(folder, TODAY, "bede").unusable == 1
    assert engine.build(folder, tmp_path / "build", TODAY, "bede").failed == 1


def test_nobodys_name_is_refused_by_all(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    with pytest.raises(NoCustomerError, match=r"nobody\.ac\.uk"):
        survey(folder, TODAY, "nobody.ac.uk")
    with pytest.raises(NoCustomerError, match=r"nobody\.ac\.uk"):
        engine.build(folder, tmp_path / "build", TODAY, "nobody.ac.uk")


def test_what_was_built_may_have_moved_to_another_file(tmp_path: Path) -> None:
    folder, out = copied(tmp_path), tmp_path / "build"
    engine.build(folder, out, TODAY)
    file = folder / "customers" / "library.yml"
    (folder / "customers" / "harbour.yml").rename(file)
    file.write_text("customer: harbour\n" + file.read_text())
    change(file, "Harbour Library", "Harbour Archive")
    assert engine.build(folder, out, TODAY, "harbour").built == 1
