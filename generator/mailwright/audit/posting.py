"""Messages on their way: in from outside, and out through submission to the correspondent."""

from __future__ import annotations

from mailwright.audit import letters, roads
from mailwright.audit.model import Context, Received, UnavailableError
from mailwright.audit.roads import Door, Person
from mailwright.audit.smtp import Reply
from mailwright.records import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was submitted: the server's verdict, and what arrived outside (None: nothing did)."""

    door: Door
    reply: Reply
    received: Received | None


def outsider(context: Context) -> str:
    """An address outside, to send from and to."""
    return roads.correspondent(context).address


def stranger(context: Context) -> str:
    """An address outside to name as a sender who sends nothing; none, as of a bounce, where nobody is known."""
    try:
        return outsider(context)
    except UnavailableError:
        return ""


def hand_in(
    context: Context,
    who: Person,
    sender: str,
    recipients: tuple[str, ...],
    content: bytes,
    door: Door | None = None,
) -> tuple[Door, Reply]:
    """Submit ``content`` from outside, or from where one can, logged in as ``who``; at the first door unless one is
    given."""
    here = roads.somewhere(context)
    door = door or roads.doors(context, here, "submission", "submissions")[0]
    with roads.vantage(context, here).enter(), roads.smtp(context, door, account=who.account) as dialogue:
        return door, dialogue.deliver(sender, recipients, content)


def send_out(
    context: Context, who: Person, sender: str, mark: str, content: bytes, door: Door | None = None
) -> Sent:
    """Submit ``content``, which holds ``mark``, for the correspondent, and wait for it to arrive there."""
    door, reply = hand_in(context, who, sender, (outsider(context),), content, door)
    return Sent(door, reply, roads.correspondent(context).wait_for(mark) if reply.accepted else None)


def send_plain(context: Context, who: Person) -> tuple[str, Sent]:
    """An ordinary message of ``who`` to the correspondent, and its mark."""
    mark = letters.token()
    content = letters.letter(mark, f"<{who.published}>", f"<{outsider(context)}>")
    return mark, send_out(context, who, who.published, mark, content)


def arrived(context: Context, who: Person) -> tuple[str, Received]:
    """An ordinary message of ``who`` as the correspondent took it in. Raises OSError when it did not arrive."""
    mark, sent = send_plain(context, who)
    if sent.received is None:
        raise TimeoutError(f"a message of {who.login} did not arrive outside; submission said {sent.reply}")
    return mark, sent.received


def delivered_directly(context: Context, door: Door, sender: str, recipient: str, content: bytes) -> Reply:
    """Bring ``content`` to port 25 from outside, as another organisation's mailer would."""
    with roads.vantage(context, roads.somewhere(context)).enter(), roads.smtp(context, door) as dialogue:
        return dialogue.deliver(sender, (recipient,), content)
