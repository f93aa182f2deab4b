-- Any instance calls this at any time: what is due is counted from when the line was last moved, whoever moved it.
-- KEYS: the line. ARGV: the generation that the caller knows, people per minute (below zero: only look), burst, 1 to
-- pass through, where the caller has seen the line.
local state = redis.call('HMGET', KEYS[1], 'run', 'gen', 'issued', 'ceiling', 'serving', 'rest', 'at', 'claimed',
  'given_up')
-- An earlier generation: an old copy, of a server that was away while another one counted on.
if state[1] ~= run_id() or tonumber(state[2]) < tonumber(ARGV[1]) then return lost() end
local issued, serving, rest, at = tonumber(state[3]), tonumber(state[5]), tonumber(state[6]), tonumber(state[7])
local now, rate = now_us(), tonumber(ARGV[2])
serving = math.max(serving, tonumber(ARGV[5]))
if rate >= 0 then
  -- `rest` is in people times microseconds per minute: whole numbers throughout, so nothing is lost between calls.
  local minute = 60000000
  local elapsed = math.max(0, math.min(now - at, 1000000))
  rest = rest + rate * elapsed
  local due = math.floor(rest / minute)
  rest = rest - due * minute
  at = now
  local top = issued + tonumber(ARGV[3])
  if ARGV[4] == '1' or serving + due >= top then
    serving = math.max(serving, top)
    rest = 0
  else
    serving = serving + due
  end
end
redis.call('HSET', KEYS[1], 'serving', text(serving), 'rest', text(rest), 'at', text(at))
return {tonumber(state[2]), issued, tonumber(state[4]), serving, tonumber(state[8]), tonumber(state[9]),
  math.floor(now / 1000)}
