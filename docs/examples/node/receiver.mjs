// A receiver of webhooks that checks signatures: copy this file beside talkover.mjs.
import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

const THIS_MACHINE = process.env.TALKOVER_RECEIVER_HOST || "127.0.0.1"; // as the server reaches it

/** Points a webhook at a receiver of this test; returns the events, which grow as they come. */
export async function receive(talkover, webhookId, secret = "our secret") {
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
  talkover.closers.push(() => receiver.close().closeAllConnections());
  const webhook_url = `http://${THIS_MACHINE}:${receiver.address().port}/`;
  await talkover.ask("PATCH", `webhooks/${webhookId}`, { webhook_url, webhook_secret: secret, enabled: true });
  return events;
}

/** Whether the signature is that of these bytes, as they came: verify before you parse. */
export function isGenuine(secret, signature, body) {
  const expected = createHmac("sha256", secret).update(body).digest();
  const given = Buffer.from(signature ?? "", "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
