"""The readers, tried on configuration as the vendors' manuals have it, with answers worked out by hand."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from support.border_readers import Packet, Reader, arista_eos, cisco_ios, junos, nftables

IOS = """
! a comment
ip access-list extended OUTSIDE-IN
 remark web, and mail for one host
 permit tcp any any established
 permit tcp any host 198.51.100.10 eq www 443
 permit tcp any host 198.51.100.25 eq smtp
 deny tcp any 198.51.100.0 0.0.0.127 eq 25 log
 permit udp any eq domain 198.51.100.0 0.0.0.255
 permit tcp 203.0.113.0 0.0.0.255 any range 1024 2048
ip access-list extended OLD
 permit ip any any
no ip access-list extended OLD
ipv6 access-list OUTSIDE-IN-6
 sequence 30 permit ipv6 any any
 sequence 10 permit tcp any host 2001:db8:c011::25 eq 25
 sequence 20 deny tcp any 2001:db8:c011::/48 lt 1024
"""
EOS = """
ip access-list OUTSIDE-IN
   statistics per-entry
   10 remark mail
   20 permit tcp any host 198.51.100.25 eq smtp 587
   40 permit ip any any
   30 deny tcp any 198.51.100.0/25 eq smtp
!
ipv6 access-list OUTSIDE-IN-6
   10 permit tcp 2001:db8:aaaa::/48 any neq 25
"""
JUNOS = """
/* edge filters */
firewall {
    family inet {
        filter outside-in {
            term established { from { tcp-established; } then accept; }
            term counted {
                from { protocol tcp; }
                then { count tcp; next term; }
            }
            term mail {
                from {
                    destination-address {
                        198.51.100.0/24;
                        198.51.100.25/32 except;
                    }
                    protocol tcp;
                    destination-port [ smtp 587 ];
                }
                then {
                    log;
                    discard;
                }
            }
            term low {   # a comment
                from { destination-port 1-1023; }
                then accept;
            }
        }
    }
    family inet6 {
        replace:
        filter outside-in-6 {
            term empty {
                from { destination-address { } payload-protocol udp; }
                then { reject; }
            }
            term rest { then accept; }
        }
    }
}
"""
NFT = """
table inet site {
    chain mail {
        ip daddr 198.51.100.25 tcp dport { 25, 587 } accept
        ip daddr { 198.51.100.0/25 } tcp dport 25 drop   # others
        ip6 daddr 2001:db8:c011::25 return
        ip6 daddr 2001:db8:c011::/48 tcp dport 1-1023 counter reject with tcp reset comment "a; b"
    }
    chain forward {
        type filter hook forward priority filter; policy accept;
        ct state established,related accept
        iifname $wan jump mail
        meta nfproto ipv4 oifname $wan tcp dport 25 reject
    }
}
table inet later {
    chain forward {
        type filter hook forward priority 10; policy drop;
        tcp dport 587 drop
        accept
    }
}
table inet gone {
    chain forward {
        type filter hook forward priority 0; policy drop;
    }
}
delete table inet gone
"""
APPLIED = {("in", 4): "OUTSIDE-IN", ("in", 6): "OUTSIDE-IN-6"}
READERS = {
    "ios": cisco_ios(IOS, APPLIED),
    "eos": arista_eos(EOS, APPLIED),
    "junos": junos(JUNOS, {("in", 4): "outside-in", ("in", 6): "outside-in-6"}),
    "nft": nftables(NFT, {"wan": '{ "outside" }'}),
}
V4, V6 = "203.0.113.7", "2001:db8:bbbb::7"
MAILER, MAILER6 = "198.51.100.25", "2001:db8:c011::25"
OTHER, OTHER6 = "198.51.100.77", "2001:db8:c011::77"
UPPER = "198.51.100.200"


def packet(source: str, target: str, port: int, protocol: str = "tcp", direction: str = "in") -> Packet:
    return Packet(direction, ip_address(source), ip_address(target), port, protocol)


@pytest.mark.parametrize(
    ("dialect", "seen", "through"),
    [
        ("ios", packet(V4, MAILER, 25), True),
        ("ios", packet(V4, MAILER, 80), False),  # the implicit deny
        ("ios", packet(V4, "198.51.100.10", 80), True),
        ("ios", packet(V4, "198.51.100.10", 443), True),
        ("ios", packet(V4, OTHER, 25), False),
        ("ios", packet(V4, UPPER, 1500), True),
        ("ios", packet("198.51.100.1", UPPER, 1500), False),
        ("ios", packet(V4, OTHER, 53, "udp"), False),  # its source port is not 53
        ("ios", packet(V6, MAILER6, 25), True),
        ("ios", packet(V6, OTHER6, 25), False),
        ("ios", packet(V6, OTHER6, 1024), True),
        ("ios", packet(V6, OTHER6, 25, "udp"), True),
        ("ios", packet(OTHER, V4, 25, direction="out"), True),  # no list there
        ("eos", packet(V4, MAILER, 25), True),
        ("eos", packet(V4, MAILER, 587), True),
        ("eos", packet(V4, OTHER, 25), False),
        ("eos", packet(V4, UPPER, 25), True),
        ("eos", packet(V4, OTHER, 587), True),
        ("eos", packet("2001:db8:aaaa::1", OTHER6, 80), True),
        ("eos", packet("2001:db8:aaaa::1", OTHER6, 25), False),
        ("eos", packet(V6, OTHER6, 80), False),
        ("junos", packet(V4, MAILER, 25), True),
        ("junos", packet(V4, OTHER, 25), False),
        ("junos", packet(V4, OTHER, 587), False),
        ("junos", packet(V4, OTHER, 25, "udp"), True),
        ("junos", packet(V4, OTHER, 80), True),
        ("junos", packet(V4, OTHER, 8080), False),  # the implicit discard
        ("junos", packet(V6, OTHER6, 25), True),
        ("junos", packet(V6, OTHER6, 25, "udp"), False),  # a condition without prefixes is none
        ("nft", packet(V4, MAILER, 25), True),
        ("nft", packet(V4, MAILER, 587), False),  # accepted by one table, dropped by the next
        ("nft", packet(V4, OTHER, 25), False),
        ("nft", packet(V4, UPPER, 25), True),
        ("nft", packet(V4, OTHER, 80), True),
        ("nft", packet(V6, MAILER6, 25), True),
        ("nft", packet(V6, OTHER6, 25), False),
        ("nft", packet(V6, OTHER6, 25, "udp"), True),
        ("nft", packet(OTHER, V4, 25, direction="out"), False),
        ("nft", packet(OTHER6, V6, 25, direction="out"), True),
    ],
)
def test_answers_worked_out_by_hand(dialect: str, seen: Packet, through: bool) -> None:
    reader: Reader = READERS[dialect]
    assert reader.let_through(seen) is through


@pytest.mark.parametrize(
    "line",
    [
        "permit tcp any",
        "permit gre any any",
        "permit tcp any 198.51.100.0/24 eq 25",
        "allow tcp any any",
        "permit tcp any any eq mail",
    ],
)
def test_what_is_not_known_to_ios_is_an_error(line: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        cisco_ios(f"ip access-list extended X\n {line}\n", {})


@pytest.mark.parametrize(
    "text",
    ["firewall {", "firewall { } }", "firewall { family inet { filter x { term y { from { dscp 1; } } } } }"],
)
def test_what_is_not_known_to_junos_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"early|many|unknown"):
        junos(text, {})
