"""The Lua scripts of the rate limiter, each of which Redis runs atomically, and their keys.

Times are in milliseconds, on Redis' own clock. That clock may be set back. No time is believed that
lies further in the future than it can have been written; else a clock that was two hours ahead for
a moment would stop all calls for two hours.

A window of calls is a sorted set of permits, scored by the time at which each stops counting. A
window of tokens or cost has a hash beside it, of the weight of each permit and of their sum. What a
call used is added to a bucket of a thousandth of the window when its response came, so that the set
holds a thousand buckets and the calls in flight, however many calls are made.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.ratelimit.notation import LimitedResource, Window

KEY_PREFIX = "tidings:limit"
OPEN_UNTIL, TRIAL = "open_until", "trial"
# Another call may try after this time.
TRIAL_MS = 3000
# A permit outlives its last renewal by this time, beside the window itself.
HOLD_MS = 3000
# A process that asked less long ago keeps the place of its oldest call.
WAITER_MS = 1500
# Calls that arrived less long after the oldest need not wait for its process to ask, but where the
# oldest call has found no room for the second time.
YIELD_MS, PATIENCE_MS = 500, 250

# `open_until` holds a time, and how long the service asked to be left alone.
_CLOCK = """
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local clock_slack = 1000

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

# A window is read from three arguments: 0 for calls or the number of its unit, amount, length.
# `lowered` holds what the service said of a unit, less than our windows: how much is left, and a
# limit. Each has its end, when it was said, and for how long.
_WINDOWS = """
local whole = function(number) return string.format('%.0f', number) end

local function read_windows(first_key, first_argument)
  local windows = {}
  for k = first_key, #KEYS do
    local at = first_argument + 3 * (k - first_key)
    local length = tonumber(ARGV[at + 2])
    windows[#windows + 1] = {
      key = KEYS[k], weights = KEYS[k] .. ':weights', unit = tonumber(ARGV[at]),
      amount = tonumber(ARGV[at + 1]), length = length, bucket = length / 1000,
    }
  end
  return windows, first_argument + 3 * #windows
end

local function set_weight(window, id, weight)
  local before = tonumber(redis.call('HGET', window.weights, id) or 0)
  if weight == before then return end
  if weight > 0 then redis.call('HSET', window.weights, id, whole(weight))
  else redis.call('HDEL', window.weights, id) end
  redis.call('HINCRBY', window.weights, 'sum', whole(weight - before))
end

local function count_weight(window, id, ends, weight)
  if weight > 0 then redis.call('ZADD', window.key, ends, id) end
  set_weight(window, id, weight)
end

local function add_to_bucket(window, ends, weight)
  local index = math.ceil(ends / window.bucket)
  local bucket = 'b' .. whole(index)
  local before = tonumber(redis.call('HGET', window.weights, bucket) or 0)
  count_weight(window, bucket, index * window.bucket, before + weight)
end

local function expire_at(window, ends)
  redis.call('PEXPIREAT', window.key, math.ceil(ends) + 60000)
  if window.unit > 0 then redis.call('PEXPIREAT', window.weights, math.ceil(ends) + 60000) end
end

-- Drop what has ended; return what is used.
local function read_used(window, hold)
  if window.unit > 0 then
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', window.key, '-inf', now)) do
      set_weight(window, id, 0)
    end
  end
  redis.call('ZREMRANGEBYSCORE', window.key, '-inf', now)

  local latest = now + hold + window.length + clock_slack
  if window.unit > 0 then latest = latest + window.bucket end
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', window.key, '(' .. latest, '+inf')) do
    redis.call('ZADD', window.key, now + window.length, id)
  end

  if window.unit == 0 then return redis.call('ZCARD', window.key) end
  return tonumber(redis.call('HGET', window.weights, 'sum') or 0)
end

local function read_lowered(key, field)
  local text = redis.call('HGET', key, field)
  if not text then return nil end
  local amount, ends, said, length = string.match(text, '^(%S+) (%S+) (%S+) (%S+)$')
  length = tonumber(length)
  ends, said = math.min(tonumber(ends), now + length), math.min(tonumber(said), now)
  if ends <= now then
    redis.call('HDEL', key, field)
    return nil
  end
  return {amount = tonumber(amount), ends = ends, said = said, length = length}
end

local function write_lowered(key, field, lowered)
  redis.call('HSET', key, field, string.format(
    '%.0f %.3f %.3f %.3f', lowered.amount, lowered.ends, lowered.said, lowered.length))
  redis.call('PEXPIRE', key, 90000000)
end

-- Lower the amount of each window to the limit that the service stated for about a minute; return
-- what it said is left of each unit.
local function lower_windows(key, windows)
  local left = {}
  if redis.call('EXISTS', key) == 0 then return left end
  for _, window in ipairs(windows) do
    left[window.unit] = left[window.unit] or read_lowered(key, window.unit .. ':left')
    local limit = read_lowered(key, window.unit .. ':limit')
    if limit and window.length <= 60000 and limit.amount < window.amount then
      window.amount, window.lowered_until = limit.amount, limit.ends
    end
  end
  return left
end

-- What has been taken of a unit only grows. A counter that was lost begins higher than it can have
-- been, so that none of what was noted before is above it.
local function read_taken(key, unit)
  return tonumber(redis.call('HGET', key, unit) or whole(now * 1000))
end

-- Count what is taken of each unit; return what is free and has been taken, together, which taking
-- more does not change: -1 for a unit without windows.
local function count_taken(key, windows, taken)
  local free, headrooms = {}, {-1, -1, -1}
  for _, window in ipairs(windows) do
    free[window.unit] = math.min(free[window.unit] or math.huge, window.amount - window.used)
  end
  for unit, amount in pairs(free) do
    local before = read_taken(key, unit)
    redis.call('HSET', key, unit, whole(before + (taken[unit] or 0)))
    headrooms[unit + 1] = amount + before
  end
  redis.call('PEXPIRE', key, 90000000)
  return headrooms
end

local function take_from_left(key, left, unit, weight)
  if left[unit] and weight > 0 then
    left[unit].amount = left[unit].amount - weight
    write_lowered(key, unit .. ':left', left[unit])
  end
end
"""

