import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { resolveUser } from "../../contract/users";
import { useTemporaryFolder } from "../../helpers/temporaryFolder";

describe("the user of a container", () => {
  const files = useTemporaryFolder();
  beforeEach(() => {
    mkdirSync(join(files(), "etc"));
    writeFileSync(
      join(files(), "etc", "passwd"),
      "root:x:0:0:root:/root:/bin/sh\nann:x:1983:50:Ann:/home/ann:/bin/sh\n",
    );
    writeFileSync(join(files(), "etc", "group"), "root:x:0:\nstaff:x:50:\nbuilders:x:60:ann\n");
  });

  const cases = [
    ["", { uid: 0, gid: 0, groups: [], home: "/root" }],
    ["ann", { uid: 1983, gid: 50, groups: [60], home: "/home/ann" }],
    ["1983", { uid: 1983, gid: 50, groups: [60], home: "/home/ann" }],
    ["1983:1983", { uid: 1983, gid: 1983, groups: [], home: "/home/ann" }],
    ["ann:builders", { uid: 1983, gid: 60, groups: [], home: "/home/ann" }],
    ["4242", { uid: 4242, gid: 0, groups: [], home: "/" }],
  ] as const;
  for (const [text, user] of cases) {
    it(`is resolved as Docker does: "${text}"`, async () => assert.deepEqual(await resolveUser(files(), text), user));
  }

  it("must have an entry if it is a name", () =>
    assert.rejects(resolveUser(files(), "bob"), /unable to find user bob/));
});
