"""Role names that are prescribed: by the note, and by RFC 2142 for the facilities that a site has."""

from __future__ import annotations

REQUIRED = ("postmaster", "abuse")
"""In every domain (ROLE-1)."""

FACILITIES = {
    "dns": "hostmaster",
    "ftp": "ftp",
    "information": "info",
    "marketing": "marketing",
    "network": "noc",
    "news": "usenet",
    "sales": "sales",
    "security": "security",
    "support": "support",
    "uucp": "uucp",
    "web": "webmaster",
}
"""Facility as a description calls it → mailbox name (ROLE-2; RFC 2142, sections 3 to 5)."""

SYNONYMS = ("news", "www")
"""What RFC 2142 allows besides ``usenet`` and ``webmaster``."""
