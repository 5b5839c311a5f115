"""Faults for Redis: other words in one of the Lua scripts, or another clock."""

import time
from collections.abc import Callable, Mapping
from hashlib import sha1

from lambdaframe.idempotency.stores._redis_scripts import Script, to_acquire
from lambdaframe.idempotency.stores.redis import RedisStore
from lambdaframe.idempotency.transitions import TABLE, Claim, Move, Reply, allowed, refusal
from tests.idempotency.subjects.redis import PREFIX, RedisSubject, SteppedRedisStore

MakeStore = Callable[[str], RedisStore]


def changed(script: Script, old: str, new: str) -> Script:
    """The script with other words, which must be there once."""
    text = script.source.decode()
    assert text.count(old) == 1, text
    source = text.replace(old, new).encode()
    return script._replace(source=source, sha=sha1(source).hexdigest().encode())


def faulty(move: Move, old: str, new: str) -> MakeStore:
    """A store with other words in the script of one move."""

    class Faulty(SteppedRedisStore):
        def __init__(self, url: str) -> None:
            super().__init__(url, prefix=PREFIX)
            wrong = changed(getattr(self._scripts, move), old, new)
            self._scripts = self._scripts._replace(**{move: wrong})

    return Faulty


def with_clock(lua: str) -> MakeStore:
    """A store with another source of the time."""

    class WithClock(SteppedRedisStore):
        _clock_source = lua

    return lambda url: WithClock(url, prefix=PREFIX)


def acquire(old: str, new: str) -> MakeStore:
    return faulty("acquire", old, new)


def complete(old: str, new: str) -> MakeStore:
    return faulty("complete", old, new)


def release(old: str, new: str) -> MakeStore:
    return faulty("release", old, new)


def extend(old: str, new: str) -> MakeStore:
    return faulty("extend", old, new)


class LooksFirst(SteppedRedisStore):
    """One script reads the record, and another one writes what that allows."""

    def __init__(self, url: str) -> None:
        super().__init__(url, prefix=PREFIX)
        self._look = changed(self._scripts.acquire, "if state then", "do return refused('BUSY') end\nif state then")
        self._write = changed(self._scripts.acquire, " and now <= tonumber(expires) and not abandoned", " and false")

    async def acquire(self, claim: Claim) -> Reply:
        found = await self._move("acquire", self._look, claim, to_acquire(claim))
        if not allowed(TABLE["acquire"], found.entry, claim, found.now):
            return found._replace(verdict=refusal(TABLE["acquire"], found.entry, claim, found.now))
        return await self._move("acquire", self._write, claim, to_acquire(claim))


MINE = "owner == ARGV[1] and gen == ARGV[2]"
PEXPIREAT = "redis.call('PEXPIREAT', key, math.floor(expires / 1000 + 86400) * 1000)"

FAULTS: Mapping[str, MakeStore] = {
    "local clock in place of the server's": lambda url: with_clock(f"local now = {time.time() * 1_000:.0f}\n")(url),
    "clock in whole seconds": with_clock("local now = math.floor(redis.call('GET', 'clock') / 1000) * 1000\n"),
    "acquires over a running record": acquire(
        "local abandoned = ran and now > lease_until", "local abandoned = ran or (lease_until or 0)"
    ),
    "runs a done record again": acquire("if state ~= 'F' and", "if state == 'R' and"),
    "never acquires a released record": acquire("if state ~= 'F' and", "if"),
    "never acquires an expired record": acquire(" and now <= tonumber(expires)", ""),
    "never takes over": acquire("local abandoned = ran and", "local abandoned = false and"),
    "ignores the skew": acquire("lease_until + 1000", "tonumber(lease_until)"),
    "takes over a millisecond early": acquire("now > lease_until + 1000", "now >= lease_until + 1000"),
    "takes over a millisecond late": acquire("lease_until + 1000", "lease_until + 1001"),
    "compares the lease in seconds": acquire(
        "now > lease_until + 1000", "math.floor(now / 1000) > lease_until / 1000 + 1"
    ),
    "compares the lease as a text": acquire("now > lease_until + 1000", "tostring(now) > lease_until"),
    "expires a millisecond early": acquire("now <= tonumber(expires)", "now < tonumber(expires)"),
    "expires a millisecond late": acquire("now <= tonumber(expires)", "now <= expires + 1"),
    "takes over for another payload": acquire(" and fingerprint == payload", ""),
    "takes over from the same owner": acquire(" and owner ~= me", ""),
    "takes over though told not to": acquire(" and takeover\n", "\n"),
    "does not compare the payload": acquire("if fingerprint ~= payload then return refused('MISMATCH') end", ""),
    "does not know its own lost reply": acquire("if owner == me then return refused('MINE') end", ""),
    "starts gen anew": acquire("state and gen + 1 or now", "now"),
    "starts gen with one": acquire("state and gen + 1 or now", "state and gen + 1 or 1"),
    "does not raise gen": acquire("state and gen + 1 or now", "gen or now"),
    "does not drop the old result": acquire("redis.call('HDEL', key, 'kind', 'result')", ""),
    "keeps the old fingerprint": acquire("'fingerprint', payload", "'fingerprint', fingerprint or payload"),
    "does not tell takeovers": acquire("granted(ran and 1 or 0)", "granted(0)"),
    "looks before it writes": LooksFirst,
    "is deleted when it expires": acquire("expires / 1000 + 86400", "expires / 1000"),
    "is deleted never": acquire(PEXPIREAT, ""),
    "completes unconditionally": complete("if state == 'R' and mine", "if state"),
    "completes over a done record": complete("if state == 'R' and mine", "if mine"),
    "completes without checking the owner": complete(MINE, "gen == ARGV[2]"),
    "completes without checking gen": complete(MINE, "owner == ARGV[1]"),
    "calls another's result lost": complete(
        "if state == 'D' and fingerprint == ARGV[6] then return refused('THEIRS') end", ""
    ),
    "calls its own result another's": complete("if state == 'D' and mine then return refused('FINE') end", ""),
    "returns the result of another payload": complete("state == 'D' and fingerprint == ARGV[6]", "state == 'D'"),
    "keeps a result as long as the lease": complete("expires = string.format('%d', now + ARGV[3])", ""),
    "is deleted before its result expires": complete(PEXPIREAT, ""),
    "releases unconditionally": release("if state ~= 'R' or not mine", "if not state"),
    "releases what is done": release("if state ~= 'R' or not mine", "if not mine"),
    "releases what is another's": release("if state ~= 'R' or not mine", "if state ~= 'R'"),
    "deletes on release": release("redis.call('HSET', key, 'state', 'F')", "redis.call('DEL', key)"),
    "extends what is another's": extend("if state ~= 'R' or not mine", "if state ~= 'R'"),
    "extends what is done": extend("if state ~= 'R' or not mine", "if not mine"),
    "does not extend the lease": extend("lease_until = string.format('%d', now + ARGV[3])", ""),
    "lets a record expire under its lease": extend("expires = string.format('%d', now + ARGV[4])", ""),
    "is deleted under its lease": extend(PEXPIREAT, ""),
}


def subject(fault: str) -> RedisSubject:
    """A real Valkey with one of these faults in the store."""
    return RedisSubject(FAULTS[fault])
