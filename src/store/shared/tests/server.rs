//! A Valkey or Redis of a test's own: `GUN_TEST_VALKEY` names the program, otherwise `node scripts/valkey.js` has put one
//! into `target/valkey`.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Killed when dropped.
pub struct Server {
    pub port: u16,
    program: PathBuf,
    arguments: Vec<String>,
    folder: TempDir,
    child: Child,
}

fn program() -> Option<PathBuf> {
    if let Some(program) = std::env::var_os("GUN_TEST_VALKEY").filter(|program| !program.is_empty()) {
        return Some(program.into());
    }
    let installed = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/valkey/valkey-server"));
    installed.exists().then_some(installed)
}

impl Server {
    /// A server without data; `None`, and a line that says so, if there is no program.
    pub fn start(arguments: &[&str]) -> Option<Server> {
        let Some(program) = program() else {
            eprintln!("skipped: no Valkey; run `node scripts/valkey.js` or set GUN_TEST_VALKEY");
            return None;
        };
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        // Another program may take the port before the server does.
        for _ in 0..5 {
            let folder = TempDir::new().expect("a folder");
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a port");
            let child = spawn(&program, port.port(), &folder, &arguments);
            let mut server =
                Server { port: port.port(), program: program.clone(), arguments: arguments.clone(), folder, child };
            if server.is_ready() {
                return Some(server);
            }
        }
        panic!("{} does not start", program.display());
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again after [`Server::kill`], on its port and with what it had saved.
    pub fn restart(&mut self) {
        self.child = spawn(&self.program, self.port, &self.folder, &self.arguments);
        assert!(self.is_ready(), "it started before");
    }

    /// Sends the process a signal.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(status.expect("kill").success());
    }

    /// Sends a command on a connection of its own; gives what came back, at least a byte.
    pub fn command(&self, words: &[&str]) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("it runs");
        stream.write_all(format!("{}\r\nQUIT\r\n", words.join(" ")).as_bytes()).expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("read");
        answer
    }

    fn is_ready(&mut self) -> bool {
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until && self.child.try_wait().expect("a child").is_none() {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(program: &PathBuf, port: u16, folder: &TempDir, arguments: &[String]) -> Child {
    Command::new(program)
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--dir"])
        .arg(folder.path())
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a server")
}