# The first keys are: run id, open until, trial, lowered. Where the run id and version are others
# than the noted ones, the windows are not complete. Returns whether this call tries first.
_ADMISSION = (
    f"local trial_ms = {TRIAL_MS}\n"
    """
local function admit(id, is_limited, version)
  if is_limited then
    local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
    if redis.call('GET', KEYS[1]) ~= run_id .. version then return false, {0, 0, -2} end
  end
  local open_until = read_open_until(KEYS[2])
  if open_until > now then return false, {0, (open_until - now) * 1000, -1} end
  if open_until > 0 then
    if redis.call('PTTL', KEYS[3]) > trial_ms then redis.call('DEL', KEYS[3]) end
    local is_first = redis.call('SET', KEYS[3], id, 'NX', 'PX', trial_ms)
    if not is_first then return false, {0, 100000, -1} end
    return true
  end
  return false
end
"""
)


class Keys:
    """Names of what the rate limiter of one service and credential keeps in Redis."""

    def __init__(self, service: str, credential: str, windows: Sequence[Window] = ()) -> None:
        self._base = base = f"{KEY_PREFIX}:{service}:{credential}"
        # It holds the run id of the Redis server whose windows are complete, and the version of the
        # limits.
        self.run_id = f"{base}:run_id"
        # It holds the time at which the circuit breaker lets a call try.
        self.open_until = f"{base}:{OPEN_UNTIL}"
        # The call that tries holds it.
        self.trial = f"{base}:{TRIAL}"
        # It holds what the service said of its own limits.
        self.lowered = f"{base}:lowered"
        # It holds what has been taken of each unit since it was lost.
        self.taken = f"{base}:taken"
        # It holds the time at which the next call is due at even spacing.
        self.spacing = f"{base}:spacing"
        # Of each process that waits, these hold when its oldest call arrived, when it last asked,
        # and since when there is no room for that call.
        self.waiting = [f"{base}:waiting", f"{base}:waiting:seen", f"{base}:waiting:blocked"]
        # The process that rebuilds the windows holds this lock.
        self.recovery = f"{base}:recovery"
        self.name_windows(windows)

    def name_windows(self, windows: Sequence[Window]) -> None:
        """Name the sets of *windows*."""
        self.windows = [f"{self._base}:{_window_name(window)}" for window in windows]


