// Talkover in your tests: copy this file. It needs Node 18 or newer, and a server that runs: `talkover-mock serve`.
import { randomUUID } from "node:crypto";

const SERVER = (process.env.TALKOVER_MOCK_URL || "http://127.0.0.1:7357").replace(/(\/api\/v1)?\/*$/, "");

/** Runs a test, `(talkover, t) => {}`, in an environment of its own. A failure shows what the server saw. */
export function withTalkover(body) {
  return async function (...[t]) { // without a parameter that Jest or Mocha could take for `done`
    const name = randomUUID(), token = `talq_${name}`;
    const ask = (method, path, content) => request(token, method, path, content);
    const verify = (expected) => ask("POST", "verify", expected);
    const emit = (agent_id, event) => ask("POST", "events", { agent_id, event, wait: 5 }); // until it is delivered
    const closers = []; // functions that end what the test has started
    const late = new Promise((_, reject) => t?.signal?.addEventListener("abort", () => reject(new Error("late"))));
    await Promise.race([late, ask("POST", "environments", { name, token, title: t?.name ?? "test" })]);
    try {
      await Promise.race([late, body.call(this, { apiUrl: `${SERVER}/api/v1`, token, ask, verify, emit, closers }, t)]);
      await verify({ unmatched: true, times: 0 }); // no call went to a path that the API does not have
    } catch (error) { // stays the same, so that its type, its line and its difference stay
      const report = await ask("GET", "report").catch(String);
      for (const key of ["stack", "message"]) Reflect.set(Object(error), key, `${error?.[key]}\n\n${report}`);
      if (t?.signal?.aborted) console.error(report); else throw error; // a test that ran out of time has failed already
    } finally {
      closers.forEach((close) => close());
      await ask("DELETE", `environments/${name}`).catch(console.error);
    }
  };
}

/** Asks a route below /__admin in the token's environment. A refusal is an error with the server's own text. */
async function request(token, method, path, content) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json", Accept: "text/plain" };
  const sent = fetch(`${SERVER}/__admin/${path}`, { method, headers, body: JSON.stringify(content) });
  const answer = await sent.catch(({ cause }) => {
    throw new Error(`${SERVER}: ${cause}; run \`talkover-mock serve\`, or set TALKOVER_MOCK_URL`, { cause });
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.headers.get("content-type")?.includes("json") ? answer.json() : answer.text();
}
