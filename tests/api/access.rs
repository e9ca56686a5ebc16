//! Who may come in.

use serde_json::json;

use crate::house::House;

#[test]
fn without_the_token_nothing_is_told() {
    let house = House::start(false);
    let stranger = house.client();
    for path in
        ["/api/v1/streams", "/api/v1/changes", "/metrics", "/api/v1/openapi.json", "/", "/coverage", "/api/v1/none"]
    {
        let answer = stranger.get(path);
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer"), "{path}");
    }
    for path in ["/healthz", "/login", "/assets/style.css", "/assets/page.js"] {
        assert_eq!(stranger.get(path).status, 200, "{path}");
    }
    let wrong = house.client().with("authorization", &format!("Bearer {}0", house.token));
    assert_eq!(wrong.get("/api/v1/streams").status, 401);
    let right = house.client().with("authorization", &format!("Bearer {}", house.token));
    assert_eq!(right.get("/api/v1/streams").status, 200);
    // A program proves itself with the token, so the origin of its request does not matter.
    let program = house.client().with("authorization", &format!("bearer {}", house.token)).with("origin", "http://x");
    assert_eq!(program.post("/api/v1/streams", &json!({})).status, 422);
    let browser = house.client().with("accept", "text/html");
    let sent = browser.get("/");
    assert_eq!((sent.status, sent.header("location")), (303, "/login"));
}

#[test]
fn the_page_trades_the_token_for_a_session() {
    let house = House::start(false);
    let browser = house.client().with("sec-fetch-site", "same-origin");
    assert_eq!(browser.form("/login", &[("token", "guess")]).status, 401);
    let answer = browser.form("/login", &[("token", &house.token)]);
    assert_eq!((answer.status, answer.header("location")), (303, "/"));
    let cookie = answer.header("set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains(&house.token), "the session is not the token");
    let session = cookie.split(';').next().unwrap();
    let inside = house.client().with("cookie", session).with("sec-fetch-site", "same-origin");
    assert_eq!(inside.get("/").status, 200);
    assert_eq!(inside.post("/api/v1/streams", &json!({})).status, 422);
    // Another site makes the browser send a request: the cookie alone is not enough.
    let lured = house.client().with("cookie", session).with("sec-fetch-site", "cross-site");
    assert_eq!(lured.post("/api/v1/streams", &json!({})).status, 403);
    assert_eq!(
        house.client().with("sec-fetch-site", "cross-site").form("/login", &[("token", &house.token)]).status,
        403
    );
    assert_eq!(inside.form("/logout", &[]).status, 303);
    assert_eq!(inside.get("/").status, 401);
}

#[test]
fn an_open_loopback_answers_to_its_own_names_alone() {
    let house = House::start(true);
    let port = house.base.rsplit(':').next().unwrap().to_owned();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        ("[::1]".to_owned(), 200),
        (format!("rebound.example:{port}"), 421),
        ("127.0.0.1.example".to_owned(), 421),
    ] {
        assert_eq!(house.client().with("host", &host).get("/api/v1/streams").status, status, "{host}");
    }
    // Behind a proxy the caller is not on this machine: then the token is asked for after all.
    let proxied = house.client().with("x-forwarded-for", "203.0.113.7");
    assert_eq!(proxied.get("/api/v1/streams").status, 401);
    let cross = house.client().with("origin", "http://evil.example");
    assert_eq!((cross.get("/api/v1/streams").status, cross.post("/api/v1/streams", &json!({})).status), (200, 403));
    let own = house.client().with("host", &format!("127.0.0.1:{port}")).with("origin", &house.base);
    assert_eq!(own.post("/api/v1/streams", &json!({})).status, 422);
}
