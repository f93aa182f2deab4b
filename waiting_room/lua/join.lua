-- KEYS: the line; then for each join its bucket.
-- ARGV: the generation that the caller knows; seconds that a join is remembered; then for each join its field and
-- the print of its secret.
-- Answers for each join 'n' (new) or 'r' (repeat) with number and milliseconds, 'o' (other secret) or 'f' (no numbers).
local state = redis.call('HMGET', KEYS[1], 'run', 'issued', 'ceiling', 'gen')
if state[1] ~= run_id() or state[4] ~= ARGV[1] then return lost() end
local first, ceiling = tonumber(state[2]), tonumber(state[3])
local issued = first
local now_ms = math.floor(now_us() / 1000)
local answers = {}
for i = 1, #KEYS - 1 do
  local bucket, field, print = KEYS[i + 1], ARGV[2 * i + 1], ARGV[2 * i + 2]
  local known = redis.call('HGET', bucket, field)
  if known then
    if string.sub(known, 11) == print then
      answers[i] = 'r' .. string.sub(known, 1, 10)
    else
      answers[i] = 'o'
    end
  elseif issued >= ceiling then
    answers[i] = 'f'
  else
    issued = issued + 1
    local place = struct.pack('>I4I6', issued, now_ms)
    redis.call('HSET', bucket, field, place .. print)
    redis.call('EXPIRE', bucket, ARGV[2])
    answers[i] = 'n' .. place
  end
end
if issued > first then
  redis.call('HSET', KEYS[1], 'issued', text(issued))
end
return answers
