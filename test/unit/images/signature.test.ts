import assert from "node:assert/strict";

import {
  type TrustRoot,
  carriesSignature,
  isSignaturePolicy,
  signer,
  verifySignature,
} from "../../../images/signature";
import { type Bundle, Sigstore, type World, pulumiIdentity } from "../../fakes/sigstore";

const text = `${"a".repeat(64)}  pulumi-v3.259.0-linux-x64.tar.gz\n`;
const url = "https://releases.example/pulumi-3.259.0-checksums.txt.sig";
const day = 24 * 60 * 60 * 1000;

const refused = `The list is not signed by Pulumi: ${url}: `;
const remedy =
  ". Nothing was built. " +
  `Find out why before you release it: docs/maintaining.md, "A release's signature is refused".`;

describe("signature", () => {
  let sigstore: Sigstore;
  /** The right bundle for the text. */
  let bundle: Bundle;

  before(async () => {
    sigstore = await Sigstore.start();
    bundle = await sigstore.sign(text);
  });
  after(() => {
    sigstore.stop();
  });

  /** Verifies a bundle for a text, by the trust root of these tests. */
  function verify(given: Bundle | string, signed = text, trust = sigstore.trust): Promise<void> {
    const inJson = typeof given === "string" ? given : JSON.stringify(given);
    return verifySignature({ what: "The list", bytes: Buffer.from(signed), bundle: inJson, url }, trust);
  }

  const refuses = async (given: Bundle | string, reason: string, signed?: string, trust?: TrustRoot) => {
    await assert.rejects(verify(given, signed, trust), { message: `${refused}${reason}${remedy}` });
  };

  it("takes what Pulumi's workflow has signed, by either version of the transparency log", async () => {
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
    ["an identity that holds Pulumi's", `https://evil.example/?${pulumiIdentity}`],
    ["an identity that begins as Pulumi's", `${pulumiIdentity}/evil`],
  ] as const) {
    it(`refuses the identity of ${name}, and names it`, async () => {
      assert.notEqual(identity, pulumiIdentity);
      await refuses(await sigstore.sign(text, { identity }), gotIdentity(identity));
    });
  }

  it("refuses an identity of Pulumi that another issuer vouches for, and names it", async () => {
    for (const issuer of ["https://evil.example", `${signer.issuer}.evil.example`]) {
      const reason = `invalid certificate extension - expected issuer=${signer.issuer}, got issuer=${issuer}`;
      await refuses(await sigstore.sign(text, { issuer }), reason);
    }
  });

  it("refuses a text that was changed after it was signed", async () => {
    const reason = "signature verification failed";
    await refuses(bundle, reason, text.replace("aaa", "bbb"));
    await refuses(bundle, reason, `${text}${"b".repeat(64)}  pulumi-v3.259.0-linux-arm64.tar.gz\n`);
    await refuses(bundle, reason, "");
  });

  it("refuses the bundle of another text", async () =>
    refuses(await sigstore.sign("another text"), "signature verification failed"));

  it("refuses a signature that is not the logged one", async () => {
    const { messageSignature } = await sigstore.sign(text);
    await refuses({ ...bundle, ...(messageSignature && { messageSignature }) }, "signature mismatch");
  });

  it("refuses a bundle that is cut off, wherever it is", async () => {
    const whole = JSON.stringify(bundle);
    await refuses("", "it is no JSON: Unexpected end of JSON input");
    for (const share of [0.1, 0.5, 0.9, 0.999]) {
      await assert.rejects(verify(whole.slice(0, whole.length * share)), (error: Error) => {
        assert.ok(error.message.startsWith(`${refused}it is no JSON: `), error.message);
        assert.ok(error.message.endsWith(remedy), error.message);
        return true;
      });
    }
  });

  it("refuses what is no bundle: JSON of another kind, and cosign's format of before", async () => {
    for (const other of ["null", "[]", '"text"', '{"base64Signature":"","cert":"","rekorBundle":{}}']) {
      await refuses(other, "it is no Sigstore bundle, it has no mediaType");
    }
    await refuses({ ...bundle, mediaType: "application/json" }, "invalid bundle: mediaType");
  });

  it("refuses an attestation: what is in its envelope is signed, and not the text", async () => {
    const attestation = await sigstore.sign(text, { envelope: true });
    await refuses(attestation, "it does not sign a file, it has no messageSignature");
    await refuses(attestation, "it does not sign a file, it has no messageSignature", "another text");
    // As JSON goes, null is a value, and a bundle may hold both.
    const disguised = { ...attestation, messageSignature: null as never };
    await refuses(disguised, "invalid bundle: content", "another text");
    const { messageSignature } = bundle;
    await refuses({ ...attestation, ...(messageSignature && { messageSignature }) }, "tlog entry signature mismatch");
  });

  it("refuses a bundle without a certificate, or by a key", async () => {
    const material = { ...bundle.verificationMaterial, certificate: undefined };
    await refuses({ ...bundle, verificationMaterial: material }, "invalid bundle: verificationMaterial.content");
    const byKey = { ...material, publicKey: { hint: "mine" } };
    await refuses({ ...bundle, verificationMaterial: byKey }, "key not found: mine");
  });

  it("refuses what the transparency log has not signed", async () => {
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

  it("refuses a signature by another Sigstore", async () => {
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
    `The list cannot be verified: Sigstore's trust root cannot be had from ${tufMirrorURL}: ${why}. Nothing was built. ` +
    `Check the network and the clock, remove ${tufCachePath}, then retry.`;

  it("tells when the trust root itself has expired", async () => {
    const old = await Sigstore.start({ rootUntil: new Date(Date.now() - day) });
    try {
      const message = noRoot(old.trust, "error refreshing TUF metadata: Final root.json is expired");
      await assert.rejects(verify(await old.sign(text), text, old.trust), { message });
    } finally {
      old.stop();
    }
  });

  it("tells when the trust root cannot be reached", async () => {
    const trust = { ...sigstore.trust, tufMirrorURL: "http://127.0.0.1:9" };
    await assert.rejects(verify(bundle, text, trust), (error: Error) => {
      assert.match(error.message, /: error refreshing TUF metadata: fetch failed: \S/);
      const [, why = ""] = /127\.0\.0\.1:9: (.*)\. Nothing was built/.exec(error.message) ?? [];
      assert.equal(error.message, noRoot(trust, why));
      return true;
    });
  });

  it("tells when the trust root's folder cannot be written", async () => {
    const trust = { ...sigstore.trust, tufCachePath: "/dev/null/sigstore" };
    const message = noRoot(trust, "ENOTDIR: not a directory, mkdir '/dev/null/sigstore/HOST'");
    const host = encodeURIComponent(new URL(trust.tufMirrorURL ?? "").host);
    await assert.rejects(verify(bundle, text, trust), { message: message.replace("HOST", host) });
  });

  it("knows its policies, and which releases carry signatures", () => {
    assert.deepEqual(["required", "ifPresent", "off", "none", "", undefined].filter(isSignaturePolicy), [
      "required",
      "ifPresent",
      "off",
    ]);
    const versions = ["3.66.0", "3.250.9", "3.251.0", "3.259.0", "4.0.0"];
    assert.deepEqual(versions.filter(carriesSignature), ["3.251.0", "3.259.0", "4.0.0"]);
  });
});
