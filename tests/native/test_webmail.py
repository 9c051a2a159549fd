"""What PHP, PHP-FPM, systemd and nginx themselves read in webmail's files.

A hostile title comes out of PHP as it went in; what PHP makes of the same text without the writer is shown beside.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_network

import pytest

from mailwright.components import webmail
from mailwright.formats import php
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.site.read import read
from support.example import ROOT
from support.hostile import HOSTILE
from support.native import run

pytestmark = pytest.mark.native

RELEASE = "debian-13-web"
WEB = "www.college.ac.uk"
ECHO = "include '/etc/roundcube/config.inc.php'; echo json_encode($config);"
KEY = f"{webmail.STATE}/key"


def plan(**parts: object) -> Plan:
    site = read(ROOT / "inventories" / "whole" / "site.yml").site
    assert site is not None
    assert site.webmail is not None
    return make(replace(site, webmail=replace(site.webmail, **parts)))  # type: ignore[arg-type]


def files(made: Plan) -> Mapping[str, str]:
    return {
        file.path: file.text for file in webmail.COMPONENT.files(made, made.host(WEB)) if isinstance(file.text, str)
    }


def config(made: Plan) -> dict[str, object]:
    done = run(RELEASE, ["php", "-d", "display_errors=stderr", "-r", ECHO], {**files(made), KEY: "k" * 32})
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    said: dict[str, object] = json.loads(done.stdout)
    return said


def test_php_reads_what_was_meant() -> None:
    said = config(plan(title="O'Brien's \\' . phpinfo() . ' ?><script>$x{$y}"))
    assert said["product_name"] == "O'Brien's \\' . phpinfo() . ' ?><script>$x{$y}"
    assert said["imap_host"] == "ssl://mail.college.ac.uk:993"
    assert said["db_dsnw"] == "sqlite:////var/lib/mailwright-webmail/roundcube.db?mode=0600"
    assert said["plugins"] == ["mailwright", "managesieve", "password"]
    assert said["trusted_host_patterns"] == ["^www\\.college\\.ac\\.uk$"]
    assert said["timezone"] == "Europe/London"
    assert said["login_rate_limit"] == 0


@pytest.mark.parametrize("key", [{}, {KEY: ""}, {KEY: "short"}], ids=["none", "empty", "short"])
def test_without_its_key_webmail_is_closed(key: dict[str, str]) -> None:
    done = run(RELEASE, ["php", "-d", "display_errors=stderr", "-r", ECHO], {**files(plan()), **key})
    assert done.returncode != 0
    assert done.stdout == ""
    assert "the key of sessions cannot be read" in done.stderr


def test_every_text_comes_back_as_it_went_in() -> None:
    texts = []
    for text in HOSTILE:
        try:
            php.write(text)
        except php.FormatError:
            continue
        texts.append(text)
    assert len(texts) > 20
    code = f"echo json_encode({php.strings(texts)}, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE);"
    done = run(RELEASE, ["php", "-r", code], {})
    assert json.loads(done.stdout) == texts
    # without the writer, the same text is code
    done = run(RELEASE, ["php", "-r", "echo 'x' . strtoupper('ran') . '';"], {})
    assert done.stdout == "xRAN"


def test_a_comment_is_none_of_phps_business() -> None:
    said = "College ?> echo 1; <?php // "
    for text, shown in ((php.comment(said), ""), (said, " echo 1; ")):
        done = run(RELEASE, ["php", "/x.php"], {"/x.php": f"<?php\n// {text}\n"})
        assert done.stdout.strip() == shown.strip()


def test_our_own_php_is_php() -> None:
    given = files(plan())
    for path in (path for path in given if path.endswith(".php")):
        done = run(RELEASE, ["php", "-l", path], given)
        assert done.returncode == 0, done.stdout


def test_fpm_reads_the_pool() -> None:
    given = files(plan())
    user = ["useradd", "--system", webmail.USER]
    done = run(RELEASE, ["php-fpm8.4", "-tt"], given, before=[user, ["mkdir", "-p", "/run/php"]])
    assert done.returncode == 0, done.stderr
    assert "test is successful" in done.stderr
    assert f"user = {webmail.USER}" in done.stderr
    assert "[pool www]" not in done.stderr
    for name in ("exec", "proc_open", "mail"):
        assert name in done.stderr.partition("disable_functions] = ")[2].partition("\n")[0].split(",")


def test_systemd_reads_the_drop_ins() -> None:
    done = run(
        RELEASE, ["systemd-analyze", "verify", "--man=no", webmail.UNIT, "roundcube-gc.service"], files(plan())
    )
    assert not [line for line in done.stderr.splitlines() if "mailwright" in line], done.stderr


BOOK = """
define('INSTALL_PATH', '/var/lib/roundcube/');
require INSTALL_PATH . 'program/include/clisetup.php';
require INSTALL_PATH . 'plugins/mailwright/mailwright_book.php';
$book = new mailwright_book('/etc/mailwright/webmail/book.json');
$book->set_pagesize(5);
$found = [];
foreach (json_decode($argv[1]) as $typed) {
    $names = [];
    foreach ($book->search('*', $typed) as $record) {
        $names[] = $record['name'] . ' <' . $record['email'] . '>';
    }
    $found[] = $names;
}
$book->reset();
$all = $book->count()->count;
$first = $book->list_records()->first();
echo json_encode([$found, $all, $book->get_record($first['ID'], true)['email'], $book->get_record('none', true)]);
"""


def test_people_are_found_by_typing_little() -> None:
    made = plan()
    typed = ["bjö", "BJO gud", "chien w", "shiung", "salam physics", "a.hassan", "college", "", "zzz", "%", "'; --"]
    given = {**files(made), KEY: "k" * 32}
    done = run(RELEASE, ["php", "-r", BOOK, "--", json.dumps(typed)], given)
    assert done.returncode == 0, done.stderr
    found, count, mail, nobody = json.loads(done.stdout)
    names = dict(zip(typed, [[one.partition(" <")[0] for one in each] for each in found], strict=True))
    bjork = [row.name for row in made.book if row.name.startswith("Björk")]
    assert names["bjö"] == bjork
    assert names["BJO gud"] == bjork
    assert names["chien w"] == names["shiung"] == ["Chien-Shiung Wu"]
    assert names["salam physics"] == ["Abdus Salam"]
    assert names["a.hassan"] == ["Ahmed Hassan"]
    assert names["college"] == names["zzz"] == names["%"] == names["'; --"] == []
    assert len(names[""]) == 5  # a page
    assert count == len(made.book)
    assert mail in {row.address for row in made.book}
    assert nobody is None


LOGINS = """
define('INSTALL_PATH', '/var/lib/roundcube/');
require INSTALL_PATH . 'program/include/clisetup.php';
require_once INSTALL_PATH . 'plugins/mailwright/mailwright.php';
echo json_encode(array_map(fn($typed) => mailwright::login($typed), json_decode($argv[1])));
"""


def test_a_published_address_is_the_login_whose_it_is() -> None:
    """Of two names of one person one would have no identities, and an apply would delete what it keeps."""
    given = {**files(plan()), KEY: "k" * 32}
    people = json.loads(given[webmail.PEOPLE])
    login, person = next((login, one) for login, one in people.items() if len(one["addresses"]) > 1)
    published, alias = person["addresses"][:2]
    typed = [login, login.upper(), published, published.upper(), alias, "stranger@college.ac.uk", "", "@"]
    done = run(RELEASE, ["php", "-r", LOGINS, "--", json.dumps(typed)], given)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [login, login.upper(), login, login, *typed[4:]]


def test_the_host_makes_its_own_key_and_database_once() -> None:
    given = files(plan(logo=None))
    apply = ["php", f"{webmail.PLUGIN}/apply.php"]
    state = webmail.STATE
    show = f"sha256sum {state}/key; stat -c '%a %n' {state}/key {state}/roundcube.db; wc -c < {state}/key"
    done = run(
        RELEASE,
        ["sh", "-c", f"{show}; php {webmail.PLUGIN}/apply.php; {show}"],
        given,
        before=[["mkdir", "-p", state], apply],
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.split("0 identities changed\n")
    assert first == second
    assert f"600 {state}/key" in first
    assert f"600 {state}/roundcube.db" in first
    assert first.splitlines()[-1] == "32"


FILL = """
define('INSTALL_PATH', '/var/lib/roundcube/');
require INSTALL_PATH . 'program/include/clisetup.php';
$db = rcube::get_instance()->get_dbh();
foreach (array_slice($argv, 1) as $login) {
    $db->query("INSERT INTO users (username, mail_host) VALUES (?, 'mail.college.ac.uk')", $login);
    $user = $db->insert_id();
    $db->query("INSERT INTO contacts (user_id, name, email) VALUES (?, ?, 'a@b.c')", $user, "Friend of $login");
    $db->query("INSERT INTO identities (user_id, email, signature) VALUES (?, 'a@b.example', 's')", $user);
}
"""
LEFT = """
define('INSTALL_PATH', '/var/lib/roundcube/');
require INSTALL_PATH . 'program/include/clisetup.php';
$db = rcube::get_instance()->get_dbh();
$found = [];
foreach (['users' => 'username', 'contacts' => 'name', 'identities' => 'signature'] as $table => $column) {
    $answer = $db->query("SELECT $column FROM $table ORDER BY 1");
    $found[$table] = [];
    while ($row = $db->fetch_array($answer)) {
        $found[$table][] = $row[0];
    }
}
echo json_encode($found);
"""


def kept(given: Mapping[str, str], then: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """What is left of km217 and of gone1, who both had used webmail, after that command."""
    apply = ["php", f"{webmail.PLUGIN}/apply.php"]
    fill = ["php", "-r", FILL, "--", "km217", "gone1"]
    before = [
        ["mkdir", "-p", webmail.STATE],
        ["sh", "-c", 'echo "{}" > "$0"; exec "$@"', webmail.PEOPLE, *apply],
        fill,
    ]
    say = ["sh", "-c", '"$@" && exec php -r "$0"', LEFT]
    return run(RELEASE, [*say, *then], given, before=before)


def test_a_login_that_is_given_out_again_inherits_nothing() -> None:
    given = dict(files(plan()))
    people = ["sh", "-c", f"cp /given{webmail.PEOPLE} {webmail.PEOPLE} && exec php {webmail.PLUGIN}/apply.php"]
    done = kept(given, people)
    assert done.returncode == 0, done.stderr
    *said, left = done.stdout.splitlines()
    assert "gone1 has left and is deleted" in said
    assert not [line for line in said if line.startswith("km217")]
    found = json.loads(left)
    described = sorted(json.loads(given[webmail.PEOPLE]))
    assert sorted(found["users"]) == described  # all are written down before they sign in, and nobody else is there
    assert "km217" in described
    assert found["contacts"] == ["Friend of km217"]
    assert found["identities"]


def test_nobody_is_forgotten_because_a_file_cannot_be_read() -> None:
    for broken in (f"rm {webmail.PEOPLE}", f"printf '{{' > {webmail.PEOPLE}"):
        said = f"{broken}; ! php {webmail.PLUGIN}/apply.php"
        done = kept(files(plan()), ["sh", "-c", said])
        assert done.returncode == 0, done.stderr
        assert "cannot be read" in done.stderr
        assert json.loads(done.stdout)["users"] == ["gone1", "km217"]


def test_the_command_for_a_directory_forgets_somebody() -> None:
    done = kept(files(plan()), ["/usr/share/roundcube/bin/deluser.sh", "gone1"])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["users"] == ["km217"]


NGINX = """
import json, socket, subprocess, sys, time
subprocess.run(["nginx", "-c", "/test/nginx.conf"], check=True)
def asked(source, times):
    found = []
    for _ in range(times):
        with socket.create_connection(("127.0.0.1", 8080), 10, (source, 0)) as open_:
            open_.sendall(b"POST /webmail/?_task=login HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 0\\r\\n\\r\\n")
            found.append(int(open_.recv(4096).split()[1]))
    return found
