// The review room in the browser: keyboard, partial updates, marking words. No library, no build.
"use strict";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const csrf = () => $("meta[name=csrf]")?.content ?? "";
const announce = (text) => { $("#live").textContent = ""; setTimeout(() => { $("#live").textContent = text; }, 60); };

/* ---- What was typed and is not kept yet: it must outlive whatever is pressed ---- */

const memo = () => $("#memo");
const typedMemo = () => memo() && memo().value.trim() !== memo().dataset.original.trim();
const reasons = (root = document) => $$("input[id^=reason-]", root).filter((e) => e.value.trim());
const holdsTyped = () => typedMemo() || reasons().length > 0;

function keepMemo() { if (typedMemo() && !busy) memo().form.requestSubmit(); }

// Go on once the memo is kept; where it cannot be kept the page stays and says why.
function leave(go) {
  if (busy) { after = go; return; }
  if (!typedMemo()) { go(); return; }
  after = go;
  memo().form.requestSubmit();
}

// Into the page that takes this one's place; what was sent and kept is in it already.
function carry(old, fresh, kept) {
  const from = $("#memo", old), to = $("#memo", fresh);
  if (from && to && !kept && from.value.trim() !== from.dataset.original.trim()) to.value = from.value;
  for (const field of reasons(old)) {
    const place = [...$$("input[id^=reason-]", fresh)].find((e) => e.id === field.id);
    if (place && !(kept && kept.contains(field))) place.value = field.value;
  }
}

// In the page that stays, above it: a page in its place would take what was typed with it.
function complain(text) {
  $(".message.stays")?.remove();
  const box = document.createElement("p");
  box.className = "message bad stays";
  box.setAttribute("role", "alert");
  box.textContent = `${text} What you typed still stands in its field.`;
  $("main").prepend(box);
  box.scrollIntoView({ block: "nearest" });
}

window.addEventListener("beforeunload", (event) => { if (typedMemo()) event.preventDefault(); });

/* ---- Partial updates: a form or link marked data-partial swaps <main> ---- */

let busy = "";
let after = null;
let arrived = false; // at another segment, since a mouse button was last pressed for the first time
const WAIT = "The last change is still being kept: press again.";
const KEEP_ALIVE = 60000; // the most bytes that browsers send for a page that is left

async function swap(url, options = {}, form = null) {
  if (busy) { hint(WAIT); return; }
  busy = form?.contains(memo()) ? "memo" : "other";
  let kept = false;
  document.documentElement.setAttribute("aria-busy", "true");
  if (options.method && memo()) memo().readOnly = true;
  try {
    const headers = { "X-Partial": "1", "X-CSRF-Token": csrf(), ...options.headers };
    const response = await fetch(url, { ...options, headers, credentials: "same-origin" });
    const location = response.headers.get("X-Location");
    if (response.status === 204) {
      if (memo()) memo().dataset.original = memo().value;
      window.location.assign(location ?? "/");
      return;
    }
    const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = $("main", parsed);
    const old = $("main");
    if (!$("#words", fresh ?? parsed) && holdsTyped()) {
      if (response.status === 403 && await renewed()) complain("You have signed in again since this page was shown. Press again.");
      else if (response.redirected) complain("You are signed out. Sign in again in another tab, then press again.");
      else complain($("h1 + p", parsed)?.textContent ?? "The program failed on this.");
      return;
    }
    if (!fresh) { window.location.reload(); return; }
    const same = $("#words", old)?.dataset.segment === $("#words", fresh)?.dataset.segment;
    const focused = document.activeElement?.id;
    const scrolled = $("#panel-scroll")?.scrollTop ?? 0;
    const opened = $$("details[open] summary", old).map((s) => s.closest(".area-row")?.className);
    kept = response.ok;
    if (same) carry(old, fresh, kept ? form : null);
    old.replaceWith(fresh);
    $(".hint")?.remove();
    if (same) {
      if ($("#panel-scroll")) $("#panel-scroll").scrollTop = scrolled;
      for (const name of opened) $$(".area-row").filter((row) => row.className === name).forEach((row) => { const why = $("details", row); if (why) why.open = true; });
      if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    } else {
      arrived = true;
      window.scrollTo(0, 0);
      if (location) history.pushState({ segment: true }, "", location);
    }
    if (document.activeElement === document.body) focusMain();
    if (fresh.dataset.title) document.title = fresh.dataset.title;
    announce(fresh.dataset.announce ?? "");
    showLength();
  } catch {
    hint("The review room does not answer: is it still running? Your last change may not be kept; what you typed still stands here.", true);
  } finally {
    busy = "";
    if (memo()) memo().readOnly = false;
    document.documentElement.removeAttribute("aria-busy");
    const go = after;
    after = null;
    if (kept && go) go();
  }
}

