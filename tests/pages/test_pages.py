"""The pages as text: what is asserted is the plan's, what the site says is shown as text, and nobody is told of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from html.parser import HTMLParser

import pytest

from mailwright import pages, resources
from mailwright.audit import publications, web
from mailwright.build import documents
from mailwright.pages import english, faq, language, welsh
from mailwright.pages.contents import INDEX, PAGES
from mailwright.pages.facts import QUEUE_DAYS, size
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.plan.retention import HELD, LEFT
from mailwright.report import mentions
from mailwright.site.blocks import BLOCKS, NAMES
from mailwright.site.documents import DOCUMENTS
from mailwright.site.model import Pages, Provision, Sharing, Site, TextBlock
from mailwright.site.read import read
from support.example import HERE, ROOT, example, load_example

INVENTORIES = ("example", "split", "gateway", "directory", "whole")
EN, CY, BOTH = ("en",), ("cy",), ("en", "cy")


@cache
def site(name: str) -> Site:
    found = read(ROOT / "inventories" / name / "site.yml")
    assert found.site is not None, found.findings
    return found.site


@cache
def plan(name: str) -> Plan:
    return make(site(name))


@cache
def files(name: str) -> Mapping[str, str | bytes]:
    return pages.files(plan(name))


def texts(said: Mapping[str, str | bytes]) -> dict[str, str]:
    """The pages of a folder, by their names."""
    return {name: content for name, content in said.items() if isinstance(content, str) and name.endswith(".html")}


class _Reader(HTMLParser):
    """What a page has: elements, the targets of links, their anchors, and its words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.append(name)
            if name in ("href", "src"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def words(page: str) -> str:
    return " ".join(" ".join(_Reader(page).words).split())


def with_texts(languages: tuple[str, ...], *blocks: tuple[str, str, str]) -> Plan:
    """The example's plan with pages in these languages, and texts of its own: language, block, text."""
    own = tuple(TextBlock(*block, HERE) for block in blocks)
    hosts = tuple(replace(host, functions=(*host.functions, "web")) for host in load_example().hosts)
    return make(example(hosts=hosts, pages=Pages(languages, own, HERE)))


@pytest.mark.parametrize("name", INVENTORIES)
def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(name: str) -> None:
    made = texts(files(name))
    read_pages = {file: _Reader(page) for file, page in made.items()}
    for file, page in read_pages.items():
        assert not {"script", "iframe", "form", "object", "embed"} & set(page.tags), file
        assert not [one for one in page.attributes if one.startswith("on") or one == "style"], file
        assert len(page.ids) == len(set(page.ids)), file
        for link in page.links:
            if re.match(r"(https?|mailto|tel):", link):
                continue
            target, _, place = link.partition("#")
            assert target in ("", pages.STATUS) or target in files(name), (file, link)
            if place:
                assert place in read_pages[target or file].ids, (file, link)
        loaded = re.findall(r"<(?:link|img)[^>]*(?:href|src)=\"([^\"]*)\"", made[file])
        assert loaded, file
        assert set(loaded) <= files(name).keys(), file


@pytest.mark.parametrize("name", INVENTORIES)
def test_a_browser_is_told_that_nothing_may_run(name: str) -> None:
    policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
    for page in texts(files(name)).values():
        assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in page


@pytest.mark.parametrize("name", INVENTORIES)
def test_every_document_has_its_page(name: str) -> None:
    for row in plan(name).publications:
        assert f"{row.document}.html" in files(name)
    assert {document.name for document in DOCUMENTS} <= {page.name for page in PAGES}


def test_pages_of_what_a_site_has_not_are_not_there() -> None:
    has = {"webmail.html", "lists.html", "address-book.html"}
    assert has <= files("whole").keys()
    assert not has & files("example").keys()
    assert pages.STATUS not in files("whole")
    assert f'href="{pages.STATUS}"' in texts(files("whole"))["status.html"]
    assert pages.STATUS not in texts(files("example"))["status.html"]
    assert f"{pages.STATUS_FOLDER}/{pages.STATUS} on www.college.ac.uk" in words(
        texts(files("whole"))["operation.html"]
    )
    assert pages.STATUS not in texts(files("example"))["operation.html"]


@pytest.mark.parametrize("name", INVENTORIES)
def test_the_privacy_statement_tells_the_retention_that_is_configured(name: str) -> None:
    page = words(texts(files(name))["privacy.html"])
    for row in plan(name).retention:
        assert f"{row.days} days" in page
        if row.log in (LEFT, HELD):
            assert f"{max(row.days, row.maximum_days)} at most" in page or row.days == row.maximum_days
            continue
        assert f"{max(row.days, row.maximum_days)} days" in page
        assert row.readers in page


@pytest.mark.parametrize(
    ("what", "page", "said"),
    [
        (LEFT, "privacy", {"en": "is kept for 17 days,", "cy": "am 17 diwrnod,"}),
        (HELD, "privacy", {"en": "After 17 days it is deleted", "cy": "Ar ôl 17 diwrnod"}),
        (LEFT, "support", {"en": "is kept for 17 days,", "cy": "am 17 diwrnod,"}),
    ],
)
def test_what_is_kept_besides_logs_is_told_in_both_languages(what: str, page: str, said: dict[str, str]) -> None:
    whole = plan("whole")
    rows = tuple(replace(row, days=17, maximum_days=17) if row.log == what else row for row in whole.retention)
    made = texts(pages.files(replace(whole, retention=rows)))
    for code, sentence in said.items():
        assert sentence in words(made[f"{page}.html" if code == "en" else f"{page}.{code}.html"])


def test_no_text_that_can_be_replaced_says_what_becomes_of_mail_of_who_has_left() -> None:
    whole = plan("whole")
    rows = tuple(row for row in whole.retention if row.log != LEFT)
    for name, text in texts(pages.files(replace(whole, retention=rows))).items():
        assert "kept for a while" not in words(text), name
        assert "The mailbox of somebody who has left" not in words(text), name


def test_webmail_and_counting_are_told_where_they_are() -> None:
    assert "Webmail keeps" in words(texts(files("whole"))["privacy.html"])
    assert "Webmail keeps" not in words(texts(files("example"))["privacy.html"])
    assert "the codes are deleted" in words(texts(files("example"))["privacy.html"])


def test_the_readme_says_which_names_the_web_hosts_certificate_has_to_hold() -> None:
    whole = plan("whole")
    readme = documents.make(whole, ())["README.md"].data.decode()
    (line,) = [line for line in readme.splitlines() if "www.college.ac.uk.pem" in line]
    for name in {row.name for row in whole.web if row.host == "www.college.ac.uk"}:
        assert name in line
    assert "too:" not in documents.make(plan("example"), ())["README.md"].data.decode()


@pytest.mark.parametrize("name", INVENTORIES)
def test_what_is_given_by_hand_is_made_and_is_not_for_everybody(name: str) -> None:
    handed = {"contacts", "operation"}
    for file in files(name).keys() - pages.for_everybody(plan(name)).keys():
        assert file.partition(".")[0] in handed
    made = {file.partition(".")[0] for file in pages.for_everybody(plan(name))}
    assert not made & handed
    assert {"privacy", "support", "index"} <= made
    assert handed <= {file.partition(".")[0] for file in files(name)}
    for row in plan(name).publications:
        assert ("given" in row.readers) == (row.document in handed)
        assert not (row.document in handed and row.url)
    for text in texts(pages.for_everybody(plan(name))).values():
        assert not re.search(r'href="(contacts|operation)\.', text)


def test_the_retention_follows_the_description() -> None:
    logging = replace(load_example().logging, days=133, maximum_days=222)
    page = words(texts(pages.files(make(example(logging=logging))))["privacy.html"])
    assert "133 days 222 days mailreaders" in page
    assert "92 days" not in page


@pytest.mark.parametrize("language_", ["", ".cy"])
def test_mail_programs_get_the_real_servers(language_: str) -> None:
    page = words(texts(files("whole"))[f"set-up{language_}.html"])
    for row in plan("whole").listeners:
        if row.service in ("imaps", "pop3s", "submissions", "submission"):
            assert f"{row.host} {row.port}" in page
    assert "https://www.college.ac.uk/mobileconfig/" in page


def test_all_servers_of_a_larger_site_are_named() -> None:
    page = words(texts(files("split"))["set-up.html"])
    listeners = [row for row in plan("split").listeners if row.service == "imaps"]
    assert len(listeners) > 1
    for row in listeners:
        assert f"{row.host} {row.port}" in page


def test_the_agreement_tells_the_configuration_and_what_is_not_agreed() -> None:
    whole, plain = (words(texts(files(name))["agreement.html"]) for name in ("whole", "example"))
    settings = plan("whole").settings
    for said in (size(settings.quota), size(settings.message_size), str(settings.recipients), str(settings.hourly)):
        assert said in whole
    agreement = settings.agreement
    assert agreement is not None
    assert agreement.availability in whole
    assert "Nothing has been agreed" not in whole
    assert plain.count("Nothing has been agreed on this yet.") == 6


@pytest.mark.parametrize(
    "answer", [*faq.SENDING, *faq.RECEIVING, *faq.LISTS, *faq.ELSEWHERE], ids=lambda answer: answer.name
)
def test_failure_reports_are_told_in_the_words_that_they_have(answer: faq.Answer) -> None:
    for said in answer.said:
        assert said in (resources.folder("templates") / answer.source).read_text()
    text = answer.text.replace("{own}", "somebody@college.ac.uk").replace("{else}", "somebody@elsewhere.example")
    text = text.replace("{login}", "ab123").replace("{list}", plan("whole").lists[0].address)
    assert text in words(texts(files("whole"))["faq.html"])
    assert (text in words(texts(files("example"))["faq.html"])) == (answer not in faq.LISTS)


def test_waiting_is_as_long_as_the_mailer_s() -> None:
    conf = (resources.folder("templates") / "postfix" / "main.cf.j2").read_text()
    assert f"maximal_queue_lifetime = {QUEUE_DAYS}d" in conf
    assert f"bounce_queue_lifetime = {QUEUE_DAYS}d" in conf


def test_what_is_said_of_the_web_server_s_records_is_so() -> None:
    conf = (resources.folder("templates") / "web" / "nginx.conf.j2").read_text()
    assert "access_log off;" in conf
    assert "error_log syslog:server=unix:/dev/log,facility=mail," in conf
    assert "keeps no record of who read which page" in words(texts(files("whole"))["privacy.html"])
    assert "web server" not in words(texts(files("example"))["privacy.html"])


@pytest.mark.parametrize("name", INVENTORIES)
def test_each_document_says_what_audits_look_for(name: str) -> None:
    for row in plan(name).publications:
        for file in {f"{row.document}.html", f"{row.document}.cy.html"} & files(name).keys():
            page = web.Page(200, "OK", "text/html", str(files(name)[file]).encode())
            assert not publications.fault(page, publications.SAYS[row.document](plan(name))), file


@pytest.mark.parametrize("name", ["whole", "example"])
@pytest.mark.parametrize(
    "section",
    [
        "account-changes", "state", "programs", "reports", "abuse", "good-practice", "outside-services",
        "connections", "acceptable-use",
    ],
)  # fmt: skip
def test_audits_miss_each_subject_of_the_support_page(name: str, section: str) -> None:
    """Wherever else the page leads."""
    for file in {"support.html", "support.cy.html"} & files(name).keys():
        whole_page = str(files(name)[file])
        without = re.sub(rf'<section id="{section}">.*?</section>', "", whole_page, flags=re.DOTALL)
        assert without != whole_page
        page = web.Page(200, "OK", "text/html", without.encode())
        assert "says nothing of" in publications.fault(page, publications.SAYS["support"](plan(name))), file


def test_nobody_s_membership_login_or_address_is_told() -> None:
    """But for those who are to be reached: technical contacts."""
    known = {contact.email.casefold() for contact in plan("whole").contacts}
    logins = {person.login for person in site("whole").people}
    for file, page in texts(files("whole")).items():
        said = words(page)
        assert not logins & set(re.findall(r"[a-z0-9]+", said)), file
        for person in site("whole").people:
            if person.address.casefold() not in known:
                assert person.address.casefold() not in page.casefold(), file
                assert person.name not in said, file
    for member in plan("whole").members:
        assert member.member not in texts(files("whole"))["lists.html"].casefold()


def test_sections_carry_the_requirements_that_they_meet() -> None:
    """As comments, which are the evidence of the kind ``document``."""
    carriers = [(name, content.encode()) for name, content in sorted(texts(files("whole")).items())]
    found = mentions.find(carriers)
    wanted = {"PRIV-1", "PRIV-2", "AUDIT-2", "AUDIT-5", "ROLE-3", "SUPPORT-1", "SUPPORT-2", "AGREE-1", "WEB-2"}
    assert wanted | {"LIST-1", "LIST-2", "INT-2", "INT-4", "MSG-3"} <= found.keys()
    assert {mention.path for mention in found["PRIV-2"]} == {"privacy.html", "privacy.cy.html"}


def test_who_vouches_is_told() -> None:
    assert "Rosa Luxemburg vouches that Janet has these contacts ( 12 January 2026 )" in words(
        texts(files("example"))["contacts.html"]
    )
    assert "vouches" in words(texts(files("whole"))["operation.html"])
    assert "vouches" not in words(texts(pages.files(make(example(attestations=()))))["contacts.html"])


def test_a_reviewer_s_day_is_told_and_so_is_that_there_was_none() -> None:
    day = date(2026, 3, 2)
    rows = tuple(
        replace(one, reviewed=day) if one.document == "privacy" else one for one in plan("example").publications
    )
    made = texts(pages.files(replace(plan("example"), publications=rows)))
    assert 'Read and found right on <time datetime="2026-03-02">2 March 2026</time>.' in made["privacy.html"]
    assert "Nobody is known to have read this page" in words(made["support.html"])


HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=y>",
    "كلية المثال",
    "x" * 200,
    "{organisation} {{ 7*7 }}",
)