print(json.dumps([asked(*one) for one in json.loads(sys.argv[1])]))
"""


def test_a_campus_behind_one_address_signs_in_and_a_stranger_does_not_guess() -> None:
    made = plan()
    made = replace(made, settings=replace(made.settings, campus_networks=(ip_network("127.0.0.1"),)))
    given = files(made)
    http = given["/etc/nginx/conf.d/mailwright-webmail.conf"]
    locations = given[f"/etc/nginx/mailwright/{WEB}.d/webmail.conf"].splitlines()
    limits = " ".join(line for line in locations if "limit_req" in line)
    here = f"location /webmail/ {{ {limits} try_files /none @ok; }}"
    server = f"server {{ listen 8080; {here} location @ok {{ return 200; }} }}"
    text = f"events {{}}\nhttp {{\naccess_log off;\n{http}\n{server}\n}}\n"
    steps = json.dumps([["127.0.0.2", 30], ["127.0.0.1", 60], ["127.0.0.1", 400]])
    done = run(RELEASE, ["python3", "-c", NGINX, steps], {"/test/nginx.conf": text})
    assert done.returncode == 0, done.stderr
    stranger, campus, flood = json.loads(done.stdout)
    assert (stranger[0], stranger[-1]) == (200, 429)
    assert set(campus) == {200}
    assert 429 in flood  # a much higher limit, and a limit still


def test_webmail_without_a_description_of_how_it_looks() -> None:
    assert config(plan(title="", colour="#1d4f7c", logo=None))["product_name"] == "College of Example"
