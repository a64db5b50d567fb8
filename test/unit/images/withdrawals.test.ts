import assert from "node:assert/strict";

import { parseWithdrawn, readWithdrawn, rollbackHint, withdrawnReason } from "../../../images/withdrawals";
import { Fault } from "../../../lib/errors";

describe("the list of withdrawn versions", () => {
  const parse = (text: string) => parseWithdrawn(text, "withdrawn.json");
  const fault = (message: string) => (error: unknown) => {
    assert.ok(error instanceof Fault);
    assert.equal(error.message, message);
    return true;
  };

  it("maps versions to reasons", () => {
    assert.deepEqual(parse("{}"), {});
    assert.deepEqual(parse('{"3.66.0": "yanked"}'), { "3.66.0": "yanked" });
  });

  it("is valid in this checkout", () => assert.doesNotThrow(readWithdrawn));

  it("is refused with all of its problems", () =>
    assert.throws(
      () => parse('{"v3.66.0": "yanked", "3.65.0": " ", "3.64": null, "3.63.0": "crashes"}'),
      fault(
        [
          "withdrawn.json is invalid:",
          '  - "v3.66.0" is not a Pulumi version. Use X.Y.Z, such as 3.66.0.',
          '  - The reason for "3.65.0" is " ". Describe why it is withdrawn.',
          '  - "3.64" is not a Pulumi version. Use X.Y.Z, such as 3.66.0.',
          '  - The reason for "3.64" is null. Describe why it is withdrawn.',
        ].join("\n"),
      ),
    ));

  for (const text of ['["3.66.0"]', "null", '"3.66.0"']) {
    it(`is refused if it is ${text}`, () =>
      assert.throws(
        () => parse(text),
        fault(
          `withdrawn.json is invalid:\n  - ${text} does not map versions to reasons. ` +
            `Use {"X.Y.Z": "why it is withdrawn"}.`,
        ),
      ));
  }

  it("is refused if it is not JSON", () =>
    assert.throws(
      () => parse('{"3.66.0": }'),
      /^Error: withdrawn\.json is not JSON: .*\. Fix it; an empty list is \{\}\.$/,
    ));
});

describe("withdrawnReason", () => {
  it("names version, reason and remedy", () =>
    assert.equal(
      withdrawnReason("3.66.0", { "3.66.0": "yanked" }),
      "Pulumi 3.66.0 is withdrawn (yanked), so it is not released. Release another version.",
    ));

  it("is undefined for other versions, and for names that every object has", () => {
    for (const version of ["3.64.0", "constructor"])
      assert.equal(withdrawnReason(version, { "3.66.0": "x" }), undefined);
  });
});

it("rollbackHint names up to five versions", () => {
  const versions = ["3.6.0", "3.5.0", "3.4.0", "3.3.0", "3.2.0", "3.1.0"];
  assert.match(
    rollbackHint("3.1.0", versions.slice(0, 5)),
    /add "3\.6\.0", .*"3\.2\.0" with the reason to images\/withdrawn/,
  );
  assert.match(rollbackHint("3.0.0", versions), /add every version above 3\.0\.0 with the reason/);
});