def _window_name(window: Window) -> str:
    resource = "" if window.resource is LimitedResource.CALLS else f":{window.resource}"
    return f"{window.seconds}s{resource}"


# KEYS: run id, open until, trial, lowered, taken, spacing, a set per window. ARGV: count, first id,
# hold, spacing and tolerance, version, then the windows, all of calls. Spacing only smooths: a
# window is not used up in one burst that slows the service. Its key holds the time that the calls
# granted so far would take at that spacing (the generic cell rate algorithm).
# Returns {granted, µs to wait, reason: -2 recovery, -1 open circuit, 0 granted, k the k-th window;
# 1 if the service says less than our windows; if any were granted what `count_taken` returns}.
TAKE_PERMITS = (
    _CLOCK
    + _WINDOWS
    + _ADMISSION
    + """
local tries_first, refusal = admit(ARGV[2], #KEYS > 6, ARGV[6])
if refusal then return refusal end

local count, hold = tonumber(ARGV[1]), tonumber(ARGV[3])
if tries_first then count = 1 end
local granted, wait, reason, is_lowered = count, 0, 0, 0
local spacing, tolerance = tonumber(ARGV[4]), tonumber(ARGV[5])
local due = math.max(tonumber(redis.call('GET', KEYS[6]) or 0), now)
if due > now + tolerance + clock_slack then due = now end
if spacing > 0 then
  granted = math.min(count, math.floor((now + tolerance - due) / spacing))
  if granted < 1 then return {0, math.ceil((due + spacing - tolerance - now) * 1000), 1} end
end

local windows = read_windows(7, 7)
local left = lower_windows(KEYS[4], windows)
for k, window in ipairs(windows) do
  local used = read_used(window, hold)
  window.used = used
  local free = window.amount - used
  if free < granted then granted = math.max(free, 0) end
  if free <= 0 then
    local from = used - window.amount
    local opens = redis.call('ZRANGE', window.key, from, from, 'WITHSCORES')
    -- a permit in flight is held longer: stamped now, it would end a window from now
    local ms = math.min(tonumber(opens[2] or math.huge) - now, window.length)
    if ms > wait then wait, reason, is_lowered = ms, k, window.lowered_until and 1 or 0 end
  end
end
if left[0] and left[0].amount < granted then
  granted = math.max(left[0].amount, 0)
  if granted == 0 then wait, reason, is_lowered = left[0].ends - now, 1, 1 end
end
if granted == 0 then
  if tries_first then redis.call('DEL', KEYS[3]) end
  return {0, math.ceil(wait * 1000), reason, is_lowered}
end

local first_id = tonumber(ARGV[2])
if spacing > 0 then
  due = due + granted * spacing
  redis.call('SET', KEYS[6], string.format('%.3f', due), 'PX', 60000)
end
for _, window in ipairs(windows) do
  local ends = now + hold + window.length
  for i = 0, granted - 1 do redis.call('ZADD', window.key, ends, first_id + i) end
  expire_at(window, ends)
end
take_from_left(KEYS[4], left, 0, granted)
return {granted, 0, 0, 0, unpack(count_taken(KEYS[5], windows, {[0] = granted}))}
"""
)

