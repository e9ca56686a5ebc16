//! The one thread that reads every camera's socket. It wakes up a few times a second, takes what has come since, and
//! sleeps again: what a session costs is the copy out of the kernel, not a wake-up for each packet. In between, the
//! kernel's own socket buffer holds what comes.

use std::{
    io::{ErrorKind, Read, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver as Inbox, RecvTimeoutError, Sender, bounded};

use super::{
    Refusal, Request, Taker, Unit,
    assemble::Assembler,
    clock::Timeline,
    handshake::{self, Playing, in_words},
    wire::{self, Message},
};
use crate::telemetry::{PacketFate, Signal, emit};

/// How often the sockets are read. Longer saves little; shorter costs a system call a session each time.
const TICK: Duration = Duration::from_millis(50);
/// Bytes that are read at once.
const READ_SIZE: usize = 256 << 10;
/// Bytes that one camera gets read in one tick at most, so that none takes the thread from the others.
const TICK_MAX: usize = 4 << 20;
/// Sessions that wait for the thread to take them over; opening ones wait when it is full.
const WAITING_MAX: usize = 64;

/// Receives from any number of cameras.
pub struct Receiver {
    inbox: Sender<Box<Session>>,
}

/// An open or opening session; dropping it ends the session.
pub struct Connection {
    closed: Arc<AtomicBool>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

impl Receiver {
    /// Starts the thread. It ends when the receiver and every session are gone.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> std::io::Result<Self> {
        let (inbox, sessions) = bounded(WAITING_MAX);
        thread::Builder::new().name("rtsp-receive".into()).spawn(move || receive(&sessions))?;
        Ok(Self { inbox })
    }

    /// Begins to open a stream and returns at once; `taker` hears how it goes on.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn open(&self, request: Request, taker: Arc<dyn Taker>) -> std::io::Result<Connection> {
        let closed = Arc::new(AtomicBool::new(false));
        let (inbox, mark) = (self.inbox.clone(), Arc::clone(&closed));
        thread::Builder::new().name("rtsp-open".into()).spawn(move || match handshake::open(&request) {
            Ok(playing) => {
                taker.offered(playing.track.video);
                // Fails only when the service ends.
                let _ = inbox.send(Box::new(Session::new(playing, request.unit_max, taker, mark)));
            }
            Err(refusal) => taker.ended(refusal),
        })?;
        Ok(Connection { closed })
    }
}

/// A camera that plays.
struct Session {
    playing: Playing,
    assembler: Assembler,
    timeline: Timeline,
    taker: Arc<dyn Taker>,
    closed: Arc<AtomicBool>,
    began: Instant,
    heard_from_us: Instant,
    /// The last request was refused for a challenge that we can answer now.
    ask_again: bool,
}

fn receive(inbox: &Inbox<Box<Session>>) {
    let mut sessions: Vec<Box<Session>> = Vec::new();
    let mut space = vec![0; READ_SIZE];
    loop {
        let came = if sessions.is_empty() {
            inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            inbox.recv_timeout(TICK)
        };
        match came {
            Ok(session) => sessions.extend(session.prepared()),
            Err(RecvTimeoutError::Disconnected) if sessions.is_empty() => return,
            // Without a receiver there is nothing to wait for but the sessions' own end.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(TICK),
            Err(RecvTimeoutError::Timeout) => {}
        }
        sessions.retain_mut(|session| session.tick(&mut space));
    }
}

impl Session {
    fn new(playing: Playing, unit_max: usize, taker: Arc<dyn Taker>, closed: Arc<AtomicBool>) -> Self {
        let track = &playing.track;
        let assembler = Assembler::new(track.video, track.payload_type, &track.sets, unit_max);
        let (timeline, began) = (Timeline::new(track.clock_hz), Instant::now());
        Self { assembler, timeline, taker, closed, began, heard_from_us: began, ask_again: false, playing }
    }

    fn prepared(self: Box<Self>) -> Option<Box<Self>> {
        match self.playing.socket.set_nonblocking(true) {
            Ok(()) => Some(self),
            Err(error) => {
                self.taker.ended(Refusal::Broken(in_words(&error)));
                None
            }
        }
    }

