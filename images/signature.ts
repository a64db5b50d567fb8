import { join } from "node:path";

import * as semver from "semver";
import type { Bundle, BundleVerifier, VerifyOptions } from "sigstore";

import { causeOf, messageOf } from "./errors";

/** What is asked of the signature of a release, strictest first. */
export const signaturePolicies = ["required", "ifPresent", "off"] as const;

/**
 * `required`: a release that carries signatures is used only when its own verifies. `ifPresent`: one whose signature is
 * missing is named and used; one that is there has to verify. `off`: none is fetched.
 */
export type SignaturePolicy = (typeof signaturePolicies)[number];

/** Whether a value is a policy. */
export function isSignaturePolicy(value: unknown): value is SignaturePolicy {
  return signaturePolicies.some((policy) => policy === value);
}

/**
 * The first version of Pulumi that carries signatures as they are verified here: Sigstore bundles, which cosign writes
 * from its version 3 on. Before it, Pulumi's workflow ran cosign 2, whose `--bundle` is JSON of another format, by other
 * workflows; the oldest releases have none. Inferred from the workflow's history, not seen on a release:
 * https://github.com/pulumi/pulumi/blob/master/.github/workflows/sign.yml
 */
export const signedSince = "3.251.0";

/** Whether a version of Pulumi carries signatures as they are verified here. */
export function carriesSignature(version: string): boolean {
  return semver.gte(version, signedSince);
}

/**
 * Who signs Pulumi's releases: GitHub's tokens for the workflow sign.yml of pulumi/pulumi, called in the merge queue of
 * its branch master. GitHub writes the workflow and its ref into the token, and Sigstore's CA into the certificate:
 * https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md. The ref is inferred from Pulumi's workflows.
 *
 * When Pulumi renames the workflow or releases from another ref, a release is refused with the identity that was found.
 * Look at that workflow in Pulumi's repository, on its branch master, before you put it here.
 */
export const signer = {
  issuer: "https://token.actions.githubusercontent.com",
  /** A regular expression. Sigstore searches with it, so it needs its anchors and escaped dots. */
  identity:
    "^https://github\\.com/pulumi/pulumi/\\.github/workflows/sign\\.yml" +
    "@refs/heads/gh-readonly-queue/master/pr-[0-9]+-[0-9a-f]{40}$",
} as const;

/** Where Sigstore's trust root comes from: a TUF repository, the first root of it, and how it is asked. */
export type TrustRoot = Pick<VerifyOptions, "tufMirrorURL" | "tufRootPath" | "tufCachePath" | "retry" | "timeout">;

/**
 * Sigstore's own, by the root in the package. Its cache is in the checkout's ignored folder: it is trusted as the
 * checkout is, unlike a folder in /tmp, and does not go to the user's home, as it would by default.
 */
const sigstore: TrustRoot = {
  tufMirrorURL: "https://tuf-repo-cdn.sigstore.dev",
  tufCachePath: join(__dirname, "..", ".local", "sigstore"),
};

/** A text that Pulumi has published, and the bundle that is to prove it. */
export interface Signed {
  /** What it is, such as: Pulumi 3.259.0's list of checksums. */
  readonly what: string;
  readonly bytes: Buffer;
  /** The Sigstore bundle, in JSON. */
  readonly bundle: string;
  /** Where the bundle is. */
  readonly url: string;
}

/**
 * Verifies that Pulumi's signing workflow has signed a text: certificate, transparency log, signature, identity and
 * issuer. Throws an Error that says why not and what to do, also when Sigstore's trust root cannot be had.
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
 * Reads a bundle: what of it signs a file. An envelope (DSSE) is left out, by whatever name it comes in: it proves what
 * it holds itself, and Sigstore verifies one whatever the text is,
 * https://github.com/sigstore/sigstore-js/blob/main/packages/verify/src/bundle/dsse.ts.
 */
function parseBundle(signed: Signed): Bundle {
  let bundle: Partial<Bundle> | null;
  try {
    bundle = JSON.parse(signed.bundle) as Partial<Bundle> | null;
  } catch (error) {
    throw refusal(signed, `it is no JSON: ${messageOf(error)}`);
  }
  const { mediaType, verificationMaterial, messageSignature } = bundle ?? {};
  if (mediaType === undefined) throw refusal(signed, "it is no Sigstore bundle, it has no mediaType");
  if (messageSignature === undefined) throw refusal(signed, "it does not sign a file, it has no messageSignature");
  return { mediaType, verificationMaterial, messageSignature } as Bundle;
}

async function openVerifier({ what }: Signed, trust: TrustRoot): Promise<BundleVerifier> {
  // It takes a quarter of a second to load: not for a release that is not verified.
  const { createVerifier } = await import("sigstore");
  // Without identity and issuer, Sigstore takes a signature by anybody.
  const expected = { certificateIdentityURI: signer.identity, certificateIssuer: signer.issuer };
  return createVerifier({ ...trust, ...expected }).catch((error: unknown) => {
    throw new Error(
      `${what} cannot be verified: Sigstore's trust root cannot be had from ${trust.tufMirrorURL}: ` +
        `${messagesOf(error).join(": ")}. Nothing was built. Check the network and the clock, remove ` +
        `${trust.tufCachePath}, then retry.`,
    );
  });
}

function refusal({ what, url }: Signed, reason: string): Error {
  return new Error(
    `${what} is not signed by Pulumi: ${url}: ${reason}. Nothing was built. ` +
      `Find out why before you release it: docs/maintaining.md, "A release's signature is refused".`,
  );
}

/** What Sigstore says, with the fields that a bundle lacks. */
function reasonOf(error: unknown): string {
  const { fields = [] } = error as { fields?: readonly string[] };
  return [...messagesOf(error), ...(fields.length > 0 ? [fields.join(", ")] : [])].join(": ");
}

/** What an error and its causes say, outermost first. */
function messagesOf(error: unknown): string[] {
  const cause = causeOf(error);
  return cause === error ? [messageOf(error)] : [messageOf(error), ...messagesOf(cause)];
}
