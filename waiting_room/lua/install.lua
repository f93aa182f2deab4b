-- KEYS: the line. ARGV: generation, issued, ceiling, serving floor. Answers 1, or 0 where a later one counts already.
local run = run_id()
local state = redis.call('HMGET', KEYS[1], 'run', 'gen', 'serving')
if state[1] == run and tonumber(state[2]) >= tonumber(ARGV[1]) then return 0 end
-- What an old copy of the line says of serving was true once, and the line never goes back.
local serving = math.max(tonumber(ARGV[4]), tonumber(state[3] or 0))
redis.call('HSET', KEYS[1], 'run', run, 'gen', ARGV[1], 'issued', ARGV[2], 'ceiling', ARGV[3], 'serving',
  text(serving), 'rest', '0', 'at', text(now_us()))
redis.call('HSETNX', KEYS[1], 'claimed', '0')
redis.call('HSETNX', KEYS[1], 'given_up', '0')
return 1
