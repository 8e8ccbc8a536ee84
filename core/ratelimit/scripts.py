"""The Lua scripts of the rate limiter, each of which Redis runs atomically, and their keys.

Times are in milliseconds, on Redis' own clock. That clock may be set back. No time is believed that
lies further in the future than it can have been written; else a clock that was two hours ahead for
a moment would stop all calls for two hours.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.ratelimit.notation import Window

KEY_PREFIX = "tidings:limit"
OPEN_UNTIL, TRIAL = "open_until", "trial"
# Another call may try after this time.
TRIAL_MS = 3000

# `open_until` holds a time, and how long the service asked to be left alone.
_CLOCK = """
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000

local function set_open_until(key, ends, length)
  local value = string.format('%.3f %.3f', ends, length)
  redis.call('SET', key, value, 'PX', math.ceil(length) + 600000)
end

local function read_open_until(key)
  local ends, length = string.match(redis.call('GET', key) or '', '^(%S+) (%S+)$')
  ends, length = tonumber(ends or 0), tonumber(length or 0)
  if ends > now + length then
    ends = now + length
    set_open_until(key, ends, length)
  end
  return ends
end
"""


class Keys:
    """Names of what the rate limiter of one service and credential keeps in Redis."""

    def __init__(self, service: str, credential: str, windows: Sequence[Window]) -> None:
        base = f"{KEY_PREFIX}:{service}:{credential}"
        # It holds the run id of the Redis server whose windows are complete.
        self.run_id = f"{base}:run_id"
        # It holds the time at which the circuit breaker lets a call try.
        self.open_until = f"{base}:{OPEN_UNTIL}"
        # The call that tries holds it.
        self.trial = f"{base}:{TRIAL}"
        # It holds the time at which the next call is due at even spacing.
        self.spacing = f"{base}:spacing"
        # The process that rebuilds the windows holds this lock.
        self.recovery = f"{base}:recovery"
        self.windows = [f"{base}:{window.seconds}s" for window in windows]


# KEYS: run id, open until, trial, spacing, a set per window. ARGV: count, first id, hold, spacing
# and tolerance, then calls and length per window. Spacing only smooths, so that a window is not
# used up in one burst that slows the service: its key holds the time that the calls granted so far
# would take at that spacing (the generic cell rate algorithm).
# Returns {granted, µs to wait, reason: -2 recovery, -1 open circuit, 0 granted, k the k-th window}.
TAKE_PERMITS = (
    _CLOCK
    + f"local trial_ms = {TRIAL_MS}\n"
    + """
local clock_slack = 1000

if #KEYS > 4 then
  local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  if redis.call('GET', KEYS[1]) ~= run_id then return {0, 0, -2} end
end

local count = tonumber(ARGV[1])
local open_until = read_open_until(KEYS[2])
if open_until > now then return {0, (open_until - now) * 1000, -1} end
if open_until > 0 then
  if redis.call('PTTL', KEYS[3]) > trial_ms then redis.call('DEL', KEYS[3]) end
  local is_first = redis.call('SET', KEYS[3], ARGV[2], 'NX', 'PX', trial_ms)
  if not is_first then return {0, 100000, -1} end
  count = 1
end

local granted, wait, reason = count, 0, 0
local spacing, tolerance = tonumber(ARGV[4]), tonumber(ARGV[5])
local due = math.max(tonumber(redis.call('GET', KEYS[4]) or 0), now)
if due > now + tolerance + clock_slack then due = now end
if spacing > 0 then
  granted = math.min(count, math.floor((now + tolerance - due) / spacing))
  if granted < 1 then return {0, math.ceil((due + spacing - tolerance - now) * 1000), 1} end
end

for k = 5, #KEYS do
  local calls, length = tonumber(ARGV[6 + 2 * (k - 5)]), tonumber(ARGV[7 + 2 * (k - 5)])
  redis.call('ZREMRANGEBYSCORE', KEYS[k], '-inf', now)
  local latest = now + tonumber(ARGV[3]) + length + clock_slack
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[k], '(' .. latest, '+inf')) do
    redis.call('ZADD', KEYS[k], now + length, id)
  end
  local used = redis.call('ZCARD', KEYS[k])
  local free = calls - used
  if free < granted then granted = math.max(free, 0) end
  if free <= 0 then
    local opens = redis.call('ZRANGE', KEYS[k], used - calls, used - calls, 'WITHSCORES')
    -- a permit in flight is held longer: stamped now, it would end a window from now
    local ms = math.min(tonumber(opens[2]) - now, length)
    if ms > wait then wait, reason = ms, k - 4 end
  end
end
if granted == 0 then
  if open_until > 0 then redis.call('DEL', KEYS[3]) end
  return {0, math.ceil(wait * 1000), reason}
end

local first_id = tonumber(ARGV[2])
if spacing > 0 then
  due = due + granted * spacing
  redis.call('SET', KEYS[4], string.format('%.3f', due), 'PX', 60000)
end
for k = 5, #KEYS do
  local ends = now + tonumber(ARGV[3]) + tonumber(ARGV[7 + 2 * (k - 5)])
  for i = 0, granted - 1 do redis.call('ZADD', KEYS[k], ends, first_id + i) end
  redis.call('PEXPIREAT', KEYS[k], math.ceil(ends) + 60000)
end
return {granted, 0, 0}
"""
)

# KEYS: open until, trial, a set per window. ARGV: hold, 1 for a success that closes the circuit,
# length of each window, then each id and the time since its response.
STAMP_PERMITS = (
    _CLOCK
    + """
local windows = #KEYS - 2
for k = 1, windows do
  local key = KEYS[k + 2]
  local ends = now + tonumber(ARGV[1]) + tonumber(ARGV[2 + k])
  for i = 3 + windows, #ARGV, 2 do
    redis.call('ZADD', key, ends - tonumber(ARGV[i + 1]), ARGV[i])
  end
  redis.call('PEXPIREAT', key, math.ceil(ends) + 60000)
end

if ARGV[2] == '1' then
  local open_until = read_open_until(KEYS[1])
  if open_until > 0 and open_until <= now then redis.call('DEL', KEYS[1], KEYS[2]) end
end
return now
"""
)

# KEYS: open until, trial. ARGV: how long. The longest time counts. The key outlives it, so that
# one call tries first.
OPEN_CIRCUIT = (
    _CLOCK
    + """
local length = tonumber(ARGV[1])
redis.call('DEL', KEYS[2])
if now + length > read_open_until(KEYS[1]) then set_open_until(KEYS[1], now + length, length) end
return now + length
"""
)

# KEYS: open until, trial. One call may try at once, whatever time the service named.
REOPEN_CIRCUIT = (
    _CLOCK
    + """
set_open_until(KEYS[1], now, 0)
redis.call('DEL', KEYS[2])
"""
)

# KEYS: recovery, a long window's set. ARGV: token of the lock, length of the window, then minute
# and calls in turn.
REFILL_WINDOW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])

local last = 0
for i = 3, #ARGV, 2 do
  local ends = (tonumber(ARGV[i]) + 1) * 60000 + tonumber(ARGV[2])
  for n = 1, tonumber(ARGV[i + 1]) do
    redis.call('ZADD', KEYS[2], ends, 'm' .. ARGV[i] .. ':' .. n)
  end
  last = math.max(last, ends)
end
if last > 0 then redis.call('PEXPIREAT', KEYS[2], last + 60000) end
return 1
"""

# KEYS: recovery, run id, when the loss was noticed. ARGV: token of the lock, run id.
END_RECOVERY = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('DEL', KEYS[1], KEYS[3])
return 1
"""