# KEYS: run id, open until, trial, lowered, taken, three sets of what waits, a set per window. ARGV:
# the process's own number, hold, how many units have weights, version, the windows, then the calls
# of the process, the oldest first: id, age, and the weight of each unit.
# A call is granted in every window or in none, the oldest first: where it has to wait, calls that
# arrived later wait too, in whichever process, so that many small ones do not starve a large one.
# Returns as `TAKE_PERMITS` does; the reason -3 is an older call of another process.
TAKE_WEIGHTED_PERMITS = (
    _CLOCK
    + _WINDOWS
    + _ADMISSION
    + f"local waiter_ms, yield_ms, patience_ms = {WAITER_MS}, {YIELD_MS}, {PATIENCE_MS}\n"
    + """
local own, hold, units = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local windows, first = read_windows(9, 5)
local tries_first, refusal = admit(ARGV[first], true, ARGV[4])
if refusal then return refusal end

for _, range in ipairs({{'-inf', now - waiter_ms}, {now + clock_slack, '+inf'}}) do
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[7], range[1], range[2])) do
    for k = 6, 8 do redis.call('ZREM', KEYS[k], gone) end
  end
end
redis.call('ZREM', KEYS[6], own)
local oldest = redis.call('ZRANGE', KEYS[6], 0, 0, 'WITHSCORES')
local latest = tonumber(oldest[2] or math.huge)
local blocked_since = oldest[1] and redis.call('ZSCORE', KEYS[8], oldest[1])
local is_oldest_blocked = blocked_since and tonumber(blocked_since) <= now - patience_ms
if not is_oldest_blocked then latest = latest + yield_ms end

local left = lower_windows(KEYS[4], windows)
for _, window in ipairs(windows) do
  window.used = read_used(window, hold)
  window.used_before = window.used
end

-- Return in how many ms so much more may fit into a window at the earliest.
local function ms_to_room(window, missing)
  if window.unit == 0 then
    local opens = redis.call('ZRANGE', window.key, missing - 1, missing - 1, 'WITHSCORES')
    return math.min(tonumber(opens[2] or math.huge) - now, window.length)
  end

  -- A call in flight, whose id is a number, may be settled at nothing at any moment.
  local held = redis.call('ZRANGEBYSCORE', window.key, '(' .. now + window.length, '+inf')
  for _, id in ipairs(held) do
    if tonumber(id) then
      missing = missing - tonumber(redis.call('HGET', window.weights, id) or 0)
    end
  end
  local from = 0
  while missing > 0 do
    local page = redis.call('ZRANGE', window.key, from, from + 99, 'WITHSCORES')
    if #page == 0 then return window.length end
    for i = 1, #page, 2 do
      missing = missing - tonumber(redis.call('HGET', window.weights, page[i]) or 0)
      if missing <= 0 then return math.min(tonumber(page[i + 1]) - now, window.length) end
    end
    from = from + 100
  end
  return 0
end

local granted, wait, reason, is_lowered = 0, 0, 0, 0
local taken = {[0] = 0, 0, 0}
local arrived
for at = first, #ARGV, 2 + units do
  arrived = now - tonumber(ARGV[at + 1])
  if arrived > latest then
    reason = -3
    break
  end

  local weights = {[0] = 1}
  for unit = 1, units do weights[unit] = tonumber(ARGV[at + 1 + unit]) end
  for k, window in ipairs(windows) do
    local weight = weights[window.unit]
    local missing = window.used + weight - window.amount
    local said = left[window.unit]
    if weight > 0 and missing > 0 then
      local ms = ms_to_room(window, missing)
      if ms >= wait then wait, reason, is_lowered = ms, k, window.lowered_until and 1 or 0 end
    end
    if said and weight > said.amount and said.ends - now >= wait then
      wait, reason, is_lowered = said.ends - now, k, 1
    end
  end
  if reason ~= 0 then break end

  for _, window in ipairs(windows) do
    local ends = now + hold + window.length
    local weight = weights[window.unit]
    window.used = window.used + weight
    if window.unit == 0 then redis.call('ZADD', window.key, ends, ARGV[at])
    else count_weight(window, ARGV[at], ends, weight) end
    expire_at(window, ends)
  end
  for unit = 0, units do
    take_from_left(KEYS[4], left, unit, weights[unit])
    taken[unit] = taken[unit] + weights[unit]
  end
  granted = granted + 1
  if tries_first then break end
end

if granted == 0 and tries_first then redis.call('DEL', KEYS[3]) end
if granted > 0 then redis.call('ZREM', KEYS[8], own) end
if reason ~= 0 then
  redis.call('ZADD', KEYS[6], arrived, own)
  redis.call('ZADD', KEYS[7], now, own)
  if reason > 0 then redis.call('ZADD', KEYS[8], 'NX', now, own) end
  for k = 6, 8 do redis.call('PEXPIRE', KEYS[k], 60000) end
end
for _, window in ipairs(windows) do window.used = window.used_before end
local headrooms = count_taken(KEYS[5], windows, taken)
return {granted, math.ceil(wait * 1000), reason, is_lowered, unpack(headrooms)}
"""
)

