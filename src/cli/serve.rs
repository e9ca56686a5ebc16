//! `xunjie serve`: looks, judges, serves the page and the API, and delivers, until it is told to stop. The first
//! signal ends it in order; a second one ends it at once.

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustix::process::{Resource, Rlimit};
use tokio::{net::TcpListener, signal::unix, sync::Notify};

use super::{Done, daily::reconcile_daily, desk::Desk, engine};
use crate::{
    analysis::verify::Square,
    deliver::{self, CaseSink},
    domain::{BBox, Homography, Purpose},
    identity,
    media::{SourceSpec, jpeg, probe},
    patrol::{
        Courier, CourierHandle, Pace, bundle_reader,
        planner::Budget,
        shadow::WhenFull,
        spine::Spine,
        supervisor::{Asker, Patrol},
    },
    service::Service,
    store::evidence::{Recorded, RetentionPolicy, retain},
    telemetry::{self, Direction, Signal, emit},
    web::{self, App, CropPort, DescribePort, LookWish, LooksFull, Ports, ProbePort, Probed, ThumbnailPort, Tls},
};

/// Views visited at least this often keep their session open between looks.
const KEEP_OPEN_MAX: Duration = Duration::from_secs(60);
/// Watches without an end that may run beside the patrol, for each inference thread.
const CONTINUOUS_A_THREAD: usize = 8;
/// How long a probe may try one transport.
const PROBE_TIME: Duration = Duration::from_secs(12);

/// Longest side of the piece of a picture that shows what an exemplar is of.
const CROP_PX_MAX: u32 = 320;
/// Between two counts of how the views stand.
const COUNT_EVERY: Duration = Duration::from_secs(600);
/// How long a message that is on its way may hold up the end.
const COURIER_STOP_MAX: Duration = Duration::from_secs(2);

#[derive(clap::Args)]
pub(super) struct Args {
    /// 监听地址，代替设置文件里的 listen
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
}

pub(super) fn run(args: &Args, desk: &Desk) -> Done {
    let service = Arc::new(desk.service()?);
    let settings = &service.config.settings;
    telemetry::init(settings.log.json, &settings.log.level)?;
    bound_the_process();
    let spine =
        Arc::new(engine::spine(&service, Arc::new(engine::live_source(&service)?), KEEP_OPEN_MAX, WhenFull::GoOn)?);
    let tls = settings.tls.clone().map(Tls::open).transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let listen = args.listen.unwrap_or(settings.listen);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let listener =
        runtime.block_on(TcpListener::bind(listen)).with_context(|| format!("{listen} cannot be listened on"))?;

    let patrol = settings.patrol;
    let looks_max = patrol.look_workers.min(patrol.open_sessions_max);
    let budget = Budget {
        looks_max,
        // Watches keep their sessions; looks must find some free.
        continuous_max: (patrol.infer_threads.max(1) * CONTINUOUS_A_THREAD)
            .min(patrol.open_sessions_max.saturating_sub(looks_max)),
        sessions_max: patrol.open_sessions_max,
        decode_cores_max: patrol.decode_cores_max,
        look_time_max: patrol.look_timeout,
    };
    let running = Patrol::start(&spine, looks_max, budget)?;
    let sink = outlet(&service)?;
    let courier = sink.clone().map(|sink| courier(&service, sink)).transpose()?;
    let platform_key = settings.platform.as_ref().map(deliver::signing_key).transpose()?.flatten();
    let app = App::new(service.clone(), ports(&service, &spine, running.asker(), sink.clone())?, platform_key);
    let app = match tls {
        Some(tls) => app.with_tls(tls),
        None => app,
    };
    let address = format!("{scheme}://{}", listener.local_addr()?);
    println!("巡街 {address}");
    if let Some(secret) = service.offer_setup()? {
        // Behind `#`: no server and no proxy writes it into a log.
        println!("首次使用，请在 1 小时内打开：{address}/setup#{}", secret.reveal());
    }
    let served = runtime.block_on(until_told(app, listener, &service, sink));

    // The order of ending: nobody asks any more, no new looks, running looks recorded, deliveries stored.
    running.stop();
    if let Some(courier) = courier {
        courier.stop_within(COURIER_STOP_MAX);
    }
    runtime.shutdown_timeout(Duration::from_secs(1));
    served?;
    Ok(ExitCode::SUCCESS)
}

