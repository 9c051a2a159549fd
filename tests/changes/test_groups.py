"""Changes, risks and files in the groups in which people read them."""

from __future__ import annotations

from dataclasses import replace

from mailwright.changes import SECTIONS, compare
from mailwright.changes.groups import dangers, files, groups
from mailwright.changes.model import Change, FileChange, Part, Severity
from mailwright.changes.personal import impersonal, personal, whole
from mailwright.plan import make
from support.example import load_example, split
from support.review_pages import dangerous, large


def change(key: str, alike: str = "routes are new", note: str = "", table: str = "routes") -> Change:
    return Change(table, "added", key, f"{key} is new", alike, note)


def test_sections_come_in_their_order_and_without_empty_ones() -> None:
    found = groups(compare(make(load_example()), make(split())))
    titles = [section.title for section in SECTIONS]
    order = [titles.index(group.title) for group in found]
    assert order == sorted(order)
    assert all(group.lines and group.count for group in found)
    assert groups(()) == ()


def test_no_change_is_lost() -> None:
    changes = compare(make(load_example()), make(split()))
    assert sum(group.count for group in groups(changes)) == len(changes)


def test_what_is_alike_is_one_line_with_its_keys_once() -> None:
    (group,) = groups([change("a"), change("b"), change("a"), change("alone", "")])
    first, second = group.lines
    assert first.words == "3 routes are new"
    assert first.keys == ("a", "b")
    assert first.sentence(5) == "3 routes are new: a, b."
    assert first.sentence(1) == "3 routes are new: a and 1 more."
    assert second.sentence(5) == "alone is new."


def test_a_note_stands_once_below_the_last_line_that_it_is_about() -> None:
    (group,) = groups([change("a", "x", "do it"), change("b", "y", "do it"), change("c", "z", "other")])
    assert [line.note for line in group.lines] == ["", "do it", "other"]


def test_keys_of_people_are_left_out_as_a_whole() -> None:
    (group,) = groups([change(personal(name, "somebody"), "people come") for name in ("ab1", "cd2")])
    (line,) = group.lines
    assert whole(line.sentence(1)) == "2 people come: ab1 and 1 more."
    assert impersonal(line.sentence(1)) == "2 people come."


def test_risks_are_ranked_and_those_of_one_rule_stand_together() -> None:
    low, high = dangerous("a.low", Severity.LOW, "l"), dangerous("b.high", Severity.HIGH, "h")
    again, graver = replace(low, sentence="m"), replace(low, severity=Severity.MEDIUM)
    passed = replace(high, forced="meant")
    review = replace(
        large(), parts=(Part("description", (), (low, passed, high, again, graver)), Part("mailwright", (), (low,)))
    )
    found = dangers(review)
    assert [(one.first.rule.id, str(one.first.severity), one.origin, len(one.risks)) for one in found] == [
        ("b.high", "high", "description", 1),
        ("a.low", "medium", "description", 1),
        ("a.low", "low", "description", 2),
        ("a.low", "low", "mailwright", 1),
        ("b.high", "high", "description", 1),
    ]
    assert found[-1].first.forced == "meant"
    assert sum(len(one.risks) for one in found) == len(review.risks)


def test_another_safe_way_is_another_group() -> None:
    one = dangerous("a.low", Severity.LOW, "l")
    review = replace(large(), parts=(Part("description", (), (one, replace(one, safely="Otherwise."))),))
    assert [len(each.risks) for each in dangers(review)] == [1, 1]


def test_files_by_area_and_component() -> None:
    changes = [
        FileChange("dns/z.zone", "changed", "dns"),
        FileChange("hosts/m/postfix/a", "changed", "m", "postfix", "/a"),
        FileChange("hosts/m/postfix/b", "added", "m", "postfix", "/b"),
        FileChange("hosts/m/time/c", "added", "m", "time", "/c"),
    ]
    assert [(one.area, one.component, len(one.files)) for one in files(changes)] == [
        ("dns", "", 1),
        ("m", "postfix", 2),
        ("m", "time", 1),
    ]
