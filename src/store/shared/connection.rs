//! A ready connection: logged in, scripts loaded, channel subscribed.

use super::scripts::{ALL, Script};
use super::{Inner, driver};
use crate::config::StoreUrl;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Cmd, ErrorKind, Pipeline, ProtocolVersion, PushInfo, PushKind, RedisConnectionInfo,
    RedisError, Value,
};
use rustls::pki_types::ServerName;
use std::io;
use std::sync::{Arc, Weak};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

/// Maximum queued commands; senders of further ones wait.
const BUFFERED_COMMANDS: usize = 1_024;
/// Maximum length of the store's text in messages.
const MAX_SHOWN: usize = 200;

/// Cheap to clone. Ends with its [`Task`].
#[derive(Clone)]
pub struct Connection {
    commands: MultiplexedConnection,
    /// SHA-1 of each script, as calculated by the store.
    scripts: Arc<[String]>,
}

/// The task that reads and writes. Dropping it ends it at once, so a server that hangs keeps nothing alive.
pub struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Connection {
    /// Opens a connection for a session. The caller limits the time.
    pub async fn open(inner: &Arc<Inner>, session: u64) -> Result<(Connection, Task), String> {
        let url = &inner.config.url;
        let stream = TcpStream::connect((url.host.as_str(), url.port)).await.map_err(|error| of_io(&error))?;
        stream.set_nodelay(true).map_err(|error| of_io(&error))?;
        if !url.is_tls {
            return Self::over(stream, inner, session).await;
        }
        let name = ServerName::try_from(url.host.clone()).map_err(|_| "its host is no name for TLS".to_owned())?;
        let tls = TlsConnector::from(Arc::new(inner.config.tls.client()));
        let stream = tls.connect(name, stream).await.map_err(|error| of_io(&error))?;
        Self::over(stream, inner, session).await
    }

    async fn over<S>(stream: S, inner: &Arc<Inner>, session: u64) -> Result<(Connection, Task), String>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let weak = Arc::downgrade(inner);
        let config = AsyncConnectionConfig::new()
            // Timeouts are the state machine's.
            .set_response_timeout(None)
            .set_pipeline_buffer_size(BUFFERED_COMMANDS)
            .set_push_sender(move |push: PushInfo| -> Result<(), ()> {
                pushed(&weak, session, &push);
                Ok(())
            });
        let opened = MultiplexedConnection::new_with_config(&login(&inner.config.url), stream, config).await;
        let (mut commands, task) = opened.map_err(|error| of_redis(&error))?;
        let task = Task(tokio::spawn(task));
        let mut load = Pipeline::with_capacity(ALL.len());
        for script in ALL {
            load.cmd("SCRIPT").arg("LOAD").arg(script);
        }
        let scripts: Vec<String> = load.query_async(&mut commands).await.map_err(|error| of_redis(&error))?;
        commands.subscribe(&inner.keys.channel).await.map_err(|error| of_redis(&error))?;
        Ok((Connection { commands, scripts: scripts.into() }, task))
    }

    /// The command that runs a script, without keys and arguments.
    pub fn script(&self, script: Script, keys: usize) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&*self.scripts[script as usize]).arg(keys);
        command
    }

    /// Runs commands in one round trip; fails with the first error.
    pub async fn run(&mut self, commands: &Pipeline) -> Result<Vec<Value>, String> {
        commands.query_async(&mut self.commands).await.map_err(|error| of_redis(&error))
    }

    /// Runs a command.
    pub async fn run_one(&mut self, command: &Cmd) -> Result<Value, String> {
        command.query_async(&mut self.commands).await.map_err(|error| of_redis(&error))
    }
}

fn login(url: &StoreUrl) -> RedisConnectionInfo {
    // To set the library's name would need an additional permission.
    let mut login = RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP3).set_skip_set_lib_name();
    login = login.set_db(url.database.into());
    if let Some(user) = &url.user {
        login = login.set_username(user);
    }
    if let Some(password) = &url.password {
        login = login.set_password(password);
    }
    login
}

/// Called by the connection's task between two reads, so that a message is handled before anything that follows it.
fn pushed(inner: &Weak<Inner>, session: u64, push: &PushInfo) {
    let Some(inner) = inner.upgrade() else { return };
    match (&push.kind, &*push.data) {
        (PushKind::Message, [_, Value::BulkString(text)]) => inner.handle_message(session, text),
        (PushKind::Disconnection, _) => driver::failed(&inner, session, "it closed the connection".to_owned()),
        _ => {}
    }
}

/// The system's message without the error number.
fn of_io(error: &io::Error) -> String {
    // An error that wraps another one comes from a library, such as TLS or the resolver.
    if error.get_ref().is_some() { shown(&error.to_string()) } else { error.kind().to_string() }
}

fn of_redis(error: &RedisError) -> String {
    match error.code() {
        Some("WRONGPASS" | "NOAUTH") => "it refused the login".to_owned(),
        Some(code) => shown(&format!("it answered {code} {}", error.detail().unwrap_or_default())),
        None if error.kind() == ErrorKind::AuthenticationFailed => "it refused the login".to_owned(),
        None if error.is_connection_dropped() => "it closed the connection".to_owned(),
        None => shown(&error.to_string()),
    }
}

/// A text of the store on one line, shortened if necessary.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_SHOWN).collect()
}
