import { join } from "node:path";

import * as semver from "semver";
import type { Bundle, BundleVerifier, VerifyOptions } from "sigstore";

import { Fault, causeOf, messageOf } from "../lib/errors";

/** The policies for the signature of Pulumi's checksum file, strictest first. `ifPresent` accepts only a missing one. */
export const signaturePolicies = ["required", "ifPresent", "off"] as const;
export type SignaturePolicy = (typeof signaturePolicies)[number];

/** Whether a value is a policy. */
export function isSignaturePolicy(value: unknown): value is SignaturePolicy {
  return signaturePolicies.some((policy) => policy === value);
}

/**
 * The first Pulumi version that is signed with a Sigstore bundle; cosign 2 wrote another format. Inferred from the history of
 * the workflow, not seen on a release: https://github.com/pulumi/pulumi/blob/master/.github/workflows/sign.yml
 */
export const signedSince = "3.251.0";

/** Whether a Pulumi version has a signature that can be verified here. Others are accepted with a warning. */
export function isSigned(version: string): boolean {
  return semver.gte(version, signedSince);
}

/**
 * Who signs Pulumi's releases: the workflow sign.yml, called in the merge queue of branch master. The ref is inferred from
 * Pulumi's workflows. Sigstore copies both into the certificate: https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
 * If Pulumi changes one, releases are refused with the new identity: check it on branch master before you enter it here.
 */
export const signer = {
  issuer: "https://token.actions.githubusercontent.com",
  /** A regular expression. Sigstore does not anchor it, so it needs its own anchors and escaped dots. */
  identity:
    "^https://github\\.com/pulumi/pulumi/\\.github/workflows/sign\\.yml" +
    "@refs/heads/gh-readonly-queue/master/pr-[0-9]+-[0-9a-f]{40}$",
} as const;

/** Where Sigstore's trust root comes from: a TUF repository, its first root, and how it is downloaded. */
export type TrustRoot = Pick<VerifyOptions, "tufMirrorURL" | "tufRootPath" | "tufCachePath" | "retry" | "timeout">;

/** Sigstore's own, with the root that its package contains. The cache is as trusted as the checkout; /tmp would not be. */
const sigstore: TrustRoot = {
  tufMirrorURL: "https://tuf-repo-cdn.sigstore.dev",
  tufCachePath: join(__dirname, "..", ".local", "sigstore"),
};

/**
 * Verifies that Pulumi's signing workflow signed a file: certificate, transparency log, signature, identity and issuer.
 * @param file `what` is the subject of a sentence; the bundle is in JSON, from `url`
 * @throws {Fault} if it did not, or if Sigstore's trust root is not available
 */
export async function verifySignature(
  { what, bytes, bundle, url }: { what: string; bytes: Buffer; bundle: string; url: string },
  trust = sigstore,
): Promise<void> {
  try {
    const signed = parseBundle(bundle);
    const verifier = await openVerifier(what, trust);
    verifier.verify(signed, bytes);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault(
      `${what} is not signed by Pulumi: ${url}: ${messagesOf(error)}. Nothing was built. ` +
        `Find out why before you release it: docs/maintaining.md, "A signature is refused".`,
    );
  }
}

/**
 * Parses a bundle, keeping only its message signature: Sigstore would accept a DSSE envelope, which signs its own payload, for
 * any file. https://github.com/sigstore/sigstore-js/blob/main/packages/verify/src/bundle/dsse.ts
 */
function parseBundle(text: string): Bundle {
  const { mediaType, verificationMaterial, messageSignature } = parseJson(text) ?? {};
  if (mediaType === undefined) throw new Error("it is not a Sigstore bundle, it has no mediaType");
  if (messageSignature === undefined) throw new Error("it does not sign a file, it has no messageSignature");
  return { mediaType, verificationMaterial, messageSignature } as Bundle;
}

function parseJson(text: string): Partial<Bundle> | null {
  try {
    return JSON.parse(text) as Partial<Bundle> | null;
  } catch (error) {
    throw new Error("it is not JSON", { cause: error });
  }
}

async function openVerifier(what: string, trust: TrustRoot): Promise<BundleVerifier> {
  // Loaded only if needed: it takes a quarter of a second.
  const { createVerifier } = await import("sigstore");
  // Without identity and issuer, Sigstore accepts anybody's signature.
  const expected = { certificateIdentityURI: signer.identity, certificateIssuer: signer.issuer };
  return createVerifier({ ...trust, ...expected }).catch((error: unknown) => {
    throw new Fault(
      `${what} cannot be verified: Sigstore's trust root is not available from ${trust.tufMirrorURL}: ` +
        `${messagesOf(error)}. Nothing was built. ` +
        `Check the network and the clock, remove ${trust.tufCachePath}, then retry.`,
    );
  });
}

/** The messages of an error and its causes, outermost first, then the fields that the bundle lacks. */
function messagesOf(error: unknown): string {
  const { fields = [] } = error as { fields?: readonly string[] };
  const cause = causeOf(error);
  return [messageOf(error), cause === error ? "" : messagesOf(cause), fields.join(", ")].filter(Boolean).join(": ");
}
