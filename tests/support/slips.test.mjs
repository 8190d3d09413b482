// Tests that fail or are skipped on purpose, and names that are hard to carry: what withTalkover makes of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { withTalkover } from "./talkover.mjs";

test("takes no parameter", () => assert.equal(withTalkover(() => {}).length, 0));

for (const title of ['prüft "Umläute", it\'s \\ \u{1f600}', "long ".repeat(300), "🙂"]) {
  test(title, withTalkover(async (talkover) => {
    const { environments } = await talkover.ask("GET", "environments?find=" + encodeURIComponent(talkover.token.slice(5)));
    const shown = title.length > 500 ? `${title.slice(0, 497)}...` : title;
    assert.deepEqual(environments.map((each) => each.title), [shown]);
  }));
}

test("is skipped", withTalkover((talkover, t) => t.skip("not here")));
test("has mocks", withTalkover((talkover, t) => assert.equal(typeof t.mock.fn, "function")));
test("keeps this", async () => {
  await withTalkover(function () { assert.equal(this, assert); }).call(assert);
});

test("FAILS with its line", withTalkover(() => { assert.equal("given", "wanted"); }));
test("FAILS with a text", withTalkover(() => { throw "a thrown text"; }));
test("FAILS with null", withTalkover(() => { throw null; }));
test("FAILS with what cannot be changed", withTalkover(() => { throw Object.freeze(new Error("a frozen reason")); }));
test("FAILS without its environment", withTalkover(async (talkover) => {
  await talkover.ask("DELETE", `environments/${talkover.token.slice(5)}`);
  throw new Error("the real reason");
}));
