"""mailwright check: judge a description."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from mailwright.cli import common


@click.command("check")
@common.description
@common.output_format
@common.today
def command(file: Path, format_: str, today: datetime | None) -> int:
    """Print every fault of the description SITE.YML and every requirement that it breaks.

    Each with file:line:column and the way to mend it. Exit status: 0 nothing to mend, 1 a requirement is broken,
    2 the description cannot be used.
    """
    judged = common.judge(file, today)
    common.show(judged.findings, format_)
    return judged.status
