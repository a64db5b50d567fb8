// A fake of Sigstore with its own keys: CA, logs and timestamps by @sigstore/mock, and a TUF repository, over HTTP.
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import * as mock from "@sigstore/mock";

import { type TrustRoot, signer } from "../../images/signature";
import { serve } from "../helpers/http";

/** The identity in the certificates of Pulumi's signing workflow. */
export const pulumiIdentity =
  "https://github.com/pulumi/pulumi/.github/workflows/sign.yml" +
  `@refs/heads/gh-readonly-queue/master/pr-23456-${"0123456789".repeat(4)}`;

/** What differs from a valid set of services and trust root. */
export interface World {
  /** The time of signatures. In a minute by default, when the services' certificates are valid. */
  readonly clock?: Date;
  /** When the trust root stops trusting the CA. */
  readonly authorityUntil?: Date;
  /** When the root of the TUF repository expires. */
  readonly rootUntil?: Date;
}

/** The parts of a Sigstore bundle that tests change. */
export interface Bundle {
  mediaType: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  verificationMaterial: Record<string, any> & { tlogEntries: Record<string, unknown>[] };
  messageSignature?: { messageDigest: unknown; signature: string };
  dsseEnvelope?: unknown;
}

const minute = 60 * 1000;
const day = 24 * 60 * minute;
const tlogUrl = "https://rekor.example";

const folder = mkdtempSync(join(tmpdir(), "sigstore-"));
process.once("exit", () => rmSync(folder, { recursive: true }));

function sha256(data: Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}

function base64(data: ArrayBufferView<ArrayBuffer>): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
}

async function openServices(when: Date) {
  // Whole seconds: Sigstore cannot parse a timestamp whose milliseconds end in 0, which the mock's authority may write.
  const clock = new Date(Math.floor(when.getTime() / 1000) * 1000);
  const newKeys = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ctlog = await mock.initializeCTLog(newKeys(), clock);
  return {
    ctlog,
    ca: await mock.initializeCA(newKeys(), ctlog, clock),
    tlog: await mock.initializeTLog(tlogUrl, newKeys(), clock),
    tsa: await mock.initializeTSA(newKeys(), clock),
  };
}

type Services = Awaited<ReturnType<typeof openServices>>;

/** The services, and a trust root that trusts them. */
export class Sigstore {
  private constructor(
    private readonly url: string,
    /** Where its trust root comes from. */
    readonly trust: TrustRoot,
  ) {}

  /** Starts it. It ends with the process. */
  static async start(world: World = {}): Promise<Sigstore> {
    const services = await openServices(world.clock ?? new Date(Date.now() + minute));
    const files = tufRepository(trustedRoot(services, world), world.rootUntil);
    const rekor = mock.rekorHandler(services.tlog);
    const handlers = [
      mock.fulcioHandler(services.ca),
      mock.tsaHandler(services.tsa),
      { path: `/1${rekor.path}`, fn: (body: string) => rekor.fn(toRekor1(body)) },
      { path: `/2${rekor.path}`, fn: (body: string) => rekor.fn(toRekor2(body)) },
    ];
    const { url } = await serve(async (request) => {
      const handler = handlers.find(({ path }) => path === request.url);
      const body = files[request.url ?? ""];
      if (handler === undefined) return body === undefined ? { status: 404 } : { body };
      const { statusCode, response } = await handler.fn(await text(request));
      return { status: statusCode, body: response };
    });
    const own = mkdtempSync(join(folder, "world-"));
    const [tufRootPath, tufCachePath] = [join(own, "root.json"), join(own, "cache")];
    writeFileSync(tufRootPath, files["/root.json"] ?? "");
    return new Sigstore(url, { tufMirrorURL: url, tufRootPath, tufCachePath, retry: false });
  }

  /**
   * Signs a text and returns the bundle, as `cosign sign-blob --bundle` does.
   * @param options.rekor its version. The second has no inclusion promise: a timestamp authority sets the time
   * @param options.envelope signs an envelope around the text, as attestations do, instead of the text
   */
  async sign(
    content: string,
    { identity = pulumiIdentity, issuer = `${signer.issuer}`, rekor = 1, envelope = false } = {},
  ): Promise<Bundle> {
    const claims = Buffer.from(JSON.stringify({ sub: identity, iss: issuer })).toString("base64url");
    const urls = {
      fulcioURL: this.url,
      rekorURL: `${this.url}/${rekor}`,
      ...(rekor === 2 && { tsaServerURL: this.url }),
    };
    const options = { ...urls, identityToken: `e30.${claims}.e30`, retry: false };
    const data = Buffer.from(content);
    const { attest, sign: signData } = await import("sigstore");
    const signed = await (envelope ? attest(data, "application/vnd.in-toto+json", options) : signData(data, options));
    const { verificationMaterial, ...bundle } = signed as unknown as Bundle;
    const { x509CertificateChain: chain, tlogEntries, ...material } = verificationMaterial;
    const ofRekor2 = { inclusionPromise: undefined, integratedTime: "0" };
    return {
      ...bundle,
      // The form that cosign 3 writes.
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      verificationMaterial: {
        ...material,
        ...(chain === undefined ? {} : { certificate: chain.certificates[0] }),
        tlogEntries: tlogEntries.map((entry) => ({ ...entry, ...(rekor === 2 && ofRekor2) })),
      },
    };
  }
}