/// A core dump would hold every password; sessions and connections need more handles than a shell allows.
fn bound_the_process() {
    let no_dump = rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let handles = rustix::process::getrlimit(Resource::Nofile);
    let raised = rustix::process::setrlimit(Resource::Nofile, Rlimit { current: handles.maximum, ..handles });
    for (what, done) in [("core dumps", no_dump), ("file handles", raised)] {
        if let Err(error) = done {
            tracing::warn!(%error, "the limit of {what} cannot be set");
        }
    }
}

/// Serves until the first signal; a second one ends the process at once.
async fn until_told(
    app: App,
    listener: TcpListener,
    service: &Arc<Service>,
    sink: Option<Arc<dyn CaseSink>>,
) -> anyhow::Result<()> {
    let mut interrupt = unix::signal(unix::SignalKind::interrupt())?;
    let mut terminate = unix::signal(unix::SignalKind::terminate())?;
    let told = Arc::new(Notify::new());
    let tell = told.clone();
    tokio::spawn(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        tracing::info!("stopping; a second signal ends at once");
        tell.notify_one();
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        end_at_once();
    });
    let housekeeping = tokio::spawn(housekeep(service.clone()));
    let counting = tokio::spawn(count_coverage(service.clone()));
    let reconciling = sink.map(|sink| tokio::spawn(reconcile_daily(service.clone(), sink)));
    let served = web::serve(app, listener, async move { told.notified().await }).await;
    housekeeping.abort();
    counting.abort();
    if let Some(reconciling) = reconciling {
        reconciling.abort();
    }
    Ok(served?)
}

#[expect(clippy::disallowed_methods, reason = "a second signal asks for exactly this: no dropping, no flushing")]
fn end_at_once() {
    std::process::exit(130);
}

/// Once an hour: files of evidence that are past their time.
async fn housekeep(service: Arc<Service>) {
    let mut hour = tokio::time::interval(Duration::from_secs(3600));
    loop {
        hour.tick().await;
        let service = service.clone();
        let swept = tokio::task::spawn_blocking(move || sweep(&service));
        if let Err(error) = swept.await {
            tracing::error!(%error, "the hourly sweep of evidence panicked; it is tried again in an hour");
        }
    }
}

/// Every ten minutes: how the views stand, for the report of the month. Not at once: after a start every view is late.
async fn count_coverage(service: Arc<Service>) {
    let mut count = tokio::time::interval(COUNT_EVERY);
    count.tick().await;
    loop {
        count.tick().await;
        let service = service.clone();
        match tokio::task::spawn_blocking(move || service.note_coverage()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "coverage was not counted; it is tried again in ten minutes"),
            Err(error) => tracing::error!(%error, "counting coverage panicked; it is tried again in ten minutes"),
        }
    }
}

/// Evidence past its time goes, folders that no row names are set aside.
fn sweep(service: &Service) {
    let kept = &service.config.settings.retention;
    let policy = RetentionPolicy {
        waiting_days: kept.waiting_days,
        rejected_days: kept.rejected_days,
        final_days: kept.after_case_closed_days,
    };
    match retain(&*service.store, &service.evidence, &policy, service.now()) {
        Ok(retained) => {
            let bundles = retained.purged.len() as u64;
            emit(Signal::RetentionPurged { bundles, direction: Direction::Expired });
        }
        Err(error) => tracing::error!(%error, "retention failed; it is tried again in an hour"),
    }
    if let Err(error) = service.forget_shadowed() {
        tracing::error!(%error, "what new models were compared by is not forgotten; it is tried again in an hour");
    }
    match service.evidence.reconcile(&Recorded(&*service.store), service.now(), true) {
        Ok(found) if found.missing_folders.is_empty() => {
            emit(Signal::RetentionPurged { bundles: found.moved.len() as u64, direction: Direction::Orphan });
        }
        Ok(found) => tracing::error!(missing = ?found.missing_folders, "recorded evidence is not on the disk"),
        Err(error) => tracing::error!(%error, "evidence cannot be reconciled; it is tried again in an hour"),
    }
}

