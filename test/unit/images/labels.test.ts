import assert from "node:assert/strict";

import { baseLabels, imageLabels } from "../../../images/labels";

it("imageLabels names the base only with its digest", () => {
  const digest = `sha256:${"d".repeat(64)}`;
  for (const [base, ...expected] of [
    [`mirror.example/debian:trixie@${digest}`, "mirror.example/debian:trixie", digest],
    ["mirror.example/debian:trixie", undefined, undefined],
    ["/a/folder", undefined, undefined],
    ["", undefined, undefined],
  ] as const) {
    const labels = imageLabels({ name: "", title: "", description: "" }, "3.66.0", base);
    assert.deepEqual([labels[baseLabels.name], labels[baseLabels.digest]], expected, base);
  }
});
