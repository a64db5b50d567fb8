import assert from "node:assert/strict";

import { markdownTable, textTable } from "../../../lib/table";

it("a table is aligned in a terminal, and escapes pipes in Markdown", () => {
  const rows = [
    { language: "go", size: 9 },
    { language: "python|3", size: 1234 },
  ];
  assert.deepEqual(textTable(rows), ["language  size", "go        9", "python|3  1234"]);
  assert.equal(markdownTable(rows), "| language | size |\n| --- | --- |\n| go | 9 |\n| python\\|3 | 1234 |");
});