/// The outlet to the configured platform; without one deliveries wait.
fn outlet(service: &Service) -> anyhow::Result<Option<Arc<dyn CaseSink>>> {
    let Some(platform) = &service.config.settings.platform else {
        tracing::warn!("no platform is configured; deliveries wait");
        return Ok(None);
    };
    let read = bundle_reader((*service.evidence).clone());
    Ok(Some(deliver::open(platform, &service.config.city, read, service.clock.clone())?))
}

/// The courier of the configured platform.
fn courier(service: &Service, sink: Arc<dyn CaseSink>) -> anyhow::Result<CourierHandle> {
    let platform = service.config.settings.platform.as_ref().context("no platform is configured")?;
    let courier = Courier::new(service.store.clone(), sink, service.clock.clone(), Pace::from(platform));
    Ok(courier.spawn()?)
}

/// What the web borrows from other rooms.
fn ports(
    service: &Service,
    spine: &Arc<Spine>,
    asker: Asker,
    sink: Option<Arc<dyn CaseSink>>,
) -> anyhow::Result<Ports> {
    let look = move |view, wish| {
        let purpose = match wish {
            LookWish::Snapshot => Purpose::Snapshot,
            LookWish::Reference => Purpose::Reference,
        };
        asker.ask(view, purpose).ok_or(LooksFull)
    };
    let source = engine::live_source(service)?;
    let probe: ProbePort = Arc::new(move |stream, credential| {
        let report = probe::probe(&SourceSpec { stream, credential }, &source, PROBE_TIME);
        let details = serde_json::to_value(&report).unwrap_or_default();
        let picture = report.picture.map(|jpeg| BASE64_STANDARD.encode(jpeg));
        Probed { usable: report.usable, summary: report.explanation.zh, details, picture }
    });
    let settings = &service.config.settings;
    let identity = settings.oidc.as_ref().map(|oidc| {
        identity::open(oidc, &settings.identity_networks, service.clock.clone()).context("[oidc] cannot be used")
    });
    let thumbnail: ThumbnailPort = Arc::new(|bytes, width| {
        let small = jpeg::decode(bytes).and_then(|picture| jpeg::thumbnail(&picture, width));
        small.map_err(|error| error.to_string())
    });
    let eyes = spine.clone();
    let describe: DescribePort = Arc::new(move |verify, bytes, bbox| {
        let verifier = eyes.verifiers.get(&verify.model);
        let verifier = verifier.ok_or_else(|| format!("model {} is not loaded", verify.model))?;
        let picture = jpeg::decode(bytes).map_err(|error| error.to_string())?;
        let bbox = Homography::IDENTITY.to_frame(&bbox, picture.width(), picture.height());
        verifier.describe(&picture, &bbox).map_err(|error| error.to_string())
    });
    let crop: CropPort = Arc::new(|bytes, bbox| {
        let picture = jpeg::decode(bytes).map_err(|error| error.to_string())?;
        let bbox = Homography::IDENTITY.to_frame(&BBox::from(bbox), picture.width(), picture.height());
        let square = Square::around(&bbox, picture.width(), picture.height()).ok_or("the box lies outside")?;
        jpeg::thumbnail(&square.of(&picture), CROP_PX_MAX).map_err(|error| error.to_string())
    });
    Ok(Ports {
        crop: Some(crop),
        describe: Some(describe),
        probe: Some(probe),
        look: Some(Arc::new(look)),
        sink,
        thumbnail: Some(thumbnail),
        identity: identity.transpose()?,
    })
}
