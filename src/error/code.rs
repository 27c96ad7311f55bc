//! The codes of errors.

/// The codes that users match on. A test checks that `index.d.ts` and the README have the same list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// A bad argument, option or variable.
    InvalidArgument,
    /// No connection, or one that broke before the answer.
    Connect,
    /// No answer in time.
    Timeout,
    /// A status that is neither a record nor a missing soul.
    Status,
    /// A 200 that cannot be read.
    BadResponse,
    /// A 200 whose body is too long.
    BodyTooLarge,
    /// The queue is full.
    Overloaded,
    /// The relay has only failed for a while and is not asked.
    CircuitOpen,
    /// The client is closed.
    Closed,
    /// The shared store could not confirm that it has every invalidation.
    CacheStore,
    /// Thrown in JavaScript by the loader, when there is no native code.
    BinaryMissing,
}

impl Code {
    /// Every code, in the order of the contract.
    pub const ALL: [Code; 11] = [
        Code::InvalidArgument,
        Code::Connect,
        Code::Timeout,
        Code::Status,
        Code::BadResponse,
        Code::BodyTooLarge,
        Code::Overloaded,
        Code::CircuitOpen,
        Code::Closed,
        Code::CacheStore,
        Code::BinaryMissing,
    ];

    /// The text of `GunError.code`.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::InvalidArgument => "ERR_GUN_INVALID_ARGUMENT",
            Code::Connect => "ERR_GUN_CONNECT",
            Code::Timeout => "ERR_GUN_TIMEOUT",
            Code::Status => "ERR_GUN_STATUS",
            Code::BadResponse => "ERR_GUN_BAD_RESPONSE",
            Code::BodyTooLarge => "ERR_GUN_BODY_TOO_LARGE",
            Code::Overloaded => "ERR_GUN_OVERLOADED",
            Code::CircuitOpen => "ERR_GUN_CIRCUIT_OPEN",
            Code::Closed => "ERR_GUN_CLOSED",
            Code::CacheStore => "ERR_GUN_CACHE_STORE",
            Code::BinaryMissing => "ERR_GUN_BINARY_MISSING",
        }
    }

    /// Whether a call that was counted at its start can end with it.
    pub fn ends_a_call(self) -> bool {
        !matches!(self, Code::InvalidArgument | Code::Closed | Code::CacheStore | Code::BinaryMissing)
    }
}
