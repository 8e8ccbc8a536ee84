"""What the shared limit does within Redis, each a script that runs as a whole (`core.ratelimit.limiter` says what for)."""

HEAD = """
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
"""

# KEYS: epoch, closed, probe, spaced, a set per window. ARGV: wanted, first id, hold, spacing and tolerance in ms, then
# calls and ms per window. Spacing only smooths, so that a window is not used up in one burst that slows the service:
# "spaced" holds the time that the calls granted so far would take at that spacing (the generic cell rate algorithm).
# Returns {granted, µs to wait, what for: -2 unknown, -1 closed, 0 granted, k the k-th window}.
TAKE = (
    HEAD
    + """
if #KEYS > 4 then
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  if redis.call('GET', KEYS[1]) ~= run then return {0, 0, -2} end
end
local wanted = tonumber(ARGV[1])
local closed = tonumber(redis.call('GET', KEYS[2]) or 0)
if closed > now then return {0, (closed - now) * 1000, -1} end
if closed > 0 then
  if not redis.call('SET', KEYS[3], ARGV[2], 'NX', 'PX', 3000) then return {0, 100000, -1} end
  wanted = 1
end
local granted, wait, window = wanted, 0, 0
local spacing, tolerance = tonumber(ARGV[4]), tonumber(ARGV[5])
local spaced = math.max(tonumber(redis.call('GET', KEYS[4]) or 0), now)
if spacing > 0 then
  granted = math.min(wanted, math.floor((now + tolerance - spaced) / spacing))
  if granted < 1 then return {0, math.ceil((spaced + spacing - tolerance - now) * 1000), 1} end
end
for k = 5, #KEYS do
  local calls = tonumber(ARGV[6 + 2 * (k - 5)])
  redis.call('ZREMRANGEBYSCORE', KEYS[k], '-inf', now)
  local used = redis.call('ZCARD', KEYS[k])
  local free = calls - used
  if free < granted then granted = math.max(free, 0) end
  if free <= 0 then
    local opens = redis.call('ZRANGE', KEYS[k], used - calls, used - calls, 'WITHSCORES')
    -- an entry in flight is held longer than its window: answered now it would open a window from now
    local ms = math.min(tonumber(opens[2]) - now, tonumber(ARGV[7 + 2 * (k - 5)]))
    if ms > wait then wait, window = ms, k - 4 end
  end
end
if granted == 0 then
  if closed > 0 then redis.call('DEL', KEYS[3]) end
  return {0, math.ceil(wait * 1000), window}
end
local first = tonumber(ARGV[2])
if spacing > 0 then redis.call('SET', KEYS[4], string.format('%.3f', spaced + granted * spacing), 'PX', 60000) end
for k = 5, #KEYS do
  local ends = now + tonumber(ARGV[3]) + tonumber(ARGV[7 + 2 * (k - 5)])
  for i = 0, granted - 1 do redis.call('ZADD', KEYS[k], ends, first + i) end
  redis.call('PEXPIREAT', KEYS[k], math.ceil(ends) + 60000)
end
return {granted, 0, 0}
"""
)

# KEYS: closed, probe, a set per window. ARGV: hold, ok, ms of each window, then each id and the ms since its response.
STAMP = (
    HEAD
    + """
local windows = #KEYS - 2
for k = 1, windows do
  local ends = now + tonumber(ARGV[1]) + tonumber(ARGV[2 + k])
  for i = 3 + windows, #ARGV, 2 do redis.call('ZADD', KEYS[k + 2], ends - tonumber(ARGV[i + 1]), ARGV[i]) end
  redis.call('PEXPIREAT', KEYS[k + 2], math.ceil(ends) + 60000)
end
if ARGV[2] == '1' then
  local closed = tonumber(redis.call('GET', KEYS[1]) or 0)
  if closed > 0 and closed <= now then redis.call('DEL', KEYS[1], KEYS[2]) end
end
return now
"""
)

# KEYS: closed, probe. ARGV: ms from now. The longest closing wins; the key outlives it, so that one call tries first.
CLOSE = (
    HEAD
    + """
local till = now + tonumber(ARGV[1])
redis.call('DEL', KEYS[2])
if till > tonumber(redis.call('GET', KEYS[1]) or 0) then
  redis.call('SET', KEYS[1], string.format('%.3f', till), 'PX', tonumber(ARGV[1]) + 600000)
end
return till
"""
)

# KEYS: lock, a long window's set. ARGV: token of the lock, window ms, then minute and calls in turn.
REFILL = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
local last = 0
for i = 3, #ARGV, 2 do
  local ends = (tonumber(ARGV[i]) + 1) * 60000 + tonumber(ARGV[2])
  for n = 1, tonumber(ARGV[i + 1]) do redis.call('ZADD', KEYS[2], ends, 'm' .. ARGV[i] .. ':' .. n) end
  if ends > last then last = ends end
end
if last > 0 then redis.call('PEXPIREAT', KEYS[2], last + 60000) end
return 1
"""

# KEYS: lock, epoch, since when nothing is known. ARGV: token of the lock, run id.
KNOWN = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('DEL', KEYS[1], KEYS[3])
return 1
"""
