//! People who mean harm: addresses that lead elsewhere, names that lead out, bodies that never end, and every place
//! where a secret could show.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod addresses;
mod doors;
mod names;
mod secrets;

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use crate::street::{Deployment, Running, start};

/// Long enough for a machine that is shared.
const LONG: Duration = Duration::from_secs(90);

/// A place where nobody may come: counts who does.
struct Trap {
    address: String,
    visits: Arc<AtomicUsize>,
}

impl Trap {
    /// On another loopback address than the cameras'.
    fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.2:0").unwrap();
        let (address, visits) = (listener.local_addr().unwrap().to_string(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&visits);
        thread::spawn(move || {
            for visitor in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                drop(visitor);
            }
        });
        Self { address, visits }
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}

/// A server that answers each request with what `answer` makes of its head; keeps what it heard.
pub(crate) struct Server {
    pub(crate) address: String,
    heard: Arc<Mutex<String>>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&str) -> String + Send + Sync + Clone + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, heard) = (listener.local_addr().unwrap().to_string(), Arc::new(Mutex::new(String::new())));
        let all = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, all) = (answer.clone(), Arc::clone(&all));
                thread::spawn(move || converse(stream, &answer, &all));
            }
        });
        Self { address, heard }
    }

    fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }
}

fn converse(mut stream: TcpStream, answer: &dyn Fn(&str) -> String, all: &Mutex<String>) {
    let (mut bytes, mut piece) = (Vec::new(), [0_u8; 4096]);
    while let Ok(read @ 1..) = stream.read(&mut piece) {
        bytes.extend_from_slice(&piece[..read]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let whole = end + 4 + length.unwrap_or(0_usize);
        if bytes.len() < whole {
            continue;
        }
        all.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..whole]));
        bytes.drain(..whole);
        if stream.write_all(answer(&head).as_bytes()).is_err() {
            return;
        }
    }
}

/// The service of a deployment with a data folder of its own, its log in `serve.log`.
fn serve(deployment: &Deployment, prepare: impl FnOnce(&mut std::process::Command)) -> (Running, String) {
    let log = fs::OpenOptions::new().create(true).append(true).open(deployment.folder.join("serve.log")).unwrap();
    let mut command = deployment.xunjie();
    prepare(&mut command);
    start(command.args(["serve", "--listen", "127.0.0.1:0"]).stderr(log), "巡街 ")
}