# ---- a provider's customer


def customers(shared: bool = True, leaving: bool = False) -> Plan:
    """The example as a customer of a provider, who sees 100 days of a log that is kept for 180."""
    platform = site("example")
    platform = replace(platform, logging=replace(platform.logging, days=180))
    days = (date(2027, 3, 31), date(2027, 6, 30), date(2027, 9, 30)) if leaving else (None, None, None)
    return make(
        replace(
            platform,
            logging=replace(platform.logging, days=100),
            provision=Provision("Example Hosting", *days),
            sharing=Sharing("shared", "hosting.example", ()) if shared else None,
        ),
        make(platform) if shared else None,
    )


def test_a_customers_agreement_names_both_parties_and_the_figures_that_are_built() -> None:
    shared = customers()
    said = words(texts(pages.files(shared))["agreement.html"])
    for each in (
        "Provides the service Example Hosting",
        "Uses the service College of Example",
        "For mail to and from college.ac.uk, chem.college.ac.uk",
        "Example Hosting serves other organisations with the same machines.",
        "nor read or trace what is sent or received here",
    ):
        assert each in said
    total = sum(row.quota for row in shared.mailboxes)
    assert f"All mailboxes together {size(total)}" in said
    assert "received in the last 100 days" in said
    assert "Log of mail 180 days" in said


