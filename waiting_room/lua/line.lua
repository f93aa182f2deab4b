-- What every script begins with.

-- The server's run id changes with each start and with each failover. It is kept in the same hash as the counters, so
-- FLUSHALL (which keeps the run id) takes it away together with them: absent or different means that numbers which
-- were given away may be forgotten.
local function run_id()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
end

local function lost()
  return redis.error_reply('LOST the line was not counted on this server, or was forgotten')
end

-- Microseconds since 1970; doubles hold them exactly, but Lua would write them in short.
local function now_us()
  local t = redis.call('TIME')
  return t[1] * 1000000 + t[2]
end

local function text(number)
  return string.format('%.0f', number)
end
