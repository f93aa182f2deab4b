-- KEYS: the line. ARGV: generation, ceiling. Answers 1, or 0 where that generation does not count here.
local state = redis.call('HMGET', KEYS[1], 'run', 'gen', 'ceiling')
if state[1] ~= run_id() then return lost() end
if state[2] ~= ARGV[1] then return 0 end
if tonumber(ARGV[2]) > tonumber(state[3]) then
  redis.call('HSET', KEYS[1], 'ceiling', ARGV[2])
end
return 1
