import assert from "node:assert/strict";

import { fittingTable, textTable } from "../../../lib/table";

describe("a table that must fit", () => {
  const rows = [
    { language: "yaml", reference: "localhost:5000/yaml:v1", size: "1 MB" },
    { language: "golang", reference: "localhost:5000/golang:v1", size: "10 MB" },
  ];

  it("is a table as any other if it fits", () =>
    assert.deepEqual(fittingTable(rows, 41, "reference"), textTable(rows)));

  it("has a long column's cells below their rows otherwise", () =>
    assert.deepEqual(fittingTable(rows, 40, "reference"), [
      "language  size",
      "yaml      1 MB",
      "  localhost:5000/yaml:v1",
      "golang    10 MB",
      "  localhost:5000/golang:v1",
    ]));
});
