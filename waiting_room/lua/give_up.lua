-- KEYS: the line, the bucket of the number. ARGV: the number. Answers 1, or 0 where it was given up before.
if redis.call('HGET', KEYS[1], 'run') ~= run_id() then return lost() end
if redis.call('HGET', KEYS[2], ARGV[1]) == 'g' then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], 'g')
redis.call('HINCRBY', KEYS[1], 'given_up', 1)
return 1