// Another session than the one that this page came with: its forms get what they must carry now.
async function renewed() {
  const text = await (await fetch("/sessions", { credentials: "same-origin" })).text();
  const found = $("meta[name=csrf]", new DOMParser().parseFromString(text, "text/html"))?.content;
  if (!found || found === csrf()) return false;
  $("meta[name=csrf]").content = found;
  $$("input[name=csrf]").forEach((e) => { e.value = found; });
  return true;
}

function focusMain() {
  const main = $("main");
  main.tabIndex = -1;
  main.focus({ preventScroll: true });
}

let sent = new WeakSet();
window.addEventListener("pageshow", () => { sent = new WeakSet(); });

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-partial]")) {
    // Pressed twice is meant once.
    if (form.method !== "post") return;
    if (sent.has(form)) { event.preventDefault(); return; }
    sent.add(form);
    if (form.matches("[data-download]")) setTimeout(() => sent.delete(form), 2000);
    return;
  }
  event.preventDefault();
  const id = event.submitter?.id;
  if (busy) {
    if (busy === "memo" && id) after = () => document.getElementById(id)?.click();
    else hint(WAIT);
    return;
  }
  if ($("input[name=action]", form)?.value === "accept" && reasons().length) {
    reasons()[0].focus();
    hint("You typed why a flag is dismissed. Press Dismiss beside it, or empty the field, then accept.", true);
    return;
  }
  if (form.closest("dialog")) form.closest("dialog").close();
  leaveMarking();
  const body = new URLSearchParams(new FormData(form));
  if (typedMemo() && !form.contains(memo())) body.set("draft", memo().value);
  const text = body.toString();
  swap(form.getAttribute("action"), { method: "POST", body, keepalive: text.length < KEEP_ALIVE }, form);
});

document.addEventListener("click", (event) => {
  // The second half of a double click would meet the next segment, which nobody has read.
  if (event.detail < 2) arrived = false;
  else if (arrived || event.target.closest("#accept, #undo")) { event.preventDefault(); return; }
  const link = event.target.closest("a[href]");
  const here = link && !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0;
  if (here && link.matches("[data-partial]")) {
    event.preventDefault();
    swap(link.href);
    return;
  }
  if (here && (busy || typedMemo()) && !link.getAttribute("href").startsWith("#")) {
    event.preventDefault();
    leave(() => window.location.assign(link.href));
    return;
  }
  const button = event.target.closest("[data-act]");
  if (button) acts[button.dataset.act]?.(button);
  if (event.target.matches("dialog")) event.target.close();
});

window.addEventListener("popstate", () => leave(() => window.location.reload()));

let pointed = false;
document.addEventListener("pointerdown", () => { pointed = true; }, true);
document.addEventListener("keydown", () => { pointed = false; }, true);

document.addEventListener("change", (event) => {
  // A list that is walked with the arrow keys changes at every step: then the button shows it.
  if (event.target.matches("[data-submit]") && pointed) event.target.form.requestSubmit();
  if (event.target.id === "keys-on") setKeys(event.target.checked);
  if (event.target.name === "label") showFields();
});

/* ---- Buttons that act in the page ---- */

const acts = {
  help: () => $("#help").showModal(),
  close: (button) => button.closest("dialog").close(),
  print: () => window.print(),
  menu: (button) => {
    const open = $("#menu").classList.toggle("open");
    button.setAttribute("aria-expanded", String(open));
  },
  theme: () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme;
    const shown = now === "auto" ? (dark ? "dark" : "light") : now;
    const next = shown === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    document.cookie = `ipt_theme=${next}; path=/; max-age=31536000; samesite=strict`;
    announce(`${next} colours`);
  },
  codebook: async () => {
    const body = $("#codebook-body");
    if (!body.childElementCount) {
      const text = await (await fetch("/codebook", { headers: { "X-Partial": "1" } })).text();
      const main = $("main", new DOMParser().parseFromString(text, "text/html"));
      body.replaceChildren(...main.children);
    }
    $("#codebook").showModal();
  },
  mark: () => startMarking(),
};

