"""The YAML writer: what Ansible reads back is what was meant, whatever is in the strings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwright.formats.engine import FormatError
from mailwright.formats.yaml import dump

HOSTILE = (
    "{{ lookup('pipe', 'id') }}",
    "{% for x in [1] %}{{ x }}{% endfor %}",
    "{# comment #}",
    "!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3061",
    "!unsafe plain",
    "key: value",
    "# a comment",
    "value # not a comment",
    "\"quoted\" and 'quoted'",
    "back\\slash\\",
    "two\nlines\r\nand\ttabs",
    "nul\x00 and \x1b[31m and \x85 and \u2028",
    "  leading and trailing  ",
    "",
    "no",
    "Off",
    "~",
    "null",
    "=",
    "1e3",
    ".inf",
    "012",
    "12:30:45",
    "2024-01-01",
    "&anchor *alias",
    "<<",
    "%YAML 1.1",
    "---\nother: document",
    "Universität ☕ \U0001d49c \ufeff\ufffe",
    "AnsibleUnsafe",
    "%{{ x }}",
)


class _Loader(yaml.CSafeLoader):
    """Reads ``!unsafe`` as a string, as Ansible does."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def read(text: str) -> object:
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader with one more tag


keys = st.from_regex(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,20}[A-Za-z0-9_])?", fullmatch=True)
strings = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(HOSTILE)
scalars = st.none() | st.booleans() | st.integers() | strings
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=12)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(keys, values))
def test_what_is_written_is_what_is_read(data: dict[str, object]) -> None:
    assert read(dump(data)) == data


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(keys, values))
def test_every_string_that_could_be_a_template_is_unsafe(data: dict[str, object]) -> None:
    for node in _nodes(yaml.compose(dump(data), Loader=yaml.SafeLoader)):
        if node.tag == "tag:yaml.org,2002:str":
            assert "{" not in node.value


def _nodes(node: yaml.Node) -> list[yaml.Node]:
    """All value nodes; keys come from an allow-list and are plain strings."""
    if isinstance(node, yaml.MappingNode):
        return [found for _, value in node.value for found in _nodes(value)]
    if isinstance(node, yaml.SequenceNode):
        return [found for item in node.value for found in _nodes(item)]
    return [node]


def test_reads_well() -> None:
    data = {
        "all": {
            "hosts": {"mail.college.ac.uk": {"ansible_host": "198.51.100.25", "ansible_port": 22}},
            "vars": {"names": ["a", "b"], "pairs": [{"a": 1, "b": [True, None]}], "none": {}, "empty": []},
        }
    }
    assert dump(data) == (
        "---\n"
        "all:\n"
        "  hosts:\n"
        "    mail.college.ac.uk:\n"
        '      ansible_host: !unsafe "198.51.100.25"\n'
        "      ansible_port: 22\n"
        "  vars:\n"
        "    names:\n"
        '      - !unsafe "a"\n'
        '      - !unsafe "b"\n'
        "    pairs:\n"
        "      - a: 1\n"
        "        b:\n"
        "          - true\n"
        "          - null\n"
        "    none: {}\n"
        "    empty: []\n"
    )


@pytest.mark.parametrize("key", ["", "a b", "a:b", "{{ x }}", "a\nb", "-a", "!a", "a-", "ä", "<<", "a#"])
def test_a_key_outside_the_allow_list_is_refused(key: str) -> None:
    with pytest.raises(FormatError):
        dump({key: 1})


@pytest.mark.parametrize("key", ["no", "012", "1.5", "null", "1e3", "0x1F", "2024-01-01", "True", "1_000"])
def test_a_key_that_yaml_would_change_stays_a_string(key: str) -> None:
    assert read(dump({key: 1})) == {key: 1}


@pytest.mark.parametrize("value", [1.5, b"bytes", object(), {1, 2}, "\ud800"])
def test_a_value_without_a_form_is_refused(value: object) -> None:
    with pytest.raises(FormatError):
        dump({"key": value})


@pytest.mark.native
def test_ansible_takes_every_value_as_it_is(tmp_path: Path) -> None:
    values = {f"value_{number}": text for number, text in enumerate(HOSTILE)}
    nested = {"list": list(HOSTILE), "mapping": values}
    hosts = {"mail.college.ac.uk": {**values, "nested": nested, "ansible_host": HOSTILE[0]}}
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(dump({"all": {"hosts": hosts}}), encoding="utf-8")
    # The play asks for each value as a template does: one more level of templating would show here.
    play = tmp_path / "play.yml"
    play.write_text(
        "- hosts: all\n"
        "  gather_facts: false\n"
        "  connection: local\n"
        "  tasks:\n"
        "    - ansible.builtin.copy:\n"
        "        content: \"{{ nested | combine({'templated': value_0}) | to_json }}\"\n"
        f"        dest: {tmp_path}/out.json\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "ANSIBLE_LOCALHOST_WARNING": "False", "ANSIBLE_HOME": str(tmp_path)}
    interpreter = f"ansible_python_interpreter={sys.executable}"
    bin_folder = Path(sys.executable).parent
    listing = subprocess.run(
        [bin_folder / "ansible-inventory", "-i", inventory, "--list"],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    seen = json.loads(listing.stdout)["_meta"]["hostvars"]["mail.college.ac.uk"]
    assert {key: _plain(seen[key]) for key in values} == values
    subprocess.run(
        [bin_folder / "ansible-playbook", "-i", inventory, play, "-e", interpreter],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == {**nested, "templated": HOSTILE[0]}


def _plain(value: object) -> object:
    """Older ansible-inventory shows an unsafe string as ``{"__ansible_unsafe": …}``."""
    return value["__ansible_unsafe"] if isinstance(value, dict) else value
