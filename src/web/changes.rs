//! `/api/v1/changes`: server-sent events. ONE task asks the store for new rows of the feed and tells every follower.
//! Followers are bounded in number and in what waits for them: who is too slow is told to reload, never waited for.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse, Sse,
        sse::{Event, KeepAlive},
    },
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc, watch},
    time::{MissedTickBehavior, interval},
};
use tokio_stream::wrappers::ReceiverStream;

use super::{App, limits::Following, problem::Problem, refusal::Refusal};
use crate::{
    domain::{Areas, Caller},
    store::FeedRow,
    telemetry::{Signal, emit},
};

/// How often the store is asked.
const POLL: Duration = Duration::from_millis(500);
/// Rows that a follower may be behind before it is told to reload.
const BEHIND_MAX: usize = 256;
/// Followers at the same time; further ones are told to come later.
const FOLLOWERS_MAX: usize = 200;
/// How often it is asked whether a follower is still let in as it was.
const WELCOME_EACH: Duration = Duration::from_secs(3);
/// A follower comes in anew after so long; its session may have ended meanwhile.
const FOLLOWED_MAX: Duration = Duration::from_secs(15 * 60);
/// When a caller with too many followers may try again.
const FOLLOW_AGAIN: Duration = Duration::from_secs(30);
/// Rows that are told from before a follower came; one that is further behind reloads.
const REPLAY_MAX: u32 = 500;

/// The stream of changes. Cloning shares it.
#[derive(Clone)]
pub(super) struct Changes {
    rows: broadcast::Sender<FeedRow>,
    followers: Arc<Semaphore>,
    stopped: Arc<watch::Sender<bool>>,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            rows: broadcast::Sender::new(BEHIND_MAX),
            followers: Arc::new(Semaphore::new(FOLLOWERS_MAX)),
            stopped: Arc::new(watch::Sender::new(false)),
        }
    }
}

/// Asks the store for new rows until the service stops, then lets all followers go.
pub(super) async fn poll(app: App, mut stopping: watch::Receiver<bool>) {
    let mut after = None;
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            changed = stopping.changed() => {
                if changed.is_err() || *stopping.borrow() {
                    app.changes.stopped.send_replace(true);
                    return;
                }
            }
        }
        let asked = app.run_for_all(move |service| match after {
            None => Ok((service.store.feed_head()?, Vec::new())),
            Some(after) => Ok((after, service.store.feed(after, REPLAY_MAX)?)),
        });
        // A store that fails is told by /api/v1/health and by whoever writes; here the next tick tries again.
        if let Ok((head, rows)) = asked.await {
            after = Some(rows.last().map_or(head, |row| row.seq));
            for row in rows {
                let _nobody_listens = app.changes.rows.send(row);
            }
        }
    }
}

/// Follows the changes in the areas that the caller sees: events `change` with `{seq, at, topic, subject}`; event `reload` when some were missed.
/// `Last-Event-ID` goes on from where a connection broke.
#[utoipa::path(get, operation_id = "changes_follow", path = "/api/v1/changes", tag = "changes", params(("Last-Event-ID" = Option<i64>, Header)),
    responses((status = OK, content_type = "text/event-stream"), (status = SERVICE_UNAVAILABLE, body = Problem)))]
pub(super) async fn follow(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let following = app.limits.follow(&caller.name).ok_or_else(|| Problem::limited(FOLLOW_AGAIN))?;
    let place = app.changes.followers.clone().try_acquire_owned();
    let place = place.map_err(|_| Problem::later(Refusal::FollowersFull, "too many followers; try again"))?;
    let last = match headers.get("last-event-id") {
        None => None,
        Some(value) => {
            let seq = value.to_str().ok().and_then(|text| text.parse::<i64>().ok()).filter(|seq| *seq >= 0);
            Some(seq.ok_or_else(|| Problem::unreadable("Last-Event-ID is the id of an event"))?)
        }
    };
    // Listen before reading, so that nothing falls between the two.
    let rows = app.changes.rows.subscribe();
    let missed = app
        .run_for_all(move |service| match last {
            Some(seq) => Ok((seq, service.store.feed(seq, REPLAY_MAX)?)),
            None => Ok((service.store.feed_head()?, Vec::new())),
        })
        .await?;
    let (tell, told) = mpsc::channel(16);
    let stopped = app.changes.stopped.subscribe();
    let follower = Follower { rows, tell, areas: caller.areas.clone(), stopped, _place: (place, following) };
    tokio::spawn(tell_follower(unwelcome(app, caller), follower, missed.0, missed.1));
    Ok(Sse::new(ReceiverStream::new(told)).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// Ends when the follower is not let in any more as it was: a disabled account, a revoked token, other rights.
async fn unwelcome(app: App, caller: Caller) {
    let until = tokio::time::Instant::now() + FOLLOWED_MAX;
    while tokio::time::Instant::now() < until {
        tokio::time::sleep(WELCOME_EACH).await;
        let known = caller.clone();
        // A store that does not answer now turns nobody away.
        if let Ok(false) = app.run_for_all(move |service| service.is_current(&known)).await {
            return;
        }
    }
}

struct Follower {
    rows: broadcast::Receiver<FeedRow>,
    tell: mpsc::Sender<Result<Event, Infallible>>,
    areas: Areas,
    stopped: watch::Receiver<bool>,
    _place: (OwnedSemaphorePermit, Following),
}

/// Tells one follower until it leaves or the service stops.
async fn tell_follower(
    unwelcome: impl Future<Output = ()>,
    mut follower: Follower,
    mut seq: i64,
    missed: Vec<FeedRow>,
) {
    let mut stopped = follower.stopped.clone();
    let all = async {
        // The first event names the position, so that a connection that breaks early goes on from here.
        let hello = Event::default().event("hello").id(seq.to_string()).data("{}");
        follower.tell.send(Ok(hello)).await.ok()?;
        // The feed forgets its oldest rows, so the first may not be the one that follows.
        let gap = missed.first().is_some_and(|row| row.seq > seq + 1);
        if gap || missed.len() >= REPLAY_MAX as usize {
            seq = missed.last().map_or(seq, |row| row.seq);
            follower.tell.send(Ok(reload(seq))).await.ok()?;
        } else {
            for row in missed {
                seq = row.seq;
                if row.is_for(&follower.areas) {
                    follower.tell.send(Ok(change(&row))).await.ok()?;
                }
            }
        }
        loop {
            let event = match follower.rows.recv().await {
                Ok(row) if row.seq <= seq => continue,
                Ok(row) if !row.is_for(&follower.areas) => {
                    seq = row.seq;
                    continue;
                }
                Ok(row) => {
                    seq = row.seq;
                    change(&row)
                }
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    emit(Signal::FollowerLagged { missed });
                    seq = seq.saturating_add(i64::try_from(missed).unwrap_or(0));
                    reload(seq)
                }
                Err(broadcast::error::RecvError::Closed) => return None::<()>,
            };
            follower.tell.send(Ok(event)).await.ok()?;
        }
    };
    let gone = follower.tell.clone();
    tokio::select! {
        _ = all => {}
        () = gone.closed() => {}
        () = unwelcome => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}

fn change(row: &FeedRow) -> Event {
    let data = serde_json::to_string(row).expect("a row of plain fields always serialises");
    Event::default().event("change").id(row.seq.to_string()).data(data)
}

fn reload(seq: i64) -> Event {
    Event::default().event("reload").id(seq.to_string()).data("{}")
}
