//! `bursar serve`: starts, serves, stops gently.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::{Failure, NOBODY_LET_IN, background, open};
use crate::actions::purchases::handle_due;
use crate::actions::remember;
use crate::admin::first_run::{self, FirstRun};
use crate::admin::integration_block::keep_taking_up;
use crate::admin::rates::end_of_shipped;
use crate::config::{Config, FileSecret, Role, exposure};
use crate::delivery;
use crate::directory::POLL;
use crate::failing::Failing;
use crate::http::router::{Service, Surface, WHOLE};
use crate::http::server;
use crate::logging;
use crate::state::AppState;

/// How often outdated answers are forgotten, last uses of keys saved, and deleted profiles left out of SQLite's log.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// How often the end of the shipped exchange rates is told.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How often the scheduler looks whether anything is due.
const TICK: Duration = Duration::from_millis(250);

/// How long the stop may take to save last uses of keys, after the servers have ended.
const SAVE_PATIENCE: Duration = Duration::from_secs(1);

/// The identifiers that the founding document's example sets, in its order.
pub(super) const EXAMPLE_IDENTIFIERS: [&str; 13] = [
    "pushwoosh_hwid",
    "mixpanel_user_id",
    "facebook_anonymous_id",
    "firebase_app_instance_id",
    "amplitude_user_id",
    "amplitude_device_id",
    "appmetrica_device_id",
    "appmetrica_profile_id",
    "one_signal_subscription_id",
    "branch_id",
    "appsflyer_id",
    "adjust_device_id",
    "airbridge_device_id",
];

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
    if let Some(first_run) = first_run::set_up(&state).await? {
        announce(&first_run, address);
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

/// What the server does without being asked.
fn start_background(state: &AppState, role: Role) -> Vec<JoinHandle<()>> {
    let mut tasks = vec![
        background::start(state, "the look at apps and keys", keep_up),
        background::start(state, "housekeeping", keep_house),
        background::start(state, "the look at exchange rates", watch_rates),
        background::start(state, "handshakes that were cut off", keep_taking_up),
        // It grows where no server sends, and then nobody else would tell.
        background::start(
            state,
            "the look at how late deliveries are",
            delivery::overdue::watch,
        ),
    ];
    if role != Role::Api {
        tasks.extend([
            background::start(state, "the look for what is due", keep_time),
            background::start(state, "sending deliveries", delivery::run),
        ]);
    }
    tasks
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

/// Tells the secrets of the first run, this once.
fn announce(first_run: &FirstRun, address: SocketAddr) {
    let mut out = io::stdout().lock();
    let told = writeln!(out, "{}", announcement(first_run, address)).and_then(|()| out.flush());
    if let Err(error) = told {
        tracing::error!(
            %error,
            "the secrets of the first run could not be printed; make new ones with \
             `bursar key create --app default` and `bursar admin-token create`"
        );
    }
}

/// The secrets of the first run, with commands to paste.
fn announcement(first_run: &FirstRun, address: SocketAddr) -> String {
    let host = if address.ip().is_unspecified() {
        format!("127.0.0.1:{}", address.port())
    } else {
        address.to_string()
    };
    let FirstRun { app, admin_token } = first_run;
    let identifiers = EXAMPLE_IDENTIFIERS
        .map(|name| format!("\"{name}\": \"example_{name}\""))
        .join(",\n    ");
    let identifiers = format!("{{\n    {identifiers}\n  }}");
    let (id, secret, public) = (app.app_id, &app.secret_key, &app.public_key);
    let api = format!("http://{host}/api/v2/server-side-api");
    format!(
        "\
First run: made the app `default`. These secrets are not shown again.

  app id       {id}
  secret key   {secret}
  public key   {public}
  admin token  {admin_token}

Create a profile, set its identifiers, read them back:

curl -X POST {api}/profile/ \\
  -H 'Authorization: Api-Key {secret}' \\
  -H 'adapty-customer-user-id: user-1'

curl -X POST {api}/integration/profile/set/integration-identifiers/ \\
  -H 'Authorization: Api-Key {secret}' \\
  -H 'adapty-customer-user-id: user-1' \\
  -H 'adapty-platform: iOS' \\
  -H 'Content-Type: application/json' \\
  -d '{identifiers}'

curl {api}/integration/profile/set/integration-identifiers/ \\
  -H 'Authorization: Api-Key {secret}' \\
  -H 'adapty-customer-user-id: user-1'

The API, call by call: http://{host}/docs
"
    )
}

/// Sees what other servers and the command line change.
async fn keep_up(state: AppState) {
    let mut failing = Failing::default();
    loop {
        tokio::time::sleep(POLL).await;
        failing.tell(
            state.refresh().await,
            |error| tracing::warn!(%error, "apps and keys could not be looked at; the known ones hold meanwhile"),
            || tracing::info!("apps and keys are looked at again"),
        );
    }
}

/// Handles what becomes due by time alone. What became due while no server ran is handled at the start.
async fn keep_time(state: AppState) {
    let mut failing = Failing::default();
    loop {
        failing.tell(
            handle_due(&state, state.clock.now()).await,
            |error| tracing::warn!(%error, "what is due could not be handled; it is tried again"),
            || tracing::info!("what is due is handled again"),
        );
        tokio::time::sleep(TICK).await;
    }
}

async fn keep_house(state: AppState) {
    let mut saved_until = 0;
    loop {
        tokio::time::sleep(HOUSEKEEPING).await;
        // The clock may have been set back meanwhile.
        saved_until = save_last_uses(&state, saved_until.min(state.clock.now())).await;
        if let Err(error) = remember::forget_outdated(&state).await {
            tracing::warn!(%error, "outdated answers could not be forgotten; they are tried again");
        }
        if let Err(error) = state.store.leave_nothing_erased().await {
            tracing::warn!(%error, "the database's log could not be emptied of what was deleted; it is tried again");
        }
    }
}

/// Tells once a day that the shipped exchange rates end, from a month before on: who does not upgrade would not know.
async fn watch_rates(state: AppState) {
    loop {
        match end_of_shipped(&state.store, state.clock.now()).await {
            Ok(told) => told.into_iter().for_each(|end| tracing::warn!("{end}")),
            Err(error) => tracing::warn!(%error, "it could not be seen whether exchange rates are there"),
        }
        tokio::time::sleep(DAY).await;
    }
}

/// Saves when keys were last used, and answers up to when that is now known.
async fn save_last_uses(state: &AppState, since: i64) -> i64 {
    let now = state.clock.now();
    let writes = state.directory().last_uses(since);
    if writes.is_empty() {
        return now;
    }
    match state.store.write(writes).await {
        Ok(()) => now,
        Err(error) => {
            tracing::warn!(%error, "the last uses of keys could not be saved; they are tried again");
            since
        }
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
