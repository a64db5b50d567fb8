import assert from "node:assert/strict";

import { listFiles, readFile } from "../../helpers/checkoutFiles";

/** The texts of the program, in which `…` replaces what is inserted, and parts that are joined are one. */
const source = listFiles(
  "lib/**/*.ts",
  "lib/*.ts",
  "images/*.ts",
  "commands/**/*.ts",
  "commands/*.ts",
  "local/**/*.ts",
  "local/*.ts",
)
  .map(readFile)
  .join("\n")
  .replace(/["`] \+\s*["`]/g, "")
  .replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "…");

/** What the page quotes from the screen: the first cell of each row. */
const sentences = [...readFile("docs/troubleshooting.md").matchAll(/^\| `([^`]+)`/gm)].map(
  ([, sentence = ""]) => sentence,
);

describe("docs/troubleshooting.md", () => {
  it("has sentences", () => assert.ok(sentences.length > 20));

  for (const sentence of sentences) {
    it(`quotes what the program can print: ${sentence}`, () => assert.ok(source.includes(sentence)));
  }

  it("would not find a sentence that the program cannot print", () =>
    assert.ok(!source.includes("No tag has moved: users pull something else.")));
});
