//! `bursar serve`: starts, serves, stops gently.

mod first_run;
mod tasks;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::{Failure, NOBODY_LET_IN, open};
use crate::admin;
use crate::config::{Config, FileSecret, Role, exposure};
use crate::http::router::{Service, Surface, WHOLE};
use crate::http::server;
use crate::logging;
use crate::state::AppState;
#[cfg(feature = "bench")]
pub(super) use first_run::EXAMPLE_IDENTIFIERS;
use first_run::announce;
use tasks::{save_last_uses, start_background};

/// How long the stop may take to save last uses of keys, after the servers have ended.
const SAVE_PATIENCE: Duration = Duration::from_secs(1);

/// Runs until SIGTERM, SIGINT or SIGHUP.
pub async fn run(config: Config) -> Result<(), Failure> {
    logging::start(&config);
    take_all_files();
    // Who listens for it once is told of a file at its limit as of a full disk, and not ended.
    drop(signal(SignalKind::from_raw(Signal::XFSZ.as_raw()))?);
    let state = open::for_server(&config).await?;
    warn_of_open_secrets(&config);
    if config.test_clock.is_some() {
        tracing::warn!("the test clock is on: time stands still until it is moved; never in production");
    }
    // What can go wrong goes wrong before there are secrets, or after they were told: they are told only once.
    let listeners = bind(&config).await?;
    let (address, others) = addresses(&listeners)?;
    if let Some(made) = admin::first_run::set_up(&state).await? {
        announce(&made, address);
    }
    refuse_to_be_open(&config, &state)?;
    // From here on a signal stops it gently: whoever reads that it is ready may send one at once.
    let asked_to_stop = stop_signal()?;
    let (stopper, stop) = watch::channel(false);
    let mut servers = JoinSet::new();
    for (listener, surface) in listeners {
        let service = Service::new(state.clone(), surface);
        servers.spawn(server::serve(listener, service, stop.clone()));
    }
    tell_of_others(&others);
    tracing::info!(%address, database = state.store.kind(), "ready");
    let tasks = start_background(&state, config.role);
    asked_to_stop.await;
    tracing::info!("stopping");
    stopper.send_replace(true);
    let (_, ()) = tokio::join!(
        async { while servers.join_next().await.is_some() {} },
        state.workers.stop()
    );
    tasks.iter().for_each(JoinHandle::abort);
    if tokio::time::timeout(SAVE_PATIENCE, save_last_uses(&state, 0))
        .await
        .is_err()
    {
        tracing::warn!("the last uses of keys were not saved in time");
    }
    if let Err(error) = state.store.empty_log().await {
        tracing::warn!(%error, "the database's log could not be emptied: what was deleted may stand in it until it begins anew");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Each connection takes a file, and of those the system gives fewer than one may have to who does not ask.
fn take_all_files() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let all = Rlimit {
        current: maximum,
        maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, all) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}

/// Takes all addresses, or none.
async fn bind(config: &Config) -> Result<Vec<(TcpListener, Surface)>, Failure> {
    let mut bound = Vec::new();
    for (wanted, surface) in listeners(config) {
        let listener = TcpListener::bind(wanted)
            .await
            .map_err(|error| format!("the address {wanted} cannot be used: {error}"))?;
        bound.push((listener, surface));
    }
    Ok(bound)
}

/// Where it is that these listen, at other ports than were asked for where that was any: the last one, and the others.
fn addresses(listeners: &[(TcpListener, Surface)]) -> io::Result<(SocketAddr, Vec<(SocketAddr, Surface)>)> {
    let address = |(listener, surface): &(TcpListener, Surface)| Ok((listener.local_addr()?, *surface));
    let mut all: Vec<_> = listeners.iter().map(address).collect::<io::Result<_>>()?;
    let (main, _) = all.pop().expect("there is one for what has none of its own");
    Ok((main, all))
}

/// Tells the log what has an address of its own.
fn tell_of_others(others: &[(SocketAddr, Surface)]) {
    for (address, surface) in others {
        let what = if surface.admin {
            "the administration has an address of its own"
        } else {
            "the metrics have an address of their own"
        };
        tracing::info!(%address, "{what}");
    }
}

/// Which addresses serve what; last that of all which has none of its own.
fn listeners(config: &Config) -> Vec<(SocketAddr, Surface)> {
    let mut main = Surface {
        api: config.role != Role::Worker,
        ..WHOLE
    };
    let mut listeners = Vec::new();
    if let Some(address) = config.admin_listen {
        main.admin = false;
        listeners.push((
            address,
            Surface {
                api: false,
                admin: true,
                metrics: false,
            },
        ));
    }
    if let Some(address) = config.metrics_listen {
        main.metrics = false;
        listeners.push((
            address,
            Surface {
                api: false,
                admin: false,
                metrics: true,
            },
        ));
    }
    listeners.push((config.listen, main));
    listeners
}

/// Tells where others than the server's user may read the master key. It serves all the same.
fn warn_of_open_secrets(config: &Config) {
    let in_settings = config.secret_file.as_ref();
    let in_settings = in_settings.filter(|(_, secret)| *secret == FileSecret::MasterKey);
    let own = config.master_key.is_none().then_some(&config.master_key_file);
    for file in in_settings.map(|(file, _)| file).into_iter().chain(own) {
        if let Some(why) = exposure(file) {
            tracing::warn!("the master key is not private: {why}");
        }
    }
}

/// A server that the world can reach but nobody has a key for is a mistake: everything was revoked, as a rule.
fn refuse_to_be_open(config: &Config, state: &AppState) -> Result<(), Failure> {
    match config.open_address() {
        Some(address) if !state.directory().has_credentials() => {
            Err(format!("refusing to listen on {address}: {NOBODY_LET_IN}").into())
        }
        _ => Ok(()),
    }
}

/// Listens for the signals that stop the server; what it answers is done when one has come. Who started it so that it
/// outlives the terminal, as with `nohup`, wants no stop when that hangs up.
fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = (!ignores_hangup())
        .then(|| signal(SignalKind::hangup()))
        .transpose()?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            Some(_) = async { hangup.as_mut()?.recv().await } => {}
        }
    })
}

/// Was the program started to ignore SIGHUP? Linux tells.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok());
    // The first signal is the last bit.
    ignored.is_some_and(|signals| signals & 1 == 1)
}
