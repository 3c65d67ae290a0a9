"""A server's records in a process of their own: a call whose turns go on until it is killed.

    python -m tests.records.child URL SID

Says the number of each turn once it is written.
"""

from __future__ import annotations

import sys
from itertools import count

import trio

from voxanne_trio.blocking import in_thread
from voxanne_trio.records.database import Database
from voxanne_trio.records.keeping import DatabaseRecords

from .support import a_call, a_turn, found


async def main(url: str, sid: str) -> None:
    async with trio.open_nursery() as nursery:
        records = DatabaseRecords(Database(url), in_thread)
        await nursery.start(records.run)
        records.call_started(a_call(sid))
        for number in count():
            records.turn_ended(sid, a_turn(number, "When?", "At five."))
            call = await found(records, sid)
            sys.stdout.write(f"{len(call.turns)}\n")
            sys.stdout.flush()
            await trio.sleep(0.01)


if __name__ == "__main__":
    trio.run(main, sys.argv[1], sys.argv[2])
