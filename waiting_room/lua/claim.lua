-- KEYS: the line; then for each claim its bucket.
-- ARGV: the generation that the caller knows; then for each claim the number, the place, and the first claim in
-- milliseconds where the ledger knows it, else 0.
-- Answers for each claim 'n' (first) or 'r' (repeat) with milliseconds, 'e' (too early) with the place that counts,
-- or 'g' (given up).
local state = redis.call('HMGET', KEYS[1], 'run', 'serving', 'claimed', 'gen')
if state[1] ~= run_id() or state[4] ~= ARGV[1] then return lost() end
local serving, before = tonumber(state[2]), tonumber(state[3])
local claimed = before
local now = text(math.floor(now_us() / 1000))
local answers = {}
for i = 1, #KEYS - 1 do
  local bucket, n, place, ledger = KEYS[i + 1], ARGV[3 * i - 1], tonumber(ARGV[3 * i]), ARGV[3 * i + 1]
  local known = redis.call('HGET', bucket, n)
  if known and string.sub(known, 1, 1) == 'd' then
    -- Others were let go first.
    place = math.max(place, tonumber(string.sub(known, 2)))
    known = false
  end
  if known == 'g' then
    answers[i] = 'g'
  elseif known then
    answers[i] = 'r' .. known
  elseif ledger ~= '0' then
    redis.call('HSET', bucket, n, ledger)
    claimed = claimed + 1
    answers[i] = 'r' .. ledger
  elseif place > serving then
    answers[i] = 'e' .. text(place)
  else
    redis.call('HSET', bucket, n, now)
    claimed = claimed + 1
    answers[i] = 'n' .. now
  end
end
if claimed > before then
  redis.call('HSET', KEYS[1], 'claimed', text(claimed))
end
return answers
