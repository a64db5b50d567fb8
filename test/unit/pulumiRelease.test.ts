import assert from "node:assert/strict";
import type { Server } from "node:http";

import { archiveName, checksumsName, getPulumiRelease } from "../../images/pulumiRelease";
import { serve } from "../support/http";

const [x64, arm64, other] = ["a", "b", "c"].map((digit) => digit.repeat(64));

describe("pulumiRelease", () => {
  let url: string;
  let server: Server;

  before(async () => {
    ({ url, server } = await serve({
      "/pulumi-3.66.0-checksums.txt": [
        `${x64}  pulumi-v3.66.0-linux-x64.tar.gz`,
        `${other}  pulumi-v3.66.0-darwin-arm64.tar.gz`,
        `${arm64}  pulumi-v3.66.0-linux-arm64.tar.gz`,
        "",
      ].join("\n"),
      "/pulumi-3.1.0-checksums.txt": `${x64}  pulumi-v3.1.0-linux-x64.tar.gz\n`,
      "/pulumi-3.2.0-checksums.txt": `<html>not a list</html>`,
      "/pulumi-3.3.0-checksums.txt": 403,
      "/pulumi-3.4.0-checksums.txt": 503,
    }));
  });
  after(() => server.close());

  it("names the files as Pulumi does", () => {
    assert.equal(archiveName("3.66.0", "linux/amd64"), "pulumi-v3.66.0-linux-x64.tar.gz");
    assert.equal(archiveName("3.66.0", "linux/arm64"), "pulumi-v3.66.0-linux-arm64.tar.gz");
    assert.equal(checksumsName("3.66.0"), "pulumi-3.66.0-checksums.txt");
  });

  it("gets the sums of the platforms", async () => {
    assert.deepEqual(await getPulumiRelease("3.66.0", ["linux/amd64", "linux/arm64"], url), {
      version: "3.66.0",
      url,
      sha256: { "linux/amd64": x64, "linux/arm64": arm64 },
    });
  });

  it("refuses a version that was never published", async () => {
    for (const [version, status] of [
      ["99.0.0", 404],
      ["3.3.0", 403],
    ] as const) {
      await assert.rejects(getPulumiRelease(version, ["linux/amd64"], url), {
        message:
          `Pulumi ${version} was never published: ${url}/pulumi-${version}-checksums.txt answers ${status}. ` +
          `Release a version of https://github.com/pulumi/pulumi/releases.`,
      });
    }
  });

  it("refuses a platform that was never published", async () => {
    await assert.rejects(getPulumiRelease("3.1.0", ["linux/amd64", "linux/arm64"], url), {
      message:
        `Pulumi 3.1.0 was never published for linux/arm64: ${url}/pulumi-3.1.0-checksums.txt does not list ` +
        `pulumi-v3.1.0-linux-arm64.tar.gz. Take the platform out of the config, or release another version.`,
    });
  });

  it("takes no sum from what is not a list", () =>
    assert.rejects(getPulumiRelease("3.2.0", ["linux/amd64"], url), /was never published for linux\/amd64/));

  it("does not take an outage for a version that was never published", () =>
    assert.rejects(getPulumiRelease("3.4.0", ["linux/amd64"], url), {
      message: `${url}/pulumi-3.4.0-checksums.txt cannot be read: it answers 503. Retry later.`,
    }));

  it("tells when the releases cannot be reached", () =>
    assert.rejects(
      getPulumiRelease("3.66.0", ["linux/amd64"], "http://127.0.0.1:9"),
      /^Error: http:\/\/127\.0\.0\.1:9\/pulumi-3\.66\.0-checksums\.txt cannot be reached: .*Check the network/,
    ));
});
