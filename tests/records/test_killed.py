"""Servers in processes of their own, on one database, killed without a word."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from voxanne_trio.records.database import Database

ROOT = Path(__file__).parents[2]
TURNS = 5


def start(url: str, sid: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.records.child", url, sid]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_two_that_start_at_once_are_killed_and_no_turn_is_lost(url: str) -> None:
    sids = ("CA1", "CA2")
    with ExitStack() as stack:
        servers = [stack.enter_context(start(url, sid)) for sid in sids]
        for server in servers:
            stack.callback(server.kill)
        written = {}
        for sid, server in zip(sids, servers, strict=True):
            assert server.stdout is not None
            for line in server.stdout:
                if int(line) >= TURNS:
                    written[sid] = int(line)
                    server.kill()
                    break
    assert set(written) == set(sids), "one of them ended by itself"
    database = Database.existing(url)
    for sid in sids:
        call = database.find(sid)
        assert call is not None
        assert len(call.turns) >= written[sid]
        assert [turn.number for turn in call.turns] == list(range(len(call.turns)))
        assert call.outcome is None
    database.close()
