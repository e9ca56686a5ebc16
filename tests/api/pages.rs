//! The review page.

use xunjie::{
    domain::{FileRole, Role, ViewState},
    store::LookOutcome,
};

use crate::house::{House, pictures};

#[test]
fn a_reviewer_sees_masked_pictures_and_decides() {
    let house = House::start(true);
    let (view, zone) = house.camera("C1", "东门");
    let id = house.incident(view, zone, 1, &pictures());
    let other = house.incident(view, zone, 2, &pictures());
    let browser = house.person("张三", &[Role::Reviewer], None).with("accept", "text/html");
    let list = browser.get("/");
    assert_eq!((list.status, list.header("content-type")), (200, "text/html; charset=utf-8"));
    for word in ["疑似机动车乱停放", "东门", "禁停区", "长安街 1 号", &format!("/incidents/{id}/picture")]
    {
        assert!(list.text.contains(word), "{word}");
    }
    let csp = list.header("content-security-policy");
    assert!(csp.contains("default-src 'none'") && csp.contains("frame-ancestors 'none'") && !csp.contains("unsafe"));
    assert!(!list.text.contains("<style") && !list.text.contains(" style=") && !list.text.contains("onclick"));
    let picture = browser.get(&format!("/incidents/{id}/picture"));
    let masked = pictures().into_iter().find(|(role, _)| *role == FileRole::Masked).unwrap().1;
    assert_eq!((picture.header("content-type"), &picture.bytes), ("image/jpeg", &masked));

    let page = format!("/incidents/{id}");
    let shown = browser.get(&page).text;
    assert!(shown.contains("masked.jpg") && !shown.contains("first.jpg"), "originals are asked for");
    let originals = browser.get(&format!("{page}?originals=1")).text;
    for name in ["first.jpg", "middle.jpg", "latest.jpg", "annotated.jpg"] {
        assert!(originals.contains(name), "{name}");
    }
    let decide = format!("{page}/verdict");
    let done = browser.form(&decide, &[("verdict", "confirmed"), ("note", "占道 <b>")]);
    assert_eq!((done.status, done.header("location")), (303, page.as_str()));
    let after = browser.get(&page).text;
    for word in ["确认", "案件", "上报：待送达", "立案"] {
        assert!(after.contains(word), "{word}");
    }
    assert!(after.contains(&format!("/incidents/{other}")), "the next one is offered");
    let late = browser.form(&decide, &[("verdict", "rejected"), ("reason", "lawful")]);
    assert_eq!(late.status, 409);
    assert!(late.text.contains("张三 已先复核"));
    assert!(!browser.get("/").text.contains(&page) && browser.get("/?review=decided").text.contains(&page));
    let gone = browser.get("/incidents/0192f0c1-7d3a-7c11-9d3e-2f6f0e6a4b52");
    assert!(gone.status == 404 && gone.text.contains("没有找到"));
}

#[test]
fn markup_in_names_is_text() {
    let house = House::start(true);
    let script = "<script>alert(1)</script>\"'&";
    let (view, zone) = house.camera("C1", script);
    let id = house.incident(view, zone, 1, &pictures());
    let browser = house.client();
    let reason = Some("<img src=x onerror=alert(1)>");
    let report = house.look(view, ViewState::Covered, reason);
    let (places, forgotten, changes, evidence) = (vec![], vec![], vec![], vec![]);
    let look = xunjie::domain::LookReport { id: xunjie::domain::LookId::fresh(), ..report };
    house.clock.advance_to(house.now().plus(std::time::Duration::from_secs(1)));
    let look = xunjie::domain::LookReport { ended: house.now(), ..look };
    house
        .service
        .store
        .record(&LookOutcome { report: look, places, forgotten, changes, evidence, recheck: None, observed: None })
        .unwrap();
    browser.form(&format!("/incidents/{id}/verdict"), &[("verdict", "confirmed"), ("note", script)]);
    for path in ["/?review=decided", &format!("/incidents/{id}"), "/coverage"] {
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(page.text.contains("&lt;script&gt;"), "{path} shows the name as text");
        assert!(!page.text.contains("<script>alert") && !page.text.contains("<img src=x"), "{path}");
    }
    assert!(browser.get("/coverage").text.contains("遮挡"));
}
