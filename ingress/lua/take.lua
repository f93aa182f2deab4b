-- What some callers have taken from their buckets, told in one call; how far ahead each bucket is now, in milliseconds.
-- KEYS: buckets. ARGV: of each in turn: what one taking is worth (ms), the furthest that it may be ahead (ms), takings.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local ahead = {}
for i, key in ipairs(KEYS) do
  local each, furthest, taken = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local full_at = tonumber(redis.call('GET', key) or 0)
  full_at = math.max(now, math.min(math.max(full_at, now) + each * taken, now + furthest))
  redis.call('SET', key, string.format('%.3f', full_at), 'PX', math.ceil(full_at - now) + 1)
  ahead[i] = string.format('%.3f', full_at - now)
end
return ahead
