-- KEYS: the line; then for each join its bucket. ARGV: for each join its field and its number.
-- Forgets joins whose numbers the ledger did not take; a join that was given another number since is left alone.
for i = 1, #KEYS - 1 do
  local known = redis.call('HGET', KEYS[i + 1], ARGV[2 * i - 1])
  if known and struct.unpack('>I4', known) == tonumber(ARGV[2 * i]) then
    redis.call('HDEL', KEYS[i + 1], ARGV[2 * i - 1])
  end
end
return 1
