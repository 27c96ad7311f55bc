//! Scripts, which the store runs atomically. `KEYS[1]` is a hash: epoch (`e`), server (`r`), count of messages (`n`) and the
//! generation of each slot. It can only be evicted or flushed as a whole, which is safe.

/// TTL of the hash, a day, renewed by heartbeats.
macro_rules! life_of_generations {
    () => {
        "86400000"
    };
}

/// The server's identity, which a restart or failover changes.
macro_rules! identity {
    () => {
        "local id=string.match(redis.call('INFO','server'),'run_id:(%w+)')..':'..\
         string.match(redis.call('INFO','replication'),'master_replid:(%w+)')\n"
    };
}

/// Arguments: a nonce. Returns epoch and count, both new if the data was written by another server. The first command is a
/// write, so that a replica refuses it.
pub const HELLO: &str = concat!(
    "redis.call('PEXPIRE',KEYS[1],",
    life_of_generations!(),
    ")\n",
    identity!(),
    "local g=redis.call('HMGET',KEYS[1],'e','r','n')
if g[1] and g[2]==id then return {g[1],tonumber(g[3])} end
redis.call('DEL',KEYS[1])
redis.call('HSET',KEYS[1],'e',ARGV[1],'r',id,'n',0)
redis.call('PEXPIRE',KEYS[1],",
    life_of_generations!(),
    ")
return {ARGV[1],0}"
);

/// Arguments: the epoch. Returns the count, or nil in another epoch. It writes, so that a demoted server refuses it.
pub const BEAT: &str = concat!(
    "local g=redis.call('HMGET',KEYS[1],'e','n')
if g[1]~=ARGV[1] then return nil end
redis.call('PEXPIRE',KEYS[1],",
    life_of_generations!(),
    ")
return tonumber(g[2])"
);

/// `KEYS[2]`: the entry. Arguments: the epoch, the slot, its generation when the request began, the entry's life in ms.
/// Returns 1 if the entry was added, 0 if a soul in its slot was invalidated meanwhile, nil in another epoch.
pub const REMEMBER: &str = "local g=redis.call('HMGET',KEYS[1],'e',ARGV[2])
if g[1]~=ARGV[1] then return nil end
if tonumber(g[2] or 0)~=tonumber(ARGV[3]) then return 0 end
redis.call('SET',KEYS[2],'','PX',ARGV[4])
return 1";

/// `KEYS[2]`: the entry. Arguments: the epoch, the slot, the channel, the soul, the origin. Returns the message's number,
/// or nil in another epoch. The first write is a DEL: a store that is out of memory accepts it and the writes after it.
pub const INVALIDATE: &str = "if redis.call('HGET',KEYS[1],'e')~=ARGV[1] then return nil end
redis.call('DEL',KEYS[2])
local n=redis.call('HINCRBY',KEYS[1],'n',1)
local v=redis.call('HINCRBY',KEYS[1],ARGV[2],1)
redis.call('PUBLISH',ARGV[3],n..' '..v..' '..ARGV[5]..' '..ARGV[4])
return n";

/// Arguments: the new epoch, the channel, the origin. Entries of the old epoch are never read again.
pub const INVALIDATE_ALL: &str = concat!(
    "redis.call('DEL',KEYS[1])\n",
    identity!(),
    "redis.call('HSET',KEYS[1],'e',ARGV[1],'r',id,'n',0)
redis.call('PEXPIRE',KEYS[1],",
    life_of_generations!(),
    ")
redis.call('PUBLISH',ARGV[2],'* '..ARGV[3]..' '..ARGV[1])
return 1"
);

/// All of them, in the order of [`Script`].
pub const ALL: [&str; 5] = [HELLO, BEAT, REMEMBER, INVALIDATE, INVALIDATE_ALL];

/// An index into [`ALL`].
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "named as the scripts are")]
pub enum Script {
    Hello,
    Beat,
    Remember,
    Invalidate,
    InvalidateAll,
}
