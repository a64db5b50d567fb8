import assert from "node:assert/strict";

import { selectedLanguages, selectedPlatforms, requireTag } from "../../../commands/selection";
import { catalogue } from "../../../images/catalogue";

describe("what the variables of a command ask for", () => {
  const all = catalogue.map(({ name }) => name);
  const cases: [string | undefined, string[]][] = [
    [undefined, all],
    ["", all],
    ["python", ["python"]],
    ["yaml,javascript", ["javascript", "yaml"]],
  ];
  for (const [text, languages] of cases) {
    it(`LANGUAGE ${JSON.stringify(text)} is ${languages.join(", ")}`, () => {
      const asked = selectedLanguages({ LANGUAGE: text }).map(({ name }) => name);
      assert.deepEqual(asked, languages);
    });
  }

  it("takes a tag, and says so where there is none", () => {
    assert.equal(requireTag({ TAG: "v3.66.0" }), "v3.66.0");
    for (const TAG of [undefined, ""]) {
      assert.throws(() => requireTag({ TAG }), {
        message: "TAG is not given. Give a release tag, such as TAG=v3.66.0.",
      });
    }
  });

  it("names unknown languages", () =>
    assert.throws(() => selectedLanguages({ LANGUAGE: "python,rust,perl" }), {
      message:
        /^LANGUAGE "python,rust,perl": unknown "rust", "perl"\. Give some of javascript,.*, separated by commas\.$/,
    }));

  it("takes platforms, each once, and none as nothing asked for", () => {
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
        /^PLATFORMS "[^"]+": unknown "linux\/arm", "toString"\. Give some of linux\/amd64,linux\/arm64, separated/,
    }));
});
