import assert from "node:assert/strict";

import { parseWithdrawn, readWithdrawn } from "../../../images/withdrawals";
import { isFault } from "../../helpers/isFault";

describe("the list of withdrawn versions", () => {
  const parse = (text: string) => parseWithdrawn(text, "withdrawn.json");

  it("maps versions to reasons, also in this checkout", () => {
    assert.deepEqual(parse("{}"), {});
    assert.deepEqual(parse('{"3.66.0": "yanked"}'), { "3.66.0": "yanked" });
    assert.doesNotThrow(readWithdrawn);
  });

  const noMap = `does not map versions to reasons. Use {"X.Y.Z": "why it is withdrawn"}.`;
  for (const [text, ...problems] of [
    [
      '{"v3.66.0": "yanked", "3.65.0": " ", "3.64": null, "3.63.0": "crashes"}',
      '"v3.66.0" is not a Pulumi version. Use X.Y.Z, such as 3.66.0.',
      'The reason for "3.65.0" is " ". Describe why it is withdrawn.',
      '"3.64" is not a Pulumi version. Use X.Y.Z, such as 3.66.0.',
      'The reason for "3.64" is null. Describe why it is withdrawn.',
    ],
    ...['["3.66.0"]', "null", '"3.66.0"'].map((text) => [text, `${text} ${noMap}`] as const),
  ] as const) {
    it(`is refused with all of its problems: ${text}`, () => {
      const message = ["withdrawn.json is invalid:", ...problems.map((problem) => `  - ${problem}`)].join("\n");
      assert.throws(() => parse(text), isFault(message));
    });
  }

  it("is refused if it is not JSON", () => {
    const message = /^withdrawn\.json is not JSON: .*\. Fix it; an empty list is \{\}\.$/;
    assert.throws(() => parse('{"3.66.0": }'), isFault(message));
  });
});
