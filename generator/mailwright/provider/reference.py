"""The reference page of a provider's files, made from their schemas, so that the two cannot disagree.

``python -m mailwright.provider.reference > docs/reference/provider.md`` writes it anew.
"""

from __future__ import annotations

from mailwright.provider.model import ELSEWHERE, OWN_KEYS, PARTS, PLATFORM
from mailwright.source.reference import sections
from mailwright.source.schema import load_schema

INTRODUCTION = """\
# A provider's folder: provider.yml and customers/

A provider runs mail for many organisations. `mailwright init --provider` begins a folder, `mailwright new-customer`
adds one, and [the example](../../inventories/provider/provider.yml) is a whole one; [Providers](../providers.md)
says how it is used. This page is made from the schemas of the files.

    provider.yml            the team, the platforms, what customers are made of, and what they may not change
    platforms/<name>.yml    a site's description of the provider's own mail on shared hosts
    profiles/<name>.yml     parts of descriptions that customers name
    customers/<id>.yml      a customer: what it is, and what no layer below says of it
    customers/<id>/         the files that it names, such as people.csv and dkim.pub, and no others

With these first lines an editor that speaks to the YAML language server completes and explains every setting, in
`provider.yml` and in a customer's file:

    # yaml-language-server: $schema=…/schemas/provider.schema.json
    # yaml-language-server: $schema=…/schemas/customer.schema.json

## How layers are joined

The defaults come first, then the customer's profiles in their order, then its own file. Mappings merge key by key;
a list or a single value replaces what lower layers say. The result is a site's [description](description.md) like
any other, and is checked by the same rules. Each value remembers the file that it came from:
`mailwright explain-value provider/ ID /logging/days` shows every layer that says it, and which one is in force.

What a customer's file names must lie in `customers/<id>/` (the folder is called as the file is); links out of there
are refused. `extends` in a customer's file is read from there alone, too.

## On shared hosts

A customer that names a platform has the hosts of that platform. Its own file and the layers below it may then not
say {platform}, and not {parts}: these are the platform's. Not offered there, and only for customers with hosts of
their own: {elsewhere}.

What a rule finds fault with in a platform's description is the
provider's to mend, or to waive there, and what is waived there is waived for its customers.

A platform has exactly one host that is a store and takes submission. Other hosts of it may be mx or log.

## Secrets

Whatever a description says of secrets is a path on the control machine. On shared hosts it has to be a plain one
(relative, without `..`) below `secrets/<id>/`, whichever layer says it; the first passwords of a customer that does
not say where they are, are at `secrets/<id>/passwords`. A customer with hosts of its own names what it likes below
`secrets/`, but not in the folder of another customer; certificates and their keys too. The provider's layers may
say any path for it. A platform and a customer, or two customers, may not name the same secret.

## Limits

A limit holds for what a customer's own file says; it is a finding there, with the provider's reason. The defaults
and profiles may say anything: a value of theirs that a customer could not say is a warning. `*` in a pointer stands
for any key or item: `/domains/*/dmarc`. Of people in a CSV file `/people/*/quota` is looked at.

## provider.yml
"""


def page() -> str:
    """The page in Markdown."""
    provider, customer = load_schema("provider"), load_schema("customer")
    defaults = {**provider["properties"]["defaults"], "properties": {}}
    shown = {**provider, "properties": {**provider["properties"], "defaults": defaults}}
    introduction = INTRODUCTION.format(
        platform=_listed(PLATFORM),
        parts=_listed(tuple(f"{key}.{name}" for key, names in PARTS for name in names)),
        elsewhere=_listed(ELSEWHERE),
    )
    own = "## A customer's file\n\nBesides all that a site's [description](description.md) can say:\n"
    return "\n".join(
        (introduction, *sections(shown, tuple(shown["properties"])), own, *sections(customer, OWN_KEYS))
    )


def _listed(words: tuple[str, ...]) -> str:
    *first, last = (f"`{word}`" for word in words)
    return f"{', '.join(first)} or {last}"


if __name__ == "__main__":
    print(page(), end="")
