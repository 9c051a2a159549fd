"""The schemas of a provider's files hold that of a site, of which each layer says a part.

``python -m mailwright.source.parts`` writes what ``provider.schema.json`` and ``customer.schema.json`` have of
``site.schema.json`` anew, so that each of them is whole by itself, as editors want it. The rest of them is written
by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mailwright import resources

LAYER = "customer"
"""Name of the schema that any layer meets, which may leave out what others say."""

OWN = ("customer", "platform", "profiles", "leaving")
"""What only a customer's file says."""


def part(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a part of a description: whatever mappings need may be said by another layer.

    Items of a list keep what they need, since a list replaces a lower one as a whole.
    """
    kept = {key: value for key, value in schema.items() if key not in ("required", "anyOf")}
    if "properties" in kept:
        kept["properties"] = {name: part(inner) for name, inner in kept["properties"].items()}
    if isinstance(kept.get("additionalProperties"), dict):
        kept["additionalProperties"] = part(kept["additionalProperties"])
    return kept


def customer(written: dict[str, Any], site: dict[str, Any]) -> dict[str, Any]:
    """The schema of customers' files; ``written`` is how it was, of which the keys of its own are kept."""
    own = {name: written["properties"][name] for name in OWN}
    return {**written, "properties": {**own, **part(site)["properties"]}, "$defs": site["$defs"]}


def provider(written: dict[str, Any], site: dict[str, Any]) -> dict[str, Any]:
    """The schema of provider.yml; ``written`` is how it was, of which all but the defaults' parts is kept."""
    said = {name: inner for name, inner in part(site)["properties"].items() if name != "extends"}
    defaults = {**written["properties"]["defaults"], "properties": said}
    own = written["$defs"].keys() - site["$defs"].keys()
    kept = {name: written["$defs"][name] for name in sorted(own)}
    properties = {**written["properties"], "defaults": defaults}
    return {**written, "properties": properties, "$defs": {**site["$defs"], **kept}}


MADE = (("customer", customer), ("provider", provider))


def text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def path(name: str) -> Path:
    return resources.folder("schemas") / f"{name}.schema.json"


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path(name).read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    for name, make in MADE:
        path(name).write_text(text(make(read(name), read("site"))), encoding="utf-8")
