import assert from "node:assert/strict";

import { selectedLanguages, selectedPlatforms } from "../../../commands/selection";

describe("selection", () => {
  const cases: [string | undefined, string[]][] = [
    [undefined, []],
    ["", []],
    ["python", ["python"]],
    ["yaml,javascript", ["javascript", "yaml"]],
  ];
  for (const [text, languages] of cases) {
    it(`reads LANGUAGE ${JSON.stringify(text)} as ${languages.join(", ") || "no selection"}`, () => {
      const selected = selectedLanguages({ LANGUAGE: text }).map(({ name }) => name);
      assert.deepEqual(selected, languages);
    });
  }

  it("names unknown languages", () =>
    assert.throws(() => selectedLanguages({ LANGUAGE: "python,rust,perl" }), {
      message:
        /^LANGUAGE "python,rust,perl": unknown "rust", "perl"\. Use one or more of javascript,.*, separated by commas\.$/,
    }));

  it("reads platforms, each once, and undefined if PLATFORMS is empty or not set", () => {
    assert.deepEqual(selectedPlatforms({ PLATFORMS: "linux/arm64,linux/amd64,linux/arm64" }), [
      "linux/arm64",
      "linux/amd64",
    ]);
    assert.equal(selectedPlatforms({}), undefined);
    assert.equal(selectedPlatforms({ PLATFORMS: "" }), undefined);
  });

  it("names unknown platforms", () =>
    assert.throws(() => selectedPlatforms({ PLATFORMS: "linux/amd64,linux/arm,toString" }), {
      message:
        /^PLATFORMS "[^"]+": unknown "linux\/arm", "toString"\. Use one or more of linux\/amd64,linux\/arm64, separated/,
    }));
});