/** What Rekor 1 stores of a request: of an envelope, only hashes and signatures. */
function toRekor1(request: string): string {
  const entry = JSON.parse(request);
  if (entry.kind !== "dsse") return request;
  const { envelope, verifiers } = entry.spec.proposedContent;
  const { payload, signatures } = JSON.parse(envelope);
  const payloadHash = { algorithm: "sha256", value: sha256(Buffer.from(payload, "base64")).toString("hex") };
  const spec = { payloadHash, signatures: [{ signature: signatures[0].sig, verifier: verifiers[0] }] };
  return JSON.stringify({ ...entry, spec });
}

/** What Rekor 2 stores, of a request to Rekor 1: Sigstore's client for it logs no verifiable entry in the mock. */
function toRekor2(request: string): string {
  const { spec } = JSON.parse(request);
  const pem = Buffer.from(spec.signature.publicKey.content, "base64").toString();
  const verifier = {
    keyDetails: "PKIX_ECDSA_P256_SHA_256",
    x509Certificate: { rawBytes: pem.replace(/-----.*-----|\s/g, "") },
  };
  const data = { algorithm: "SHA2_256", digest: Buffer.from(spec.data.hash.value, "hex").toString("base64") };
  const hashedRekordV002 = { data, signature: { content: spec.signature.content, verifier } };
  return JSON.stringify({ apiVersion: "0.0.2", kind: "hashedrekord", spec: { hashedRekordV002 } });
}

/** https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto */
function trustedRoot({ ca, ctlog, tlog, tsa }: Services, { authorityUntil }: World): string {
  const start = new Date(Date.now() - 30 * day).toISOString();
  const authority = (chain: ArrayBufferView<ArrayBuffer>[], until?: Date) => ({
    subject: { organization: "sigstore.mock", commonName: "sigstore" },
    uri: "https://authority.example",
    certChain: { certificates: chain.map((certificate) => ({ rawBytes: base64(certificate) })) },
    validFor: { start, ...(until === undefined ? {} : { end: until.toISOString() }) },
  });
  const log = (publicKey: Buffer<ArrayBuffer>) => ({
    baseUrl: tlogUrl,
    hashAlgorithm: "SHA2_256",
    publicKey: { rawBytes: base64(publicKey), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor: { start } },
    logId: { keyId: sha256(publicKey).toString("base64") },
  });
  return JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [log(Buffer.from(tlog.publicKey))],
    ctlogs: [log(Buffer.from(ctlog.publicKey))],
    certificateAuthorities: [authority([ca.rootCertificate], authorityUntil)],
    timestampAuthorities: [authority([tsa.intCertificate, tsa.rootCertificate])],
  });
}

/** The files of a TUF repository with a trust root: https://theupdateframework.github.io/specification/latest/ */
function tufRepository(target: string, rootUntil?: Date): Record<string, string> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const keyid = "a".repeat(64);
  const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("hex");
  const role = { keyids: [keyid], threshold: 1 };
  const metadata = (type: string, fields: object, until = new Date(Date.now() + day)) => {
    const expires = until.toISOString().replace(/\.\d+/, "");
    const signed = { _type: type, spec_version: "1.0.0", version: 1, expires, ...fields };
    const sig = sign(null, Buffer.from(canonical(signed)), privateKey).toString("hex");
    return JSON.stringify({ signed, signatures: [{ keyid, sig }] });
  };
  const keys = { [keyid]: { keytype: "ed25519", scheme: "ed25519", keyval: { public: raw } } };
  const roles = { root: role, timestamp: role, snapshot: role, targets: role };
  const hashes = { sha256: sha256(Buffer.from(target)).toString("hex") };
  const targets = { "trusted_root.json": { length: Buffer.byteLength(target), hashes } };
  return {
    "/root.json": metadata("root", { consistent_snapshot: false, keys, roles }, rootUntil),
    "/timestamp.json": metadata("timestamp", { meta: { "snapshot.json": { version: 1 } } }),
    "/snapshot.json": metadata("snapshot", { meta: { "targets.json": { version: 1 } } }),
    "/targets.json": metadata("targets", { targets }),
    "/targets/trusted_root.json": target,
  };
}

/** The signed form of JSON: sorted keys, no spaces. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}
