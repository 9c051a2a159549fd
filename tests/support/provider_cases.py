"""Changes of a provider's folder, each with what its review must say: tests/changes/provider_cases/NNN-name.yml.

about           what happens, for whoever reads the case
old, new        edits of ``base/`` on either side: ``file`` with ``replace`` and ``with``, ``write``, ``append``,
                ``move`` (to), or ``remove: true``
risks           id of a rule → its severity; no other rule may fire
look_alike_of   a rule that must be silent, because this only looks like what it is about
today           the day on which it is reviewed; TODAY where nothing is said
first           with what the verdict begins
screen          what is to be read on the first screen of the text
says            what is to be read anywhere in it
never           what is not to be read in it
changed         ids of the customers that change
judged          how many customers are looked at
broken          what cannot be used, with its side: ``fell new``
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mailwright.changes.cause import Asked
from mailwright.changes.provider import text
from mailwright.changes.provider.model import ProviderReview
from mailwright.changes.provider.review import review
from mailwright.changes.text import SCREEN
from mailwright.source.folder import OnDisk

CASES = Path(__file__).resolve().parents[1] / "changes" / "provider_cases"
BASE = CASES / "base"
TODAY = date(2026, 11, 30)
WORDS = frozenset(
    (
        "about",
        "old",
        "new",
        "risks",
        "look_alike_of",
        "today",
        "first",
        "screen",
        "says",
        "never",
        "changed",
        "judged",
        "broken",
    )
)


@dataclass(frozen=True)
class Case:
    name: str
    expected: Mapping[str, Any]

    @property
    def risks(self) -> Mapping[str, str]:
        return dict(self.expected.get("risks", {}))

    def side(self, which: str, folder: Path) -> Path:
        """The folder of one side, written below ``folder``."""
        made = folder / which
        shutil.copytree(BASE, made)
        for one in self.expected.get(which, ()):
            edit(made, one)
        return made

    def review(self, folder: Path, **options: Any) -> ProviderReview:
        asked = Asked(self.expected.get("today", TODAY), **options)
        old, new = (OnDisk(self.side(which, folder)) for which in ("old", "new"))
        return review(old, new, asked, jobs=1)


def edit(folder: Path, one: Mapping[str, Any]) -> None:
    path = folder / one["file"]
    if one.get("remove"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    elif "move" in one:
        path.rename(folder / one["move"])
    elif "write" in one:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(one["write"])
    elif "append" in one:
        path.write_text(path.read_text() + one["append"])
    else:
        before = path.read_text()
        assert before.count(one["replace"]) == 1, f"{one['file']} has {one['replace']!r} not once"
        path.write_text(before.replace(one["replace"], one["with"]))


@cache
def cases() -> tuple[Case, ...]:
    return tuple(Case(file.stem, yaml.safe_load(file.read_text())) for file in sorted(CASES.glob("[0-9]*.yml")))


def differences(case: Case, found: ProviderReview) -> Iterator[str]:
    """What the review says otherwise than the case expects, in words."""
    fired = {one.rule.id: str(one.severity) for one in reversed(found.risks)}
    fired |= {risk.rule.id: str(risk.severity) for one in found.platforms for risk in one.review.risks}
    for rule in sorted(case.risks.keys() - fired.keys()):
        yield f"{rule} is silent"
    for rule, severity in sorted(fired.items()):
        if case.risks.get(rule) != severity:
            yield f"{rule} ({severity}) fires, expected is {case.risks.get(rule, 'silence')}"
    shown = text.render(found)
    lines = shown.splitlines()
    whole, screen = (" ".join(" ".join(part).split()) for part in (lines, lines[:SCREEN]))
    if not whole.startswith(case.expected.get("first", "")):
        yield f"it begins with {lines[0]!r} instead of {case.expected['first']!r}"
    yield from (
        f"the first screen does not say {word!r}" for word in case.expected.get("screen", ()) if word not in screen
    )
    yield from (f"it does not say {word!r}" for word in case.expected.get("says", ()) if word not in whole)
    yield from (f"it says {word!r}" for word in case.expected.get("never", ()) if word in whole)
    wanted = case.expected.get("changed")
    if wanted is not None and tuple(wanted) != found.changed:
        yield f"{', '.join(found.changed) or 'nobody'} changes instead of {', '.join(wanted) or 'nobody'}"
    if case.expected.get("judged", found.judged) != found.judged:
        yield f"{found.judged} customers are looked at instead of {case.expected['judged']}"
    broken = sorted(f"{one.what} {one.side}" for one in found.broken)
    if broken != sorted(case.expected.get("broken", ())):
        yield f"{', '.join(broken) or 'nothing'} cannot be used"
