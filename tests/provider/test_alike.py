"""Findings of many customers at one place are one."""

from __future__ import annotations

from pathlib import Path

from mailwright.findings import Finding, Level, Place, Status
from mailwright.provider.alike import Alike, concerned

FOLDER = Path("p/customers")


def finding(file: str, message: str = "wrong", status: Status = Status.FAIL, pointer: str = "/a") -> Finding:
    return Finding("x.y", "X-1", Level.ADVICE, status, message, "", Place(file, 3, 1, pointer))


def gathered(*found: tuple[Finding, tuple[str, ...]]) -> list[tuple[str, tuple[str, ...]]]:
    alike = Alike(FOLDER)
    for one, ids in found:
        alike.add(one, ids)
    return [(one.message, one.customers) for one in alike.findings()]


def test_what_stands_in_a_shared_layer_is_one_whatever_its_words_are() -> None:
    assert gathered(
        (finding("p/provider.yml", "wrong in b"), ("b",)),
        (finding("p/provider.yml", "wrong in a", pointer="/defaults/a"), ("a",)),
    ) == [("wrong in b (in 2 customers: a and b)", ("a", "b"))]


def test_what_stands_in_a_customers_own_files_is_its_own() -> None:
    assert gathered(
        (finding("p/customers/a.yml"), ("a",)),
        (finding("p/customers/a/people.csv", "one"), ("a",)),
        (finding("p/customers/a/people.csv", "two"), ("a",)),
    ) == [("wrong", ("a",)), ("one", ("a",)), ("two", ("a",))]


def test_a_folder_that_is_called_nearly_so_is_no_customers() -> None:
    ((message, _),) = gathered((finding("p/customers.d/a.yml"), ("a",)))
    assert message == "wrong (in the customer a)"


def test_the_providers_own_is_nobodys() -> None:
    assert gathered((finding("p/provider.yml"), ())) == [("wrong", ())]


def test_a_rule_has_passed_where_it_passed_for_all() -> None:
    passed = Finding("x.y", "X-1", Level.ADVICE, Status.PASS, "all well")
    assert gathered((passed, ("a",)), (passed, ("b",))) == [("all well", ())]
    assert gathered((passed, ("a",)), (finding("p/customers/b.yml"), ("b",))) == [("wrong", ("b",))]


def test_how_many_and_whom() -> None:
    assert concerned(["a"]) == "in the customer a"
    assert concerned(["b", "a"]) == "in 2 customers: a and b"
    assert concerned("cab") == "in 3 customers: a, b and c"
    assert concerned("dcab") == "in 4 customers: a, b, c and 1 other"
    assert concerned([f"c{number:04d}" for number in range(1200)]).endswith("c0002 and 1,197 others")
    assert concerned([f"c{number:04d}" for number in range(1200)]).startswith("in 1,200 customers: c0000")
