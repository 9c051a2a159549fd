from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.plan import make as make_plan
from mailwright.rehearsal import images
from mailwright.rehearsal.errors import LabError
from support.example import load_example


def test_an_unknown_system_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(LabError, match="debian-12, debian-13"):
        images.recipe("debian-11")


def test_hosts_that_serve_lists_or_the_web_have_more_packages_and_others_stay_small() -> None:
    host = make_plan(load_example()).hosts[0]
    assert images.of_host(host) == "debian-13"
    for function in ("lists", "web"):
        assert images.of_host(replace(host, functions=("mx", function))) == "debian-13-web"
    plain, more = images.recipe("debian-13"), images.recipe("debian-13-web")
    assert {"mailman3", "nginx", "roundcube-core"} <= set(more.packages) - set(plain.packages)
    assert set(plain.packages) < set(more.packages)


def test_an_image_is_another_one_when_its_recipe_changes() -> None:
    known = images.recipe("debian-13")
    changed = images.Recipe(known.name, known.suite, (*known.packages, "mutt"), known.preseed, known.hooks)
    assert known.reference != changed.reference
    assert known.reference == images.recipe("debian-13").reference


def test_the_key_that_is_missing_is_told() -> None:
    error = images._build_error(images.recipe("debian-13"), ["I: x", "E: NO_PUBKEY 0123"])
    assert "debian-archive-keyring" in error.way_out
    assert "NO_PUBKEY 0123" in error.message


def test_images_of_former_recipes_go_and_current_and_foreign_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    current = images.recipe("debian-13").reference
    listed = f"{current}\nlocalhost/mailwright/debian-13:0123456789ab\nlocalhost/other/debian-13:1\n"
    removed: list[list[str]] = []

    def attempt(argv: list[str]) -> tuple[int, str]:
        removed.append(argv)
        return 0, ""

    monkeypatch.setattr(images, "must", lambda _argv: listed)
    monkeypatch.setattr(images, "attempt", attempt)
    assert images.drop_stale_images() == ("localhost/mailwright/debian-13:0123456789ab",)
    assert removed == [["podman", "rmi", "localhost/mailwright/debian-13:0123456789ab"]]
