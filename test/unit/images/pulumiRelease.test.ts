import assert from "node:assert/strict";
import type { Server } from "node:http";

import type { Platform } from "../../../images/platform";
import { archiveName, checksumsName, getPulumiRelease, signatureName } from "../../../images/pulumiRelease";
import { type SignaturePolicy, signer } from "../../../images/signature";
import { Sigstore } from "../../fakes/sigstore";
import { checksumsOf, sums } from "../../helpers/checksums";
import { type Answer, serve } from "../../helpers/http";
import { skipDelays } from "../../helpers/skipDelays";

const { x64, arm64 } = sums;
const both: readonly Platform[] = ["linux/amd64", "linux/arm64"];

describe("getPulumiRelease", () => {
  skipDelays();
  let url: string;
  let server: Server;
  let sigstore: Sigstore;
  let files: Record<string, Answer>;
  let requested: string[];
  let warnings: string[];

  before(async () => {
    sigstore = await Sigstore.start();
    files = {};
    const seen = new Proxy(files, {
      get: (target, path: string) => {
        requested.push(path);
        return target[path];
      },
    });
    ({ url, server } = await serve(seen));
  });
  after(() => {
    server.close();
    sigstore.stop();
  });
  beforeEach(() => {
    for (const path of Object.keys(files)) delete files[path];
    requested = [];
    warnings = [];
    Object.assign(files, {
      "/pulumi-3.66.0-checksums.txt": checksumsOf("3.66.0"),
      "/pulumi-3.1.0-checksums.txt": `${x64}  pulumi-v3.1.0-linux-x64.tar.gz\n`,
      "/pulumi-3.2.0-checksums.txt": `<html>not a checksum file</html>`,
      "/pulumi-3.3.0-checksums.txt": 403,
      "/pulumi-3.4.0-checksums.txt": 503,
      "/pulumi-3.259.0-checksums.txt": checksumsOf("3.259.0"),
    });
  });

  function get(version: string, platforms = both, signatures: SignaturePolicy = "required", pulumiReleases = url) {
    const warn = (sentence: string) => warnings.push(sentence);
    return getPulumiRelease(version, platforms, { pulumiReleases, signatures, warn, trust: sigstore.trust });
  }

  const releaseOf = (version: string) => ({ version, url, sha256: { "linux/amd64": x64, "linux/arm64": arm64 } });

  it("names the files as Pulumi does", () => {
    assert.equal(archiveName("3.66.0", "linux/amd64"), "pulumi-v3.66.0-linux-x64.tar.gz");
    assert.equal(archiveName("3.66.0", "linux/arm64"), "pulumi-v3.66.0-linux-arm64.tar.gz");
    assert.equal(checksumsName("3.66.0"), "pulumi-3.66.0-checksums.txt");
    assert.equal(signatureName("3.66.0"), "pulumi-3.66.0-checksums.txt.sig");
  });

  it("returns the checksum of each platform's archive", async () =>
    assert.deepEqual(await get("3.66.0"), releaseOf("3.66.0")));

  it("refuses a version that was never published", async () => {
    for (const [version, status] of [
      ["99.0.0", 404],
      ["3.3.0", 403],
    ] as const) {
      await assert.rejects(get(version), {
        message:
          `Pulumi ${version} was never published: ${url}/pulumi-${version}-checksums.txt answers ${status}. ` +
          `Release a version listed at https://github.com/pulumi/pulumi/releases.`,
      });
    }
  });

  it("refuses a platform that was never published", () =>
    assert.rejects(get("3.1.0"), {
      message:
        `Pulumi 3.1.0 was never published for linux/arm64: ${url}/pulumi-3.1.0-checksums.txt does not list ` +
        `pulumi-v3.1.0-linux-arm64.tar.gz. Remove the platform from the config, or release another version.`,
    }));

  it("refuses a file that is not a checksum file", () =>
    assert.rejects(get("3.2.0"), /was never published for linux\/amd64/));

  it("reports an outage, after retries, and not that the version was never published", async () => {
    await assert.rejects(get("3.4.0"), {
      message: `Could not read ${url}/pulumi-3.4.0-checksums.txt: it answers 503. Retry later.`,
    });
    assert.equal(requested.length, 4);
  });

  it("retries a server that fails for a moment", async () => {
    const responses = [503, 200];
    files["/pulumi-3.66.0-checksums.txt"] = () => ({ status: responses.shift() ?? 200, body: checksumsOf("3.66.0") });
    assert.deepEqual(await get("3.66.0"), releaseOf("3.66.0"));
    assert.equal(requested.length, 2);
  });

  it("reports that the server cannot be reached", () =>
    assert.rejects(
      get("3.66.0", both, "required", "http://127.0.0.1:9"),
      /^Error: Could not reach http:\/\/127\.0\.0\.1:9\/pulumi-3\.66\.0-checksums\.txt: .*Check the network/,
    ));

  it("refuses the checksum file of another version, although Pulumi signed it", async () => {
    files["/pulumi-3.259.0-checksums.txt"] = checksumsOf("3.258.0");
    files["/pulumi-3.259.0-checksums.txt.sig"] = JSON.stringify(await sigstore.sign(checksumsOf("3.258.0")));
    await assert.rejects(get("3.259.0"), {
      message:
        `${url}/pulumi-3.259.0-checksums.txt belongs to another version: it lists ` +
        `pulumi-v3.258.0-linux-x64.tar.gz. Nothing was built. ` +
        `Check pulumiReleases: the checksum file of Pulumi 3.259.0 lists only its own archives.`,
    });
    files["/pulumi-3.66.0-checksums.txt"] = `${checksumsOf("3.66.0")}${arm64}  pulumi-v3.66.01-linux-x64.tar.gz\n`;
    await assert.rejects(get("3.66.0"), /belongs to another version: it lists pulumi-v3\.66\.01-linux-x64/);
  });

  describe("with signatures", () => {
    const checksums = "/pulumi-3.259.0-checksums.txt";
    const signature = `${checksums}.sig`;
    const remedy = 'docs/maintaining.md, "A signature is refused".';

    it("accepts a checksum file that Pulumi signed, without a warning", async () => {
      files[signature] = JSON.stringify(await sigstore.sign(checksumsOf("3.259.0")));
      for (const policy of ["required", "ifPresent"] as const) {
        assert.deepEqual(await get("3.259.0", both, policy), releaseOf("3.259.0"));
      }
      assert.deepEqual(warnings, []);
    });

    it("refuses a checksum file that was changed after it was signed", async () => {
      files[signature] = JSON.stringify(await sigstore.sign(checksumsOf("3.259.0")));
      files[checksums] = checksumsOf("3.259.0").replace("aaa", "bbb");
      const message =
        `The checksum file of Pulumi 3.259.0 is not signed by Pulumi: ${url}${signature}: ` +
        `signature verification failed. Nothing was built. Find out why before you release it: ${remedy}`;
      await assert.rejects(get("3.259.0", both, "required"), { message });
      await assert.rejects(get("3.259.0", both, "ifPresent"), { message });
    });

    it("verifies the bytes, not the decoded text", async () => {
      files[signature] = JSON.stringify(await sigstore.sign(checksumsOf("3.259.0")));
      // Decoding to text would remove the byte order mark.
      files[checksums] = `\uFEFF${checksumsOf("3.259.0")}`;
      await assert.rejects(get("3.259.0"), /signature verification failed/);
    });

    it("refuses another identity and another issuer than Pulumi's", async () => {
      const identity = "https://github.com/someone/pulumi/.github/workflows/sign.yml@refs/heads/master";
      for (const [signing, reason] of [
        [{ identity }, `certificate identity error - expected ${signer.identity}, got ${identity}`],
        [
          { issuer: "https://issuer.example" },
          `invalid certificate extension - expected issuer=${signer.issuer}, got issuer=https://issuer.example`,
        ],
      ] as const) {
        files[signature] = JSON.stringify(await sigstore.sign(checksumsOf("3.259.0"), signing));
        await assert.rejects(get("3.259.0"), {
          message:
            `The checksum file of Pulumi 3.259.0 is not signed by Pulumi: ${url}${signature}: ${reason}. ` +
            `Nothing was built. Find out why before you release it: ${remedy}`,
        });
      }
    });

    it("refuses a truncated bundle, also if no signature is required", async () => {
      files[signature] = JSON.stringify(await sigstore.sign(checksumsOf("3.259.0"))).slice(0, 500);
      for (const policy of ["required", "ifPresent"] as const) {
        await assert.rejects(get("3.259.0", both, policy), /is not signed by Pulumi: \S+\.sig: it is not JSON: /);
      }
    });

    for (const status of [404, 403]) {
      it(`refuses a missing signature (${status}) if it is required, otherwise warns`, async () => {
        files[signature] = status;
        await assert.rejects(get("3.259.0"), {
          message:
            `The checksum file of Pulumi 3.259.0 is not signed: ${url}${signature} answers ${status}, and signatures is ` +
            `required. Nothing was built. Retry later, in case Pulumi is still uploading it; otherwise see ${remedy}`,
        });
        assert.deepEqual(warnings, []);
        assert.deepEqual(await get("3.259.0", both, "ifPresent"), releaseOf("3.259.0"));
        assert.deepEqual(warnings, [
          `Using the checksum file of Pulumi 3.259.0 without a verified signature: ${url}${signature} answers ${status}, ` +
            `and signatures is ifPresent.`,
        ]);
      });
    }

    it("reports an outage, and not that the signature is missing", async () => {
      files[signature] = 500;
      for (const policy of ["required", "ifPresent"] as const) {
        await assert.rejects(get("3.259.0", both, policy), {
          message: `Could not read ${url}${signature}: it answers 500. Retry later.`,
        });
      }
      files[signature] = ({ socket }) => {
        socket.destroy();
        return {};
      };
      await assert.rejects(get("3.259.0", both, "ifPresent"), (error: Error) => {
        assert.match(
          error.message,
          /^Could not reach \S+\.sig: \S.*\. Check the network and pulumiReleases, then retry\.$/,
        );
        return true;
      });
    });

    it("warns about an older release, and does not download its signature", async () => {
      for (const policy of ["required", "ifPresent"] as const) {
        warnings = [];
        assert.deepEqual(await get("3.66.0", both, policy), releaseOf("3.66.0"));
        assert.deepEqual(warnings, [
          "Using the checksum file of Pulumi 3.66.0 without a verified signature: " +
            "releases before 3.251.0 have no signature that can be verified.",
        ]);
      }
      assert.ok(!requested.includes("/pulumi-3.66.0-checksums.txt.sig"));
    });

    it("warns if signatures is off, and does not download the signature", async () => {
      files[signature] = "broken";
      assert.deepEqual(await get("3.259.0", both, "off"), releaseOf("3.259.0"));
      assert.deepEqual(requested, [checksums]);
      assert.deepEqual(warnings, [
        "Using the checksum file of Pulumi 3.259.0 without a verified signature: signatures is off.",
      ]);
    });
  });
});
