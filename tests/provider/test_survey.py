"""Whatever a provider's files hold, every customer is judged and nothing is raised."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailwright.provider.survey import survey
from mailwright.provider.which import NoCustomerError
from support.provider_folder import EXAMPLE, TODAY, copied, customer

JUNK = ("null", "[]", "{}", "5", "true", "[1]", "{a: 1}", "'..'")


def broken(text: str) -> Iterator[str]:
    """The text with the value of each of its keys replaced, with each of its lines taken away, and cut at each."""
    lines = text.splitlines()
    for index, line in enumerate(lines):
        key, colon, _ = line.partition(":")
        rest = [*lines[:index], *lines[index + 1 :]]
        yield "\n".join(rest)
        yield "\n".join([*lines[:index], line[: len(line) // 2]])
        for junk in JUNK if colon and not key.lstrip().startswith("#") else ():
            yield "\n".join([*lines[:index], f"{key}: {junk}", *lines[index + 1 :]])


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["provider.yml", "platforms/shared.yml", "profiles/school.yml", "customers/college.yml", "customers/abbey.yml"],
)
def test_nothing_is_raised_whatever_a_file_holds(tmp_path: Path, name: str) -> None:
    folder = copied(tmp_path)
    for kept in ("harbour", "institute"):  # enough of the others to see that they are judged
        (folder / "customers" / f"{kept}.yml").unlink()
    before = (folder / name).read_text()
    for text in broken(before):
        (folder / name).write_text(text)
        told = survey(folder, TODAY)
        assert told.status in (0, 1, 2)
        assert told.customers == 4 or name == "provider.yml", text
        if name.startswith("customers/"):
            assert told.unusable <= 2, text  # its own, and at most one whose domain it claims


def test_one_that_cannot_be_used_leaves_the_counts_of_the_others(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    before = survey(folder, TODAY)
    assert (before.customers, before.unusable) == (6, 0)
    (folder / "customers" / "zzz.yml").write_bytes(b"\x00")
    after = survey(folder, TODAY)
    assert (after.well, after.to_mend, after.unusable) == (before.well, before.to_mend, 1)
    assert {item for item in before.findings if item.fails} <= set(after.findings)


def test_it_tells_how_far_it_is(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    for index in range(60):
        customer(folder, f"c{index:02d}")
    told: list[tuple[int, int]] = []
    survey(folder, TODAY, progress=lambda done, of: told.append((done, of)))
    assert told == [(25, 66), (50, 66), (66, 66)]


def test_nobody_is_called_so() -> None:
    with pytest.raises(NoCustomerError, match="Did you mean 'harbour'"):
        survey(EXAMPLE, TODAY, "harbor")
