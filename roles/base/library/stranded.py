"""What the action of the same name is; all of it is done on the control machine."""

DOCUMENTATION = r"""
module: stranded
short_description: Refuse that mail is left on a host that keeps none any more
description:
  - Compares C(mailboxes) with the lists of mailboxes of all stores in the project, and fails when one of them is
    there. Without any such list people are in a live directory, and every mailbox counts.
attributes:
  check_mode:
    support: full
options:
  mailboxes:
    description: Logins whose mail is on this host.
    type: list
    elements: str
    required: true
author: mailwright
"""
