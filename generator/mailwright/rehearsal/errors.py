"""What can keep a lab from being built."""

from __future__ import annotations


class LabError(RuntimeError):
    """The machine cannot run the lab, or a host did not come up.

    message  what is the matter
    way_out  what the user can do about it
    """

    def __init__(self, message: str, way_out: str = "") -> None:
        super().__init__(f"{message}\n{way_out}" if way_out else message)
        self.message = message
        self.way_out = way_out
