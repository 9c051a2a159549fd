"""The pages that a site publishes, made from its plan: one folder that can be put up anywhere.

>>> pages.files(plan)["privacy.html"]
"""

from __future__ import annotations

from mailwright.pages.render import files, for_everybody, given_by_hand
from mailwright.pages.support import STATUS, STATUS_FOLDER

__all__ = ["STATUS", "STATUS_FOLDER", "files", "for_everybody", "given_by_hand"]
