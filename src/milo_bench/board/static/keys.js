// Keys of the board and its live pages. Everything that a key does is also a link, a button or a form on the page.
"use strict";
(() => {
  const one = (query) => document.querySelector(query);
  const all = (query) => [...document.querySelectorAll(query)];
  const inField = (node) => node instanceof Element && node.matches("input:not([type=checkbox],[type=radio]), select, textarea, [contenteditable]");
  const keysOn = () => localStorage.getItem("single-keys") !== "off";
  const PLACES = { r: "/runs", f: "/failures", v: "/review", d: "/decisions", w: "/gateway" };
  let wentG = 0;

  // Rows take the focus, so that a screen reader follows.
  const rowTarget = (row) => row.querySelector("a, button") || row;
  const move = (step) => {
    const rows = all("main [data-row]");
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step))];
    rowTarget(next).focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const press = (node) => {
    if (inField(node)) { node.focus(); node.select?.(); } else node.click();
  };
  const cause = (step) => {
    const links = all("[data-cause]");
    if (!links.length) return;
    const at = links.findIndex((link) => link.hasAttribute("aria-current"));
    links[(at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step + links.length) % links.length].click();
  };

  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && inField(event.target)) {
      const send = event.target.form?.querySelector('[data-key="Enter"]');
      if (send) { event.preventDefault(); send.click(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape" && inField(event.target)) { event.target.blur(); return; }
    if (inField(event.target) || !keysOn()) return;
    const key = event.key;
    if (Date.now() - wentG < 1500 && PLACES[key]) { wentG = 0; location.href = PLACES[key]; return; }
    wentG = 0;
    if (key === "g") { wentG = Date.now(); return; }
    if (key === "?") { event.preventDefault(); one("#sheet")?.togglePopover(); return; }
    if (document.dispatchEvent(new CustomEvent("board:key", { detail: key, cancelable: true })) === false) { event.preventDefault(); return; }
    const pressed = all("[data-key]").find((node) => node.dataset.key === key && !node.disabled);
    if (pressed) { event.preventDefault(); press(pressed); return; }
    const row = document.activeElement?.closest?.("[data-row]");
    if (key === "j" || key === "k") { event.preventDefault(); move(key === "j" ? 1 : -1); }
    else if (key === "[" || key === "]") { event.preventDefault(); cause(key === "]" ? 1 : -1); }
    else if (key === "o" && row) { event.preventDefault(); rowTarget(row).click(); }
    else if (key === "x" && row) { event.preventDefault(); row.querySelector("input[type=checkbox]")?.click(); }
    else if (key === "d" && one("#diff")) { event.preventDefault(); one("#diff").focus(); one("#diff").scrollIntoView({ block: "start" }); }
  });

  addEventListener("click", (event) => {
    const copy = event.target.closest?.("[data-copy-address]");
    if (copy) navigator.clipboard?.writeText(location.href).then(() => { copy.dataset.done = "yes"; copy.firstChild.textContent = "Copied "; });
  });

  const box = one("#single-keys");
  if (box) { box.checked = keysOn(); box.addEventListener("change", () => localStorage.setItem("single-keys", box.checked ? "on" : "off")); }

  // Requests of htmx carry the token of this session's forms.
  document.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-Form-Token"] = document.body.dataset.formToken; });

  // What is not whole yet is fetched again, until it no longer asks for that. Focus and ticks stay.
  const again = () => {
    const place = one("[data-again]");
    if (place) setTimeout(async () => { await fetchedAgain(place); again(); }, 1000 * Number(place.dataset.again));
  };
  const fetchedAgain = async (place) => {
    if (document.visibilityState !== "visible" || inField(document.activeElement)) return;
    let text;
    try { text = await (await fetch(location.href)).text(); } catch { return; }
    const next = new DOMParser().parseFromString(text, "text/html").getElementById(place.id);
    if (!next) { location.reload(); return; }
    if (inField(document.activeElement)) return;
    const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const ticked = new Set([...place.querySelectorAll("input:checked")].map((box) => box.value));
    next.querySelectorAll("input[type=checkbox]").forEach((box) => { box.checked = ticked.has(box.value); });
    place.replaceWith(next);
    if (focused) [...next.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
  };
  again();

  // A live page: fragments come as events and take the place of those with their id.
  const live = one("[data-events]");
  if (live) {
    let still = false;
    const waiting = new Map();
    const stamp = one("[data-live-time]"), dot = one("#live"), pause = one("#pause");
    let heard = stamp ? stamp.textContent.replace("Live, ", "") : "";
    const put = (id, html) => {
      const place = document.getElementById(id);
      if (!place || place.innerHTML.trim() === html.trim()) return;
      const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      const made = new DOMParser().parseFromString(html, "text/html");
      place.replaceChildren(...made.body.childNodes);
      if (focused) [...place.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
    };
    const source = new EventSource(live.dataset.events);
    for (const name of ["so-far", "progress", "gates", "work", "kinds", "recent"]) {
      source.addEventListener(name, (event) => { const html = JSON.parse(event.data); still ? waiting.set(name, html) : put(name, html); });
    }
    source.addEventListener("tick", (event) => { heard = event.data; dot?.classList.remove("lost"); if (stamp) stamp.textContent = `Live, ${heard}`; });
    source.addEventListener("ended", () => { source.close(); dot?.remove(); pause?.remove(); });
    source.onerror = () => { dot?.classList.add("lost"); if (stamp) stamp.textContent = `Last heard at ${heard}, trying again`; };
    pause?.addEventListener("click", () => {
      still = !still;
      pause.setAttribute("aria-pressed", String(still));
      if (!still) { waiting.forEach((html, id) => put(id, html)); waiting.clear(); }
    });
  }
})();
