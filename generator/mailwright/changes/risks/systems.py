"""Systems of others on which the service leans: the smarthost, and the directory that judges passwords."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.risks.parties import bare, beside, within
from mailwright.site.model import Directory, Smarthost

_BY_ITSELF = (
    "See first that every mailer's address is in SPF and leads back to its name, that the border lets port 25 out "
    "from there, and that the addresses are on no block list."
)


@risk(
    "smarthost.changed",
    Severity.HIGH,
    "RELAY-1",
    "mail to the Internet goes another way",
    "Agree with whoever runs the new host on logs and privacy; publish the SPF record that covers it and wait its "
    "time to live; put the password in its place; then apply, and look at the queue (`postqueue -p`).",
)
def smarthost(comparison: Comparison) -> Iterator[Hit]:
    """All mail that leaves passes another system of somebody else, or none any more.

    Whoever runs that system can read and hold it. Where it refuses the login, or the domain's SPF record does not
    cover it, all mail waits or is taken for a forgery. Another port or login of the same host is no other way, and
    another host of those who had the mail before, or of the organisation itself, weighs less.
    """
    old, new = comparison.old.settings.smarthost, comparison.new.settings.smarthost
    own = Severity.MEDIUM if new is not None and within(new.host, comparison.old.settings.domains) else None
    if old is None and new is not None:
        sentence = f"all mail to the Internet goes through {new.host} from now on{_uncovered(new)}"
        yield Hit(sentence, own, value=new.host)
    elif old is not None and new is None:
        sentence = (
            f"mail to the Internet does not go through {old.host} any more: the mailers deliver it themselves"
        )
        yield Hit(sentence, Severity.MEDIUM, safely=_BY_ITSELF)
    elif old is not None and new is not None:
        if bare(old.host) != bare(new.host):
            sentence = f"all mail to the Internet goes through {new.host} instead of {old.host}{_uncovered(new)}"
            if old.login and new.login and old.password == new.password:
                sentence += f"; it is sent the password in {new.password}, which was for the other"
            yield Hit(sentence, Severity.MEDIUM if beside(new.host, [old.host]) else own, value=new.host)
        elif old.spf and not new.spf:
            sentence = f"no SPF record covers {new.host} any more, through which all mail to the Internet goes"
            yield Hit(sentence, Severity.MEDIUM, "Leave spf of the smarthost as it is until mail goes another way.")


def _uncovered(smarthost: Smarthost) -> str:
    return "" if smarthost.spf else ", which no SPF record covers (smarthost.spf)"


@risk(
    "passwords.judge",
    Severity.MEDIUM,
    "AUDIT-1",
    "another system gets everybody's password and judges it",
    "Ask whoever answers for the directory whether the server is theirs, and try one login against it from a mail "
    "host before this is applied.",
)
def judge(comparison: Comparison) -> Iterator[Hit]:
    """A directory server that was not asked before says whose password is right, or the mail hosts themselves do.

    It is sent the password of everybody who signs in, and whoever runs it may sign in as anybody. Passwords differ
    from one system to the other, so people may be locked out. Servers in another order, and fewer of the same, are
    no change.
    """
    old, new = comparison.old.settings, comparison.new.settings
    before, after = _servers(old.directory), _servers(new.directory)
    if new.directory is None:
        if old.directory is not None:
            yield Hit(
                "passwords are judged by the stores themselves, no more by the directory: nobody can sign in whose "
                "first password is not in the seed",
                safely="Put a line for each login into the file of store.passwords first (docs/how-to.md, First "
                "passwords), and tell people.",
            )
        return
    come = [server for server in new.directory.servers if bare(server) in after - before]
    if come:
        strange = [server for server in come if not within(server, (*old.domains, *new.domains))]
        sentence = f"{words.some(come)} {'judges' if len(come) == 1 else 'judge'} everybody's password from now on"
        if strange and old.directory is not None:
            strange = [server for server in strange if not beside(server, old.directory.servers)]
        if strange:
            sentence += (
                f"; {words.some(strange)} {'is' if len(strange) == 1 else 'are'} in none of the site's domains"
            )
        yield Hit(sentence, Severity.HIGH if strange else None, value=come[0])


def _servers(directory: Directory | None) -> set[str]:
    return {bare(server) for server in directory.servers} if directory is not None else set()
