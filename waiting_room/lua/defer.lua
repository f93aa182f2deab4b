-- KEYS: the line, the bucket of the number.
-- ARGV: the generation that the caller knows; the number; the place that counts as far as the caller knows; the place
-- to be called at instead.
-- Answers 'g' (given up), 'c' (claimed before), or 'd' with the place that counts now: never beyond the last number
-- given away, for nobody would be called there, and never before one that counted already.
local state = redis.call('HMGET', KEYS[1], 'run', 'issued', 'gen')
if state[1] ~= run_id() or state[3] ~= ARGV[1] then return lost() end
local known = redis.call('HGET', KEYS[2], ARGV[2])
if known == 'g' then return 'g' end
if known and string.sub(known, 1, 1) ~= 'd' then return 'c' end
local place = math.max(tonumber(ARGV[3]), known and tonumber(string.sub(known, 2)) or 0)
local later = math.max(place, math.min(tonumber(ARGV[4]), tonumber(state[2])))
redis.call('HSET', KEYS[2], ARGV[2], 'd' .. text(later))
return 'd' .. text(later)
