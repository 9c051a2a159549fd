"""Brings up and clears away the hosts of a scenario: those of a worked site, in the rehearsal's lab.

python3 lab.py up FOLDER SITE [RELEASE]   builds inventories/SITE into FOLDER/project and starts its hosts, all on
                                          that release (debian-13) or each on its own. Of a provider's folder: the
                                          hosts of its one platform, with its customers
python3 lab.py down FOLDER                clears away what ``up`` of that folder left

FOLDER/lab.yml is an inventory that adds to the built one how to reach the hosts. FOLDER/run is the lab's id. What
is secret lies in the lab's own folder, which root alone can read and which goes with the lab.
"""

from __future__ import annotations

import json
import pickle
import shutil
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

from mailwright.findings import Findings
from mailwright.provider.platform import read_platform
from mailwright.provider.read import is_provider
from mailwright.provider.read import read as read_provider
from mailwright.rehearsal import credentials, runs
from mailwright.rehearsal.lab import Lab, scene
from mailwright.rehearsal.platform import PlatformStage, PreparedPlatform, prepare_platform, staged_platform
from mailwright.rehearsal.rehearse import Prepared, Stage, known, prepare, staged
from mailwright.requirements.evaluate import evaluate
from mailwright.site import ldif
from mailwright.site.model import Person, Site
from mailwright.site.read import read

INVENTORIES = Path(__file__).resolve().parents[2] / "inventories"


def up(folder: Path, name: str, release: str = "") -> None:
    """Build, start, and leave running."""
    down(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "project", ignore_errors=True)
    if is_provider(INVENTORIES / name):
        _up_platform(folder, INVENTORIES / name)
        return
    path = INVENTORIES / name / "site.yml"
    site = read(path).site
    if site is None:
        raise SystemExit(f"{path} cannot be used; see mailwright check")
    if release:
        site = replace(site, hosts=tuple(replace(host, os=release) for host in site.hosts))
    people = _in_directory(site, path.with_name("people.ldif"))
    prepared = prepare(site, evaluate(known(site, people), date.today()), (), folder, people)
    with staged(prepared, folder, print, keep=True) as stage:
        _leave(folder, stage, prepared, {})


def _up_platform(folder: Path, place: Path) -> None:
    findings = Findings()
    provider = read_provider(place, findings)
    if provider is None or findings.items:
        raise SystemExit(f"{place} cannot be used; see mailwright check")
    shared, _ = read_platform(provider.platforms[0], date.today())
    if shared is None:
        raise SystemExit(f"{provider.platforms[0].file} cannot be used; see mailwright check")
    prepared = prepare_platform(provider, shared, date.today(), folder)
    if prepared.left_out:
        raise SystemExit(f"{', '.join(prepared.left_out)} cannot be used; see mailwright check")
    with staged_platform(prepared, folder, print, keep=True) as platform:
        _leave(folder, platform.stage, prepared, platform.variables)


def _leave(folder: Path, stage: Stage, prepared: Prepared | PreparedPlatform, more: dict[str, str]) -> None:
    """What another process needs to know of the lab; ``more`` variables go into the inventory."""
    (folder / "run").write_text(stage.lab.run, encoding="ascii")
    (stage.lab.folder / "prepared").write_bytes(pickle.dumps(prepared))
    (folder / "lab.yml").write_text(_inventory(stage, more), encoding="utf-8")


def _in_directory(site: Site, export: Path) -> tuple[Person, ...]:
    """Who is in the lab's directory, where the site has a live one: those of the export beside the description."""
    if site.directory is None or not site.live:
        return ()
    findings = Findings()
    found = tuple(ldif.people(export, site.directory.attributes, findings, site.directory.where))
    if findings.items:
        raise SystemExit(f"{export} cannot be used: {findings.items[0].message}")
    return found


def down(folder: Path) -> None:
    """Clear away the lab of that folder, if there is one."""
    mark = folder / "run"
    if mark.exists():
        runs.remove(mark.read_text(encoding="ascii"))
        mark.unlink()
        print("cleared away")


def attach(folder: Path) -> Stage:
    """The stage that ``up`` left running; of a platform, that of its own site."""
    run, prepared = _left(folder)
    if isinstance(prepared, PreparedPlatform):
        return attach_platform(folder).stage
    lab = Lab(scene(prepared.truth, prepared.project / "dns"), print, keep=True, run=run)
    return Stage(prepared, lab, folder, lab.folder / "credentials")


def attach_platform(folder: Path) -> PlatformStage:
    """The platform that ``up`` left running."""
    run, prepared = _left(folder)
    if not isinstance(prepared, PreparedPlatform):
        raise TypeError(f"the lab {run} has no customers")
    own = prepared.platform
    lab = Lab(prepared.shown(scene(own.truth, own.project / "dns")), print, keep=True, run=run)
    return PlatformStage(prepared, Stage(own, lab, folder, lab.folder / "credentials"))


def _left(folder: Path) -> tuple[str, Prepared | PreparedPlatform]:
    run = (folder / "run").read_text(encoding="ascii")
    # Our own file, in a folder that root alone can write.
    prepared = pickle.loads((runs.folder(run) / "prepared").read_bytes())  # noqa: S301
    if not isinstance(prepared, Prepared | PreparedPlatform):
        raise TypeError(f"the lab {run} was left by another version")
    return run, prepared


def _inventory(stage: Stage, more: dict[str, str]) -> str:
    """How to reach the hosts, in the form of an inventory (JSON is YAML)."""
    lab = stage.lab
    wrapper = lab.folder / "ssh-from-management"
    prefix = " ".join(f"'{word}'" for word in lab.vantage("management", "inside").command_prefix())
    wrapper.write_text(f'#!/bin/sh\nexec {prefix} ssh "$@"\n', encoding="utf-8")
    wrapper.chmod(0o700)
    reach = {
        **lab.connection(),
        "ansible_ssh_executable": str(wrapper),
        "ansible_ssh_transfer_method": "piped",
        "ansible_ssh_args": "-o ControlMaster=auto -o ControlPersist=60s",
        "ansible_control_path_dir": str(lab.folder / "ssh"),
        **credentials.variables(stage.secrets),
        **more,
    }
    hosts = {host.name: reach for host in stage.prepared.plan.hosts}
    return json.dumps({"all": {"hosts": hosts}}, indent=2) + "\n"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["up", folder, name, *release] if len(release) <= 1:
            up(Path(folder), name, *release)
        case ["down", folder]:
            down(Path(folder))
        case _:
            raise SystemExit(__doc__)
