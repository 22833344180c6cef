"""What the Redis counters ask their server to do in one step, in Lua, by the server's clock.

The same rules as in `counters`, on hashes. Keys: one record a claim, and a mark that the grant is settled: a step that
was done without our hearing of it is not done again. Arguments: 1 what to do (`claim`, `settle`,
`renew`, `standing`), 2 the name of the grant, 3 the seconds of a lease, then five a claim: kind, amount, what it was in
the end, and two numbers of the claim: per minute and burst of a rate, the number of slots, limit and end of a share.
"""

RULES = """
local task, grant, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local SLACK, ASTRAY, MOMENT, KEPT_AFTER_END = 0.000001, 60, 1, 3600
local AMOUNT, EXPIRES = 'amount:', 'expires:'

local function exact(number) return string.format('%.17g', number) end

local function keep_until(key, time)
    redis.call('PEXPIRE', key, math.max(1, math.ceil((time - now) * 1000)))
end

local function held(key)
    -- What has expired is taken out on the way.
    local alive, sum, last = 0, 0, now
    local fields = redis.call('HGETALL', key)
    for i = 1, #fields, 2 do
        local name = string.match(fields[i], '^expires:(.*)$')
        local expires = tonumber(fields[i + 1])
        if name and expires > now and expires <= now + lease + ASTRAY then
            alive, sum = alive + 1, sum + tonumber(redis.call('HGET', key, AMOUNT .. name))
            last = math.max(last, expires)
        elseif name then
            redis.call('HDEL', key, AMOUNT .. name, EXPIRES .. name)
        end
    end
    return alive, sum, last
end

local function hold(key, claim)
    redis.call('HSET', key, AMOUNT .. grant, exact(claim.amount), EXPIRES .. grant, exact(now + lease))
end

local function release(key)
    redis.call('HDEL', key, AMOUNT .. grant, EXPIRES .. grant)
end

local rate, slot, share = {}, {}, {}

local function level(key, claim)
    local record = redis.call('HMGET', key, 'level', 'at')
    local elapsed = now - tonumber(record[2] or now)
    if elapsed < -ASTRAY then return claim.b end
    return math.min(claim.b, tonumber(record[1] or claim.b) + math.max(0, elapsed) * claim.a / 60)
end

local function set_level(key, claim, value)
    redis.call('HSET', key, 'level', exact(value), 'at', exact(now))
    keep_until(key, now + (claim.b - value) * 60 / claim.a)
end

function rate.wait(key, claim)
    local lacking = math.min(claim.amount, claim.b) - level(key, claim)
    return math.max(0, lacking - SLACK) * 60 / claim.a
end
function rate.take(key, claim) set_level(key, claim, level(key, claim) - claim.amount) end
function rate.settle(key, claim)
    set_level(key, claim, math.min(claim.b, level(key, claim) + claim.amount - claim.actual))
end
function rate.renew() end

function slot.wait(key, claim)
    local alive = held(key)
    return alive < claim.a and 0 or MOMENT
end
function slot.take(key, claim)
    hold(key, claim)
    local _, _, last = held(key)
    keep_until(key, last)
end
slot.settle, slot.renew = release, slot.take

local function spent(key) return tonumber(redis.call('HGET', key, 'spent') or 0) end

function share.wait(key, claim)
    local _, reserved = held(key)
    local function fits(used) return used < claim.a and used + claim.amount <= claim.a end
    if fits(spent(key) + reserved) then return 0 end
    return fits(spent(key)) and MOMENT or math.max(MOMENT, claim.b - now)
end
function share.take(key, claim)
    hold(key, claim)
    keep_until(key, math.max(now, claim.b) + KEPT_AFTER_END)
end
function share.settle(key, claim)
    release(key)
    if claim.actual ~= 0 then
        redis.call('HINCRBY', key, 'spent', string.format('%.0f', claim.actual))
        keep_until(key, math.max(now, claim.b) + KEPT_AFTER_END)
    end
end
share.renew = share.take

if task == 'standing' then
    local _, reserved = held(KEYS[1])
    return {exact(spent(KEYS[1])), exact(reserved)}
end

local rules, claims = {rate = rate, slot = slot, share = share}, {}
for i = 1, #KEYS - 1 do
    local at = 4 + (i - 1) * 5
    claims[i] = {rule = rules[ARGV[at]], amount = tonumber(ARGV[at + 1]), actual = tonumber(ARGV[at + 2]),
                 a = tonumber(ARGV[at + 3]), b = tonumber(ARGV[at + 4])}
end
if task == 'claim' then
    for i, claim in ipairs(claims) do
        local wait = claim.rule.wait(KEYS[i], claim)
        if wait > 0 then return {i, exact(wait)} end
    end
    task = 'take'
elseif task == 'settle' and not redis.call('SET', KEYS[#KEYS], 1, 'NX', 'EX', 2 * math.ceil(lease)) then
    return {}
end
for i, claim in ipairs(claims) do claim.rule[task](KEYS[i], claim) end
return {}
"""
"""Returns nothing, or for a claim that is refused its place (from 1) and the seconds to wait."""
