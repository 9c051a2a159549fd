"""Drift: what is on the hosts, compared with what was built and applied.

>>> hosts = expected.hosts(plan)
>>> findings = runner.look(hosts, ask, shown)

``expected`` says what must be there, ``host_program`` is sent to each host and looks, ``answer`` reads what it
said; ``files``, ``units`` and ``firewall`` compare. Host state (passwords, mail, members of lists, people's
filters, bans, keys made on the host) is in no build and among no apply's files, so it is never looked at.
"""
