"""Files that end with a secret: the rendered text stands as it was reviewed, the secret behind it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail

from support.role_code import load

action = load("action_plugins/transaction.py")


class Loader:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get_basedir(self) -> str:
        return str(self.folder)

    def get_real_file(self, path: str) -> str:
        return path


def complete(folder: Path, secret: bytes, **entry: Any) -> tuple[dict[str, Any], bytes]:
    (folder / "secret").write_bytes(secret)
    module = object.__new__(action.ActionModule)
    module._loader = Loader(folder)
    texts = {"/etc/x.cf": b"# reviewed\na = b\n"}
    files = [{"path": "/etc/x.cf", "owner": "root", "group": "root", "mode": "0600", "sha256": "old"}]
    module._complete(entry.pop("path", "/etc/x.cf"), {"src": "secret", "setting": "pw", **entry}, files, texts)
    return files[0], texts["/etc/x.cf"]


def test_it_is_the_last_line_and_the_file_is_a_secret(tmp_path: Path) -> None:
    listed, text = complete(tmp_path, b"s3 cr$et\n")
    assert text == b"# reviewed\na = b\npw = s3 cr$et\n"
    assert listed["secret"] is True
    assert listed["sha256"] == hashlib.sha256(text).hexdigest()
    assert listed["mode"] == "0600"


def test_in_quotation_marks(tmp_path: Path) -> None:
    assert complete(tmp_path, b'a"b\\c\n', quoted=True)[1].endswith(b'pw = "a\\"b\\\\c"\n')


@pytest.mark.parametrize("secret", [b"", b"\n", b"two\nlines\n", b" blank\n", b"tab\t\n", b"nul\0x\n"])
def test_what_is_not_one_line_is_refused(tmp_path: Path, secret: bytes) -> None:
    with pytest.raises(AnsibleActionFail, match="one line"):
        complete(tmp_path, secret)


def test_only_files_of_the_component(tmp_path: Path) -> None:
    with pytest.raises(AnsibleActionFail, match="no file of this component"):
        complete(tmp_path, b"x\n", path="/etc/shadow")
