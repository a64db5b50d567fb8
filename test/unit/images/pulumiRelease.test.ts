import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { whyNotBuildable } from "../../../commands/watch/artefacts";
import { readSignatures } from "../../../commands/stackFile";
import { Fault } from "../../../lib/errors";
import type { Platform } from "../../../images/platform";
import { archiveName, checksumsName, getPulumiRelease, signatureName } from "../../../images/pulumiRelease";
import { type SignaturePolicy, signaturePolicies, signer } from "../../../images/signature";
import { checkout } from "../../../local/folder";
import { type Answer, serve } from "../../helpers/http";
import { Sigstore } from "../../fakes/sigstore";

const [x64, arm64, other] = ["a", "b", "c"].map((digit) => digit.repeat(64));
const both: readonly Platform[] = ["linux/amd64", "linux/arm64"];

/** The list of a version's sums, as Pulumi writes it. */
function listOf(version: string): string {
  return [
    `${x64}  pulumi-v${version}-linux-x64.tar.gz`,
    `${other}  pulumi-v${version}-darwin-arm64.tar.gz`,
    `${arm64}  pulumi-v${version}-linux-arm64.tar.gz`,
    "",
  ].join("\n");
}

describe("pulumiRelease", () => {
  let url: string;
  let server: Server;
  let sigstore: Sigstore;
  let files: Record<string, Answer>;
  let requested: string[];
  let told: string[];

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
    told = [];
    Object.assign(files, {
      "/pulumi-3.66.0-checksums.txt": listOf("3.66.0"),
      "/pulumi-3.1.0-checksums.txt": `${x64}  pulumi-v3.1.0-linux-x64.tar.gz\n`,
      "/pulumi-3.2.0-checksums.txt": `<html>not a list</html>`,
      "/pulumi-3.3.0-checksums.txt": 403,
      "/pulumi-3.4.0-checksums.txt": 503,
      "/pulumi-3.259.0-checksums.txt": listOf("3.259.0"),
    });
  });

  function get(version: string, platforms = both, signatures: SignaturePolicy = "required", pulumiReleases = url) {
    const tell = (sentence: string) => told.push(sentence);
    return getPulumiRelease(version, platforms, { pulumiReleases, signatures, tell, trust: sigstore.trust });
  }

  const parseGitTag = (version: string) => ({ version, url, sha256: { "linux/amd64": x64, "linux/arm64": arm64 } });

  it("names the files as Pulumi does", () => {
    assert.equal(archiveName("3.66.0", "linux/amd64"), "pulumi-v3.66.0-linux-x64.tar.gz");
    assert.equal(archiveName("3.66.0", "linux/arm64"), "pulumi-v3.66.0-linux-arm64.tar.gz");
    assert.equal(checksumsName("3.66.0"), "pulumi-3.66.0-checksums.txt");
    assert.equal(signatureName("3.66.0"), "pulumi-3.66.0-checksums.txt.sig");
  });

  it("gets the sums of the platforms", async () => assert.deepEqual(await get("3.66.0"), parseGitTag("3.66.0")));

  it("refuses a version that was never published", async () => {
    for (const [version, status] of [
      ["99.0.0", 404],
      ["3.3.0", 403],
    ] as const) {
      await assert.rejects(get(version), {
        message:
          `Pulumi ${version} was never published: ${url}/pulumi-${version}-checksums.txt answers ${status}. ` +
          `Release a version of https://github.com/pulumi/pulumi/releases.`,
      });
    }
  });

  it("refuses a platform that was never published", () =>
    assert.rejects(get("3.1.0"), {
      message:
        `Pulumi 3.1.0 was never published for linux/arm64: ${url}/pulumi-3.1.0-checksums.txt does not list ` +
        `pulumi-v3.1.0-linux-arm64.tar.gz. Take the platform out of the config, or release another version.`,
    }));

  it("takes no sum from what is not a list", () =>
    assert.rejects(get("3.2.0"), /was never published for linux\/amd64/));

  it("does not take an outage for a version that was never published", () =>
    assert.rejects(get("3.4.0"), {
      message: `${url}/pulumi-3.4.0-checksums.txt cannot be read: it answers 503. Retry later.`,
    }));

  it("tells when the releases cannot be reached", () =>
    assert.rejects(
      get("3.66.0", both, "required", "http://127.0.0.1:9"),
      /^Error: http:\/\/127\.0\.0\.1:9\/pulumi-3\.66\.0-checksums\.txt cannot be reached: .*Check the network/,
    ));

  it("refuses the list of another version, whoever signed it", async () => {
    files["/pulumi-3.259.0-checksums.txt"] = listOf("3.258.0");
    files["/pulumi-3.259.0-checksums.txt.sig"] = JSON.stringify(await sigstore.sign(listOf("3.258.0")));
    await assert.rejects(get("3.259.0"), {
      message:
        `${url}/pulumi-3.259.0-checksums.txt is the list of another version: it names ` +
        `pulumi-v3.258.0-linux-x64.tar.gz. Nothing was built. ` +
        `Check pulumiReleases: the list of Pulumi 3.259.0 names its own archives alone.`,
    });
    files["/pulumi-3.66.0-checksums.txt"] = `${listOf("3.66.0")}${other}  pulumi-v3.66.01-linux-x64.tar.gz\n`;
    await assert.rejects(get("3.66.0"), /is the list of another version: it names pulumi-v3\.66\.01-linux-x64/);
  });

  describe("with signatures", () => {
    const list = "/pulumi-3.259.0-checksums.txt";
    const signature = `${list}.sig`;
    const remedy = `docs/maintaining.md, "A release's signature is refused".`;

    it("takes a list that Pulumi has signed, and says nothing", async () => {
      files[signature] = JSON.stringify(await sigstore.sign(listOf("3.259.0")));
      for (const policy of ["required", "ifPresent"] as const) {
        assert.deepEqual(await get("3.259.0", both, policy), parseGitTag("3.259.0"));
      }
      assert.deepEqual(told, []);
    });

    it("takes no sum of a list that is not what was signed", async () => {
      files[signature] = JSON.stringify(await sigstore.sign(listOf("3.259.0")));
      files[list] = listOf("3.259.0").replace("aaa", "bbb");
      const message =
        `Pulumi 3.259.0's list of checksums is not signed by Pulumi: ${url}${signature}: ` +
        `signature verification failed. Nothing was built. Find out why before you release it: ${remedy}`;
      await assert.rejects(get("3.259.0", both, "required"), { message });
      await assert.rejects(get("3.259.0", both, "ifPresent"), { message });
    });

    it("verifies the bytes, not what they decode to", async () => {
      files[signature] = JSON.stringify(await sigstore.sign(listOf("3.259.0")));
      // Decoded to text, a byte order mark is gone.
      files[list] = `\uFEFF${listOf("3.259.0")}`;
      await assert.rejects(get("3.259.0"), /signature verification failed/);
    });

    it("refuses another signer and another issuer than Pulumi's", async () => {
      const identity = "https://github.com/someone/pulumi/.github/workflows/sign.yml@refs/heads/master";
      for (const [signing, reason] of [
        [{ identity }, `certificate identity error - expected ${signer.identity}, got ${identity}`],
        [
          { issuer: "https://issuer.example" },
          `invalid certificate extension - expected issuer=${signer.issuer}, got issuer=https://issuer.example`,
        ],
      ] as const) {
        files[signature] = JSON.stringify(await sigstore.sign(listOf("3.259.0"), signing));
        await assert.rejects(get("3.259.0"), {
          message:
            `Pulumi 3.259.0's list of checksums is not signed by Pulumi: ${url}${signature}: ${reason}. ` +
            `Nothing was built. Find out why before you release it: ${remedy}`,
        });
      }
    });

    it("refuses a bundle that is cut off, also where none is required", async () => {
      files[signature] = JSON.stringify(await sigstore.sign(listOf("3.259.0"))).slice(0, 500);
      for (const policy of ["required", "ifPresent"] as const) {
        await assert.rejects(get("3.259.0", both, policy), /is not signed by Pulumi: \S+\.sig: it is no JSON: /);
      }
    });

    for (const status of [404, 403]) {
      it(`refuses a signature that is missing (${status}) where it is required, and names it where it is not`, async () => {
        files[signature] = status;
        await assert.rejects(get("3.259.0"), {
          message:
            `Pulumi 3.259.0's list of checksums is not signed: ${url}${signature} answers ${status}, and signatures is ` +
            `required. Nothing was built. Retry later, Pulumi may be about to upload it; else see ${remedy}`,
        });
        assert.deepEqual(told, []);
        assert.deepEqual(await get("3.259.0", both, "ifPresent"), parseGitTag("3.259.0"));
        assert.deepEqual(told, [
          `Pulumi 3.259.0's list of checksums is used without its signature: ${url}${signature} answers ${status}, ` +
            `and signatures is ifPresent.`,
        ]);
      });
    }

    it("takes an outage for no missing signature", async () => {
      files[signature] = 500;
      for (const policy of ["required", "ifPresent"] as const) {
        await assert.rejects(get("3.259.0", both, policy), {
          message: `${url}${signature} cannot be read: it answers 500. Retry later.`,
        });
      }
      files[signature] = ({ socket }) => {
        socket.destroy();
        return {};
      };
      await assert.rejects(get("3.259.0", both, "ifPresent"), (error: Error) => {
        assert.match(
          error.message,
          /^\S+\.sig cannot be reached: \S.*\. Check the network and pulumiReleases, then retry\.$/,
        );
        return true;
      });
    });

    it("names an older release, whose signature is not asked for", async () => {
      for (const policy of ["required", "ifPresent"] as const) {
        told = [];
        assert.deepEqual(await get("3.66.0", both, policy), parseGitTag("3.66.0"));
        assert.deepEqual(told, [
          "Pulumi 3.66.0's list of checksums is used without its signature: " +
            "releases before 3.251.0 carry none that can be verified.",
        ]);
      }
      assert.ok(!requested.includes("/pulumi-3.66.0-checksums.txt.sig"));
    });

    it("fetches none where signatures is off, and says so", async () => {
      files[signature] = "broken";
      assert.deepEqual(await get("3.259.0", both, "off"), parseGitTag("3.259.0"));
      assert.deepEqual(requested, [list]);
      assert.deepEqual(told, ["Pulumi 3.259.0's list of checksums is used without its signature: signatures is off."]);
    });
  });

  describe("that the watcher looks for", () => {
    beforeEach(() => {
      for (const version of ["3.66.0", "3.259.0"]) {
        for (const platform of both) files[`/${archiveName(version, platform)}`] = "an archive";
      }
    });

    /** Why a version is waited for, and what is printed meanwhile. */
    async function why(version: string, policy: SignaturePolicy) {
      const { log } = console;
      const printed: string[] = [];
      console.log = (line: string) => printed.push(line);
      try {
        return { why: await whyNotBuildable(version, url, policy), printed };
      } finally {
        console.log = log;
      }
    }

    it("waits for a signature that the build requires, and for no other", async () => {
      assert.deepEqual(await why("3.259.0", "required"), {
        why: `${url}/pulumi-3.259.0-checksums.txt.sig answers 404`,
        printed: [],
      });
      for (const [version, policy] of [
        ["3.259.0", "ifPresent"],
        ["3.259.0", "off"],
        ["3.66.0", "required"],
      ] as const) {
        const { why: reason, printed } = await why(version, policy);
        assert.equal(reason, undefined);
        assert.match(printed.join(), new RegExp(`Pulumi ${version}'s list of checksums is used without its signature`));
      }
    });

    it("waits where the signature is refused", async () => {
      files["/pulumi-3.259.0-checksums.txt.sig"] = "{";
      for (const policy of ["required", "ifPresent"] as const) {
        assert.match(
          (await why("3.259.0", policy)).why ?? "",
          /^Pulumi 3\.259\.0's list of checksums is not signed by Pulumi: /,
        );
      }
    });

    it("is asked of it as of the build: by the stack's policy, the default, or required", async () => {
      assert.equal(await readSignatures(checkout, "prod"), "required");
      const folder = mkdtempSync(join(tmpdir(), "watch-"));
      const write = (file: string, text: string) => {
        writeFileSync(join(folder, file), text);
      };
      try {
        write("Pulumi.yaml", "config: {pulumiReleases: {default: http://default}}");
        write("Pulumi.prod.yaml", "config: {}");
        assert.equal(await readSignatures(folder, "prod"), "required");
        for (const policy of signaturePolicies) {
          write("Pulumi.yaml", `config: {signatures: {default: ${policy}}}`);
          assert.equal(await readSignatures(folder, "prod"), policy);
        }
        write("Pulumi.prod.yaml", "config: {runner-pulumi:signatures: ifPresent}");
        assert.equal(await readSignatures(folder, "prod"), "ifPresent");
        write("Pulumi.prod.yaml", "config: {runner-pulumi:signatures: never}");
        await assert.rejects(readSignatures(folder, "prod"), (error: Error) => {
          assert.ok(error instanceof Fault);
          assert.equal(
            error.message,
            `signatures "never" of stack prod is not a policy. Give required, ifPresent, off in ${folder}/Pulumi.prod.yaml.`,
          );
          return true;
        });
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });
});