# KEYS: open until, trial, lowered, taken, run id, a set per window. ARGV: hold, 1 for a success
# that closes the circuit, 1 if all this may have been counted before, how many units have weights,
# how many permits, the windows, then each permit: id, the time since its response and the weight of
# each unit; then what the service said: the number of a unit (0 for calls), what is left and the
# limit of it (-1 if it did not say), for how long, the time since the call was permitted and since
# its response, and what `count_taken` returned then. Returns what is noted at the run id.
STAMP_PERMITS = (
    _CLOCK
    + _WINDOWS
    + """
local hold, is_again = tonumber(ARGV[1]), ARGV[3] == '1'
local units, permits = tonumber(ARGV[4]), tonumber(ARGV[5])
local windows, first = read_windows(6, 6)
local last = first + permits * (2 + units)

for _, window in ipairs(windows) do
  local ends = now + hold + window.length
  for at = first, last - 1, 2 + units do
    local id, counted_until = ARGV[at], ends - tonumber(ARGV[at + 1])
    if window.unit == 0 then
      redis.call('ZADD', window.key, counted_until, id)
    else
      local weight = tonumber(ARGV[at + 1 + window.unit])
      if hold > 0 then
        count_weight(window, id, counted_until, weight)
      elseif redis.call('ZREM', window.key, id) == 1 or not is_again then
        set_weight(window, id, 0)
        add_to_bucket(window, counted_until, weight)
      end
    end
  end
  expire_at(window, ends)
end

-- Less is always believed, more if the call was permitted after that was said: an answer may be
-- older than one that came before it.
local function believe(field, amount, ms, permitted, answered, is_less)
  local before = read_lowered(KEYS[3], field)
  if before and amount >= before.amount and permitted <= before.said then return end
  local lowered = {amount = amount, ends = answered + ms, said = answered, length = ms}
  if is_less then write_lowered(KEYS[3], field, lowered)
  else redis.call('HDEL', KEYS[3], field) end
end

-- The service says less than our windows only if it is less than what was free when the call was
-- permitted, but for what was taken since: what has left our windows meanwhile may still count in
-- the service's.
for at = last, #ARGV, 7 do
  local unit, left, limit = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local ms = tonumber(ARGV[at + 3])
  local permitted, answered = now - tonumber(ARGV[at + 4]), now - tonumber(ARGV[at + 5])
  local most = 0
  for _, window in ipairs(windows) do
    if window.unit == unit then most = math.max(most, window.amount) end
  end
  if left >= 0 then
    local free = tonumber(ARGV[at + 6]) - read_taken(KEYS[4], unit)
    believe(unit .. ':left', left, ms, permitted, answered, left < free)
  end
  if limit >= 0 then
    ms = math.max(ms, 60000)
    believe(unit .. ':limit', limit, ms, permitted, answered, limit < most)
  end
end

if ARGV[2] == '1' then
  local open_until = read_open_until(KEYS[1])
  if open_until > 0 and open_until <= now then redis.call('DEL', KEYS[1], KEYS[2]) end
end
return redis.call('GET', KEYS[5])
"""
)

# KEYS: a set per window. ARGV: the windows, then ids of permits with which no call was made.
REMOVE_PERMITS = (
    _CLOCK
    + _WINDOWS
    + """
local windows, first = read_windows(1, 1)
for _, window in ipairs(windows) do
  for at = first, #ARGV do
    redis.call('ZREM', window.key, ARGV[at])
    if window.unit > 0 then set_weight(window, ARGV[at], 0) end
  end
end
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

# KEYS: recovery, a long window's set. ARGV: token of the lock, the window, then of each minute how
# many seconds ago it ended, and its amount.
REFILL_WINDOW = (
    _CLOCK
    + _WINDOWS
    + """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local window = read_windows(2, 2)[1]
redis.call('DEL', window.key, window.weights)

local last = 0
for i = 5, #ARGV, 2 do
  local amount = tonumber(ARGV[i + 1])
  local ends = now - tonumber(ARGV[i]) * 1000 + window.length
  if window.unit > 0 then
    add_to_bucket(window, ends, amount)
  else
    for n = 1, amount do redis.call('ZADD', window.key, ends, 'm' .. i .. ':' .. n) end
  end
  last = math.max(last, ends)
end
if last > 0 then expire_at(window, last) end
return 1
"""
)

# KEYS: recovery, run id, when the loss was noticed. ARGV: token of the lock, run id.
END_RECOVERY = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('DEL', KEYS[1], KEYS[3])
return 1
"""
