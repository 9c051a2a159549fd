"""Only those lines of a seed leave the control machine whose login belongs to the host."""

from __future__ import annotations

from support.role_code import load

TABLE = b"""# a login of somewhere else: elsewhere=
ann:::::::noauthenticate=y
bob:::::::noauthenticate=y elsewhere=/store2 store=store2
forms:::::::noauthenticate=y nologin=y
"""
SEED = b"# first passwords\nann:1\nBOB:2\nForms:3\ngone:4\n"


def test_a_seed_is_cut_to_the_host_s_logins() -> None:
    cut = load("action_plugins/transaction.py").only_logins
    assert cut(SEED, TABLE, "elsewhere=") == b"ann:1\nForms:3\n"
    assert cut(SEED, TABLE, "") == b"ann:1\nBOB:2\nForms:3\n"
