import assert from "node:assert/strict";

import { describeChanges } from "../../../../commands/migration/comparison";

const listing = (commands: readonly string[], settings: Readonly<Record<string, string>> = {}) => ({
  commands,
  settings,
});
const group = { name: "awscli", commands: ["aws*"], instead: "Install it." };

describe("the comparison of the previous images with those of this project", () => {
  const before = listing(["aws", "aws_completer", "sh"], { "ENV PATH": "/usr/bin", USER: "spacelift" });
  const after = listing(["bash", "sh"], { "ENV LANG": "C.UTF-8", "ENV PATH": "/usr/bin", USER: "1983" });

  it("lists what is gone by its group, and what is set now, with the images", () => {
    const unchanged = { before: listing(["sh"]), after: listing(["sh"]) };
    const text = describeChanges({ golang: { before, after }, javascript: { before, after }, python: unchanged }, [
      group,
    ]);
    assert.deepEqual(text.split("\n"), [
      "**Commands**",
      "",
      "- **awscli** (golang, javascript): `aws`, `aws_completer`. Install it.",
      "",
      "**Settings**",
      "",
      "- `ENV LANG`: not set → `C.UTF-8` (golang, javascript)",
      "- `USER`: `spacelift` → `1983` (golang, javascript)",
    ]);
  });

  it("refuses a command without a group, and a group without a command that is gone", () => {
    const shells = { name: "shells", commands: ["sh"], instead: "Use another." };
    assert.throws(
      () => describeChanges({ golang: { before: listing([...before.commands, "make"]), after } }, [group, shells]),
      /no other\. Change it:\n {2}- golang: make\n {2}- group shells: images have all of its commands$/,
    );
  });

  it("does not take a name for the start of one", () => {
    const exact = { ...group, commands: ["aws"] };
    assert.throws(() => describeChanges({ golang: { before, after } }, [exact]), /golang: aws_completer$/);
  });
});
