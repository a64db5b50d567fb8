import assert from "node:assert/strict";

import { catalogue } from "../../../images/catalogue";
import { baseLabels, imageLabels } from "../../../images/labels";

it("imageLabels names the base only with its digest", () => {
  const digest = `sha256:${"d".repeat(64)}`;
  const [language] = catalogue;
  assert.ok(language !== undefined);
  const base = (reference: string) => {
    const labels = imageLabels(language, "3.66.0", reference);
    return [labels[baseLabels.name], labels[baseLabels.digest]];
  };
  assert.deepEqual(base(`mirror.example/debian:trixie@${digest}`), ["mirror.example/debian:trixie", digest]);
  for (const reference of ["mirror.example/debian:trixie", "/a/folder", ""]) {
    assert.deepEqual(base(reference), [undefined, undefined], reference);
  }
});
