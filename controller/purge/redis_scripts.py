"""What happens in Redis at once: the Lua scripts of the purge log and of the leases.

Keys of a service, all with one hash tag: ``log``, a stream of the entries, each with its
predecessor's seq; ``meta``, a hash of the log's id, the Redis process it was last seen in, its head
and up to where it was trimmed; ``intents``, a hash of name to session and purge; ``alive:SESSION``,
there as long as that controller lives; ``leases`` and ``applied``, hashes by the nodes' boot.
"""

from __future__ import annotations

from typing import Final

OTHER_LOG: Final = "SHELLAC-OTHER-LOG"
"""How the error begins that a script gives when its caller believes in another log."""

_NOW: Final = """
local time = redis.call('TIME')
local ms = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end
"""

_APPEND: Final = (
    _NOW
    + """
local floor = 0
local function append(purge)
  local head = tonumber(redis.call('HGET', KEYS[2], 'head'))
  local seq = math.max(head, floor) + 1
  if ms * 100 > seq then seq = ms * 100 end
  redis.call('XADD', KEYS[1], text(seq) .. '-0', 'before', text(head), 'at', text(ms),
    'purge', purge)
  redis.call('HSET', KEYS[2], 'head', text(seq))
  return text(seq)
end
"""
)

_SAME_LOG: Final = f"""
if redis.call('HGET', KEYS[2], 'id') ~= ARGV[1] then
  return redis.error_reply('{OTHER_LOG}')
end
"""

OPEN: Final = (
    _APPEND
    + """
-- KEYS log meta; ARGV run, new id, flush, the id and the newest seq that the caller knows
local function lost(seq)
  return tonumber(seq) > tonumber(redis.call('HGET', KEYS[2], 'trimmed'))
    and #redis.call('XRANGE', KEYS[1], seq .. '-0', seq .. '-0') == 0
end
floor = tonumber(ARGV[5])
if redis.call('HEXISTS', KEYS[2], 'id') == 0 then
  -- What is left of another log says nothing: every node is flushed for the new id.
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[2], 'id', ARGV[2], 'run', ARGV[1], 'head', '0', 'trimmed', '0',
    'since', text(ms))
elseif redis.call('HGET', KEYS[2], 'run') ~= ARGV[1]
    or redis.call('HGET', KEYS[2], 'id') == ARGV[4] and lost(ARGV[5]) then
  redis.call('HSET', KEYS[2], 'run', ARGV[1], 'since', text(ms))
  append(ARGV[3])
end
return redis.call('HMGET', KEYS[2], 'id', 'head', 'trimmed')
"""
)
"""Make the log where there is none; purge everything where Redis is another process than before,
or has lost what the caller knows of. ``since``: from then on all leases are known here.
"""

WRITE: Final = (
    _SAME_LOG
    + _APPEND
    + """
-- KEYS log meta intents alive; ARGV id, session, its milliseconds, highest seq known,
-- then for each write: kind, intent, purge
floor = tonumber(ARGV[4])
redis.call('SET', KEYS[4], '1', 'PX', ARGV[3])
local seqs = {}
for i = 5, #ARGV, 3 do
  local kind, intent, purge = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if kind == 'intend' then
    redis.call('HSET', KEYS[3], intent, ARGV[2] .. ' ' .. purge)
  elseif intent ~= '' then
    redis.call('HDEL', KEYS[3], intent)
  end
  seqs[#seqs + 1] = kind == 'append' and append(purge) or ''
end
return {text(ms), seqs}
"""
)

ADOPT: Final = (
    _SAME_LOG
    + _APPEND
    + """
-- KEYS log meta intents alive; ARGV id, its milliseconds, what keys of live sessions begin with
redis.call('SET', KEYS[4], '1', 'PX', ARGV[2])
local adopted = 0
local all = redis.call('HGETALL', KEYS[3])
for i = 1, #all, 2 do
  local session, purge = all[i + 1]:match('^(%S+) (.*)$')
  if not session or redis.call('EXISTS', ARGV[3] .. session) == 0 then
    append(purge or '')
    redis.call('HDEL', KEYS[3], all[i])
    adopted = adopted + 1
  end
end
return adopted
"""
)
"""Purge for the intents of controllers that live no more."""

TRIM: Final = (
    _SAME_LOG
    + _NOW
    + """
-- KEYS log meta; ARGV id, milliseconds kept, entries kept
local dropped = redis.call('XTRIM', KEYS[1], 'MINID', text(math.max(0, (ms - ARGV[2]) * 100)))
dropped = dropped + redis.call('XTRIM', KEYS[1], 'MAXLEN', ARGV[3])
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', '1')[1]
local trimmed = redis.call('HGET', KEYS[2], 'head')
if first then
  for i = 1, #first[2], 2 do
    if first[2][i] == 'before' then trimmed = first[2][i + 1] end
  end
end
redis.call('HSET', KEYS[2], 'trimmed', trimmed)
return dropped
"""
)

LEASE: Final = (
    _SAME_LOG
    + _NOW
    + """
-- KEYS leases meta applied; ARGV id, boot, address, milliseconds, milliseconds remembered
redis.call('HSET', KEYS[1], ARGV[2], text(ms + ARGV[4]) .. ' ' .. ARGV[3])
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if tonumber(all[i + 1]:match('^%d+')) + ARGV[5] < ms then
    redis.call('HDEL', KEYS[1], all[i])
    redis.call('HDEL', KEYS[3], all[i])
  end
end
return redis.call('HGET', KEYS[2], 'head')
"""
)

LEASED: Final = (
    _NOW
    + """
-- KEYS leases applied meta. Milliseconds since when leases are known; then for each node: boot,
-- milliseconds left, address, what it has applied
local found = {text(ms - tonumber(redis.call('HGET', KEYS[3], 'since') or ms))}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local ends, address = all[i + 1]:match('^(%d+) (.*)$')
  local applied = redis.call('HGET', KEYS[2], all[i]) or ''
  found[#found + 1] = {all[i], text(tonumber(ends) - ms), address, applied}
end
return found
"""
)

REPORT: Final = """
-- KEYS applied; ARGV boot, what it has applied, channel
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('PUBLISH', ARGV[3], ARGV[1] .. ' ' .. ARGV[2])
"""
