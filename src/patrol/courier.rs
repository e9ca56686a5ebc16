//! The courier of the outbox: takes due deliveries, hands each to the outlet, writes down what came of it.
//! It never drops a delivery and never invents a key: whatever happens between sending and writing down, the
//! same message goes out again under the same idempotency key. Order per case is the store's promise.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::{
    clock::Clock,
    config::Platform,
    deliver::{CaseSink, Parcel, SinkError},
    domain::{Delivery, DeliveryState, Message, PlatformPause, WallTime},
    store::{Store, StoreError},
    telemetry::{Outcome, Signal, emit},
};

use super::circuit::{Circuit, Ruling};

/// How patient the courier is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Tries before a delivery is given up.
    pub attempts_max: u32,
    /// Longest wait after the first failed try; doubles with each further one.
    pub backoff_base: Duration,
    /// The wait never grows beyond.
    pub backoff_max: Duration,
    /// Deliveries on their way at the same time.
    pub parallel_max: usize,
    /// How often the store is asked when nobody wakes the courier.
    pub poll: Duration,
}

impl From<&Platform> for Pace {
    fn from(platform: &Platform) -> Self {
        Self {
            attempts_max: platform.attempts_max,
            backoff_base: platform.backoff_base,
            backoff_max: platform.backoff_max,
            parallel_max: platform.parallel_max,
            poll: platform.backoff_base.min(Duration::from_secs(1)),
        }
    }
}

/// What one round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CourierReport {
    /// The platform has it now.
    pub delivered: usize,
    /// The platform had it already.
    pub repeated: usize,
    /// To be tried again.
    pub later: usize,
    /// Given up.
    pub dead: usize,
    /// Not sent: a reviewer undid the verdict just before.
    pub withdrawn: usize,
    /// Left as they were, because the store could not be read or written.
    pub unwritten: usize,
}

impl CourierReport {
    /// How many deliveries the round took in hand.
    pub fn tried(&self) -> usize {
        let Self { delivered, repeated, later, dead, withdrawn, unwritten } = self;
        delivered + repeated + later + dead + withdrawn + unwritten
    }

    fn count(&mut self, outcome: Option<Outcome>) {
        *match outcome {
            Some(Outcome::Delivered) => &mut self.delivered,
            Some(Outcome::Repeated) => &mut self.repeated,
            Some(Outcome::Later) => &mut self.later,
            Some(Outcome::Dead) => &mut self.dead,
            Some(Outcome::Withdrawn) => &mut self.withdrawn,
            None => &mut self.unwritten,
        } += 1;
    }
}

/// Brings deliveries to the outlet.
#[derive(Clone)]
pub struct Courier {
    store: Arc<dyn Store>,
    sink: Arc<dyn CaseSink>,
    clock: Arc<dyn Clock>,
    pace: Pace,
    circuit: Arc<Mutex<Option<Circuit>>>,
}

impl Courier {
    /// A courier between a store and an outlet.
    pub fn new(store: Arc<dyn Store>, sink: Arc<dyn CaseSink>, clock: Arc<dyn Clock>, pace: Pace) -> Self {
        Self { store, sink, clock, pace, circuit: Arc::default() }
    }

    /// Takes what is due at `now`, at most as many as may travel at once, and waits for all of them. While the
    /// platform takes nothing that is one probe, and none before its time.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot say what is due; nothing was sent then.
    pub fn run_once(&self, now: WallTime) -> Result<CourierReport, StoreError> {
        let parallel_max = self.pace.parallel_max.max(1);
        let (room, probe) = self.room(now, parallel_max)?;
        let mut report = CourierReport::default();
        if room == 0 {
            return Ok(report);
        }
        let due = self.store.due_deliveries(now, u32::try_from(room).unwrap_or(u32::MAX))?;
        // A thread each, also for one: an outlet that panics takes its own try down and not the courier.
        let outcomes: Vec<Option<Outcome>> = thread::scope(|scope| {
            let travelling: Vec<_> = due.iter().map(|one| scope.spawn(|| self.bring(one, probe))).collect();
            travelling.into_iter().map(|thread| thread.join().unwrap_or(None)).collect()
        });
        for outcome in outcomes {
            report.count(outcome);
        }
        if report.later + report.unwritten == 0 && report.tried() == room {
            self.with_circuit(|circuit| circuit.went_well(parallel_max));
        }
        Ok(report)
    }

