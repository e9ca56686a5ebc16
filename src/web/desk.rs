//! The desk, the built browser application, out of the binary: files of `web/dist` for every address that is no API
//! path, and its one page for all the rest. Without a build a plain page says what to run.

use std::borrow::Cow;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{guard::CSP, problem::Problem};

/// What the build left; a build of this program without it works too.
#[derive(rust_embed::Embed)]
#[folder = "web/dist/"]
#[allow_missing = true]
struct Dist;

/// Stands in the page where each answer puts a nonce of its own.
const NONCE: &str = "__CSP_NONCE__";
/// Assets carry a hash in their names: what is kept is never old.
const FOREVER: &str = "public, max-age=31536000, immutable";
const UNBUILT: &str = "<!doctype html><meta charset=\"utf-8\"><title>巡街</title>\
    <p>界面尚未构建：运行 script/web，再重新编译并启动。接口照常可用。</p>\
    <p lang=\"en\">The desk is not built: run script/web, then build and start again. The API works all the same.</p>\n";

/// A file of the build by its path.
type Files<'a> = &'a dyn Fn(&str) -> Option<Cow<'static, [u8]>>;

/// Whatever no route answers.
pub(super) async fn serve(request: Request) -> Response {
    answer(&|path| Dist::get(path).map(|file| file.data), request.method(), request.uri().path(), request.headers())
}

/// Whether the address may be the desk's. What is below `/api/` and `/media/` never is: whoever asks for something there
/// that is not there must hear so.
pub(super) fn is_of_desk(method: &Method, path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next();
    matches!(*method, Method::GET | Method::HEAD) && !matches!(first, Some("api" | "media"))
}

fn answer(files: Files<'_>, method: &Method, path: &str, headers: &HeaderMap) -> Response {
    let path = path.trim_start_matches('/');
    if !is_of_desk(method, &format!("/{path}")) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    match files(path).filter(|_| is_file && path != "index.html") {
        Some(bytes) => file(files, path, bytes, headers),
        // An asset of an earlier version is gone; the page in its place would be read as a script.
        None if is_file && path != "index.html" => Problem::of_status(StatusCode::NOT_FOUND).into_response(),
        None => page(files),
    }
}

fn file(files: Files<'_>, path: &str, bytes: Cow<'static, [u8]>, headers: &HeaderMap) -> Response {
    let takes_gzip = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|word| matches!(word.trim(), "gzip" | "gzip;q=1.0" | "gzip;q=1")));
    let small = if takes_gzip { files(&format!("{path}.gz")) } else { None };
    let is_small = small.is_some();
    let mut response = small.unwrap_or(bytes).into_response();
    let out = response.headers_mut();
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let text = kind.type_() == "text" || kind.subtype() == "javascript" || kind.subtype() == "json";
    let kind = if text { format!("{}; charset=utf-8", kind.essence_str()) } else { kind.essence_str().to_owned() };
    let kind = HeaderValue::from_str(&kind).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    out.insert(header::CONTENT_TYPE, kind);
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_small {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let kept = if path.starts_with("assets/") { FOREVER } else { "no-cache" };
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    response
}

/// The one page, with a nonce of this answer for the style elements that its library makes.
fn page(files: Files<'_>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    let Some(html) = files("index.html") else { return (kind, UNBUILT).into_response() };
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).expect("the system's random source works once the process runs");
    let nonce = STANDARD.encode(bytes);
    let mut response = (kind, String::from_utf8_lossy(&html).replace(NONCE, &nonce)).into_response();
    let policy = CSP.replace("style-src 'self'", &format!("style-src 'self' 'nonce-{nonce}'"));
    let policy = HeaderValue::from_str(&policy).expect("Base64 and plain words");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(path: &str) -> Option<Cow<'static, [u8]>> {
        let bytes: &'static [u8] = match path {
            "index.html" => b"<meta name=\"csp-nonce\" content=\"__CSP_NONCE__\">",
            "assets/a-1f.js" => b"let a = 1",
            "assets/a-1f.js.gz" => b"\x1f\x8b",
            "icon.svg" => b"<svg/>",
            _ => return None,
        };
        Some(Cow::Borrowed(bytes))
    }

    fn asked(path: &str, encoding: &'static str) -> Response {
        let headers = [(header::ACCEPT_ENCODING, HeaderValue::from_static(encoding))].into_iter().collect();
        answer(&files, &Method::GET, path, &headers)
    }

    #[test]
    fn assets_are_kept_for_ever_and_sent_small() {
        for (path, encoding, kind, kept, small) in [
            ("/assets/a-1f.js", "gzip, br", "text/javascript; charset=utf-8", FOREVER, "gzip"),
            ("/assets/a-1f.js", "identity", "text/javascript; charset=utf-8", FOREVER, ""),
            ("/icon.svg", "gzip", "image/svg+xml", "no-cache", ""),
        ] {
            let answer = asked(path, encoding);
            let header = |name| answer.headers().get(name).map_or("", |value| value.to_str().unwrap());
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            assert_eq!(
                (header(header::CONTENT_TYPE), header(header::CACHE_CONTROL), header(header::CONTENT_ENCODING)),
                (kind, kept, small),
                "{path} {encoding}"
            );
        }
        assert_eq!(asked("/assets/a-0.js", "gzip").status(), StatusCode::NOT_FOUND);
        assert_eq!(asked("/api/v1/nothing", "gzip").status(), StatusCode::NOT_FOUND);
        assert_eq!(answer(&files, &Method::POST, "/", &HeaderMap::new()).status(), StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn every_other_address_is_the_page_with_a_nonce_of_its_own() {
        let mut seen = std::collections::HashSet::new();
        for path in ["/", "/index.html", "/review/0192f0c1-7d3a-7c11-9d3e-2f6f0e6a4b52"] {
            let answer = asked(path, "gzip");
            let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
            let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            let body = String::from_utf8(body.to_vec()).unwrap();
            let nonce = body.split("content=\"").nth(1).unwrap().trim_end_matches("\">").to_owned();
            assert!(policy.contains(&format!("style-src 'self' 'nonce-{nonce}'")), "{policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
            assert!(seen.insert(nonce), "each answer has its own");
        }
        let unbuilt = answer(&|_| None, &Method::GET, "/", &HeaderMap::new());
        let body = axum::body::to_bytes(unbuilt.into_body(), 1 << 20).await.unwrap();
        assert!(String::from_utf8_lossy(&body).contains("script/web"));
    }
}
