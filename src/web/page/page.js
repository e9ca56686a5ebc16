// Refreshes the parts of the page that say which changes concern them, and listens for keys.
// Everything on the page works without this file.
"use strict";

(() => {
  const live = document.getElementById("live");
  let waiting = null;

  // Fetches this page again and puts its live parts in place of ours; what a person types in is not touched.
  const refresh = async () => {
    waiting = null;
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const other = fresh.getElementById(part.id);
      if (other && other.innerHTML !== part.innerHTML) part.replaceWith(other);
    }
  };
  const concerns = (topic) =>
    [...document.querySelectorAll("[data-live]")].some((part) =>
      part.dataset.live.split(" ").some((prefix) => topic.startsWith(prefix)));
  const soon = () => { waiting ??= setTimeout(() => refresh().catch(() => {}), 700); };

  if (live) {
    const changes = new EventSource("/api/v1/changes");
    changes.addEventListener("open", () => { live.textContent = "实时"; live.classList.add("on"); });
    changes.addEventListener("error", () => { live.textContent = "离线"; live.classList.remove("on"); });
    changes.addEventListener("change", (event) => { if (concerns(JSON.parse(event.data).topic)) soon(); });
    changes.addEventListener("reload", soon);
    addEventListener("pagehide", () => changes.close());
  }

  // A thumbnail shows large where it is; with a modifier key the browser opens it as usual.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-swap]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const main = document.getElementById(link.dataset.swap);
    if (!main) return;
    event.preventDefault();
    main.src = link.href;
    main.parentElement.href = link.href;
  });

  // Keys lead to a button and never press it: deciding takes a second, deliberate key.
  const keys = {
    c: () => document.getElementById("confirm")?.focus(),
    r: () => document.getElementById("reason")?.focus(),
    n: () => document.getElementById("next")?.click(),
    u: () => document.getElementById("back")?.click(),
    o: () => document.getElementById("originals")?.click(),
    j: () => step(1),
    k: () => step(-1),
  };
  const step = (by) => {
    const cards = [...document.querySelectorAll("a.card")];
    if (!cards.length) return;
    const at = cards.indexOf(document.activeElement);
    cards[Math.min(cards.length - 1, Math.max(0, at + by))].focus();
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, textarea, select")) return;
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });
})();
