//! The HTTP surface over a real store and a real evidence folder, without a socket: bodies, queries, paths, headers,
//! cursors, forms. The input is up to six requests as text, `===` between them; `{incident}` and its like stand for ids
//! that exist. No request makes the service fail, every refusal is a problem that says something, and no answer holds
//! what must stay inside.

use std::cell::RefCell;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use tower::ServiceExt;
use xunjie::deliver::Signed;

#[path = "api/house.rs"]
mod house;

use house::House;

/// After so many requests that change something the house is built anew, so that it stays small.
const CHANGES_MAX: usize = 200;

thread_local! {
    static HOUSE: RefCell<Option<(House, usize)>> = const { RefCell::new(None) };
}

pub fn check(data: &[u8]) {
    HOUSE.with_borrow_mut(|slot| {
        if slot.as_ref().is_none_or(|(_, changes)| *changes > CHANGES_MAX) {
            *slot = Some((House::build(), 0));
        }
        let (house, changes) = slot.as_mut().expect("it was filled above");
        for text in split(data, b"\n===\n").into_iter().take(6) {
            if let Some(request) = request(house, text) {
                *changes += usize::from(request.method() != Method::GET);
                answered(house, request);
            }
        }
    });
}

fn split<'a>(data: &'a [u8], by: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut rest = data;
    while let Some(at) = rest.windows(by.len()).position(|window| window == by) {
        parts.push(&rest[..at]);
        rest = &rest[at + by.len()..];
    }
    parts.push(rest);
    parts
}

/// `METHOD path`, headers, an empty line, the body. `signed: <id>` has the body signed as the platform would.
fn request(house: &House, text: &[u8]) -> Option<Request<Vec<u8>>> {
    let (head, body) = match text.windows(2).position(|window| window == b"\n\n") {
        Some(at) => (&text[..at], &text[at + 2..]),
        None => (text, &[][..]),
    };
    let head = house.fill(std::str::from_utf8(head).ok()?);
    let body = std::str::from_utf8(body).map_or_else(|_| body.to_vec(), |text| house.fill(text).into_bytes());
    let mut lines = head.lines();
    let (method, path) = lines.next()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(path);
    if !path.starts_with('/') {
        return None;
    }
    let (mut has_host, mut is_known) = (false, false);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if name == "signed" {
            let message = Signed { method: "POST", path, idempotency_key: value, body: &body };
            for (name, value) in house.key.headers(&message, house.now()) {
                request = request.header(name, value);
            }
            continue;
        }
        has_host |= name.eq_ignore_ascii_case("host");
        is_known |= ["authorization", "cookie"].iter().any(|proof| name.eq_ignore_ascii_case(proof));
        request = request.header(name, value);
    }
    // Most of what is behind the door is worth a visit; who brings a proof of their own stands before it.
    if !is_known {
        request = request.header("authorization", format!("Bearer {}", house.token()));
    }
    if !has_host {
        request = request.header("host", "127.0.0.1:8686");
    }
    request.body(body).ok()
}

fn answered(house: &House, request: Request<Vec<u8>>) {
    let asked = format!("{} {} {:?}", request.method(), request.uri(), request.headers());
    let knew = [asked.as_bytes(), request.body()].concat();
    let has_body = request.method() != Method::HEAD;
    let (status, headers, body) = house.runtime.block_on(ask(house.router.clone(), request.map(Body::from)));
    let text = String::from_utf8_lossy(&body);
    assert!(!status.is_server_error() || status == StatusCode::NOT_IMPLEMENTED, "{asked}: {status} {text}");
    assert_eq!(headers["x-content-type-options"], "nosniff", "{asked}");
    let kind = headers.get("content-type").map_or("", |kind| kind.to_str().expect("a plain type"));
    if has_body && (status.is_client_error() || status.is_server_error()) && !kind.starts_with("text/html") {
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        assert_eq!(
            (kind, problem["status"].as_u64()),
            ("application/problem+json", Some(status.as_u16().into())),
            "{asked}: {text}"
        );
        let told = |field: &str| problem[field].as_str().is_some_and(|text| !text.is_empty());
        assert!(told("title") && told("detail"), "{asked}: {text}");
    }
    let all = format!("{headers:?}{text}");
    for secret in house.secrets() {
        let was_told = knew.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(was_told || !all.contains(secret), "{asked} gave a secret away: {all}");
    }
}

async fn ask(router: Router, request: Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
    let response = router.oneshot(request).await.expect("a router always answers");
    let (parts, body) = response.into_parts();
    let endless = parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
    let body = if endless { Vec::new() } else { to_bytes(body, 16 << 20).await.expect("a bounded body").to_vec() };
    (parts.status, parts.headers, body)
}
