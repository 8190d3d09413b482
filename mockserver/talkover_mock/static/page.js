// Living updates, and links and forms without a reload. The server renders everything; this fetches the page anew when
// something has changed, and lays the difference over what stands there. Without it every link and form works too.
"use strict";

(() => {
  const WAIT_SECONDS = 55;
  const CALM_MILLISECONDS = 350;
  const LONGEST_PAUSE_MILLISECONDS = 4000;
  const SHOWN_MILLISECONDS = 8000;
  const ANNOUNCED_MILLISECONDS = 5000;
  const COPIED_MILLISECONDS = 1500;
  const CHANGES = "Show changes";
  document.documentElement.classList.add("js");

  const find = (id) => document.getElementById(id);
  const address = () => document.body.dataset.address;
  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  // The difference between two trees, by id where there is one. What people do stays: focus, input, what is open.
  function morph(from, to) {
    if (from.isEqualNode(to)) return;
    if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName) return void from.replaceWith(to);
    if (from.nodeType !== Node.ELEMENT_NODE) return void (from.nodeValue = to.nodeValue);
    if (from.hasAttribute("data-keep")) return;
    // A form of something else: what was typed into this one must not be saved there.
    if (from.dataset.of !== to.dataset.of) return void from.replaceWith(to);
    const isOther = from.nodeName === "SELECT" && chosenOf(from) !== chosenOf(to);
    morphAttributes(from, to);
    if (from.id === "rows" && held) return void keepRows(from, to);
    morphChildren(from, to);
    if (isOther) from.value = chosenOf(from);
  }

  // The option that the server has chosen.
  const chosenOf = (select) => [...select.options].find((each) => each.defaultSelected)?.value ?? select.options[0]?.value;

  function morphAttributes(from, to) {
    const isPeoples = (name) => name === "open" && from.nodeName === "DETAILS";
    for (const { name, value } of to.attributes) {
      if (!isPeoples(name) && from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
    for (const { name } of [...from.attributes]) {
      if (!isPeoples(name) && !to.hasAttribute(name)) from.removeAttribute(name);
    }
  }

  // A form with a field named `id` has that field as its property `id`.
  const idOf = (node) => node.getAttribute?.("id") ?? "";

  function morphChildren(from, to) {
    const wantedIds = new Set([...to.children].map(idOf));
    for (const child of [...from.children]) if (idOf(child) && !wantedIds.has(idOf(child))) child.remove();
    const byId = new Map([...from.children].filter(idOf).map((child) => [idOf(child), child]));
    let next = from.firstChild;
    for (const wanted of [...to.childNodes]) {
      const known = idOf(wanted) ? byId.get(idOf(wanted)) : next && !idOf(next) ? next : null;
      if (!known) {
        from.insertBefore(wanted, next);
        continue;
      }
      if (known === next) next = next.nextSibling;
      else from.insertBefore(known, next);
      morph(known, wanted);
    }
    while (next) {
      const after = next.nextSibling;
      next.remove();
      next = after;
    }
  }

  // Rows come in by themselves only where nobody is reading: at the top of the list, with nothing in it open, focused,
  // selected or under the pointer. Otherwise a link says how many there are, and rows change in place without moving.
  let held = false;
  let asked = "";
  let standing = []; // the opened rows of the held list, as the server shows them apart by now

  function isRead(rows) {
    const selection = getSelection();
    const isSelected = !selection.isCollapsed && rows.contains(selection.anchorNode);
    return (
      rows.hasAttribute("data-still") || scrollY > 0 || isSelected || rows.contains(document.activeElement) ||
      rows.matches(":hover") || rows.querySelector(":scope > .opened") !== null
    );
  }

  // Takes the rows that stand in the held list from those that the server shows apart: no row stands twice.
  function takeStanding(fresh, rows) {
    const apart = fresh.getElementById("apart");
    if (!held || !apart || !fresh.getElementById("rows")) return [];
    const found = [...apart.children].filter((row) => find(row.id)?.parentElement === rows);
    for (const row of found) row.remove();
    if (!apart.children.length) apart.remove();
    return found;
  }

  function keepRows(from, to) {
    const fresh = new Map([...to.children, ...standing].map((row) => [row.id, row]));
    const known = new Set([...from.children].map((row) => row.id));
    let changes = 0;
    for (const row of from.children) {
      const other = fresh.get(row.id);
      if (!other) keepUnlisted(row);
      if (!other || row.isEqualNode(other)) continue;
      const isAsked = row.id === asked;
      const isSameHeight =
        !row.querySelector(":scope > .inside") && !row.querySelector(".why") === !other.querySelector(".why");
      if (isAsked || isSameHeight) morph(row, other);
      else changes += changeInPlace(row, other);
    }
    const arrived = from.hasAttribute("data-still") ? 0 : [...fresh.keys()].filter((id) => !known.has(id)).length;
    tellArrived(arrived ? `${arrived}${arrived === to.children.length ? "+" : ""} new row${arrived === 1 ? "" : "s"}` : changes ? CHANGES : "");
  }

  // A row that the server lists on an older page by now: it still closes, and its link leads on from this address.
  function keepUnlisted(row) {
    const link = row.querySelector(".row");
    const to = new URL(address(), location.origin);
    if (to.searchParams.has("open", row.id)) to.searchParams.delete("open", row.id);
    else {
      to.searchParams.append("open", row.id);
      row.classList.remove("opened");
      row.querySelector(".inside")?.remove();
      link.setAttribute("aria-expanded", "false");
    }
    link.href = `${to.pathname}${to.search}#${row.id}`;
  }

  // What an opened row says of its delivery is true at once; whether more has changed, which would move other rows.
  function changeInPlace(row, other) {
    const [links, freshLinks] = [row, other].map((each) => each.querySelectorAll("a, form"));
    if (links.length === freshLinks.length) links.forEach((link, number) => morphAttributes(link, freshLinks[number]));
    morphAttributes(row.querySelector(".row"), other.querySelector(".row"));
    for (const part of [".status", ".marks", ".why", ".band", ".inside > .actions", ".line"]) {
      const [old, fresh] = [row.querySelector(part), other.querySelector(part)];
      if (old && fresh) morph(old, fresh.cloneNode(true));
      else if (old && part === ".band") old.classList.add("past");
    }
    const [old, fresh] = [row.cloneNode(true), other.cloneNode(true)];
    for (const each of [old, fresh]) {
      for (const details of each.querySelectorAll("details")) details.open = false;
      for (const button of each.querySelectorAll("[data-copy]")) button.remove(); // it may say that it has copied
    }
    return !old.isEqualNode(fresh);
  }

  function tellArrived(text) {
    const link = find("arrived");
    link.hidden = !text;
    if (link.textContent !== text) link.textContent = text;
  }

  // Lays a fetched page over this one. `force` lets rows in whoever reads; `row` is the one that was opened or closed.
  function show(html, { force = false, row = "" } = {}) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const rows = find("rows");
    held = !force && rows !== null && isRead(rows);
    asked = row;
    standing = takeStanding(fresh, rows);
    const before = held ? new Set() : new Set([...document.querySelectorAll("#rows > li")].map((each) => each.id));
    if (!held && find("arrived")) tellArrived("");
    morph(document.body, fresh.body);
    isAsking = false;
    document.title = fresh.title;
    if (find("arrived")) find("arrived").href = fresh.getElementById("arrived")?.getAttribute("href") ?? address();
    if (!held && before.size) announce([...document.querySelectorAll("#rows > li")].filter((each) => !before.has(each.id)));
    tick();
    return fresh;
  }

  const unheard = { request: 0, delivery: 0, skipped: 0 };
  let speaking = 0;

  function announce(rows) {
    for (const row of rows) unheard[row.dataset.kind] += 1;
    if (speaking || !rows.length) return;
    const speak = () => {
      const names = { request: "request", delivery: "deliver", skipped: "skipped event" };
      const ends = { request: ["", "s"], delivery: ["y", "ies"], skipped: ["", "s"] };
      const news = Object.entries(unheard)
        .filter(([, number]) => number)
        .map(([kind, number]) => `${number} new ${names[kind]}${ends[kind][number === 1 ? 0 : 1]}`);
      for (const kind of Object.keys(unheard)) unheard[kind] = 0;
      speaking = news.length ? setTimeout(speak, ANNOUNCED_MILLISECONDS) : 0;
      if (news.length) find("news").textContent = news.join(", ");
    };
    speak();
  }

  function tell(state, text) {
    find("live").dataset.state = state;
    find("live-text").textContent = text;
  }

  const seen = () =>
    new Promise((done) => {
      if (!document.hidden) return done();
      document.addEventListener("visibilitychange", done, { once: true });
    });

  async function textOf(answer) {
    if (answer.ok) return answer.text();
    const problem = new DOMParser().parseFromString(await answer.text(), "text/html");
    throw new Error(problem.querySelector("main p")?.textContent ?? `The server answered ${answer.status}.`);
  }

  // `fetch` refuses an address with a password, and a path is made one by the address of a page that has a password.
  const ask = (to, { headers, ...how } = {}) =>
    fetch(new URL(to, location.origin), { headers: { Accept: "text/html", ...headers }, cache: "no-store", ...how });

  const pageAt = async (to) => textOf(await ask(to));

  // One request hangs until something changes, and none at all while nobody looks; a server that is gone is asked again.
  let version = null;
  let hanging = null;

  async function live() {
    let failures = 0;
    for (;;) {
      await seen();
      const stop = (hanging = new AbortController());
      const leave = () => document.hidden && stop.abort();
      document.addEventListener("visibilitychange", leave);
      const asks = address();
      try {
        const headers = version ? { "If-None-Match": version } : {};
        const answer = await ask(`${asks}&wait=${WAIT_SECONDS}`, { headers, signal: stop.signal });
        if (answer.status !== 304) {
          const text = await textOf(answer);
          if (asks === address()) {
            show(text);
            version = answer.headers.get("ETag");
          }
        }
        failures = 0;
        tell("live", "live");
        await pause(CALM_MILLISECONDS);
      } catch (error) {
        if (error.name !== "AbortError") {
          failures += 1;
          if (isAsking) tellPreview("The server does not answer. This is asked again when it is back.");
          tell("lost", error instanceof TypeError ? "waiting for the server" : error.message);
          await pause(Math.min(250 * 2 ** failures, LONGEST_PAUSE_MILLISECONDS));
        }
      } finally {
        document.removeEventListener("visibilitychange", leave);
      }
    }
  }

  // The address changed: what hangs asks for another page than this one. A step is one that the way back takes.
  function moved(to, isStep = false) {
    history[isStep ? "pushState" : "replaceState"](null, "", to.split("#")[0]);
    version = null;
    hanging?.abort();
  }

  // The way back or forth leads to another part of this page; a link into the page moves nothing.
  async function goBack() {
    const to = location.pathname + location.search;
    if (to === address()) return;
    try {
      show(await pageAt(to), { force: true });
      moved(to);
    } catch (error) {
      showOutcome(failure(error));
    }
  }

  // A link to another part of the same page: a row, a tool, an agent that unfolds. One after another: each leads on from
  // what the one before it has opened.
  let going = Promise.resolve();
  const go = (link) => (going = going.then(() => link.isConnected && follow(link)));

  let stepsBack = 0;

  async function follow(link) {
    const before = stepsBack;
    const isChange = link.textContent === CHANGES;
    const href = link.getAttribute("href");
    const row = link.matches("#rows > li > .row") ? link.parentElement.id : "";
    const isNews = link.id === "arrived";
    const top = link.getBoundingClientRect().top;
    try {
      const text = await pageAt(href);
      if (before !== stepsBack) return; // who goes back meanwhile wants to be there
      show(text, { row, force: isNews });
      moved(href, !isNews);
      const control = document.querySelector(".panel :is(input:not([type=hidden]), select, button)");
      if (row) scrollBy(0, link.getBoundingClientRect().top - top);
      else if (isNews && !isChange) {
        scrollTo(0, 0);
        find("activity").focus({ preventScroll: true });
      } else if (control && new URL(link.href).searchParams.has("tool")) control.focus();
      else if (!link.isConnected) find("webhooks").focus();
    } catch (error) {
      showOutcome(failure(error));
    }
  }

  let hiding = 0;

  // In the open panel, if that is where it comes from and if it is in sight there; else over the lower edge of the window.
  function showOutcome(fresh, isOfPanel = false) {
    const place = find("outcome");
    place.classList.toggle("over", !isOfPanel);
    place.replaceChildren(...fresh);
    const { top, bottom } = place.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) place.classList.add("over");
    clearTimeout(hiding);
    if (place.querySelector(".good")) hiding = setTimeout(() => place.replaceChildren(), SHOWN_MILLISECONDS);
  }

  function failure(error) {
    const line = document.createElement("p");
    line.className = "outcome bad";
    const dismiss = document.createElement("a");
    dismiss.href = address();
    dismiss.setAttribute("aria-label", "Dismiss the message");
    dismiss.append("✕");
    line.append(error instanceof TypeError ? "The server does not answer." : error.message, dismiss);
    return [line];
  }

  async function act(form) {
    if (form.hasAttribute("aria-busy")) return;
    form.setAttribute("aria-busy", "true");
    const isOfPanel = form.closest(".panel") !== null;
    const force = form.closest(".clear") !== null; // whoever clears rows wants to see them go
    const row = form.closest("#rows > li")?.id ?? ""; // meanwhile a change may take the form out of its row
    try {
      const body = new URLSearchParams(new FormData(form));
      const answer = await ask(form.getAttribute("action"), { method: "POST", body });
      const was = address();
      const fresh = show(await textOf(answer), { row, force });
      if (address() !== was) moved(address());
      const isDone = fresh.querySelector("#outcome .good") !== null;
      if (isDone && form.hasAttribute("data-once")) form.reset();
      if (isDone && form.closest(".clear")) form.closest(".clear").open = false;
      if (isOfPanel && !document.querySelector(".panel")) find("webhooks").focus({ preventScroll: true });
      showOutcome([...fresh.getElementById("outcome").childNodes], isOfPanel);
    } catch (error) {
      showOutcome(failure(error), isOfPanel);
    } finally {
      form.removeAttribute("aria-busy");
    }
  }

  // Whom an event would reach, or which events there are, as soon as another agent or event is chosen: the page of this
  // choice is fetched like every change, so also when the server is back.
  let isAsking = false;

  function preview(form) {
    const to = new URL(address(), location.href);
    for (const { name, value } of form.elements) if (["owner", "what"].includes(name)) to.searchParams.set(name, value);
    isAsking = true;
    tellPreview("Asking the server.");
    document.body.dataset.address = to.pathname + to.search;
    moved(address());
  }

  function tellPreview(text) {
    if (find("preview")) find("preview").textContent = text;
  }

  async function copy(button) {
    const place = (button.closest(".code") ?? button.closest(".inside").querySelector(".code")).querySelector("pre");
    try {
      await navigator.clipboard.writeText(place.textContent);
    } catch {
      for (let each = place.closest("details"); each; each = each.parentElement.closest("details")) each.open = true;
      getSelection().selectAllChildren(place); // by plain HTTP from another machine there is no clipboard
      document.execCommand("copy");
    }
    if (button.hasAttribute("data-keep")) return;
    const text = button.textContent;
    button.setAttribute("data-keep", ""); // no change of the page takes the word away
    button.textContent = "Copied";
    setTimeout(() => {
      button.textContent = text;
      button.removeAttribute("data-keep");
    }, COPIED_MILLISECONDS);
  }

  // The clock as the server told it, and what has passed since then.
  let told = null;

  function tick() {
    const [place] = document.querySelectorAll("[data-running]");
    if (!place) return;
    const now = place.dataset.now;
    if (told?.now !== now) told = { now, began: Date.parse(now) - performance.now() };
    const text = new Date(told.began + performance.now()).toISOString().slice(11, 19);
    for (const each of document.querySelectorAll("[data-running]")) each.textContent = text;
  }

  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    event.preventDefault();
    act(event.target);
  });

  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-preview]");
    if (form && ["owner", "what"].includes(event.target.name)) preview(form);
  });

  document.addEventListener("click", (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    const link = event.target.closest("a[data-part]");
    if (link && getSelection().isCollapsed) {
      event.preventDefault();
      go(link);
    }
    if (event.target.closest("#outcome a")) {
      event.preventDefault();
      find("outcome").replaceChildren();
    }
    for (const details of document.querySelectorAll(".environment[open], .clear[open]")) {
      if (!details.contains(event.target)) details.open = false;
    }
  });

  addEventListener("popstate", () => {
    stepsBack += 1;
    going = going.then(goBack);
  });

  document.addEventListener("keydown", (event) => {
    const details = event.key === "Escape" && event.target.closest(".environment[open], .clear[open]");
    if (!details) return;
    details.open = false;
    details.querySelector("summary").focus();
  });

  document.addEventListener("DOMContentLoaded", () => {
    // The address without the outcome, and with ids in the place of names: what can be sent to a colleague.
    history.replaceState(null, "", address() + location.hash);
    setInterval(tick, 1000);
    live();
  });
})();