    /// How many may travel now, and whether that is a probe. The circuit is as it was before a restart.
    fn room(&self, now: WallTime, parallel_max: usize) -> Result<(usize, bool), StoreError> {
        let mut circuit = lock(&self.circuit);
        let circuit = match &mut *circuit {
            Some(circuit) => circuit,
            unread => {
                let Pace { backoff_base, backoff_max, .. } = self.pace;
                let pause = self.store.platform_pause()?;
                if let Some(pause) = &pause {
                    emit(Signal::PlatformPaused { why: &pause.why });
                }
                unread.insert(Circuit::new(backoff_base, backoff_max, parallel_max, pause))
            }
        };
        Ok((circuit.room(now, parallel_max), circuit.pause().is_some()))
    }

    /// Tells the circuit something and writes down what that changes of the pause.
    fn with_circuit<T>(&self, tell: impl FnOnce(&mut Circuit) -> T) -> Option<T> {
        let mut circuit = lock(&self.circuit);
        let circuit = circuit.as_mut()?;
        let before = circuit.pause().cloned();
        let told = tell(circuit);
        if before.as_ref() != circuit.pause() {
            self.note_pause(before.as_ref(), circuit.pause());
        }
        Some(told)
    }

    fn note_pause(&self, before: Option<&PlatformPause>, now: Option<&PlatformPause>) {
        match (before, now) {
            (None, Some(pause)) => emit(Signal::PlatformPaused { why: &pause.why }),
            (Some(pause), None) => emit(Signal::PlatformResumed { after: self.clock.now().since(pause.since) }),
            (None, None) | (Some(_), Some(_)) => {}
        }
        // The row is for people; without it the courier behaves the same until a restart.
        if let Err(error) = self.store.set_platform_pause(now, self.clock.now()) {
            tracing::error!(%error, "the platform's pause cannot be written down");
        }
    }

    /// Sends one delivery and writes down what came of it; `None` when the store would not have it.
    fn bring(&self, delivery: &Delivery, probe: bool) -> Option<Outcome> {
        let started = Instant::now();
        let before = match delivery.state {
            DeliveryState::Pending { attempts, .. } => attempts,
            DeliveryState::Delivered { .. } | DeliveryState::Dead { .. } => return None,
        };
        // From here on the verdict stays: whatever becomes of this process, the message goes out.
        match self.store.begin_delivery(delivery, self.clock.now()) {
            Ok(true) => {}
            Ok(false) => {
                self.tell(delivery, Outcome::Withdrawn, started, "its verdict was undone");
                return Some(Outcome::Withdrawn);
            }
            Err(error) => {
                self.tell(delivery, Outcome::Later, started, &error.to_string());
                return None;
            }
        }
        let answer = match self.parcel(delivery) {
            Ok(parcel) => self.sink.deliver(&parcel),
            Err(StoreError::Missing { what, id }) => Err(SinkError::Never(format!("there is no {what} {id} any more"))),
            Err(error) => {
                self.tell(delivery, Outcome::Later, started, &error.to_string());
                return None;
            }
        };
        let (attempts, now) = (before.saturating_add(1), self.clock.now());
        let (state, outcome, why) = match answer {
            Ok(receipt) => {
                self.with_circuit(Circuit::taken);
                let outcome = if receipt.repeated { Outcome::Repeated } else { Outcome::Delivered };
                (DeliveryState::Delivered { attempts, receipt }, outcome, String::new())
            }
            Err(SinkError::Never(why)) => dead(attempts, now, why),
            Err(SinkError::Later(why)) => {
                let ruling = self.with_circuit(|circuit| circuit.failed(now, &why, probe, fastrand::f64()));
                self.later(ruling, before, now, why)
            }
            Err(SinkError::Unavailable(why)) => {
                let ruling = self.with_circuit(|circuit| circuit.refused(now, &why, probe, fastrand::f64()));
                self.later(ruling, before, now, why)
            }
        };
        match self.store.set_delivery(delivery.id, &state, now) {
            Ok(()) => {
                self.tell(delivery, outcome, started, &why);
                Some(outcome)
            }
            Err(error) => {
                self.tell(delivery, Outcome::Later, started, &format!("the outcome could not be stored: {error}"));
                None
            }
        }
    }

    /// What a try that may work later leaves behind, after `before` tries that counted.
    fn later(
        &self,
        ruling: Option<Ruling>,
        before: u32,
        now: WallTime,
        why: String,
    ) -> (DeliveryState, Outcome, String) {
        let attempts = before.saturating_add(1);
        let (attempts, next_at) = match ruling {
            // Behind the others that are due, so that the next probe is made with another message.
            Some(Ruling::Waits(until)) => (before, until),
            _ if attempts >= self.pace.attempts_max => {
                return dead(attempts, now, format!("given up after {attempts} tries; the last: {why}"));
            }
            _ => {
                let wait = wait_after(attempts, self.pace.backoff_base, self.pace.backoff_max, fastrand::f64());
                (attempts, now.plus(wait))
            }
        };
        (DeliveryState::Pending { attempts, next_at, last_error: Some(why.clone()) }, Outcome::Later, why)
    }