let hintTimer = 0;
function hint(text, keep = false) {
  let box = $(".hint");
  if (!box) { box = document.createElement("p"); box.className = "hint"; document.body.append(box); }
  box.textContent = text;
  clearTimeout(hintTimer);
  if (!keep) hintTimer = setTimeout(() => box.remove(), 5000);
}

/* ---- Keyboard ---- */

const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
let keysOn = stored("ipt-keys") !== "off";
function setKeys(on) {
  keysOn = on;
  try { localStorage.setItem("ipt-keys", on ? "on" : "off"); } catch { /* it holds for this page */ }
  document.documentElement.classList.toggle("keys-off", !on);
}
setKeys(keysOn);
if ($("#keys-on")) $("#keys-on").checked = keysOn;

const GO = { q: "/", s: "/sessions", c: "/clients", d: "/differences", a: "/agreement", e: "/export", l: "/log" };
let going = 0;

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const field = event.target.closest("textarea, select, input:not([type=checkbox]):not([type=radio]):not([type=file])");
  if (event.target.id === "memo" && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    keepMemo();
    focusMain();
    return;
  }
  if (event.key === "Escape" && field && !event.target.closest("dialog")) { event.target.blur(); focusMain(); return; }
  if (event.target.name === "label" && /^[a-z]$/i.test(event.key) && !event.ctrlKey && !event.metaKey) { byLetter(event); return; }
  if (marking && markingKey(event)) { event.preventDefault(); return; }
  // A key that is held down would decide segments that nobody has read.
  if (event.repeat) return;
  if (!keysOn || field || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
  if (going && Date.now() - going < 1500 && GO[event.key]) { going = 0; const to = GO[event.key]; leave(() => window.location.assign(to)); return; }
  going = event.key === "g" ? Date.now() : 0;
  const digit = /^Digit([0-9])$/.exec(event.code)?.[1];
  const name = digit ? (event.shiftKey ? `shift+${digit}` : digit) : event.key;
  if (name === "y" || name === "x") { judge(name === "y" ? "confirm" : "dismiss", event); return; }
  if (name === "v") { const all = $$("details.why"); const open = all.some((d) => !d.open); all.forEach((d) => { d.open = open; }); return; }
  const target = $$("[data-key]").find((e) => e.dataset.key.split(" ").includes(name));
  if (!target) return;
  event.preventDefault();
  if (target.matches("textarea, select")) { target.focus(); target.scrollIntoView({ block: "nearest" }); } else target.click();
});

function judge(what, event) {
  const target = $(`[data-flag=${what}]`);
  if (!target) return;
  event.preventDefault();
  if (what === "confirm") target.click(); else { target.focus(); target.scrollIntoView({ block: "nearest" }); }
}

/* ---- Memo: kept when the field is left ---- */

document.addEventListener("focusout", (event) => {
  // What was pressed takes the memo along; the page must not change under the pointer.
  if (event.target.id === "memo" && !event.relatedTarget?.closest("form, a[href], button, summary")) keepMemo();
});

document.addEventListener("input", (event) => { if (event.target.id === "memo") showLength(); });

function showLength() {
  const over = $("#memo-over");
  if (!over) return;
  const most = Number(memo().dataset.most);
  const length = [...memo().value.trim()].length;
  over.hidden = length <= most;
  over.textContent = length > most ? `${length - most} characters too long: a memo has at most ${most}.` : "";
}

/* ---- Marking words ---- */

let marking = null;

function pieces() { return $$("#words [data-o]"); }

