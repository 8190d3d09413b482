// Run it with `node --test`.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { receive } from "./receiver.mjs";
import { withTalkover } from "./talkover.mjs";

const AGENT = "9fbef0b7-8d4e-4a08-9207-66c22155721d";
const WEBHOOK = "9fcafbf2-7593-44d6-8cd7-1b221beba62a";
const STARTED = "event_phone_call_started";

// Stands for your own code, which pauses and resumes a webhook.
async function toggle(apiUrl, token) {
  const url = `${apiUrl}/agents/${AGENT}/webhooks/${WEBHOOK}/toggle`;
  const answer = await fetch(url, { method: "PATCH", headers: { Authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`Talkover answered ${answer.status}`);
}

describe("our code", { concurrency: true }, () => {
  test("pauses and resumes a webhook", withTalkover(async (talkover) => {
    const events = await receive(talkover, WEBHOOK);
    await talkover.emit(AGENT, STARTED);
    await toggle(talkover.apiUrl, talkover.token);
    await talkover.emit(AGENT, STARTED);
    assert.deepEqual(events.map(({ event }) => event), [STARTED]);

    await toggle(talkover.apiUrl, talkover.token);
    await talkover.emit(AGENT, STARTED);
    assert.equal(events.length, 2);
    await talkover.verify({ method: "PATCH", path: "*/toggle", status: 200, times: 2 });
  }));

  test("notices that the API is down", withTalkover(async (talkover) => {
    await talkover.ask("POST", "faults", { preset: "maintenance", times: 1 });
    await assert.rejects(toggle(talkover.apiUrl, talkover.token), /503/);
  }));

  test("refuses a forged delivery", withTalkover(async (talkover) => {
    const events = await receive(talkover, WEBHOOK);
    await talkover.ask("POST", "faults", { on: "deliveries", action: "bad_signature" });
    const { deliveries } = await talkover.emit(AGENT, STARTED);
    assert.equal(deliveries[0].response.status, 401);
    assert.deepEqual(events, []);
  }));
});
