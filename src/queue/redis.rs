//! A Redis or Valkey server that carries the ids of batches, and nothing else.
//!
//! They are the members of one sorted set, with the id as the score too, so
//! that an id is in it once, and those of the lowest number are taken first.

use std::{fmt, sync::Arc, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, IntoConnectionInfo, RedisError, TlsCertificates,
    aio::MultiplexedConnection,
};
use tokio::sync::Mutex;
use url::Url;

/// How many ids are staged at most.
pub const AHEAD: usize = 500;

/// The longest that connecting and one answer take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Adds ids with the id as the score, and keeps as many of the lowest as there may be.
const STAGE: &str = "local added = redis.call('ZADD', KEYS[1], 'NX', unpack(ARGV, 2)) \
     redis.call('ZREMRANGEBYRANK', KEYS[1], ARGV[1], -1) \
     return added";

/// Adds a value that is not an id, and takes it out again: the lowest of all is what is popped.
const CHECK: &str = "redis.call('ZADD', KEYS[1], '-inf', 'check') \
     redis.call('ZREMRANGEBYRANK', KEYS[1], -1, -2) \
     redis.call('ZPOPMIN', KEYS[1])";

/// Which server, and where in it.
#[derive(Clone)]
pub struct RedisSettings {
    /// Where it is and as whom, `redis://` or `rediss://`; holds the password.
    pub url: Url,
    /// Certificates in PEM of the authorities to trust, instead of the system's.
    pub authorities: Option<Vec<u8>>,
    /// What tells the ids of one ledger from those of another.
    pub prefix: String,
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings").field("place", &self.place()).finish_non_exhaustive()
    }
}

impl RedisSettings {
    /// Where it is, without user and password.
    fn place(&self) -> String {
        format!("{}:{}", self.url.host_str().unwrap_or_default(), self.url.port().unwrap_or(6379))
    }
}

/// Why Redis at a host and port is of no use now.
///
/// `Display` says what is wrong; [`hint`](Self::hint) says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum RedisFault {
    #[error("`redis.url` cannot be used")]
    Settings,
    #[error("Redis at `{0}` cannot be reached: {1}")]
    Unreachable(String, std::io::ErrorKind),
    #[error("Redis at `{0}` did not answer within {seconds} s", seconds = PATIENCE.as_secs())]
    Slow(String),
    #[error("Redis at `{0}` refuses the user or the password")]
    Password(String),
    #[error("the connection to Redis at `{0}` cannot be secured")]
    Tls(String),
    /// It answered with an error that begins with this word.
    #[error("Redis at `{0}` answered with `{1}`")]
    Refused(String, String),
    /// It answered with something else than was asked for.
    #[error("the server at `{0}` is not Redis")]
    Strange(String),
}

impl RedisFault {
    /// Says what to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Settings => "write it as `redis://host:6379`, or `rediss://host:6379` for TLS",
            Self::Unreachable(..) | Self::Slow(_) => {
                "see whether the server runs, and scheme, host and port in `redis.url`: `rediss://` if it speaks TLS, `redis://` if not"
            }
            Self::Password(_) => {
                "`redis.url` names the user (`redis://user@host`), `redis.password_file` the file with the password"
            }
            Self::Tls(_) => {
                "`redis.ca_file` names the certificate of the authority that signed the server's, for the host in `redis.url`; \
                 a server without TLS has `redis://`"
            }
            Self::Refused(_, code) => match code.as_str() {
                "NOPERM" => "the user needs EVAL, ZADD, ZPOPMIN and ZREMRANGEBYRANK on the keys `lethe:*`",
                "OOM" => "its memory is full: give it more, or empty it",
                "READONLY" => "it is a replica: name the primary in `redis.url`",
                "MOVED" | "ASK" | "CLUSTERDOWN" => "it is a node of a cluster: name the node that holds the key",
                "WRONGTYPE" => "another program uses the key: set another `redis.prefix`",
                _ => "the server's own log says more",
            },
            Self::Strange(_) => "see host and port in `redis.url`",
        }
    }
}

/// A server that carries ids of batches.
#[derive(Clone)]
pub struct Redis(Arc<Server>);

struct Server {
    client: Client,
    place: String,
    /// The one key; with its hash tag, should there be more, they are all on one node of a cluster.
    key: String,
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redis").field(&self.0.place).finish()
    }
}

