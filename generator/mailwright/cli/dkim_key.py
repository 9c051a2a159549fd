"""mailwright dkim-key: a pair of keys for signing outgoing mail."""

from __future__ import annotations

from pathlib import Path

import click

from mailwright.cli.common import Refused, description, unusable


@click.command("dkim-key")
@description
@click.option("--private", type=click.Path(path_type=Path), help="Where the private key goes.")
@click.option(
    "--public", type=click.Path(path_type=Path), help="Where the public key goes; else dkim.pub beside SITE.YML."
)
def command(file: Path, private: Path | None, public: Path | None) -> None:
    """Make an RSA key pair of 2048 bits for the description SITE.YML.

    They go to the description's dkim.private_key and dkim.public_key, unless options name other paths. Nothing
    that exists is overwritten. Keep the private key out of the repository that holds the description.
    """
    from mailwright import keypair

    said_private, said_public = _said(file)
    private = private or said_private
    public = public or said_public or file.parent / "dkim.pub"
    if private is None:
        raise Refused(f"{file} has no dkim.private_key; say it there, or with --private.")
    try:
        keypair.make(private, public)
    except FileExistsError as error:
        raise Refused(f"{error.filename} is there already; nothing was written.") from None
    except OSError as error:
        raise Refused(f"{error.filename}: {error.strerror}; nothing was written.") from None
    click.echo(f"Private key: {private} (readable by you alone; keep it out of every repository)")
    click.echo(f"Public key:  {public} (belongs beside the description)")
    click.echo("Next:")
    if said_private is None:
        click.echo(f"  name both in {file}: dkim: {{selector: …, public_key: …, private_key: …}}")
    click.echo("  build, and publish the new record from dns/ before you apply the project:")
    click.echo("  until it is seen everywhere, the signatures of the new key do not verify.")
    if said_private is not None and not said_private.is_absolute():
        click.echo(
            "  The project looks for a relative path in its own folder: link or copy the key's folder there, as in"
        )
        click.echo("  ln -s ../../secrets build/<primary domain>/secrets")


def _said(file: Path) -> tuple[Path | None, Path | None]:
    """The private and the public path that the description names; relative ones start at its folder."""
    from mailwright.findings import Findings
    from mailwright.source import load

    findings = Findings()
    document = load(file, findings)
    if document is None:
        raise unusable(findings.items)
    dkim = document.data.get("dkim")
    found: list[Path | None] = []
    for name in ("private_key", "public_key"):
        value = dkim.get(name) if isinstance(dkim, dict) else None
        if isinstance(value, str) and value:
            found.append(Path(document.place(f"/dkim/{name}").file).parent / value)
        else:
            found.append(None)
    return found[0], found[1]