    /// Takes what has come. Returns whether the session goes on.
    fn tick(&mut self, space: &mut [u8]) -> bool {
        if self.closed.load(Ordering::Relaxed) {
            let bytes = self.playing.speaker.goodbye();
            // A camera that does not hear it finds the connection closed.
            let _ = self.playing.socket.write(&bytes);
            return false;
        }
        let goes_on = self.read(space).and_then(|()| self.keep_alive());
        if let Err(why) = &goes_on {
            self.taker.ended(why.clone());
        }
        goes_on.is_ok()
    }

    /// Reads until nothing is left or this tick's share is used up. What is left of a message stays for the next time.
    fn read(&mut self, space: &mut [u8]) -> Result<(), Refusal> {
        let mut left = TICK_MAX;
        let mut unread = std::mem::take(&mut self.playing.unread);
        if unread.len() >= space.len() {
            // More came early than is read at once; it is taken as it is.
            let used = self.take(&unread)?;
            unread.drain(..used);
        }
        loop {
            let kept = unread.len();
            let Some(room) = space.get_mut(kept..).filter(|room| !room.is_empty()) else {
                return Err(Refusal::Broken("it sends a message without an end".into()));
            };
            let size = match self.playing.socket.read(room) {
                Ok(0) => return Err(Refusal::Closed),
                Ok(size) => size,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Refusal::Broken(in_words(&error))),
            };
            space[..kept].copy_from_slice(&unread);
            let all = &space[..kept + size];
            let used = self.take(all)?;
            unread.clear();
            unread.extend_from_slice(&all[used..]);
            left = left.saturating_sub(size);
            // A read that did not fill the space has emptied the socket.
            if left == 0 || kept + size < space.len() {
                break;
            }
        }
        self.playing.unread = unread;
        Ok(())
    }

    /// Takes the whole messages at the front of `bytes` and returns how long they were.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let arrived = self.began.elapsed();
        let mut used = 0;
        loop {
            let found = wire::first(&bytes[used..]);
            let found = found.map_err(|wire::Nonsense(what)| Refusal::Broken(format!("it sends {what}")))?;
            let Some((message, size)) = found else { return Ok(used) };
            used += size;
            match message {
                Message::Frame { channel, payload } if channel == self.playing.channel => {
                    let Self { assembler, timeline, taker, .. } = self;
                    let left_out = assembler.left_out();
                    assembler.take(payload, |unit| {
                        taker.unit(Unit {
                            pts: timeline.media_time(unit.ticks, arrived),
                            camera_ms: timeline.camera_ms(unit.ticks),
                            data: unit.data,
                            key: unit.key,
                            sets_changed: unit.sets_changed,
                        });
                    });
                    let count = assembler.left_out() - left_out;
                    if count > 0 {
                        emit(Signal::Packets { fate: PacketFate::Damaged, count });
                    }
                }
                Message::Frame { channel, payload } if channel == self.playing.channel.wrapping_add(1) => {
                    self.timeline.learn(payload);
                }
                Message::Reply(reply) => self.ask_again |= self.playing.speaker.learn(&reply),
                Message::Asked(number) => {
                    // It may only want to hear that somebody is there.
                    let answer = format!("RTSP/1.0 501 Not Implemented\r\nCSeq: {number}\r\n\r\n");
                    let _ = self.playing.socket.write(answer.as_bytes());
                }
                Message::Frame { .. } | Message::Blank => {}
            }
        }
    }

    fn keep_alive(&mut self) -> Result<(), Refusal> {
        if self.heard_from_us.elapsed() < self.playing.speaker.keep_alive && !std::mem::take(&mut self.ask_again) {
            return Ok(());
        }
        self.heard_from_us = Instant::now();
        let bytes = self.playing.speaker.keep_alive_request();
        match self.playing.socket.write(&bytes) {
            Ok(size) if size == bytes.len() => Ok(()),
            // A camera that reads nothing of what we say is stuck.
            Ok(_) => Err(Refusal::Broken("it does not read what it is told".into())),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                Err(Refusal::Broken("it does not read what it is told".into()))
            }
            Err(error) => Err(Refusal::Broken(in_words(&error))),
        }
    }
}

#[cfg(test)]
mod tests;
