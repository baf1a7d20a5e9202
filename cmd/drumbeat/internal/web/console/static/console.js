"use strict";
// Three things that a page cannot do alone: exchange its live parts when there is a new plan, answer while
// a slider moves, and remember the planner's name.

let wanted = 0; // counts fetches, so that an old answer never replaces a newer one

// typed says that someone types in a part, or has left something there that is not sent.
function typed(part) {
  const name = localStorage.getItem("planner") || "";
  return [...part.querySelectorAll("input, select, textarea")].some((f) => f === document.activeElement ||
    f.type !== "hidden" && f.tagName !== "SELECT" && f.value !== f.defaultValue && f.value !== name);
}

// refresh fetches a page and exchanges the parts that carry data-live, but for those in which someone types.
async function refresh(address, only) {
  const mine = ++wanted;
  let text;
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    text = await answer.text();
  } catch { return; } // away: the stream says so, and its return refreshes again
  if (mine !== wanted) return;
  const page = new DOMParser().parseFromString(text, "text/html");
  for (const part of document.querySelectorAll(only || "[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || typed(part)) continue;
    for (const open of part.querySelectorAll("details[open][id]")) {
      const same = fresh.querySelector("#" + CSS.escape(open.id));
      if (same) same.open = true;
    }
    const left = [...part.querySelectorAll(".scroll")].map((s) => s.scrollLeft);
    const focus = part.contains(document.activeElement) ? document.activeElement : null;
    const href = focus && focus.getAttribute("href");
    part.replaceChildren(...fresh.childNodes);
    part.querySelectorAll(".scroll").forEach((s, i) => { s.scrollLeft = left[i] || 0; });
    if (href) part.querySelector('[href="' + CSS.escape(href) + '"]')?.focus();
  }
  document.title = page.title;
  ready();
}

// ready does what every fresh part needs.
function ready() {
  const name = localStorage.getItem("planner") || "";
  for (const by of document.querySelectorAll("input.by")) if (name) by.value = name;
  ages();
  // A part of the page is still being found out.
  if (document.querySelector("[data-soon]")) setTimeout(() => refresh(location.href), 500);
  const dot = document.getElementById("live");
  if (dot && source) { dot.classList.toggle("on", source.readyState === 1); dot.textContent = source.readyState === 1 ? "live" : "waiting"; }
}

// ages says behind every moment how long ago it is, as long as that is less than a day.
function ages() {
  for (const t of document.querySelectorAll("time[data-age]")) {
    const s = Math.round((Date.now() - Date.parse(t.dateTime)) / 1000);
    const ago = s < 0 || s >= 86400 ? "" : s < 120 ? s + " s ago" : s < 7200 ? Math.floor(s / 60) + " min ago" : Math.floor(s / 3600) + " h ago";
    if (ago) t.textContent = ago;
  }
}

let source = null;
if (document.body.dataset.stream) {
  let timer;
  const changed = () => { clearTimeout(timer); timer = setTimeout(() => refresh(location.href), 150); };
  source = new EventSource(document.body.dataset.stream);
  source.onopen = ready;
  source.onerror = ready;
  for (const kind of ["message", "plan", "head", "revision", "change"]) source.addEventListener(kind, changed);
  addEventListener("pagehide", () => source.close());
}
setInterval(ages, 5000);
// Counters grow between plans.
if (location.pathname.endsWith("/feed")) setInterval(() => { if (!document.hidden) refresh(location.href); }, 2000);

addEventListener("submit", (e) => {
  const by = e.target.querySelector('input.by:not([type="hidden"])');
  if (by?.value.trim()) localStorage.setItem("planner", by.value.trim());
});

// what if
const question = document.querySelector("form[data-ask]");
if (question) {
  for (const part of question.querySelectorAll("[data-script]")) part.hidden = false;
  let timer;
  const ask = () => {
    const query = new URLSearchParams();
    for (const [key, value] of new FormData(question)) if (value !== "") query.append(key, value);
    const address = location.pathname + (query.size ? "?" + query : "");
    history.replaceState(null, "", address);
    document.getElementById("answer").classList.add("busy");
    refresh(address, "#answer").finally(() => document.getElementById("answer").classList.remove("busy"));
  };
  question.addEventListener("input", (e) => {
    const pair = e.target.dataset.for;
    if (pair) document.getElementById(pair).value = e.target.value;
    else if (e.target.id) { const s = question.querySelector('[data-for="' + e.target.id + '"]'); if (s && e.target.value !== "") s.value = e.target.value; }
    clearTimeout(timer);
    timer = setTimeout(ask, 120);
  });
  question.addEventListener("submit", (e) => { e.preventDefault(); clearTimeout(timer); ask(); });
}
document.addEventListener("click", (e) => {
  const link = e.target.closest("a[data-share]");
  if (!link || !navigator.clipboard) return;
  e.preventDefault();
  navigator.clipboard.writeText(link.href).then(() => { link.textContent = "Link copied"; }, () => { location.href = link.href; });
});
ready();
