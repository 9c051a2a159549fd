"""Received: lines as the usual systems write them."""

from __future__ import annotations

import pytest

from mailwright.audit.hops import hops, taken

OWN = ("mail.college.ac.uk",)
BEFORE = (
    "Received: from [203.0.113.66] (unknown [203.0.113.66])\r\n"
    "\tby mail.college.ac.uk (Postfix) with ESMTPSA id 4X; Tue, 24 Nov 2026 10:00:00 +0000 (GMT)\r\n"
)
MAILER = "mail.college.ac.uk"


@pytest.mark.parametrize(
    ("system", "lines", "helo", "client"),
    [
        (
            "Postfix",
            "Received: from mail.college.ac.uk (mail.college.ac.uk [198.51.100.25])\r\n"
            "\tby mx.foreign.example (Postfix) with ESMTPS id 4X for <a@foreign.example>; Tue, 24 Nov 2026\r\n",
            MAILER,
            "198.51.100.25",
        ),
        (
            "Postfix over IPv6, delivered by LMTP",
            "Received: from mx.foreign.example\r\n\tby store.foreign.example with LMTP\r\n\tid abc; Tue\r\n"
            "Received: from mail.college.ac.uk (unknown [IPv6:2001:db8:c011::25])\r\n"
            "\tby mx.foreign.example (Postfix) with ESMTPS; Tue, 24 Nov 2026\r\n",
            MAILER,
            "2001:db8:c011::25",
        ),
        (
            "Exim",
            "Received: from mail.college.ac.uk ([198.51.100.25]:50412)\r\n"
            "\tby mx.foreign.example with esmtps (TLS1.3) (Exim 4.96) id 1abc; Tue, 24 Nov 2026\r\n",
            MAILER,
            "198.51.100.25",
        ),
        (
            "Exim with another HELO",
            "Received: from host.college.ac.uk ([198.51.100.25] helo=mail.college.ac.uk)\r\n"
            "\tby mx.foreign.example with esmtps (Exim 4.96); Tue, 24 Nov 2026\r\n",
            MAILER,
            "198.51.100.25",
        ),
        (
            "Exim without a name",
            "Received: from [2001:db8:c011::25] (helo=mail.college.ac.uk)\r\n"
            "\tby mx.foreign.example with esmtps (Exim 4.96); Tue, 24 Nov 2026\r\n",
            MAILER,
            "2001:db8:c011::25",
        ),
        (
            "Google",
            "Received: by 2002:a05:6a20:4386:b0:1e1:abcd with SMTP id i6csp1; Tue, 24 Nov 2026\r\n"
            "Received: from mail.college.ac.uk (mail.college.ac.uk. [198.51.100.25])\r\n"
            "        by mx.google.com with ESMTPS id a1-2; Tue, 24 Nov 2026\r\n",
            MAILER,
            "198.51.100.25",
        ),
        (
            "Exchange, which hands it on to itself",
            "Received: from DB9PR.eurprd01.prod.outlook.com (2603:10a6:10:2e5::12)\r\n"
            " by AM0PR.eurprd01.prod.outlook.com with HTTPS; Tue, 24 Nov 2026\r\n"
            "Received: from AS4P.eurprd01.prod.outlook.com (2603:10a6:20b:5e1::18) by\r\n"
            " DB9PR.eurprd01.prod.outlook.com (2603:10a6:10:2e5::12) with Microsoft SMTP\r\n"
            " Server (version=TLS1_3) id 15.20; Tue, 24 Nov 2026\r\n"
            "Received: from mail.college.ac.uk (198.51.100.25) by\r\n"
            " AM4PEPF.mail.protection.outlook.com (10.167.16.1) with Microsoft SMTP Server; Tue, 24 Nov 2026\r\n",
            MAILER,
            "198.51.100.25",
        ),
        (
            "Sendmail",
            "Received: from mail.college.ac.uk (root@mail.college.ac.uk [198.51.100.25])\r\n"
            "\tby mx.foreign.example (8.17/8.17) with ESMTPS id x; Tue, 24 Nov 2026\r\n",
            MAILER,
            "198.51.100.25",
        ),
        (
            "qmail",
            "Received: (qmail 123 invoked by uid 89); 24 Nov 2026 10:00:00 -0000\r\n"
            "Received: from unknown (HELO mail.college.ac.uk) (198.51.100.25)\r\n"
            "  by mx.foreign.example with SMTP; 24 Nov 2026 10:00:00 -0000\r\n",
            MAILER,
            "198.51.100.25",
        ),
        ("nobody who says anything", "Received: by foreign.example; Tue, 24 Nov 2026\r\n", "", ""),
    ],
)
def test_who_handed_it_over(system: str, lines: str, helo: str, client: str) -> None:
    content = f"Return-Path: <x@college.ac.uk>\r\n{lines}{BEFORE}Subject: {system}\r\n\r\nbody\r\n".encode()
    found = taken(content, OWN, "a@foreign.example")
    assert (found.helo, found.client) == (helo, client)
    assert found.sender == "x@college.ac.uk"
    assert found.recipients == ("a@foreign.example",)


def test_a_client_that_forges_a_line_is_not_believed() -> None:
    forged = "Received: from mail.college.ac.uk ([198.51.100.25]) by mx.foreign.example; Tue, 24 Nov 2026\r\n"
    real = "Received: from evil ([203.0.113.9]) by mail.college.ac.uk (Postfix); Tue, 24 Nov 2026\r\n"
    handed = "Received: from mail.college.ac.uk ([198.51.100.26]) by mx.foreign.example; Tue, 24 Nov 2026\r\n"
    assert taken((handed + real + forged + "\r\n").encode(), OWN, "").client == "198.51.100.26"


@pytest.mark.parametrize(
    "line", ["from", "from by x", "from ( by y", "from [999.1.1.1] by z", "from \x00 by \xff", "x" * 9000]
)
def test_odd_lines_do_no_harm(line: str) -> None:
    content = f"Received: {line}\r\n\r\n".encode()
    assert taken(content, (), "a@b.example").client == ""
    assert len(hops(content)) <= 1


@pytest.mark.parametrize(
    ("header", "sender"),
    [("Return-Path: <>", ""), ("Authentication-Results: mx; spf=pass smtp.mailfrom=a@b.example;", "a@b.example")],
)
def test_the_envelope_sender(header: str, sender: str) -> None:
    assert taken(f"{header}\r\n\r\n".encode(), (), "x").sender == sender
