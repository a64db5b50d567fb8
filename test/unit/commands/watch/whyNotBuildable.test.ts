import assert from "node:assert/strict";
import type { Server } from "node:http";

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
  let server: Server;

  before(async () => ({ url, server } = await serve(files)));
  after(() => server.close());
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
    for (const name of ["pulumi-3.66.0-checksums.txt", "pulumi-v3.66.0-linux-x64.tar.gz"]) delete files[`/${name}`];
    assert.equal(
      (await ask("3.66.0", "off")).reason,
      `${url}/pulumi-3.66.0-checksums.txt: it answers 404; ${url}/pulumi-v3.66.0-linux-x64.tar.gz: it answers 404`,
    );
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
      assert.match(
        (await ask("3.259.0", policy)).reason ?? "",
        /^The checksum file of Pulumi 3\.259\.0 is not signed by Pulumi: /,
      );
    }
  });
});
