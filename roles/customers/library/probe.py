#!/usr/bin/python3
"""Real dialogues with a mail service, by its public addresses."""

from __future__ import annotations

from ansible.module_utils import mailwright_service as service
from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: probe
short_description: Talk with a mail service as others do, and fail when it does not answer as it must
description:
  - Holds each dialogue until it goes well or C(patience) seconds are over. Changes nothing.
attributes:
  check_mode:
    support: full
options:
  dialogues:
    description: As those of C(transaction), with C(address).
    type: list
    elements: dict
    required: true
  patience:
    description: Seconds that a service may take until it answers.
    type: int
    default: 60
author: mailwright
"""


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "dialogues": {"type": "list", "elements": "dict", "required": True},
            "patience": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    said = []
    for entry in module.params["dialogues"]:
        try:
            said.append(f"{entry['name']}: {service.hold(entry, module.params['patience'])}")
        except service.ServiceError as error:
            module.fail_json(msg=str(error), said=said)
    module.exit_json(changed=False, said=said)


if __name__ == "__main__":
    main()
