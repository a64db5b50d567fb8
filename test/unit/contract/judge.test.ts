import assert from "node:assert/strict";

import type { Box } from "../../contract/box";
import { type Check, NotTried } from "../../contract/check";
import { formatFindings, judge, summarize } from "../../contract/judge";
import { captureLog } from "../../helpers/captureLog";

const check = (name: string, find: () => Promise<string>): Check => ({ name, expected: "yes", find });

describe("a judgement", () => {
  it("lists checks in their order, and counts what is green, red and not tried", async () => {
    const checks = [
      check("slow", async () => new Promise((resolve) => setTimeout(() => resolve("yes"), 20))),
      check("other", () => Promise.resolve("no")),
      check("broken", () => Promise.reject(new Error("started\nerror: it is \u001b[31mbroken\u001b[0m\nat exit"))),
      check("skipped", () => Promise.reject(new NotTried("no such thing here"))),
    ];
    let findings: Awaited<ReturnType<typeof judge>> = [];
    await captureLog(async () => {
      findings = await judge({} as Box, checks);
    });
    assert.deepEqual(formatFindings(findings).split("\n"), [
      "           check    expected  found",
      "           slow     yes       as expected",
      "RED        other    yes       no",
      "RED        broken   yes       error: it is broken",
      "not tried  skipped  yes       no such thing here",
      "",
      "1 green, 2 red, 1 not tried",
    ]);
  });

  it("summarizes an output by its first error, or else by its last line", () => {
    assert.equal(summarize("one\nfatal: two\nerror: three"), "fatal: two");
    assert.equal(summarize("one\n\ntwo\n"), "two");
    assert.equal(summarize("npm error code E404\nnpm error 404 No match"), "npm error 404 No match");
    assert.equal(summarize(" \n"), "nothing");
  });
});