impl Redis {
    /// Takes the settings; connects when first asked for something.
    pub fn new(settings: &RedisSettings) -> Result<Self, RedisFault> {
        let opened = match &settings.authorities {
            Some(authorities) => {
                let root_cert = Some(authorities.clone());
                Client::build_with_tls(settings.url.clone(), TlsCertificates { client_tls: None, root_cert })
            }
            None => settings.url.clone().into_connection_info().and_then(Client::open),
        };
        Ok(Self(Arc::new(Server {
            client: opened.map_err(|_| RedisFault::Settings)?,
            place: settings.place(),
            key: format!("lethe:{{{}}}:ready", settings.prefix),
            connection: Mutex::new(None),
        })))
    }

    /// Host and port.
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// Stages ids, and returns how many were not staged already.
    ///
    /// Of all that are staged the [`AHEAD`] lowest stay: the others are staged
    /// when there is room.
    pub async fn stage(&self, ids: &[i64]) -> Result<usize, RedisFault> {
        if ids.is_empty() {
            return Ok(0);
        }
        let mut script = redis::cmd("EVAL");
        script.arg(STAGE).arg(1).arg(&self.0.key).arg(AHEAD);
        for id in ids {
            script.arg(id).arg(id);
        }
        self.ask(&script).await
    }

    /// Takes up to `most` of the staged ids, the lowest first.
    ///
    /// Returns at once. Ids that get lost on the way are staged again, as their
    /// batches can still be claimed.
    pub async fn take(&self, most: usize) -> Result<Vec<i64>, RedisFault> {
        let popped: Vec<(String, f64)> = self.ask(redis::cmd("ZPOPMIN").arg(&self.0.key).arg(most)).await?;
        Ok(popped.into_iter().filter_map(|(id, _)| id.parse().ok()).collect())
    }

    /// Asks whether ids could be staged and taken, without doing so.
    pub async fn check(&self) -> Result<(), RedisFault> {
        self.ask(redis::cmd("EVAL").arg(CHECK).arg(1).arg(&self.0.key)).await
    }

    /// What the server does when its memory is full (`maxmemory-policy`), if it says so.
    pub async fn when_full(&self) -> Result<Option<String>, RedisFault> {
        let info: String = self.ask(redis::cmd("INFO").arg("memory")).await?;
        Ok(info.lines().find_map(|line| line.strip_prefix("maxmemory_policy:")).map(str::to_owned))
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisFault> {
        let asked = async {
            let (was_open, mut connection) = self.connection().await?;
            match command.query_async(&mut connection).await {
                // The server may have closed it long ago, and be there.
                Err(error) if was_open && error.is_io_error() => {
                    self.disconnect().await;
                    command.query_async(&mut self.connection().await?.1).await
                }
                answered => answered,
            }
        };
        let fault = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => self.fault(&error),
            Err(_) => RedisFault::Slow(self.0.place.clone()),
        };
        self.disconnect().await;
        Err(fault)
    }

    /// A connection, and whether it was open already.
    async fn connection(&self) -> Result<(bool, MultiplexedConnection), RedisError> {
        let mut connection = self.0.connection.lock().await;
        if let Some(open) = &*connection {
            return Ok((true, open.clone()));
        }
        // Time is kept for connecting and asking together.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let opened = self.0.client.get_multiplexed_async_connection_with_config(&config).await?;
        Ok((false, connection.insert(opened).clone()))
    }

    async fn disconnect(&self) {
        *self.0.connection.lock().await = None;
    }

    /// What an error of the driver means; its own text is not kept.
    fn fault(&self, error: &RedisError) -> RedisFault {
        let place = self.0.place.clone();
        match error.kind() {
            ErrorKind::AuthenticationFailed => RedisFault::Password(place),
            ErrorKind::Io => match io_kind(error) {
                std::io::ErrorKind::InvalidData => RedisFault::Tls(place),
                why => RedisFault::Unreachable(place, why),
            },
            _ => match error.code() {
                Some("NOAUTH" | "WRONGPASS") => RedisFault::Password(place),
                Some(code) => RedisFault::Refused(place, code.to_owned()),
                None => RedisFault::Strange(place),
            },
        }
    }
}

fn io_kind(error: &RedisError) -> std::io::ErrorKind {
    let source = std::error::Error::source(error);
    let inner = source.and_then(|source| source.downcast_ref::<Arc<dyn std::error::Error + Send + Sync>>());
    let own = inner.and_then(|inner| inner.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    own.unwrap_or(std::io::ErrorKind::ConnectionAborted)
}
