"""What the Redis store asks its server to do in one step, in Lua (https://redis.io/docs/latest/develop/programmability/).

Keys: 1 the uses (sorted set: entry by time of last use, microseconds of the server's clock), 2 the costs (hash: entry
to bytes, and their sum), 3 the entry (string: digest and packed value). Arguments: 1 idle time in milliseconds, 2 bytes
that all entries may have, 3 bytes that an entry costs besides its record, then the script's own.
"""

_COMMON = """
local used, costs, entry = KEYS[1], KEYS[2], KEYS[3]
local idle_ms, max_bytes, overhead = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local SUM = ''  -- a field that no entry can have

-- A server may evict one of the lists of its own accord: then both begin anew, and list an entry when it is used.
if redis.call('ZCARD', used) ~= math.max(0, redis.call('HLEN', costs) - 1) then
    redis.call('DEL', used, costs)
end

local function held()
    return tonumber(redis.call('HGET', costs, SUM) or 0)
end

local function forget(one)
    redis.call('UNLINK', one)
    redis.call('ZREM', used, one)
    local cost = redis.call('HGET', costs, one)
    if cost then
        redis.call('HDEL', costs, one)
        redis.call('HINCRBY', costs, SUM, -cost)
    end
end

local function keep(one)
    redis.call('PEXPIRE', one, idle_ms)
    redis.call('ZADD', used, now, one)
    local cost = overhead + redis.call('STRLEN', one)
    if redis.call('HSETNX', costs, one, cost) == 1 then
        redis.call('HINCRBY', costs, SUM, cost)
    end
    -- The lists outlive the last entry long enough to count it out, and then leave nothing behind.
    redis.call('PEXPIRE', used, 2 * idle_ms)
    redis.call('PEXPIRE', costs, 2 * idle_ms)
end

local function remove_idle()
    -- Entries expire by themselves; this takes them off the lists, a few a time so that no step is long.
    local idle = redis.call('ZRANGEBYSCORE', used, '-inf', now - 1000 * idle_ms, 'LIMIT', 0, 100)
    for _, one in ipairs(idle) do forget(one) end
    return #idle
end

local function remove_oldest()
    local removed = 0
    while held() > max_bytes do
        forget(redis.call('ZRANGE', used, 0, 0)[1])
        removed = removed + 1
    end
    return removed
end
"""

PUT = (
    _COMMON
    + """
local record = ARGV[4]
local idle = remove_idle()
forget(entry)
if overhead + #record > max_bytes then return {idle, 1} end
redis.call('SET', entry, record)
keep(entry)
return {idle, remove_oldest()}
"""
)
"""Keep a record (argument 4). Returns how many entries went for idleness and for bytes."""

REFRESH = (
    _COMMON
    + """
local digest = ARGV[4]
if redis.call('GETRANGE', entry, 0, #digest - 1) ~= digest then return 0 end
keep(entry)
return 1
"""
)
"""Keep the entry longer if its record begins with a digest (argument 4). Returns whether it does."""

GET = (
    _COMMON
    + """
local record = redis.call('GET', entry)
if record then keep(entry) end
return record
"""
)
"""Return the record and keep the entry longer."""

FORGET = _COMMON + "forget(entry)"
"""Remove the entry."""

STATS = _COMMON + "return {remove_idle(), redis.call('ZCARD', used), held()}"
"""Return how many entries went for idleness, how many there are, and their bytes."""
