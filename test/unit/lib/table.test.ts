import assert from "node:assert/strict";

import { markdownTable, textTable } from "../../../lib/table";

const rows = [
  { language: "go", size: 9 },
  { language: "python|3", size: 1234 },
];

describe("a table", () => {
  it("aligns its columns in a terminal", () => {
    assert.deepEqual(textTable(rows), ["language  size", "go        9", "python|3  1234"]);
  });

  it("is Markdown, with pipes escaped", () => {
    assert.equal(markdownTable(rows), "| language | size |\n| --- | --- |\n| go | 9 |\n| python\\|3 | 1234 |");
  });
});
