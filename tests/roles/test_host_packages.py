from __future__ import annotations

from support import role_code

host_packages = role_code.load("library/host_packages.py")


def test_the_release_from_os_release() -> None:
    assert (
        host_packages.release('PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n')
        == "debian-13"
    )
    assert host_packages.release("ID=debian\n") == "debian"  # testing has no number: it is none of ours


def test_installed_packages_are_those_that_are_whole() -> None:
    listed = "ii  postfix\nrc  exim4\niU  half\nii  dovecot-core\n"
    assert host_packages.installed(listed) == {"dovecot-core", "postfix"}