def test_people_of_a_customer_are_told_how_long_shared_hosts_really_keep_logs() -> None:
    """PRIV-1: the hosts' log is kept for the provider's days, whatever the customer sees of it."""
    said = words(texts(pages.files(customers()))["privacy.html"])
    assert "Mail and access log of a host 180 days" in said
    assert "what the logs say of its own messages, for 100 days" in said
    alone = words(texts(pages.files(customers(shared=False)))["privacy.html"])
    assert "Mail and access log of a host 100 days" in alone
    assert "of its own messages" not in alone


def test_who_has_hosts_of_their_own_is_told_of_no_others() -> None:
    said = words(texts(pages.files(customers(shared=False)))["agreement.html"])
    assert "Provides the service Example Hosting" in said
    assert "other organisations" not in said
    assert "trace what is sent" not in said


def test_an_organisation_that_provides_for_itself_agrees_with_nobody() -> None:
    said = words(texts(files("example"))["agreement.html"])
    for each in ("Parties", "Provides the service", "All mailboxes together", "other organisations", "Last day"):
        assert each not in said


@pytest.mark.parametrize("page", ["status", "instructions", "agreement"])
def test_who_leaves_is_told_the_days(page: str) -> None:
    said = words(texts(pages.files(customers(leaving=True)))[f"{page}.html"])
    for each in (
        "This service ends",
        "Mail is accepted and sent 31 March 2027",
        "Mail that has come can be fetched 30 June 2027",
        "sums of use are kept 30 September 2027",
        "After 30 June 2027 the mail that is still here is deleted",
    ):
        assert each in said
    assert "This service ends" not in words(texts(pages.files(customers()))[f"{page}.html"])


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_whatever_is_in_them(name: str) -> None:
    organisation = replace(load_example().organisation, name=name)
    for file, page in texts(pages.files(make(example(organisation=organisation)))).items():
        assert name in "".join(_Reader(page).words), file
        assert "script" not in _Reader(page).tags
        assert "onerror" not in _Reader(page).attributes


