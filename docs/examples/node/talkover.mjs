// Talkover in your tests: copy this file. It needs Node 18 or newer, and a server that runs: `talkover-mock serve`.
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { inspect } from "node:util";

const SERVER = (process.env.TALKOVER_MOCK_URL || "http://127.0.0.1:7357").replace(/\/+$/, "");
const THIS_MACHINE = process.env.TALKOVER_RECEIVER_HOST || "127.0.0.1"; // as the server reaches it

/** Runs a test in an environment of its own: `(talkover, t) => {}`. A failure shows what the server saw. */
export function withTalkover(body) {
  return async function (...[t]) { // without a parameter that Jest or Mocha could take for `done`
    const talkover = new Talkover();
    await talkover.open(t?.name ?? "test");
    try {
      await body.call(this, talkover, t);
      await talkover.verify({ unmatched: true, times: 0 }); // no call went to a path that the API does not have
      await talkover.close();
    } catch (error) {
      const report = await talkover.ask("GET", "report").catch(String);
      await talkover.close().catch(() => {}); // the test has failed for another reason
      throw withReport(error, report);
    }
  };
}

/** The same error, so that its line and its difference stay, with the calls, reasons and deliveries. */
function withReport(thrown, report) {
  const error = thrown instanceof Error ? thrown : new Error(`the test threw ${inspect(thrown)}`);
  for (const key of ["message", "stack"]) Reflect.set(error, key, `${error[key]}\n\n${report}`);
  return error;
}

class Talkover {
  apiUrl = `${SERVER}/api/v1`;
  token = `talq_${randomUUID()}`;
  receivers = [];

  async open(title) {
    this.name = `${title}-${this.token}`.replace(/[^A-Za-z0-9]+/g, "-").slice(-100).replace(/^-/, "");
    await this.ask("POST", "environments", { name: this.name, token: this.token, title: [...title].slice(0, 500).join("") });
  }

  async close() {
    for (const receiver of this.receivers) receiver.close().closeAllConnections();
    await this.ask("DELETE", `environments/${this.name}`);
  }

  /** Asks a route below /__admin, in this environment. A refusal is an error with the server's own text. */
  async ask(method, path, body) {
    const headers = { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" };
    const sent = fetch(`${SERVER}/__admin/${path}`, { method, headers, body: body && JSON.stringify(body) });
    const answer = await sent.catch((cause) => {
      throw new Error(`${SERVER} does not answer; start it with \`talkover-mock serve\`, or set TALKOVER_MOCK_URL`, { cause });
    });
    const isJson = answer.headers.get("content-type")?.includes("json");
    const content = isJson ? await answer.json() : await answer.text();
    if (!answer.ok) throw new Error(content.detail ?? content);
    return content;
  }

  /** Checks which calls came, such as {method: "PATCH", path: "*toggle", times: 1}, or which deliveries were made. */
  verify(expected) {
    return this.ask("POST", "verify", expected);
  }

  /** Emits an event, and waits until it is delivered. */
  emit(agentId, event) {
    return this.ask("POST", "events", { agent_id: agentId, event, wait: 5 });
  }

  /** Points a webhook at a receiver of this test; returns the events, which grow as they come. */
  async receive(webhookId, secret = "our secret") {
    const events = [];
    const receiver = createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const genuine = isGenuine(secret, request.headers.signature, body);
      if (genuine) events.push(JSON.parse(body));
      response.writeHead(genuine ? 204 : 401).end();
    });
    receiver.listen(0, THIS_MACHINE === "127.0.0.1" ? THIS_MACHINE : "0.0.0.0");
    await once(receiver, "listening");
    this.receivers.push(receiver);
    const webhook_url = `http://${THIS_MACHINE}:${receiver.address().port}/`;
    await this.ask("PATCH", `webhooks/${webhookId}`, { webhook_url, webhook_secret: secret, enabled: true });
    return events;
  }
}

/** Whether the signature is that of these bytes, as they came: verify before you parse. */
export function isGenuine(secret, signature, body) {
  const expected = createHmac("sha256", secret).update(body).digest();
  const given = Buffer.from(signature ?? "", "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