    fn parcel(&self, delivery: &Delivery) -> Result<Parcel, StoreError> {
        let case = self.store.case(delivery.case)?;
        let incident = self.store.incident(case.incident)?;
        let bundle = match delivery.message {
            Message::Report { evidence } | Message::Recurrence { evidence, .. } | Message::Recheck { evidence, .. } => {
                evidence
            }
        };
        let evidence = bundle.map(|id| self.store.evidence(id)).transpose()?;
        Ok(Parcel { delivery: delivery.clone(), case, incident, evidence })
    }

    fn tell(&self, delivery: &Delivery, outcome: Outcome, started: Instant, why: &str) {
        let (sink, took) = (self.sink.name(), started.elapsed());
        emit(Signal::DeliveryTried { delivery: delivery.id, sink, outcome, took, why });
    }

    /// Runs rounds on a thread of its own until the handle stops it.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn spawn(self) -> std::io::Result<CourierHandle> {
        let (wake, woken) = bounded(1);
        let (stop, stopped) = bounded(1);
        let thread = thread::Builder::new().name("courier".into()).spawn(move || self.run(&woken, &stopped))?;
        Ok(CourierHandle { wake, stop, thread: Some(thread) })
    }

    fn run(&self, woken: &Receiver<()>, stopped: &Receiver<()>) {
        let mut trouble = 0_u32;
        loop {
            let pause = match self.run_once(self.clock.now()) {
                // There may be more; a round in which the store wrote nothing must not spin.
                Ok(report) if report.tried() > 0 && report.unwritten == 0 => Duration::ZERO,
                Ok(_) => {
                    trouble = 0;
                    self.pace.poll
                }
                Err(error) => {
                    trouble = trouble.saturating_add(1);
                    tracing::error!(%error, trouble, "the outbox cannot be read, it will be tried again");
                    wait_after(trouble, self.pace.poll, Duration::from_secs(30), 1.0)
                }
            };
            crossbeam_channel::select_biased! {
                recv(stopped) -> _ => return,
                recv(woken) -> _ => {}
                default(pause) => {}
            }
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn dead(attempts: u32, at: WallTime, reason: String) -> (DeliveryState, Outcome, String) {
    (DeliveryState::Dead { attempts, at, reason: reason.clone() }, Outcome::Dead, reason)
}

/// Back-off with full jitter: `roll` (0..=1) of a bound that doubles from `base` to `max`. Spreads the tries of
/// many deliveries after the platform was away.
fn wait_after(attempts: u32, base: Duration, max: Duration, roll: f64) -> Duration {
    let doubled = base.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
    doubled.min(max).mul_f64(roll.clamp(0.0, 1.0))
}

/// A running courier. Dropping it stops it too.
#[derive(Debug)]
pub struct CourierHandle {
    wake: Sender<()>,
    stop: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl CourierHandle {
    /// Tells the courier that something may be due now. A wake that is still unheard is enough, so a further one is dropped.
    pub fn wake(&self) {
        match self.wake.try_send(()) {
            Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
        }
    }

    /// Stops after the round that is on its way and waits for it.
    pub fn stop(mut self) {
        self.halt();
    }

    /// The same, and leaves a round that hangs behind after `limit`: its messages go out again under the same key.
    pub fn stop_within(mut self, limit: Duration) {
        let _ = self.stop.try_send(());
        let began = Instant::now();
        while began.elapsed() < limit && self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            thread::sleep(Duration::from_millis(20));
        }
        if self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            tracing::warn!("the platform has not answered; what is on its way is sent again at the next start");
            self.thread = None;
        }
    }

    fn halt(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        let _ = self.stop.try_send(());
        if thread.join().is_err() {
            tracing::error!("the courier panicked; deliveries wait until the next start");
        }
    }
}

impl Drop for CourierHandle {
    fn drop(&mut self) {
        self.halt();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_bound_and_spread_below_it() {
        let (base, max) = (Duration::from_secs(5), Duration::from_secs(60));
        let bounds: Vec<u64> = (1..=6).map(|attempts| wait_after(attempts, base, max, 1.0).as_secs()).collect();
        assert_eq!(bounds, [5, 10, 20, 40, 60, 60]);
        assert_eq!(wait_after(u32::MAX, base, max, 1.0), max);
        assert_eq!(wait_after(3, base, max, 0.5), Duration::from_secs(10));
        assert_eq!(wait_after(3, base, max, 0.0), Duration::ZERO);
    }
}
