import assert from "node:assert/strict";

import { type TrustRoot, isSigned, isSignaturePolicy, signer, verifySignature } from "../../../images/signature";
import { type Bundle, Sigstore, type World, pulumiIdentity } from "../../fakes/sigstore";

const text = `${"a".repeat(64)}  pulumi-v3.259.0-linux-x64.tar.gz\n`;
const url = "https://releases.example/pulumi-3.259.0-checksums.txt.sig";
const day = 24 * 60 * 60 * 1000;

const refused = `The file is not signed by Pulumi: ${url}: `;
const remedy =
  ". Nothing was built. " + 'Find out why before you release it: docs/maintaining.md, "A signature is refused".';

describe("verifySignature", () => {
  let sigstore: Sigstore;
  /** The valid bundle for the text. */
  let bundle: Bundle;

  before(async () => {
    sigstore = await Sigstore.start();
    bundle = await sigstore.sign(text);
  });
  after(() => {
    sigstore.stop();
  });

  /** Verifies a bundle for a text, with the trust root of these tests. */
  function verify(input: Bundle | string, signed = text, trust = sigstore.trust): Promise<void> {
    const json = typeof input === "string" ? input : JSON.stringify(input);
    return verifySignature({ what: "The file", bytes: Buffer.from(signed), bundle: json, url }, trust);
  }

  const refuses = async (input: Bundle | string, reason: string, signed?: string, trust?: TrustRoot) => {
    await assert.rejects(verify(input, signed, trust), { message: `${refused}${reason}${remedy}` });
  };

  it("accepts what Pulumi's workflow signed, with both versions of the transparency log", async () => {
    await verify(bundle);
    await verify(await sigstore.sign(text, { rekor: 2 }));
  });

  const gotIdentity = (identity: string) => `certificate identity error - expected ${signer.identity}, got ${identity}`;

  for (const [name, identity] of [
    ["another repository", pulumiIdentity.replace("pulumi/pulumi", "pulumi/pulumi-evil")],
    ["another workflow", pulumiIdentity.replace("sign.yml", "release.yml")],
    ["a workflow whose name a dot in the pattern would match", pulumiIdentity.replace("sign.yml", "sign-yml")],
    ["a branch", pulumiIdentity.replace(/@.*/, "@refs/heads/master")],
    ["the queue of another branch", pulumiIdentity.replace("/master/", "/other/")],
    ["a URL that contains Pulumi's", `https://evil.example/?${pulumiIdentity}`],
    ["a URL that begins with Pulumi's", `${pulumiIdentity}/evil`],
  ] as const) {
    it(`refuses the identity of ${name}, and names it`, async () => {
      assert.notEqual(identity, pulumiIdentity);
      await refuses(await sigstore.sign(text, { identity }), gotIdentity(identity));
    });
  }

  it("refuses Pulumi's identity from another issuer, and names the issuer", async () => {
    for (const issuer of ["https://evil.example", `${signer.issuer}.evil.example`]) {
      const reason = `invalid certificate extension - expected issuer=${signer.issuer}, got issuer=${issuer}`;
      await refuses(await sigstore.sign(text, { issuer }), reason);
    }
  });

  it("refuses a file that was changed after it was signed", async () => {
    const reason = "signature verification failed";
    await refuses(bundle, reason, text.replace("aaa", "bbb"));
    await refuses(bundle, reason, `${text}${"b".repeat(64)}  pulumi-v3.259.0-linux-arm64.tar.gz\n`);
    await refuses(bundle, reason, "");
  });

  it("refuses the bundle of another file", async () =>
    refuses(await sigstore.sign("another text"), "signature verification failed"));

  it("refuses a signature that is not in the transparency log", async () => {
    const { messageSignature } = await sigstore.sign(text);
    await refuses({ ...bundle, ...(messageSignature && { messageSignature }) }, "signature mismatch");
  });

  it("refuses a truncated bundle", async () => {
    const whole = JSON.stringify(bundle);
    await refuses("", "it is not JSON: Unexpected end of JSON input");
    for (const share of [0.1, 0.5, 0.9, 0.999]) {
      await assert.rejects(verify(whole.slice(0, whole.length * share)), (error: Error) => {
        assert.ok(error.message.startsWith(`${refused}it is not JSON: `), error.message);
        assert.ok(error.message.endsWith(remedy), error.message);
        return true;
      });
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
    await refuses(attestation, "it does not sign a file, it has no messageSignature");
    await refuses(attestation, "it does not sign a file, it has no messageSignature", "another text");
    // In JSON, null is a value, so a bundle can have both keys.
    const disguised = { ...attestation, messageSignature: null as never };
    await refuses(disguised, "invalid bundle: content", "another text");
    const { messageSignature } = bundle;
    await refuses({ ...attestation, ...(messageSignature && { messageSignature }) }, "tlog entry signature mismatch");
  });

  it("refuses a bundle with a key, or with neither key nor certificate", async () => {
    const material = { ...bundle.verificationMaterial, certificate: undefined };
    await refuses({ ...bundle, verificationMaterial: material }, "invalid bundle: verificationMaterial.content");
    const byKey = { ...material, publicKey: { hint: "mine" } };
    await refuses({ ...bundle, verificationMaterial: byKey }, "key not found: mine");
  });

  it("refuses a bundle without a promise or a proof of the transparency log", async () => {
    const material = bundle.verificationMaterial;
    const withEntries = (...tlogEntries: Record<string, unknown>[]) => ({
      ...bundle,
      verificationMaterial: { ...material, tlogEntries },
    });
    await refuses(withEntries(), "expected 1 timestamps, got 0");
    const [entry = {}] = material.tlogEntries;
    const { inclusionProof, ...promised } = entry;
    const unsigned = { ...promised, inclusionPromise: { signedEntryTimestamp: "" } };
    await refuses(withEntries({ ...unsigned, inclusionProof }), "inclusion promise could not be verified");
    await refuses(
      withEntries({ ...unsigned, inclusionProof, inclusionPromise: undefined }),
      "expected 1 timestamps, got 0",
    );
  });

  it("refuses a certificate of another Sigstore", async () => {
    const other = await Sigstore.start();
    try {
      const reason = "Failed to verify certificate chain: no valid certificate path found";
      await refuses(await other.sign(text), reason);
    } finally {
      other.stop();
    }
  });

  const outOfTime: [string, World, string][] = [
    [
      "after the CA's root certificate expired",
      { clock: new Date(Date.now() + 400 * day) },
      "Failed to verify certificate chain: certificate is not valid or expired at the specified date",
    ],
    [
      "after the trust root stopped trusting the CA",
      { authorityUntil: new Date(Date.now() - day) },
      "Failed to verify certificate chain",
    ],
  ];
  for (const [name, world, reason] of outOfTime) {
    it(`refuses a signature that was made ${name}`, async () => {
      const other = await Sigstore.start(world);
      try {
        await refuses(await other.sign(text), reason, text, other.trust);
      } finally {
        other.stop();
      }
    });
  }

  const noRoot = ({ tufMirrorURL, tufCachePath }: TrustRoot, why: string) =>
    `The file cannot be verified: Sigstore's trust root is not available from ${tufMirrorURL}: ${why}. Nothing was built. ` +
    `Check the network and the clock, remove ${tufCachePath}, then retry.`;

  it("reports that the trust root has expired", async () => {
    const old = await Sigstore.start({ rootUntil: new Date(Date.now() - day) });
    try {
      const message = noRoot(old.trust, "error refreshing TUF metadata: Final root.json is expired");
      await assert.rejects(verify(await old.sign(text), text, old.trust), { message });
    } finally {
      old.stop();
    }
  });

  it("reports that the trust root cannot be downloaded", async () => {
    const trust = { ...sigstore.trust, tufMirrorURL: "http://127.0.0.1:9" };
    await assert.rejects(verify(bundle, text, trust), (error: Error) => {
      assert.match(error.message, /: error refreshing TUF metadata: fetch failed: \S/);
      const [, why = ""] = /127\.0\.0\.1:9: (.*)\. Nothing was built/.exec(error.message) ?? [];
      assert.equal(error.message, noRoot(trust, why));
      return true;
    });
  });

  it("reports that the trust root cannot be cached", async () => {
    const trust = { ...sigstore.trust, tufCachePath: "/dev/null/sigstore" };
    const message = noRoot(trust, "ENOTDIR: not a directory, mkdir '/dev/null/sigstore/HOST'");
    const host = encodeURIComponent(new URL(trust.tufMirrorURL ?? "").host);
    await assert.rejects(verify(bundle, text, trust), { message: message.replace("HOST", host) });
  });

  it("isSigned is true since Pulumi 3.251.0, isSignaturePolicy for three policies", () => {
    assert.deepEqual(["required", "ifPresent", "off", "none", "", undefined].filter(isSignaturePolicy), [
      "required",
      "ifPresent",
      "off",
    ]);
    const versions = ["3.66.0", "3.250.9", "3.251.0", "3.259.0", "4.0.0"];
    assert.deepEqual(versions.filter(isSigned), ["3.251.0", "3.259.0", "4.0.0"]);
  });
});
