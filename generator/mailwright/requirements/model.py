"""What a requirement and a rule are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from mailwright.findings import Level, Place
from mailwright.records import dataclass
from mailwright.requirements.subject import Subject

Evidence = Literal["check", "config", "probe", "document", "attest"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of the Janet Site E-mail Requirements.

    section   the note's heading
    says      what is asked, in our words
    evidence  how it is shown: ``check`` a rule over the description, ``config`` a rendered setting, ``probe`` a
              test against running hosts, ``document`` a generated document, ``attest`` the word of the site
    gap       what this version cannot show; while it is not empty the verdict is at best *not proven*
    limits    how far the evidence goes, for the reader of a verdict
    needs     probes without a pass of which nothing is proven, and what is said then; some sites cannot have them
    absent    said where a site has nothing that could be probed, such as a gateway
    """

    id: str
    section: str
    level: Level
    title: str
    says: str
    evidence: tuple[Evidence, ...]
    gap: str = ""
    limits: str = ""
    absent: str = ""
    needs: tuple[tuple[str, str], ...] = ()

    def __hash__(self) -> int:
        return hash(self.id)  # no other has it; verdicts are remembered by it


@dataclass(frozen=True, slots=True)
class Fault:
    """A place in the description that breaks a rule, what is the matter there, and the way out."""

    where: Place
    message: str
    fix: str


Check = Callable[[Subject], Iterator[Fault]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A question to the description. The docstring of ``check`` is the rule's published page.

    requirement  its id in the catalogue; empty for rules about waivers and attestations themselves
    level        weaker than the requirement's where the rule asks for more than the note does; MUST where nothing
                 can be built from a description that breaks it
    title        what is so when the rule passes
    people       it asks about each person, so nothing is proven where people are in a live directory alone
    """

    id: str
    requirement: str
    level: Level
    title: str
    check: Check
    people: bool = False


def rule(requirement: str, name: str, level: Level, title: str, people: bool = False) -> Callable[[Check], Rule]:
    """Makes a Rule of the function below it. It registers nothing: ``rules.RULES`` lists them all."""

    def made(check: Check) -> Rule:
        return Rule(f"{requirement}.{name}" if requirement else name, requirement, level, title, check, people)

    return made
