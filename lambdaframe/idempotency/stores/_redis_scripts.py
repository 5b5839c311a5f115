"""The moves as Lua scripts, one for each, and how their answers are read.

A script runs alone on the server, so each move is one atomic step; it is the row of ``transitions.TABLE`` in Lua. The
time is the server's. Nothing in it is newer than Redis 6.2, and every key that it touches is declared in KEYS, as a
cluster asks for: https://valkey.io/topics/eval-intro/

A record is one hash, with the fields of ``Entry`` (``ttl`` is the key's own expiry) and ``waited``, set as soon as
somebody was told that it is busy, and for good. When an attempt at such a record ends, a token is put into a list
beside it for a moment. A caller that waits moves the token from this list to the same list, so the next one finds it,
too; the next attempt takes it away. A script that needs the list and was not given its key answers WAITED and writes
nothing: most never need it, and while a cluster moves a slot, a call with two keys has to wait for the end of that.
"""

from collections.abc import Sequence
from hashlib import sha1
from typing import NamedTuple

from lambdaframe.idempotency.transitions import (
    CLEAN_UP_S,
    NOTHING,
    SKEW_MS,
    Claim,
    Entry,
    Kind,
    Outcome,
    Reply,
    State,
    Verdict,
)

TOKEN_MS = 5_000
"""How long a token may be found, in ms: longer than it takes from a refusal to the wait."""

SERVER_TIME = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
"""Lua that sets ``now``, in whole ms since the epoch. https://valkey.io/commands/time/"""

_RECORD = """
local key = KEYS[1]
local state, owner, gen, lease_until, fingerprint, expires, kind, result, waited = unpack(redis.call('HMGET', key,
    'state', 'owner', 'gen', 'lease_until', 'fingerprint', 'expires', 'kind', 'result', 'waited'))

local function granted(took_over)
    return string.format('GRANTED %d %d %s %s %s', now, took_over, gen, lease_until, expires)
end

local function refused(verdict)
    owner, fingerprint = owner or '', fingerprint or ''
    return string.format('%s %d %s %s %s %s %s %d %d\\n', verdict, now, gen or '0', lease_until or '0', expires or '0',
        state or '', kind or '', #owner, #fingerprint) .. owner .. fingerprint .. (result or '')
end
"""

_LIST = """
if waited and not KEYS[2] then return 'WAITED' end
"""

_KEEP = """
redis.call('PEXPIREAT', key, math.floor(expires / 1000 + @CLEAN_UP_S@) * 1000)
"""

_TELL = """
if waited then
    redis.call('RPUSH', KEYS[2], '1')
    redis.call('PEXPIRE', KEYS[2], @TOKEN_MS@)
end
"""

_ACQUIRE = f"""
local me, payload, takeover = ARGV[1], ARGV[2], ARGV[5] == '1'
local ran = state == 'R'
if state then
    local abandoned = ran and now > lease_until + @SKEW_MS@ and fingerprint == payload and owner ~= me and takeover
    if state ~= 'F' and now <= tonumber(expires) and not abandoned then
        if fingerprint ~= payload then return refused('MISMATCH') end
        if state == 'D' then return refused('REPLAY') end
        if owner == me then return refused('MINE') end
        if not waited then redis.call('HSET', key, 'waited', '1') end
        return refused('BUSY')
    end
    {_LIST}
    if waited then redis.call('DEL', KEYS[2]) end
    redis.call('HDEL', key, 'kind', 'result')
end
gen = string.format('%d', state and gen + 1 or now)
lease_until = string.format('%d', now + ARGV[3])
expires = string.format('%d', now + ARGV[4])
redis.call('HSET', key, 'state', 'R', 'owner', me, 'gen', gen, 'lease_until', lease_until, 'fingerprint', payload,
    'expires', expires)
{_KEEP}
return granted(ran and 1 or 0)
"""

_HELD = """
local mine = owner == ARGV[1] and gen == ARGV[2]
"""

_COMPLETE = f"""
{_HELD}
if state == 'R' and mine then
    {_LIST}
    expires = string.format('%d', now + ARGV[3])
    redis.call('HSET', key, 'state', 'D', 'expires', expires, 'kind', ARGV[4], 'result', ARGV[5])
    {_KEEP}
    {_TELL}
    return granted(0)
end
if state == 'D' and mine then return refused('FINE') end
if state == 'D' and fingerprint == ARGV[6] then return refused('THEIRS') end
return refused('LOST')
"""