def test_a_text_of_the_site_stands_beside_the_facts_and_in_place_of_the_default() -> None:
    own = with_texts(
        EN, ("en", "mail-programs", "Use *any* server you like, on port 1."), ("en", "welcome", "# Hello")
    )
    made = texts(pages.files(own))
    assert "<p>Use <em>any</em> server you like, on port 1.</p>" in made["set-up.html"]
    assert "Choose IMAP" not in made["set-up.html"]
    assert "mail.college.ac.uk 993" in words(made["set-up.html"])
    assert "<h3>Hello</h3>" in made["index.html"]


def test_markup_of_a_text_is_shown_and_not_done() -> None:
    text = "<script>alert(1)</script> [a](javascript:alert(1)) ![b](https://elsewhere.example/p.png)"
    page = texts(pages.files(with_texts(EN, ("en", "welcome", text))))["index.html"]
    assert "script" not in _Reader(page).tags
    assert "img" not in _Reader(page).tags
    assert not [link for link in _Reader(page).links if "javascript" in link]
    assert "<script>alert(1)</script>" in "".join(_Reader(page).words)


def test_what_is_not_translated_says_so_and_is_marked() -> None:
    made = texts(pages.files(with_texts(("cy", "en"), ("en", "abuse", "Write to us."))))
    welsh_page, english_page = made["support.html"], made["support.en.html"]
    assert '<html lang="cy"' in welsh_page
    assert '<html lang="en-GB"' in english_page
    note = welsh.WORDS["frame.untranslated"].replace("'", "&#x27;")
    assert f'<p class="note">{note}</p>\n<div lang="en-GB">\n<p>Write to us.</p>' in welsh_page
    assert "<p>Write to us.</p>" in english_page
    assert 'class="note"' not in english_page
    assert '<a href="support.en.html" lang="en-GB" hreflang="en-GB">English</a>' in welsh_page
    assert '<a href="support.html" lang="cy" hreflang="cy">Cymraeg</a>' in english_page


