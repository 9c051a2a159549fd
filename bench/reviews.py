"""How good reviews are: of tests/changes/cases/, how many risks are found, and how many false alarms there are.

python bench/reviews.py

detection     rules that fire where they must, each with the one severity that is right, of all that must
false alarms  rules that fire where they must not, of all the times that a rule must be silent
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from mailwright.changes.risks import RISKS
from support.review_cases import cases, said


def say(what: str, figure: str, wanted: str = "") -> None:
    print(f"{what:<72} {figure:>16}   {wanted}", flush=True)


def rates() -> None:
    started = time.perf_counter()
    usable = [case for case in cases() if not case.unusable]
    wanted = silent = 0
    missed, alarms = [], []
    for case in usable:
        found = said(case)
        wanted += len(case.risks)
        silent += len({rule.id for rule in RISKS} - case.risks.keys())
        missed += [f"{case.name}: {rule}" for rule, right in case.risks.items() if found.get(rule) != right]
        alarms += [f"{case.name}: {rule}" for rule in found if rule not in case.risks]
    for words in missed:
        print(f"missed {words}")
    for words in alarms:
        print(f"false alarm {words}")
    seconds = time.perf_counter() - started
    say(
        f"risks of {len(usable)} reviews, found",
        f"{(wanted - len(missed)) / wanted:.1%} of {wanted}",
        "wanted: 100 %",
    )
    say(
        "false alarms, of the times that a rule must be silent",
        f"{len(alarms) / silent:.2%} of {silent}",
        "wanted: none",
    )
    say("seconds for each review", f"{seconds / len(usable):.2f} s")


if __name__ == "__main__":
    rates()