_RELEASE = f"""
{_HELD}
if state ~= 'R' or not mine then return refused('LOST') end
{_LIST}
redis.call('HSET', key, 'state', 'F')
{_TELL}
return granted(0)
"""

_EXTEND = f"""
{_HELD}
if state ~= 'R' or not mine then return refused('LOST') end
lease_until = string.format('%d', now + ARGV[3])
expires = string.format('%d', now + ARGV[4])
redis.call('HSET', key, 'lease_until', lease_until, 'expires', expires)
{_KEEP}
return granted(0)
"""


class Script(NamedTuple):
    """A move. ``sha``: by which the server knows it once it has seen the ``source``. ``writes``: the state of a record
    when it was granted."""

    sha: bytes
    source: bytes
    writes: State


WAITED = b"WAITED"
"""The answer of a script that has to be called again with the list's key, too."""


class Scripts(NamedTuple):
    """One script for each move."""

    acquire: Script
    complete: Script
    release: Script
    extend: Script


def scripts(clock: str = SERVER_TIME) -> Scripts:
    """The scripts of all moves. ``clock``: Lua that sets ``now``."""
    return Scripts(
        _script(clock + _RECORD + _ACQUIRE, "R"),
        _script(clock + _RECORD + _COMPLETE, "D"),
        _script(clock + _RECORD + _RELEASE, "F"),
        _script(clock + _RECORD + _EXTEND, "R"),
    )


def _script(text: str, writes: State) -> Script:
    for name, number in (("CLEAN_UP_S", CLEAN_UP_S), ("SKEW_MS", SKEW_MS), ("TOKEN_MS", TOKEN_MS)):
        text = text.replace(f"@{name}@", str(number))
    source = text.encode()
    return Script(sha1(source, usedforsecurity=False).hexdigest().encode(), source, writes)


# What each script takes as ARGV


def to_acquire(claim: Claim) -> Sequence[bytes]:
    takeover = b"1" if claim.takeover else b"0"
    lease, retention = b"%d" % claim.lease_ms, b"%d" % claim.retention_ms
    return (claim.owner.encode(), claim.fingerprint.encode(), lease, retention, takeover)


def to_complete(claim: Claim, outcome: Outcome) -> Sequence[bytes]:
    retention, kind = b"%d" % claim.retention_ms, outcome.kind.encode()
    return (claim.owner.encode(), b"%d" % claim.gen, retention, kind, outcome.result, claim.fingerprint.encode())


def to_release(claim: Claim) -> Sequence[bytes]:
    return (claim.owner.encode(), b"%d" % claim.gen)


def to_extend(claim: Claim) -> Sequence[bytes]:
    return (claim.owner.encode(), b"%d" % claim.gen, b"%d" % claim.lease_ms, b"%d" % claim.retention_ms)


# What they answer: one line of words; after it, when the move was refused, the record's texts one after the other.

_VERDICTS = {verdict.name.encode(): verdict for verdict in Verdict}
_STATES: dict[bytes, State] = {b"": "", b"R": "R", b"D": "D", b"F": "F"}
_KINDS: dict[bytes, Kind] = {b"": "", b"ok": "ok", b"error": "error", b"omitted": "omitted"}


def read(answer: bytes, script: Script, claim: Claim, outcome: Outcome = NOTHING) -> Reply:
    """A script's answer to this claim. What a granted move has written is not sent back: it is known here."""
    if answer.startswith(b"GRANTED"):
        _, time, took_over, gen, lease_until, until = answer.split(b" ")
        expires = int(until)
        entry = Entry(
            *(script.writes, claim.owner, int(gen), int(lease_until), claim.fingerprint),
            *(expires, _ttl(expires), outcome.result, outcome.kind),
        )
        return Reply(Verdict.GRANTED, entry, int(time), took_over == b"1")
    line, _, texts = answer.partition(b"\n")
    verdict, *words, owner_size, fingerprint_size = line.split(b" ")
    time, gen, lease_until, until, state, kind = words
    owner_end = int(owner_size)
    end = owner_end + int(fingerprint_size)
    expires = int(until)
    entry = Entry(
        *(_STATES[state], texts[:owner_end].decode(), int(gen), int(lease_until), texts[owner_end:end].decode()),
        *(expires, _ttl(expires) if state else 0, texts[end:], _KINDS[kind]),
    )
    return Reply(_VERDICTS[verdict], entry, int(time))


def _ttl(expires: int) -> int:
    return expires // 1_000 + CLEAN_UP_S
