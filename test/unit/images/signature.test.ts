import assert from "node:assert/strict";

import { type TrustRoot, isSigned, isSignaturePolicy, signer, verifySignature } from "../../../images/signature";
import { type Bundle, Sigstore, pulumiIdentity } from "../../fakes/sigstore";

const text = `${"a".repeat(64)}  pulumi-v3.259.0-linux-x64.tar.gz\n`;
const url = "https://releases.example/pulumi-3.259.0-checksums.txt.sig";
const day = 24 * 60 * 60 * 1000;

describe("verifySignature", () => {
  let sigstore: Sigstore;
  let bundle: Bundle;
  before(async () => {
    sigstore = await Sigstore.start();
    bundle = await sigstore.sign(text);
  });

  /** Verifies a bundle for a text, with the trust root of these tests. */
  function verify(input: Bundle | string, signed = text, trust = sigstore.trust): Promise<void> {
    const json = typeof input === "string" ? input : JSON.stringify(input);
    return verifySignature({ what: "The file", bytes: Buffer.from(signed), bundle: json, url }, trust);
  }

  const refused = `The file is not signed by Pulumi: ${url}: `;
  const remedy =
    '. Nothing was built. Find out why before you release it: docs/maintaining.md, "A signature is refused".';

  const refuses = async (input: Bundle | string, reason: string, signed?: string, trust?: TrustRoot) => {
    await assert.rejects(verify(input, signed, trust), { message: `${refused}${reason}${remedy}` });
  };

  it("accepts what Pulumi's workflow signed, with both versions of the transparency log", async () => {
    await verify(bundle);
    await verify(await sigstore.sign(text, { rekor: 2 }));
  });

  for (const [name, from, to] of [
    ["another repository", "pulumi/pulumi", "pulumi/pulumi-evil"],
    ["another workflow", "sign.yml", "release.yml"],
    ["a workflow whose name a dot in the pattern would match", "sign.yml", "sign-yml"],
    ["a branch", /@.*/, "@refs/heads/master"],
    ["the queue of another branch", "/master/", "/other/"],
    ["a URL that contains Pulumi's", /^/, "https://evil.example/?"],
    ["a URL that begins with Pulumi's", /$/, "/evil"],
  ] as const) {
    it(`refuses the identity of ${name}, and names it`, async () => {
      const identity = pulumiIdentity.replace(from, to);
      assert.notEqual(identity, pulumiIdentity);
      const reason = `certificate identity error - expected ${signer.identity}, got ${identity}`;
      await refuses(await sigstore.sign(text, { identity }), reason);
    });
  }

  it("refuses Pulumi's identity from another issuer, and names the issuer", async () => {
    for (const issuer of ["https://evil.example", `${signer.issuer}.evil.example`]) {
      const reason = `invalid certificate extension - expected issuer=${signer.issuer}, got issuer=${issuer}`;
      await refuses(await sigstore.sign(text, { issuer }), reason);
    }
  });

  it("refuses a file that was changed after it was signed, and the bundle of another file", async () => {
    const reason = "signature verification failed";
    const more = `${text}${"b".repeat(64)}  pulumi-v3.259.0-linux-arm64.tar.gz\n`;
    for (const changed of [text.replace("aaa", "bbb"), more, ""]) await refuses(bundle, reason, changed);
    await refuses(await sigstore.sign("another text"), reason);
  });

  it("refuses a signature that is not in the transparency log", async () => {
    const { messageSignature } = await sigstore.sign(text);
    await refuses({ ...bundle, ...(messageSignature && { messageSignature }) }, "signature mismatch");
  });

  it("refuses a truncated bundle", async () => {
    const whole = JSON.stringify(bundle);
    await refuses("", "it is not JSON: Unexpected end of JSON input");
    for (const share of [0.1, 0.5, 0.9, 0.999]) {
      const isRefusal = ({ message }: Error) =>
        message.startsWith(`${refused}it is not JSON: `) && message.endsWith(remedy);
      await assert.rejects(verify(whole.slice(0, whole.length * share)), isRefusal);
    }
  });

  it("refuses other JSON, such as the format of cosign 2", async () => {
    for (const other of ["null", "[]", '"text"', '{"base64Signature":"","cert":"","rekorBundle":{}}']) {
      await refuses(other, "it is not a Sigstore bundle, it has no mediaType");
    }
    await refuses({ ...bundle, mediaType: "application/json" }, "invalid bundle: mediaType");
  });

  it("refuses an attestation: it signs its own envelope, not the file", async () => {
    const attestation = await sigstore.sign(text, { envelope: true });
    for (const signed of [text, "another text"]) {
      await refuses(attestation, "it does not sign a file, it has no messageSignature", signed);
    }
    // In JSON, null is a value, so a bundle can have both keys.
    await refuses({ ...attestation, messageSignature: null as never }, "invalid bundle: content", "another text");
    const { messageSignature } = bundle;
    await refuses({ ...attestation, ...(messageSignature && { messageSignature }) }, "tlog entry signature mismatch");
  });

  it("refuses a bundle with a key, with neither key nor certificate, and without promise or proof of the log", async () => {
    const refusesWith = (change: Record<string, unknown>, reason: string) =>
      refuses({ ...bundle, verificationMaterial: { ...bundle.verificationMaterial, ...change } }, reason);
    await refusesWith({ certificate: undefined }, "invalid bundle: verificationMaterial.content");
    await refusesWith({ certificate: undefined, publicKey: { hint: "mine" } }, "key not found: mine");
    await refusesWith({ tlogEntries: [] }, "expected 1 timestamps, got 0");
    const [entry] = bundle.verificationMaterial.tlogEntries;
    const unsigned = { ...entry, inclusionPromise: { signedEntryTimestamp: "" } };
    await refusesWith({ tlogEntries: [unsigned] }, "inclusion promise could not be verified");
    const unpromised = { ...entry, inclusionPromise: undefined };
    await refusesWith({ tlogEntries: [unpromised] }, "expected 1 timestamps, got 0");
  });

  it("refuses a certificate of another Sigstore", async () => {
    const other = await Sigstore.start();
    await refuses(await other.sign(text), "Failed to verify certificate chain: no valid certificate path found");
  });

  it("refuses a signature of a CA that has expired, or that the trust root does not trust any more", async () => {
    const chain = "Failed to verify certificate chain";
    const expired = await Sigstore.start({ clock: new Date(Date.now() + 400 * day) });
    const reason = `${chain}: certificate is not valid or expired at the specified date`;
    await refuses(await expired.sign(text), reason, text, expired.trust);
    const distrusted = await Sigstore.start({ authorityUntil: new Date(Date.now() - day) });
    await refuses(await distrusted.sign(text), chain, text, distrusted.trust);
  });

  /** Asserts that the trust root is not available for this reason. */
  async function lacks(trust: TrustRoot, why: string, own = bundle): Promise<void> {
    await assert.rejects(verify(own, text, trust), ({ message }: Error) => {
      const expected =
        `The file cannot be verified: Sigstore's trust root is not available from ${trust.tufMirrorURL}: ${why}. ` +
        `Nothing was built. Check the network and the clock, remove ${trust.tufCachePath}, then retry.`;
      // The rest of the reason is undici's.
      assert.equal(message.replace(/(?<=fetch failed: )\S.*?(?=\. Nothing)/, "…"), expected);
      return true;
    });
  }

  it("reports that the trust root has expired, or cannot be downloaded or cached", async () => {
    const old = await Sigstore.start({ rootUntil: new Date(Date.now() - day) });
    await lacks(old.trust, "error refreshing TUF metadata: Final root.json is expired", await old.sign(text));
    const nowhere = { ...sigstore.trust, tufMirrorURL: "http://127.0.0.1:9" };
    await lacks(nowhere, "error refreshing TUF metadata: fetch failed: …");
    const folder = `/dev/null/sigstore/${encodeURIComponent(new URL(sigstore.trust.tufMirrorURL ?? "").host)}`;
    const uncached = { ...sigstore.trust, tufCachePath: "/dev/null/sigstore" };
    await lacks(uncached, `ENOTDIR: not a directory, mkdir '${folder}'`);
  });
});

it("isSigned is true since Pulumi 3.251.0, isSignaturePolicy for three policies", () => {
  const policies = ["required", "ifPresent", "off"];
  assert.deepEqual([...policies, "none", "", undefined].filter(isSignaturePolicy), policies);
  const versions = ["3.66.0", "3.250.9", "3.251.0", "3.259.0", "4.0.0"];
  assert.deepEqual(versions.filter(isSigned), ["3.251.0", "3.259.0", "4.0.0"]);
});
