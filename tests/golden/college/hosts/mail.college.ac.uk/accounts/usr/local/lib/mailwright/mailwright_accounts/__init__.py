"""Accounts of a mail host, their passwords, and what is used: mailwright-account, -passwords and -usage."""
