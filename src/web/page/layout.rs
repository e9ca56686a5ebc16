//! The frame around every page.

use maud::{DOCTYPE, Markup, html};

/// Which entry of the navigation is lit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    /// Waiting incidents.
    Waiting,
    /// Decided incidents.
    Decided,
    /// How views stand.
    Coverage,
    /// None of them.
    Nowhere,
}

/// A page with navigation. `reviewer`: who is in.
pub(super) fn framed(title: &str, tab: Tab, reviewer: &str, main: &Markup) -> Markup {
    let entry = |to: Tab, href: &str, name: &str| {
        html! { a href=(href) aria-current=[(to == tab).then_some("page")] { (name) } }
    };
    document(
        title,
        &html! {
            header.top {
                a.brand href="/" { b { "巡街" } span { "复核台" } }
                nav {
                    (entry(Tab::Waiting, "/", "待复核"))
                    (entry(Tab::Decided, "/?review=decided", "已复核"))
                    (entry(Tab::Coverage, "/coverage", "覆盖"))
                }
                span.grow {}
                span.live #live title="与服务的连接" { "离线" }
                @if !reviewer.is_empty() { span.who { (reviewer) } }
            }
            main { (main) }
        },
    )
}

/// A page without navigation: login and errors.
pub(super) fn bare(title: &str, main: &Markup) -> Markup {
    document(
        title,
        &html! {
            header.top { a.brand href="/" { b { "巡街" } span { "复核台" } } }
            main { (main) }
        },
    )
}

fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · 巡街" }
                link rel="stylesheet" href="/assets/style.css";
                script defer src="/assets/page.js" {}
            }
            body { (body) }
        }
    }
}
