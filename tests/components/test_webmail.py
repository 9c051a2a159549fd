"""Webmail's files: who may be what to whom, and that nothing of a description becomes code."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache

import pytest

from mailwright.components import COMPONENTS, webmail
from mailwright.components.model import File
from mailwright.formats.engine import FormatError
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.site.model import Site, Webmail
from mailwright.site.read import read
from support.example import HERE, ROOT, load_example

WEB = "www.college.ac.uk"
MAIL = "mail.college.ac.uk"


@cache
def whole() -> Site:
    site = read(ROOT / "inventories" / "whole" / "site.yml").site
    assert site is not None
    return site


@cache
def whole_plan() -> Plan:
    return make(whole())


def files(plan: Plan, host: str = WEB) -> dict[str, File]:
    return {file.path: file for file in webmail.COMPONENT.files(plan, plan.host(host))}


def text(plan: Plan, path: str, host: str = WEB) -> str:
    found = files(plan, host)[path].text
    assert isinstance(found, str)
    return found


def settings(plan: Plan, host: str = WEB) -> dict[str, str]:
    """Each setting with its literal."""
    return dict(re.findall(r"^\$config\['(\w+)'\] = (.*);$", text(plan, CONFIG, host), re.MULTILINE))


CONFIG = "/etc/roundcube/config.inc.php"


def test_it_is_there_where_a_site_has_webmail_and_on_the_web_host_alone() -> None:
    plan = whole_plan()
    assert webmail.COMPONENT in COMPONENTS
    assert [host.name for host in plan.hosts if webmail.COMPONENT.runs_on(plan, host)] == [WEB]
    without = make(replace(whole(), webmail=None))
    assert [host.name for host in without.hosts if webmail.COMPONENT.runs_on(without, host)] == []
    example = make(load_example())
    assert not any(webmail.COMPONENT.runs_on(example, host) for host in example.hosts)


def test_mail_is_read_and_sent_over_tls_with_the_login_of_the_one_who_signed_in() -> None:
    said = settings(whole_plan())
    assert said["imap_host"] == f"'ssl://{MAIL}:993'"
    assert said["smtp_host"] == f"'ssl://{MAIL}:465'"
    assert said["managesieve_host"] == f"'tls://{MAIL}:4190'"
    assert said["password_pop_host"] == f"'ssl://{MAIL}'"
    assert said["password_pop_port"] == "9106"
    assert (said["smtp_user"], said["smtp_pass"]) == ("'%u'", "'%p'")
    assert {said[f"{one}_conn_options"] for one in ("imap", "smtp", "managesieve")} == {"$tls"}
    config = text(whole_plan(), CONFIG)
    assert "'verify_peer' => true" in config
    assert "'verify_peer_name' => true" in config


def test_one_host_that_does_all_serves_itself() -> None:
    (host, *_) = load_example().hosts
    site = replace(
        whole(),
        hosts=(replace(host, functions=("mx", "submission", "store", "lists", "web")),),
        people=tuple(replace(person, store="") for person in whole().people),
    )
    said = settings(make(site), host.name)
    assert said["imap_host"] == f"'ssl://{host.name}:993'"
    assert said["smtp_host"] == f"'ssl://{host.name}:465'"


def test_nothing_secret_is_rendered() -> None:
    config = text(whole_plan(), CONFIG)
    assert settings(whole_plan())["des_key"] == f"trim((string) @file_get_contents('{webmail.STATE}/key'))"
    assert not re.search(r"'[A-Za-z0-9+/]{24,}'", config)
    assert all(not path.startswith(webmail.STATE) for path in files(whole_plan()))


def test_what_is_about_people_is_for_webmail_alone() -> None:
    found = files(whole_plan())
    names = {person.name for person in whole().people} | {person.address for person in whole().people}
    for path, file in found.items():
        personal = path in (webmail.PEOPLE, webmail.BOOK)
        assert file.personal is personal
        if personal:
            assert (file.mode, file.group) == (0o640, webmail.USER)
        elif isinstance(file.text, str):
            assert not [name for name in names if name in file.text], path


def test_identities_are_the_published_addresses_the_published_one_first() -> None:
    people = json.loads(text(whole_plan(), webmail.PEOPLE))
    assert people["km217"]["name"] == "Karl Marx"
    assert people["km217"]["addresses"][:2] == ["k.marx@chem.college.ac.uk", "Karl.Marx@college.ac.uk"]
    assert people["km217"]["store"] == MAIL
    inside = {address for person in whole().people for address in person.internal}
    assert inside
    assert not [one for entry in people.values() for one in entry["addresses"] if one in inside]
    plan = whole_plan()
    may = {(row.login, row.address) for row in plan.senders if not row.automatic}
    for login, entry in people.items():
        assert {(login, address.lower()) for address in entry["addresses"]} <= may
    assert set(people) == {row.login for row in plan.mailboxes}


def test_roles_can_be_chosen_by_those_who_send_as_them() -> None:
    people = json.loads(text(whole_plan(), webmail.PEOPLE))
    senders = {row.login for row in whole_plan().senders if row.address == "postmaster@college.ac.uk"}
    assert senders
    assert {login for login, one in people.items() if "postmaster@college.ac.uk" in one["addresses"]} == senders


def test_the_address_book_has_those_who_agreed_and_finds_them_by_little() -> None:
    book = json.loads(text(whole_plan(), webmail.BOOK))
    assert {one["email"] for one in book["people"]} == {row.address for row in whole_plan().book}
    (bjork,) = [one for one in book["people"] if one["name"].startswith("Björk")]
    assert " bjork" in f" {bjork['key']}"
    (wu,) = [one for one in book["people"] if one["name"] == "Chien-Shiung Wu"]
    assert {"chien", "shiung", "wu", "chien-shiung"} <= set(wu["key"].split())
    assert len({one["id"] for one in book["people"]}) == len(book["people"])
    nobody = make(replace(whole(), address_book="nobody"))
    assert webmail.BOOK not in files(nobody)
    assert settings(nobody)["autocomplete_addressbooks"] == "['sql']"


@pytest.mark.parametrize(
    ("typed", "folded"),
    [("Björk Guðmundsdóttir", "bjork guðmundsdottir"), ("  ŚWIĄTEK ", "swiatek"), ("ﬁn", "fin"), ("Œ", "œ")],
)
def test_words_are_folded(typed: str, folded: str) -> None:
    assert webmail.folded(typed) == folded


@pytest.mark.parametrize(
    ("colour", "ink"),
    [("#000000", "#ffffff"), ("#ffffff", "#000000"), ("#7a1f3d", "#ffffff"), ("#ffd700", "#000000")],
)
def test_what_is_written_on_the_colour_can_be_read(colour: str, ink: str) -> None:
    assert webmail.ink(colour) == ink


def with_webmail(**parts: object) -> Plan:
    said = Webmail("Post", "#1d4f7c", None, HERE)
    return make(replace(whole(), webmail=replace(said, **parts)))  # type: ignore[arg-type]


def test_name_colour_and_logo_are_the_sites() -> None:
    found = files(whole_plan())
    logo = found[f"{webmail.PLUGIN}/logo.png"].text
    assert isinstance(logo, bytes)
    assert logo.startswith(b"\x89PNG")
    assert "#7a1f3d" in str(found[f"{webmail.PLUGIN}/look.css"].text)
    assert settings(whole_plan())["product_name"] == "'College mail'"
    plain = with_webmail(title="")
    assert settings(plain)["product_name"] == "'College of Example'"
    assert "skin_logo" not in settings(plain)


@pytest.mark.parametrize("colour", ["red", "#12345", "#12345g", "#123456}body{}", "#123456\n", "url(x)", ""])
def test_what_is_no_colour_is_refused(colour: str) -> None:
    with pytest.raises(FormatError):
        files(with_webmail(colour=colour))


def test_a_title_is_text_and_nothing_else() -> None:
    said = settings(with_webmail(title="O'Brien's \\ $mail ?> <b>"))
    assert said["product_name"] == r"'O\'Brien\'s \\ $mail ?> <b>'"
    with pytest.raises(FormatError):
        files(with_webmail(title="a\nb"))


def test_nginx_runs_one_file_and_counts_sign_ins() -> None:
    plan = whole_plan()
    locations = text(plan, f"/etc/nginx/mailwright/{WEB}.d/webmail.conf")
    assert re.findall(r"SCRIPT_FILENAME (\S+);", locations) == ["/var/lib/roundcube/public_html/index.php"]
    assert locations.count("fastcgi_pass ") == 1
    assert "limit_req zone=mailwright_webmail" in locations
    assert "MAILWRIGHT_COUNTED $mailwright_counted" in locations
    assert "zone=mailwright_webmail:" in text(plan, "/etc/nginx/conf.d/mailwright-webmail.conf")
    size = int(re.search(r"client_max_body_size (\d+);", locations)[1])  # type: ignore[index]
    assert size > plan.settings.message_size


def test_php_sees_its_own_files_and_starts_nothing() -> None:
    pool = text(whole_plan(), "/etc/php/8.4/fpm/pool.d/www.conf")
    said = dict(re.findall(r"^php_admin_(?:value|flag)\[(\w[\w.]*)\] = (.*)$", pool, re.MULTILINE))
    assert {"exec", "system", "proc_open", "popen", "mail"} <= set(said["disable_functions"].split(","))
    folders = said["open_basedir"].split(":")
    assert f"{webmail.STATE}/" in folders
    assert not {"/", "/etc/", "/var/", "/tmp/"} & set(folders)  # noqa: S108 - that is the point
    assert f"user = {webmail.USER}" in pool


def test_a_directory_is_asked_instead() -> None:
    site = read(ROOT / "inventories" / "directory" / "site.yml").site
    assert site is not None
    assert site.live
    host = replace(site.hosts[0], functions=(*site.hosts[0].functions, "web"), os="debian-13")
    site = replace(site, hosts=(host, *site.hosts[1:]), webmail=Webmail("", "#1d4f7c", None, HERE))
    plan = make(site)
    said = settings(plan, host.name)
    assert "password_driver" not in said
    assert said["autocomplete_addressbooks"] == "['directory', 'sql']"
    assert "password" not in said["plugins"]
    config = text(plan, CONFIG, host.name)
    assert site.directory is not None
    assert f"'base_dn' => '{site.directory.base}'" in config
    assert "'writable' => false" in config
    scheme = {"starttls": "tls", "ldaps": "ldaps"}[site.directory.tls]
    assert f"'hosts' => ['{scheme}://{site.directory.servers[0]}:{site.directory.port}'" in config
    assert webmail.BOOK not in files(plan, host.name)
    assert json.loads(text(plan, webmail.PEOPLE, host.name)) == {}
    if site.directory.bind_dn:
        said_variables = webmail.COMPONENT.variables(plan, plan.host(host.name))
        assert said_variables["webmail_directory_password"] == site.directory.password
