// Living updates and actions without a reload. The server renders everything; this asks for the page anew when
// something has changed, and lays the difference over what stands there. Without it the page is the same, standing still.
"use strict";

(() => {
  const WAIT_SECONDS = 55;
  const CALM_MILLISECONDS = 300;
  const LONGEST_PAUSE_MILLISECONDS = 4000;
  const SHOWN_MILLISECONDS = 8000;
  document.documentElement.classList.add("js");

  // The difference between two trees, by id where there is one. What people do stays: focus, input, what is open.
  function morph(from, to) {
    if (from.isEqualNode(to)) return;
    if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName) return void from.replaceWith(to);
    if (from.nodeType !== Node.ELEMENT_NODE) return void (from.nodeValue = to.nodeValue);
    if (from.hasAttribute("data-keep")) return;
    morphAttributes(from, to);
    morphChildren(from, to);
  }

  function morphAttributes(from, to) {
    const isPeoples = (name) => name === "open" && from.nodeName === "DETAILS";
    for (const { name, value } of to.attributes) {
      if (!isPeoples(name) && from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
    for (const { name } of [...from.attributes]) {
      if (!isPeoples(name) && !to.hasAttribute(name)) from.removeAttribute(name);
    }
  }

  function morphChildren(from, to) {
    const wantedIds = new Set([...to.children].map((child) => child.id));
    for (const child of [...from.children]) if (child.id && !wantedIds.has(child.id)) child.remove();
    const byId = new Map([...from.children].filter((child) => child.id).map((child) => [child.id, child]));
    let next = from.firstChild;
    for (const wanted of [...to.childNodes]) {
      const known = wanted.id ? byId.get(wanted.id) : next && !next.id ? next : null;
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

  // Lists grow at their end, so that nothing that is read moves; who looks at the end goes on looking at it. What
  // stands where there is no list yet is read from its start.
  const hasRows = (box) => box.querySelector(".rows") !== null;
  const isFollowing = (box) =>
    !hasRows(box) || (box.scrollHeight - box.scrollTop - box.clientHeight < 4 && !box.querySelector("details[open]"));
  const follow = (box) => (box.scrollTop = hasRows(box) ? box.scrollHeight : 0);

  function keepFollowing(change) {
    const followed = [...document.querySelectorAll("[data-follow]")].filter(isFollowing);
    change();
    followed.forEach(follow);
  }

  const rowsOf = (section) => new Set([...document.querySelectorAll(`#${section} .rows > li`)].map((row) => row.id));

  function show(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const before = { requests: rowsOf("requests"), deliveries: rowsOf("deliveries") };
    keepFollowing(() => morph(document.body, fresh.body));
    announce(before);
    tick();
    return fresh;
  }

  function announce(before) {
    const news = Object.entries(before)
      .map(([section, known]) => [section, [...rowsOf(section)].filter((id) => !known.has(id)).length])
      .filter(([, number]) => number)
      .map(([section, number]) => `${number} new ${number === 1 ? section.replace(/ies$/, "y").replace(/s$/, "") : section}`);
    if (news.length) document.getElementById("news").textContent = news.join(", ");
  }

  function tell(state, text) {
    document.getElementById("live").dataset.state = state;
    document.getElementById("live-text").textContent = text;
  }

  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  const seen = () =>
    new Promise((done) => {
      if (!document.hidden) return done();
      document.addEventListener("visibilitychange", done, { once: true });
    });

  function pageUrl(extra) {
    const query = new URLSearchParams({ environment: document.getElementById("environment").dataset.name, ...extra });
    return `/__admin/?${query}`;
  }

  // One request hangs until something changes, and none at all while nobody looks; a server that is gone is asked again.
  async function live() {
    let version = null;
    let failures = 0;
    for (;;) {
      await seen();
      const stop = new AbortController();
      const leave = () => document.hidden && stop.abort();
      document.addEventListener("visibilitychange", leave);
      try {
        const headers = version ? { "If-None-Match": version } : {};
        const answer = await fetch(pageUrl({ wait: WAIT_SECONDS }), { headers, cache: "no-store", signal: stop.signal });
        if (answer.status === 200) {
          show(await answer.text());
          version = answer.headers.get("ETag");
        } else if (answer.status !== 304) throw new Error((await answer.json()).detail);
        failures = 0;
        tell("live", "live");
        await pause(CALM_MILLISECONDS);
      } catch (error) {
        if (error.name !== "AbortError") {
          failures += 1;
          tell("lost", error instanceof TypeError ? "waiting for the server" : error.message);
          await pause(Math.min(250 * 2 ** failures, LONGEST_PAUSE_MILLISECONDS));
        }
      } finally {
        document.removeEventListener("visibilitychange", leave);
      }
    }
  }

  let hiding = 0;

  function showOutcome(fresh) {
    const place = document.getElementById("outcome");
    place.replaceChildren(...fresh);
    clearTimeout(hiding);
    if (place.querySelector(".good")) hiding = setTimeout(() => place.replaceChildren(), SHOWN_MILLISECONDS);
  }

  function failure(text) {
    const line = document.createElement("p");
    line.className = "outcome bad";
    line.append(text);
    return [line];
  }

  async function act(form) {
    if (form.hasAttribute("aria-busy")) return;
    form.setAttribute("aria-busy", "true");
    try {
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body });
      if (!answer.ok) throw new Error((await answer.json()).detail);
      const fresh = show(await answer.text());
      showOutcome([...fresh.getElementById("outcome").childNodes]);
      const sure = form.closest(".sure");
      if (sure) {
        sure.open = false;
        sure.querySelector("summary").focus();
      }
    } catch (error) {
      showOutcome(failure(error instanceof TypeError ? "The server does not answer." : error.message));
    } finally {
      form.removeAttribute("aria-busy");
    }
  }

  async function copy(button) {
    const source = button.parentElement.querySelector("pre");
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      getSelection().selectAllChildren(source); // by plain HTTP from another machine there is no clipboard
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  }

  // The clock as the server told it, and what has passed since then.
  let told = null;

  function tick() {
    const place = document.querySelector("time[data-running]");
    if (!place) return;
    if (told?.text !== place.dateTime) told = { text: place.dateTime, began: Date.parse(place.dateTime) - performance.now() };
    const now = new Date(told.began + performance.now()).toISOString();
    place.textContent = `${now.slice(0, 10)} ${now.slice(11, 19)}`;
  }

  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    event.preventDefault();
    act(event.target);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    if (event.target.closest("#outcome a")) {
      event.preventDefault();
      document.getElementById("outcome").replaceChildren();
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-follow]").forEach(follow);
    setInterval(tick, 1000);
    live();
  });
})();
