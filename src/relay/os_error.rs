//! Node's names of system errors, found by number or kind, never by text.

use std::io::{self, ErrorKind};

/// Errors without a kind in `std`, with what an operator can do about them.
#[cfg(unix)]
const BY_NUMBER: [(i32, &str, &str); 6] = [
    (
        libc::EMFILE,
        "EMFILE",
        "too many open files; raise the limit (ulimit -n) or lower maxInFlight (GUN_MAX_IN_FLIGHT)",
    ),
    (libc::ENFILE, "ENFILE", "too many open files on this machine"),
    (libc::ENOBUFS, "ENOBUFS", "the system has no more room for connections"),
    (libc::EAGAIN, "EAGAIN", "the system has no more threads or local ports"),
    (libc::EPERM, "EPERM", "the connection is not permitted; a firewall may forbid it"),
    (libc::EACCES, "EACCES", "the connection is not permitted; a firewall may forbid it"),
];

/// Errors of Windows Sockets without a kind in `std`.
#[cfg(windows)]
const BY_NUMBER: [(i32, &str, &str); 3] = [
    (10_024, "EMFILE", "too many open sockets; lower maxInFlight (GUN_MAX_IN_FLIGHT)"),
    (10_055, "ENOBUFS", "the system has no more room for connections"),
    (10_013, "EACCES", "the connection is not permitted; a firewall may forbid it"),
];

fn by_number(error: &io::Error) -> Option<&'static (i32, &'static str, &'static str)> {
    let number = error.raw_os_error()?;
    BY_NUMBER.iter().find(|(known, ..)| *known == number)
}

/// The name, such as `ECONNREFUSED`; `None` if it is not a system error.
pub fn name(error: &io::Error) -> Option<&'static str> {
    if let Some((_, name, _)) = by_number(error) {
        return Some(name);
    }
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => "ECONNREFUSED",
        ErrorKind::ConnectionReset => "ECONNRESET",
        ErrorKind::ConnectionAborted => "ECONNABORTED",
        ErrorKind::BrokenPipe => "EPIPE",
        ErrorKind::HostUnreachable => "EHOSTUNREACH",
        ErrorKind::NetworkUnreachable => "ENETUNREACH",
        ErrorKind::AddrNotAvailable => "EADDRNOTAVAIL",
        ErrorKind::OutOfMemory => "ENOMEM",
        ErrorKind::TimedOut => "ETIMEDOUT",
        _ => return None,
    })
}

/// A description, if that of `std` is not enough.
pub fn text(error: &io::Error) -> Option<&'static str> {
    by_number(error).map(|(.., text)| *text)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_names_that_node_gives_them() {
        for (number, expected) in [
            (libc::EMFILE, "EMFILE"),
            (libc::ENFILE, "ENFILE"),
            (libc::EAGAIN, "EAGAIN"),
            (libc::ECONNREFUSED, "ECONNREFUSED"),
            (libc::EHOSTUNREACH, "EHOSTUNREACH"),
            (libc::ENETUNREACH, "ENETUNREACH"),
            (libc::ETIMEDOUT, "ETIMEDOUT"),
            (libc::ENOMEM, "ENOMEM"),
        ] {
            assert_eq!(name(&io::Error::from_raw_os_error(number)), Some(expected));
        }
        assert_eq!(name(&io::Error::other("x")), None);
    }
}
