import assert from "node:assert/strict";

import { checksumsName, getPulumiRelease } from "../../../images/pulumiRelease";
import type { SignaturePolicy } from "../../../images/signature";
import { Sigstore } from "../../fakes/sigstore";
import { checksumsOf, sums } from "../../helpers/checksums";
import { type Answer, inOrder, serve } from "../../helpers/http";
import { isFault } from "../../helpers/isFault";
import { skipDelays } from "../../helpers/skipDelays";

describe("getPulumiRelease", () => {
  skipDelays();
  let sigstore: Sigstore;
  let url: string;
  /** The files on the server, and the paths that were requested. */
  const files: Record<string, Answer> = {};
  let requested: string[];
  let warnings: string[];

  before(async () => {
    sigstore = await Sigstore.start();
    const { url: address, server } = await serve(files);
    server.on("request", (request) => requested.push(request.url ?? ""));
    url = address;
  });

  beforeEach(() => {
    requested = [];
    warnings = [];
    for (const path of Object.keys(files)) delete files[path];
    for (const version of ["3.66.0", "3.259.0"]) files[`/${checksumsName(version)}`] = checksumsOf(version);
  });

  function get(version: string, signatures: SignaturePolicy = "required", pulumiReleases = url) {
    const warn = (sentence: string) => warnings.push(sentence);
    const source = { pulumiReleases, signatures, warn, trust: sigstore.trust };
    return getPulumiRelease(version, ["linux/amd64", "linux/arm64"], source);
  }

  /** Asserts that a version is accepted, with the checksum of each platform's archive. */
  async function accepts(version: string, policy?: SignaturePolicy): Promise<void> {
    const sha256 = { "linux/amd64": sums.x64, "linux/arm64": sums.arm64 };
    assert.deepEqual(await get(version, policy), { version, url, sha256 });
  }

  /** Asserts that a version is refused with this message, in which URL is the server's. */
  async function refuses(version: string, message: string | RegExp, ...policies: SignaturePolicy[]): Promise<void> {
    const expected = typeof message === "string" ? message.replaceAll("URL", url) : message;
    for (const policy of policies.length > 0 ? policies : [undefined]) {
      await assert.rejects(get(version, policy), isFault(expected));
    }
  }

  it("refuses a version that was never published", async () => {
    for (const status of [403, 404]) {
      files["/pulumi-99.0.0-checksums.txt"] = status;
      await refuses(
        "99.0.0",
        `Pulumi 99.0.0 was never published: URL/pulumi-99.0.0-checksums.txt answers ${status}. ` +
          `Release a version listed at https://github.com/pulumi/pulumi/releases.`,
      );
    }
  });

  it("refuses a platform that was never published or is not uploaded yet", async () => {
    files["/pulumi-3.66.0-checksums.txt"] = `${sums.x64}  pulumi-v3.66.0-linux-x64.tar.gz\n`;
    await refuses(
      "3.66.0",
      `URL/pulumi-3.66.0-checksums.txt does not list pulumi-v3.66.0-linux-arm64.tar.gz, but ` +
        `pulumi-v3.66.0-linux-x64.tar.gz. Nothing was built. Retry later, in case Pulumi is still uploading it; ` +
        `otherwise Pulumi 3.66.0 was never published for linux/arm64: release another version.`,
    );
  });

  const cut = `${sums.x64}  pulumi-v3.66.0-linux-x64.tar.gz\n${sums.arm64.slice(0, 9)}`;
  for (const [body, problem] of [
    ["", "is empty"],
    ["\n", "is empty"],
    ["<html>Log in</html>", 'is not a checksum file: it begins with "<html>Log in</html>"'],
    [cut, `is cut off or damaged: its last line is "${sums.arm64.slice(0, 9)}"`],
  ] as const) {
    it(`refuses a file that ${problem}`, async () => {
      files["/pulumi-3.66.0-checksums.txt"] = body;
      await refuses(
        "3.66.0",
        `URL/pulumi-3.66.0-checksums.txt ${problem}. Nothing was built. Check the network and pulumiReleases, then retry.`,
      );
    });
  }

  it("retries a server that fails for a moment, then reports the outage", async () => {
    files["/pulumi-3.66.0-checksums.txt"] = inOrder({ status: 503 }, { body: checksumsOf("3.66.0") });
    await accepts("3.66.0");
    assert.equal(requested.length, 2);
    files["/pulumi-3.66.0-checksums.txt"] = 503;
    await refuses("3.66.0", `Could not read URL/pulumi-3.66.0-checksums.txt: it answers 503. Retry later.`);
    assert.equal(requested.length, 6);
    const unreachable =
      /^Could not reach http:\/\/127\.0\.0\.1:9\/pulumi-3\.66\.0-checksums\.txt: .*Check the network and pulumiReleases, /;
    await assert.rejects(get("3.66.0", "required", "http://127.0.0.1:9"), isFault(unreachable));
  });

  describe("with signatures", () => {
    const checksums = "/pulumi-3.259.0-checksums.txt";
    const signature = `${checksums}.sig`;
    const remedy = 'docs/maintaining.md, "A signature is refused".';
    const unverified = (version: string) =>
      `Using the checksum file of Pulumi ${version} without a verified signature: `;

    /** Signs the checksums of a version and stores the bundle. */
    async function sign(version: string): Promise<string> {
      return (files[signature] = JSON.stringify(await sigstore.sign(checksumsOf(version))));
    }

    it("accepts a checksum file that Pulumi signed, without a warning", async () => {
      await sign("3.259.0");
      for (const policy of ["required", "ifPresent"] as const) await accepts("3.259.0", policy);
      assert.deepEqual(warnings, []);
    });

    it("refuses an invalid signature, also if none is required", async () => {
      const bundle = await sign("3.259.0");
      const refusal =
        `The checksum file of Pulumi 3.259.0 is not signed by Pulumi: URL${signature}: ` +
        `signature verification failed. Nothing was built. Find out why before you release it: ${remedy}`;
      // The bytes are verified: decoding to text would remove the byte order mark.
      for (const changed of [checksumsOf("3.259.0").replace("aaa", "bbb"), `\uFEFF${checksumsOf("3.259.0")}`]) {
        files[checksums] = changed;
        await refuses("3.259.0", refusal, "required", "ifPresent");
      }
      files[signature] = bundle.slice(0, 500);
      await refuses("3.259.0", /is not signed by Pulumi: \S+\.sig: it is not JSON: /, "required", "ifPresent");
    });

    it("refuses the checksum file of another version, although Pulumi signed it", async () => {
      files[checksums] = checksumsOf("3.258.0");
      await sign("3.258.0");
      await refuses(
        "3.259.0",
        `URL${checksums} belongs to another version: it lists pulumi-v3.258.0-linux-x64.tar.gz. Nothing was built. ` +
          `Check pulumiReleases: the checksum file of Pulumi 3.259.0 lists only its own archives.`,
      );
      files["/pulumi-3.66.0-checksums.txt"] = `${checksumsOf("3.66.0")}${sums.x64}  pulumi-v3.66.01-linux-x64.tar.gz\n`;
      await refuses("3.66.0", /belongs to another version: it lists pulumi-v3\.66\.01-linux-x64/);
    });

    for (const status of [404, 403]) {
      it(`refuses a missing signature (${status}) if it is required, otherwise warns`, async () => {
        files[signature] = status;
        await refuses(
          "3.259.0",
          `The checksum file of Pulumi 3.259.0 is not signed: URL${signature} answers ${status}, and signatures is ` +
            `required. Nothing was built. Retry later, in case Pulumi is still uploading it; otherwise see ${remedy}`,
        );
        assert.deepEqual(warnings, []);
        await accepts("3.259.0", "ifPresent");
        const reason = `${url}${signature} answers ${status}, and signatures is ifPresent.`;
        assert.deepEqual(warnings, [`${unverified("3.259.0")}${reason}`]);
      });
    }

    it("reports an outage, and not that the signature is missing", async () => {
      files[signature] = 500;
      const outage = `Could not read URL${signature}: it answers 500. Retry later.`;
      await refuses("3.259.0", outage, "required", "ifPresent");
      files[signature] = ({ socket }) => void socket.destroy();
      const broken = /^Could not reach \S+\.sig: \S.*\. Check the network and pulumiReleases, then retry\.$/;
      await refuses("3.259.0", broken, "ifPresent");
    });

    it("warns about an older release, and if signatures is off, and does not download the signature", async () => {
      files[signature] = "broken";
      await accepts("3.66.0");
      await accepts("3.66.0", "ifPresent");
      await accepts("3.259.0", "off");
      const older = `${unverified("3.66.0")}releases before 3.251.0 have no signature that can be verified.`;
      assert.deepEqual(warnings, [older, older, `${unverified("3.259.0")}signatures is off.`]);
      assert.ok(!requested.some((path) => path.endsWith(".sig")));
    });
  });
});