def test_a_site_s_own_text_is_never_beside_a_default_that_may_say_otherwise() -> None:
    """Welsh has a default text for passwords; the site has its own in English alone, and that is shown."""
    made = texts(pages.files(with_texts(BOTH, ("en", "passwords", "Ours alone."))))
    assert '<div lang="en-GB">\n<p>Ours alone.</p>' in made["instructions.cy.html"]
    assert "tri gair" not in made["instructions.cy.html"]
    assert "tri gair" in texts(pages.files(with_texts(BOTH)))["instructions.cy.html"]


def test_both_languages_assert_the_same() -> None:
    made = texts(files("whole"))
    for page in PAGES:
        one, other = made[f"{page.name}.html"], made[f"{page.name}.cy.html"]
        for told in (r"<code>[^<]*</code>", r'href="(?:mailto|tel|https?):[^"]*"', r">[0-9]+</td>"):
            assert re.findall(told, one) == re.findall(told, other), page.name


def test_welsh_has_no_sentence_of_its_own_and_the_same_values() -> None:
    assert welsh.WORDS.keys() <= english.WORDS.keys()
    for key, sentence in welsh.WORDS.items():
        values = re.findall(r"\{(\w+)\}", sentence)
        assert sorted(values) == sorted(re.findall(r"\{(\w+)\}", english.WORDS[key])), key
    for page in (INDEX, *PAGES):
        assert {f"title.{page.name}", f"about.{page.name}"} <= welsh.WORDS.keys()
    headings = {key for key in english.WORDS if key.startswith(("section.", "head.", "table.", "frame."))}
    assert headings <= welsh.WORDS.keys()


