"""mailwright dkim-key."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from mailwright.cli.dkim_key import command
from support.example import EXAMPLE


def make(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(item) for item in arguments], standalone_mode=False)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site.yml").write_text(EXAMPLE.read_text())
    return tmp_path / "site.yml"


def test_the_pair_goes_where_the_description_says(site: Path) -> None:
    result = make(site)
    assert result.exception is None, result.output
    private, public = site.parent / "secrets" / "dkim.key", site.parent / "dkim.pub"
    key = load_pem_private_key(private.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    assert key.key_size == 2048
    assert key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) == public.read_bytes()
    assert private.stat().st_mode & 0o777 == 0o600
    assert private.parent.stat().st_mode & 0o077 == 0
    assert public.stat().st_mode & 0o777 == 0o644
    assert "PRIVATE" not in result.output
    assert "publish" in result.output


def test_options_name_other_paths(site: Path, tmp_path: Path) -> None:
    assert make(site, "--private", tmp_path / "a", "--public", tmp_path / "b").exception is None
    assert (tmp_path / "a").exists()
    assert (tmp_path / "b").exists()
    assert not (tmp_path / "dkim.pub").exists()


@pytest.mark.parametrize("existing", ["dkim.pub", "secrets/dkim.key"])
def test_nothing_is_overwritten_and_no_half_is_left(site: Path, existing: str) -> None:
    path = site.parent / existing
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    result = make(site)
    assert getattr(result.exception, "exit_code", None) == 2
    assert existing in str(result.exception)
    assert path.read_text() == "mine"
    keys = [item for item in site.parent.rglob("*") if item.is_file() and item.name != "site.yml"]
    assert keys == [path]


def test_a_dangling_link_is_not_written_through(site: Path, tmp_path: Path) -> None:
    (site.parent / "dkim.pub").symlink_to(tmp_path / "elsewhere")
    assert getattr(make(site).exception, "exit_code", None) == 2
    assert not (tmp_path / "elsewhere").exists()


def test_a_description_without_dkim_needs_the_private_path(tmp_path: Path) -> None:
    site = tmp_path / "site.yml"
    site.write_text("organisation: {name: A}\n")
    result = make(site)
    assert getattr(result.exception, "exit_code", None) == 2
    assert "--private" in str(result.exception)
    result = make(site, "--private", tmp_path / "k")
    assert result.exception is None
    assert (tmp_path / "dkim.pub").exists()
    assert "selector" in result.output


def test_a_description_that_is_not_there_is_status_2(tmp_path: Path) -> None:
    result = make(tmp_path / "none.yml")
    assert result.return_value == 2
    assert "source.no-file" in result.output


def test_a_folder_that_may_not_be_made_is_status_2(site: Path) -> None:
    (site.parent / "secrets").write_text("a file")
    assert getattr(make(site).exception, "exit_code", None) == 2
    assert not (site.parent / "dkim.pub").exists()
