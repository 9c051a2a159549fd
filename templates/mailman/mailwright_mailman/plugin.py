"""What Mailman loads when each of its processes starts."""

from __future__ import annotations

import logging
import logging.handlers
import os
from pathlib import Path
from typing import Any

from mailman.config import config
from mailman.core.logging import ReopenableFileHandler
from mailman.interfaces.plugin import IPlugin
from zope.interface import implementer

PASSWORD = Path("/etc/mailman3/rest.password")
"""This host's own, made once: the password of Mailman's REST interface, which answers on loopback alone."""


@implementer(IPlugin)
class Plugin:
    """The password that stands in no rendered file; the mail log; and commands that are others here."""

    resource = None

    def pre_hook(self) -> None:
        config.push("mailwright", f"[webservice]\nadmin_pass: {PASSWORD.read_text(encoding='ascii').strip()}\n")
        for name in ("mailman", "flufl", "mail", "sqlalchemy", "alembic"):
            _to_mail_log(name)
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # each line of each LMTP dialogue

    def post_hook(self) -> None:
        from mailwright_mailman import membership

        for name in membership.REPLACED:
            config.commands[name] = membership.Kept(config.commands[name])


def _to_mail_log(prefix: str) -> None:
    """Lines of these loggers go to the mail log, whose readers and lifetime the site knows (AUDIT-3)."""
    registry: dict[str, Any] = logging.Logger.manager.loggerDict
    for name, logger in registry.items():
        if not isinstance(logger, logging.Logger) or not (name == prefix or name.startswith(f"{prefix}.")):
            continue
        files = [each for each in logger.handlers if isinstance(each, ReopenableFileHandler)]
        for handler in files:
            logger.removeHandler(handler)
        if files:
            handler = logging.handlers.SysLogHandler("/dev/log", logging.handlers.SysLogHandler.LOG_MAIL)
            handler.ident = f"mailman/{name.rpartition('.')[2]}[{os.getpid()}]: "
            logger.addHandler(handler)
