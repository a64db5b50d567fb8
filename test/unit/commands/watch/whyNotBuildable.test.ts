import assert from "node:assert/strict";

import { whyNotBuildable } from "../../../../commands/watch/whyNotBuildable";
import { allPlatforms } from "../../../../images/platform";
import { archiveName } from "../../../../images/pulumiRelease";
import type { SignaturePolicy } from "../../../../images/signature";
import { captureLog } from "../../../helpers/captureLog";
import { checksumsOf } from "../../../helpers/checksums";
import { type Answer, serve } from "../../../helpers/http";

describe("whyNotBuildable", () => {
  const files: Record<string, Answer> = {};
  let url: string;

  before(async () => ({ url } = await serve(files)));
  beforeEach(() => {
    for (const path of Object.keys(files)) delete files[path];
    for (const version of ["3.66.0", "3.259.0"]) {
      for (const platform of allPlatforms) files[`/${archiveName(version, platform)}`] = "an archive";
      files[`/pulumi-${version}-checksums.txt`] = checksumsOf(version);
    }
  });

  /** Why a version cannot be built, and what is logged meanwhile. */
  async function ask(version: string, policy: SignaturePolicy) {
    let reason: string | undefined;
    const { lines } = await captureLog(async () => (reason = await whyNotBuildable(version, url, policy)));
    return { reason, logged: lines.join("\n") };
  }

  it("reports every missing file", async () => {
    const missing = ["/pulumi-3.66.0-checksums.txt", "/pulumi-v3.66.0-linux-x64.tar.gz"];
    for (const path of missing) delete files[path];
    const reason = missing.map((path) => `${url}${path}: it answers 404`).join("; ");
    assert.equal((await ask("3.66.0", "off")).reason, reason);
  });

  it("requires a signature only if the build does", async () => {
    const reason = `${url}/pulumi-3.259.0-checksums.txt.sig: it answers 404`;
    assert.deepEqual(await ask("3.259.0", "required"), { reason, logged: "" });
    for (const [version, policy] of [
      ["3.259.0", "ifPresent"],
      ["3.259.0", "off"],
      ["3.66.0", "required"],
    ] as const) {
      const { reason: none, logged } = await ask(version, policy);
      assert.equal(none, undefined);
      assert.match(logged, new RegExp(`Using the checksum file of Pulumi ${version} without a verified signature`));
    }
  });

  it("reports an invalid signature", async () => {
    files["/pulumi-3.259.0-checksums.txt.sig"] = "{";
    for (const policy of ["required", "ifPresent"] as const) {
      const { reason } = await ask("3.259.0", policy);
      assert.match(reason ?? "", /^The checksum file of Pulumi 3\.259\.0 is not signed by Pulumi: /);
    }
  });
});
