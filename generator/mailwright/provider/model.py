"""A provider: its layers, its platforms and its customers, as ``provider.yml`` and the files beside it say.

A customer's description is made of layers, the lower ones first: the provider's defaults, the profiles that the
customer names in their order, the customer's own file. Joined they are a site description like any other, so all
that holds of a site holds of a customer. What a customer on a shared platform does not say, because it is the
platform's (``PLATFORM``), is laid over it from the platform's own description.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from mailwright.findings import Place
from mailwright.source.nodes import Mapping

FILE = "provider.yml"
CUSTOMERS = "customers"
"""The folder of customers' files, ``<name>.yml`` each; files that one names lie in ``<name>/`` beside it."""

OWN_KEYS = ("customer", "platform", "profiles", "leaving")
"""What a customer's file says besides a site description; these do not reach it."""

PLATFORM = ("hosts", "networks", "tls", "time", "submission")
"""Keys of a description that are the platform's."""

PARTS = (("logging", ("readers", "free", "maximum_days")), ("store", ("pop3",)))
"""Keys of a description of which the platform has these keys alone."""

ELSEWHERE = ("gateways", "smarthost", "directory", "lists", "list_server", "webmail")
"""Keys that only a customer with hosts of its own may say: shared hosts do not offer these."""

State = Literal["active", "stopped", "closed", "over"]
"""Of a customer: served; no mail taken in or sent any more, but fetched (until ``mail_until``); the mail is gone,
and logs are kept (until ``logs_until``); nothing is left, and the file may be taken away."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What customers may do with the value at ``pointer`` (or below it); lower layers may say anything.

    pointer  RFC 6901; a part ``*`` stands for every key or item there
    fixed    a customer's file may not say it
    minimum  and maximum: of a number, a size in octets or a number of days, as the description's schema reads it
    one_of   the values that it may have; empty: any
    reason   of the provider, which the finding repeats
    """

    pointer: str
    fixed: bool
    minimum: int | None
    maximum: int | None
    one_of: tuple[str | int | bool, ...]
    reason: str
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Layer:
    """A part of a description, before it is joined to others.

    name    ``defaults``, ``profile school``, ``customer college``, or ``platform shared``; how reviews call it
    root    the tree, each value of which knows its file and line; ``extends`` is already followed in it
    usable  whether its file could be read; ``root`` is empty where not, and a finding of the provider says why
    where   the place that names its file, if one does
    """

    name: str
    root: Mapping
    usable: bool = True
    where: Place | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Platform:
    """Shared hosts. ``file``: their description, a whole one, of the provider's own mail on them."""

    name: str
    file: Path
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Wide:
    """A domain that customers may have although others are below it. ``name``: lower case, A-labels."""

    name: str
    reason: str
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Provider:
    """What ``provider.yml`` says, and the layers that it names.

    team      addresses of the provider's people that customers' roles may reach, beside the customers' own
    profiles  in the order of ``provider.yml``; their names are those of the layers, after ``profile``
    widened   domains that a customer may have although they are public suffixes, or lie above other customers'
    """

    folder: Path
    name: str
    team: tuple[str, ...]
    platforms: tuple[Platform, ...]
    defaults: Layer
    profiles: tuple[Layer, ...]
    limits: tuple[Limit, ...]
    where: Place = field(compare=False, repr=False)
    widened: tuple[Wide, ...] = ()

    @property
    def wide(self) -> tuple[str, ...]:
        """The names of those that are ``widened``."""
        return tuple(one.name for one in self.widened)

    @property
    def customers(self) -> Path:
        """The folder of the customers' files."""
        return self.folder / CUSTOMERS

    def platform(self, name: str) -> Platform | None:
        return next((platform for platform in self.platforms if platform.name == name), None)

    def profile(self, name: str) -> Layer | None:
        return next((layer for layer in self.profiles if layer.name == f"profile {name}"), None)


@dataclass(frozen=True, slots=True)
class Leaving:
    """When a customer goes (SCALE-2). Each day is the last one on which the thing is still so."""

    stop: date  # mail is accepted and sent
    mail_until: date  # people can fetch their mail
    logs_until: date  # the customer's view of the logs, and what is counted of its use, is kept
    where: Place = field(compare=False, repr=False)

    def state(self, today: date) -> State:
        if today <= self.stop:
            return "active"
        if today <= self.mail_until:
            return "stopped"
        return "closed" if today <= self.logs_until else "over"


@dataclass(frozen=True, slots=True)
class Head:
    """What a customer's file says of itself, before anything is joined.

    id        unique among the provider's customers: ``customer``, or the file's name without its ending
    platform  name of a shared platform; empty: hosts of its own
    """

    id: str
    file: Path
    platform: str
    profiles: tuple[str, ...]
    leaving: Leaving | None
    where: Place = field(compare=False, repr=False)

    def state(self, today: date) -> State:
        return "active" if self.leaving is None else self.leaving.state(today)
