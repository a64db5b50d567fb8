import assert from "node:assert/strict";

import fc from "fast-check";

import { findSecret, spellings } from "../../helpers/canary";

const secret = "canary/of+the=test";

describe("the search for a secret", () => {
  it("finds it in clear, URL-encoded and quoted", () => {
    const inUrl = encodeURIComponent(`a&${secret}`);
    const lowerCase = inUrl.replace(/%../g, (escape) => escape.toLowerCase());
    for (const text of [`x${secret}y`, inUrl, lowerCase, JSON.stringify({ secret: `"${secret}` })]) {
      assert.ok(findSecret(secret, Buffer.from(text))?.includes("canary"), text);
    }
  });

  it("finds it in base64, with any text before and after it", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.boolean(), (before, after, url) => {
        const text = Buffer.from(before + secret + after).toString(url ? "base64url" : "base64");
        return findSecret(secret, Buffer.from(text)) !== undefined;
      }),
    );
  });

  it("finds nothing else", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        fc.pre(!text.includes(secret));
        return findSecret(secret, Buffer.from(text)) === undefined;
      }),
    );
    for (const spelling of spellings(secret)) assert.ok(spelling.length > 15, spelling);
  });
});
