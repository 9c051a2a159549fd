from __future__ import annotations

import struct

from mailwright.rehearsal.false_time import answer

QUESTION = bytes([0x23]) + bytes(39) + b"12345678"


def test_the_answer_carries_the_clients_own_stamp_and_the_false_time() -> None:
    reply = answer(QUESTION, 1_000_000_000.5)
    assert reply is not None
    assert reply[0] == 0x24  # version 4, server, no leap second
    assert reply[24:32] == b"12345678"
    assert struct.unpack(">II", reply[40:48]) == (1_000_000_000 + 2_208_988_800, 2**31)


def test_what_is_no_question_gets_no_answer() -> None:
    assert answer(QUESTION[:40], 0.0) is None
    assert answer(bytes([0x24]) + QUESTION[1:], 0.0) is None