// Words of the segment as ranges of one text node each, with their offsets in UTF-16 units.
function allWords() {
  const found = [];
  for (const piece of pieces()) {
    const base = Number(piece.dataset.o);
    for (const match of piece.textContent.matchAll(/[\p{L}\p{N}][\p{L}\p{N}\p{M}'’_-]*/gu)) {
      found.push({ piece, from: match.index, to: match.index + match[0].length, start: base + match.index, end: base + match.index + match[0].length });
    }
  }
  return found;
}

function rangeOf(first, last) {
  const range = document.createRange();
  range.setStart(first.piece.firstChild, first.from);
  range.setEnd(last.piece.firstChild, last.to);
  return range;
}

function startMarking() {
  const words = allWords();
  if (!words.length) return;
  marking = { words, anchor: 0, cursor: 0 };
  hint("Words: ← → walk, Shift chooses, Enter names, Esc leaves. Tab types the words instead.", true);
  focusMain();
  showCursor();
}

function leaveMarking() {
  if (!marking) return;
  marking = null;
  $(".hint")?.remove();
  getSelection()?.removeAllRanges();
}

function chosenWords() {
  const [a, b] = [marking.anchor, marking.cursor].sort((x, y) => x - y);
  return [marking.words[a], marking.words[b]];
}

function showCursor() {
  const [first, last] = chosenWords();
  const range = rangeOf(first, last);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  marking.words[marking.cursor].piece.scrollIntoView({ block: "nearest" });
  announce(plain(range));
}

function markingKey(event) {
  if ($("dialog[open]")) return false;
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 8, ArrowUp: -8, Home: -1e6, End: 1e6 };
  if (event.key in steps) {
    const to = marking.cursor + steps[event.key];
    marking.cursor = Math.min(marking.words.length - 1, Math.max(0, to));
    if (!event.shiftKey) marking.anchor = marking.cursor;
    showCursor();
    return true;
  }
  if (event.key === "Enter") { const [first, last] = chosenWords(); pick(first.start, last.end, plain(rangeOf(first, last))); return true; }
  if (event.key === "Escape") { leaveMarking(); announce("Left marking"); return true; }
  if (event.key === "Tab") { leaveMarking(); pick(null, null, ""); return true; }
  return false;
}

// The words of a range without the labels that are shown between them.
function plain(range) {
  const copy = range.cloneContents();
  copy.querySelectorAll(".tag, .letter, .speaker, .unseen").forEach((e) => e.remove());
  return copy.textContent.replace(/\s+/g, " ").trim();
}

function unitsAt(node, offset) {
  const piece = (node.nodeType === Node.TEXT_NODE ? node.parentElement : node).closest("[data-o]");
  if (piece && node.nodeType === Node.TEXT_NODE) return Number(piece.dataset.o) + offset;
  // Between pieces: the end of the last piece before this point.
  const point = document.createRange();
  point.setStart($("#words"), 0);
  point.setEnd(node, offset);
  let units = Number(pieces()[0]?.dataset.o ?? 0);
  for (const p of pieces()) if (point.comparePoint(p, 0) === 0) units = Number(p.dataset.o) + (point.comparePoint(p.firstChild ?? p, p.textContent.length) === 0 ? p.textContent.length : 0);
  return units;
}

document.addEventListener("mouseup", () => setTimeout(offerSelection, 0));
document.addEventListener("touchend", () => setTimeout(offerSelection, 350));

function offerSelection() {
  const selection = getSelection();
  const words = $("#words");
  if (!words || marking || $("dialog[open]") || !selection || selection.isCollapsed || !selection.rangeCount) return;
  const range = selection.getRangeAt(0);
  if (!words.contains(range.startContainer) || !words.contains(range.endContainer)) return;
  const start = unitsAt(range.startContainer, range.startOffset);
  const end = unitsAt(range.endContainer, range.endOffset);
  const text = plain(range);
  if (end > start && /[\p{L}\p{N}]/u.test(text)) pick(start, end, text);
}

function pick(start, end, text) {
  const typed = start === null;
  $("#picker-form").reset();
  $("#picker-start").value = typed ? "" : start;
  $("#picker-end").value = typed ? "" : end;
  $("#picker-typed").hidden = !typed;
  $("#picker-words").required = typed;
  $("#picker-quote").hidden = typed;
  $("#picker-quote").textContent = text;
  showFields();
  $("#picker").showModal();
  $(typed ? "#picker-words" : "#picker-form input[type=radio]").focus();
}

// The next label that begins with the letter that was pressed.
function byLetter(event) {
  const all = $$("#picker-form input[name=label]");
  const found = all.filter((e) => e.nextElementSibling.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()));
  if (!found.length) return;
  const next = found[(found.findIndex((e) => e.checked) + 1) % found.length];
  event.preventDefault();
  next.checked = true;
  next.focus();
  showFields();
}

function showFields() {
  const chosen = $("#picker-form input[name=label]:checked");
  const flag = chosen?.dataset.risk !== undefined;
  $("#picker-who").hidden = flag;
  $("#picker-risk").hidden = chosen?.dataset.risk !== "1";
}