def test_days_are_told_in_the_language() -> None:
    day = date(2026, 2, 1)
    assert [language.language(code).day(day) for code in BOTH] == ["1 February 2026", "1 Chwefror 2026"]


def test_each_block_has_a_default_text_and_a_page_that_shows_it() -> None:
    shown = {
        section.block: page.name
        for name in INVENTORIES
        for page in (INDEX, *PAGES)
        if page.wanted(plan(name))
        for section in page.sections(plan(name))
        if section.block
    }
    assert shown == {block.name: block.page for block in BLOCKS}
    folder = resources.folder("templates") / "documents"
    assert {path.stem for path in (folder / "en").iterdir()} == set(NAMES)
    assert {path.stem for path in (folder / "cy").iterdir()} <= set(NAMES)


def test_what_is_kept_of_one_sites_pages_is_on_no_others() -> None:
    texts_of = {who: with_texts(("en",), ("en", "account", f"This is {who}.")) for who in ("one", "other")}
    plans = [
        replace(
            made,
            settings=replace(
                made.settings,
                organisation=who,
                primary_domain=f"{who}.example",
                quota=made.settings.quota + len(who) * 1000**3,
                service_desk=None if who == "one" else made.settings.service_desk,
            ),
        )
        for who, made in texts_of.items()
    ]
    first, second = [[texts(pages.files(made)) for made in order] for order in (plans, plans[::-1])]
    assert first == second[::-1]
    for said, who, another in zip(first, ("one", "other"), ("other", "one"), strict=True):
        assert f"This is {who}." in said["instructions.html"]
        assert f"@{who}.example" in said["faq.html"]
        for page in said.values():
            assert f"This is {another}." not in page
            assert f"{another}.example" not in page


def test_the_same_plan_gives_the_same_pages() -> None:
    assert pages.files(plan("whole")) == files("whole")


def test_the_logo_is_beside_the_pages_and_the_colour_in_their_style() -> None:
    webmail = plan("whole").settings.webmail
    assert webmail is not None
    assert webmail.logo is not None
    assert files("whole")["logo.png"] == webmail.logo.data
    assert f"--site: {webmail.colour};" in str(files("whole")["style.css"])


@pytest.mark.parametrize(
    ("octets", "told"), [(25_000_000, "25 MB"), (5 * 1024**3, "5 GiB"), (1_500_000_000, "1500 MB"), (999, "999 B")]
)
def test_sizes_are_told_exactly(octets: int, told: str) -> None:
    assert size(octets) == told
