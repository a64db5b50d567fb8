import assert from "node:assert/strict";

import fc from "fast-check";

import { findSecret, spellings } from "../../helpers/canary";

const secret = "canary/of+the=test";
const isFound = (text: string) => findSecret(secret, Buffer.from(text)) !== undefined;

describe("the search for a secret", () => {
  it("finds it in clear, URL-encoded and quoted", () => {
    const inUrl = encodeURIComponent(`a&${secret}`);
    const lowerCase = inUrl.replace(/%../g, (escape) => escape.toLowerCase());
    for (const text of [`x${secret}y`, inUrl, lowerCase, JSON.stringify({ secret: `"${secret}` })]) {
      assert.ok(isFound(text), text);
    }
  });

  it("finds it in base64, with any text before and after it, and nothing else", () => {
    const inBase64 = fc.property(fc.string(), fc.string(), fc.boolean(), (before, after, url) =>
      isFound(Buffer.from(before + secret + after).toString(url ? "base64url" : "base64")),
    );
    fc.assert(inBase64);
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => text.includes(secret) || !isFound(text)));
    for (const spelling of spellings(secret)) assert.ok(spelling.length > 15, spelling);
  });
});
