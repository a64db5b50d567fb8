import { join } from "node:path";

import * as semver from "semver";
import type { Bundle, BundleVerifier, VerifyOptions } from "sigstore";

import { Fault, causeOf, messageOf } from "../lib/errors";

/** The signature policies, strictest first. */
export const signaturePolicies = ["required", "ifPresent", "off"] as const;

/**
 * Signature policy for Pulumi's checksum file. `required`: it must have a valid signature. `ifPresent`: a missing signature
 * is a warning, an invalid one an error. `off`: signatures are ignored. Releases before `signedSince` are always accepted,
 * with a warning.
 */
export type SignaturePolicy = (typeof signaturePolicies)[number];

/** Whether a value is a policy. */
export function isSignaturePolicy(value: unknown): value is SignaturePolicy {
  return signaturePolicies.some((policy) => policy === value);
}

/**
 * The first Pulumi version with signatures that can be verified here: Sigstore bundles, which cosign writes since version 3.
 * Older releases were signed with cosign 2, whose `--bundle` has another format, or not at all. Inferred from the history
 * of the workflow, not seen on a release: https://github.com/pulumi/pulumi/blob/master/.github/workflows/sign.yml
 */
export const signedSince = "3.251.0";

/** Whether a Pulumi version has a signature that can be verified here. */
export function isSigned(version: string): boolean {
  return semver.gte(version, signedSince);
}

/**
 * Who signs Pulumi's releases: the workflow sign.yml of pulumi/pulumi, called in the merge queue of branch master. GitHub's
 * token names the workflow and its ref, and Sigstore copies both into the certificate:
 * https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md. The ref is inferred from Pulumi's workflows.
 *
 * If Pulumi renames the workflow or releases from another ref, releases are refused with the identity that was found. Check
 * that workflow on branch master of Pulumi's repository before you enter it here.
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

/**
 * Sigstore's own, with the root that its package contains. The cache is in the checkout's ignored folder, which is as
 * trusted as the checkout itself; a folder in /tmp would not be, and the default is the user's home.
 */
const sigstore: TrustRoot = {
  tufMirrorURL: "https://tuf-repo-cdn.sigstore.dev",
  tufCachePath: join(__dirname, "..", ".local", "sigstore"),
};

/** A file that Pulumi published, and the bundle that should prove it. */
interface Signed {
  /** What it is, as the subject of a sentence: The checksum file of Pulumi 3.259.0. */
  readonly what: string;
  readonly bytes: Buffer;
  /** The Sigstore bundle, in JSON. */
  readonly bundle: string;
  /** URL of the bundle. */
  readonly url: string;
}

/**
 * Verifies that Pulumi's signing workflow signed a file: certificate, transparency log, signature, identity and issuer.
 * @throws {Fault} if it did not, or if Sigstore's trust root is not available
 */
export async function verifySignature(signed: Signed, trust: TrustRoot = sigstore): Promise<void> {
  const bundle = parseBundle(signed);
  const verifier = await openVerifier(signed, trust);
  try {
    verifier.verify(bundle, signed.bytes);
  } catch (error) {
    throw refusal(signed, reasonOf(error));
  }
}

/**
 * Parses a bundle, keeping only its message signature. DSSE envelopes are dropped: they sign their own payload, and
 * Sigstore would accept one for any file:
 * https://github.com/sigstore/sigstore-js/blob/main/packages/verify/src/bundle/dsse.ts
 */
function parseBundle(signed: Signed): Bundle {
  let bundle: Partial<Bundle> | null;
  try {
    bundle = JSON.parse(signed.bundle) as Partial<Bundle> | null;
  } catch (error) {
    throw refusal(signed, `it is not JSON: ${messageOf(error)}`);
  }
  const { mediaType, verificationMaterial, messageSignature } = bundle ?? {};
  if (mediaType === undefined) throw refusal(signed, "it is not a Sigstore bundle, it has no mediaType");
  if (messageSignature === undefined) throw refusal(signed, "it does not sign a file, it has no messageSignature");
  return { mediaType, verificationMaterial, messageSignature } as Bundle;
}

async function openVerifier({ what }: Signed, trust: TrustRoot): Promise<BundleVerifier> {
  // Loaded only if needed: it takes a quarter of a second.
  const { createVerifier } = await import("sigstore");
  // Without identity and issuer, Sigstore accepts anybody's signature.
  const expected = { certificateIdentityURI: signer.identity, certificateIssuer: signer.issuer };
  return createVerifier({ ...trust, ...expected }).catch((error: unknown) => {
    throw new Fault(
      `${what} cannot be verified: Sigstore's trust root is not available from ${trust.tufMirrorURL}: ` +
        `${messagesOf(error).join(": ")}. Nothing was built. Check the network and the clock, remove ` +
        `${trust.tufCachePath}, then retry.`,
    );
  });
}

function refusal({ what, url }: Signed, reason: string): Fault {
  return new Fault(
    `${what} is not signed by Pulumi: ${url}: ${reason}. Nothing was built. ` +
      `Find out why before you release it: docs/maintaining.md, "A signature is refused".`,
  );
}

/** Sigstore's message, with the fields that the bundle lacks. */
function reasonOf(error: unknown): string {
  const { fields = [] } = error as { fields?: readonly string[] };
  return [...messagesOf(error), ...(fields.length > 0 ? [fields.join(", ")] : [])].join(": ");
}

/** The messages of an error and its causes, outermost first. */
function messagesOf(error: unknown): string[] {
  const cause = causeOf(error);
  return cause === error ? [messageOf(error)] : [messageOf(error), ...messagesOf(cause)];
}
