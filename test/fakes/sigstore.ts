import { type KeyObject, createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from "@sigstore/mock";

import { type TrustRoot, signer } from "../../images/signature";
import { serve } from "../helpers/http";

/** The identity in the certificates of Pulumi's signing workflow. */
export const pulumiIdentity =
  "https://github.com/pulumi/pulumi/.github/workflows/sign.yml" +
  `@refs/heads/gh-readonly-queue/master/pr-23456-${"0123456789".repeat(4)}`;

/** Who signs, and how. */
export interface Signing {
  readonly identity?: string;
  readonly issuer?: string;
  /** Rekor's version. The second has no inclusion promise: a timestamp authority sets the time. */
  readonly rekor?: 1 | 2;
  /** Signs an envelope around the text, as attestations do, instead of the text. */
  readonly envelope?: boolean;
}

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
  verificationMaterial: Record<string, unknown> & { tlogEntries: Record<string, unknown>[] };
  messageSignature?: { messageDigest: unknown; signature: string };
  dsseEnvelope?: unknown;
}

const minute = 60 * 1000;
const day = 24 * 60 * minute;
const tlogUrl = "https://rekor.example";
const issuerExtension = "1.3.6.1.4.1.57264.1.8";

function newKeys() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function sha256(data: Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}

function base64(data: ArrayBufferView<ArrayBuffer>): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
}

async function openServices(when: Date) {
  // Whole seconds: Sigstore cannot parse a timestamp whose milliseconds end in 0, which the mock's authority may write.
  const clock = new Date(Math.floor(when.getTime() / 1000) * 1000);
  const ctlog = await initializeCTLog(newKeys(), clock);
  return {
    ctlog,
    ca: await initializeCA(newKeys(), ctlog, clock),
    tlog: await initializeTLog(tlogUrl, newKeys(), clock),
    tsa: await initializeTSA(newKeys(), clock),
  };
}

type Services = Awaited<ReturnType<typeof openServices>>;

/** A fake of Sigstore with its own keys: CA, logs and timestamps by @sigstore/mock, and a TUF repository over HTTP. */
export class Sigstore {
  private constructor(
    private readonly services: Services,
    private readonly server: Server,
    private readonly folder: string,
    /** Where its trust root comes from. */
    readonly trust: TrustRoot,
  ) {}

  /** Starts the TUF repository. */
  static async start(world: World = {}): Promise<Sigstore> {
    const services = await openServices(world.clock ?? new Date(Date.now() + minute));
    const files = tufRepository(trustedRoot(services, world), world.rootUntil);
    const folder = mkdtempSync(join(tmpdir(), "sigstore-"));
    writeFileSync(join(folder, "root.json"), files["/root.json"] ?? "");
    const { url, server } = await serve(files);
    const [tufRootPath, tufCachePath] = [join(folder, "root.json"), join(folder, "cache")];
    return new Sigstore(services, server, folder, { tufMirrorURL: url, tufRootPath, tufCachePath, retry: false });
  }

  /** Stops it and removes its files. */
  stop(): void {
    this.server.close();
    rmSync(this.folder, { recursive: true });
  }

  /** Signs a text and returns the bundle, as `cosign sign-blob --bundle` does. */
  async sign(text: string, signing: Signing = {}): Promise<Bundle> {
    const { identity = pulumiIdentity, issuer = signer.issuer } = signing;
    const keys = newKeys();
    const certificate = await this.services.ca.issueCertificate({
      publicKey: keys.publicKey.export({ format: "der", type: "spki" }),
      subjectAltName: identity,
      extensions: [{ oid: issuerExtension, value: issuer }],
    });
    const content = signing.envelope === true ? inEnvelope(text, keys.privateKey) : alone(text, keys.privateKey);
    const log = signing.rekor === 2 ? this.logAndTimestamp.bind(this) : this.log.bind(this);
    return {
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      verificationMaterial: {
        certificate: { rawBytes: base64(certificate) },
        ...(await log(content, base64(certificate))),
      },
      ...content.inBundle,
    };
  }

  /** Logs an entry of Rekor 1, whose inclusion promise has the time. */
  private async log({ digest, signature, payload }: Content, certificate: string) {
    const verifier = Buffer.from(pem(certificate)).toString("base64");
    const spec =
      payload === undefined
        ? {
            kind: "hashedrekord",
            spec: {
              data: { hash: { algorithm: "sha256", value: digest.toString("hex") } },
              signature: { content: signature, publicKey: { content: verifier } },
            },
          }
        : {
            kind: "dsse",
            spec: {
              payloadHash: { algorithm: "sha256", value: sha256(payload).toString("hex") },
              signatures: [{ signature, verifier }],
            },
          };
    const answer = (await this.services.tlog.log({ apiVersion: "0.0.1", ...spec })) as Record<string, RekorEntry>;
    const [entry] = Object.values(answer);
    if (entry === undefined) throw new Error("Rekor logged nothing.");
    return { tlogEntries: [toTlogEntry(entry, spec.kind)] };
  }

  /** Logs an entry of Rekor 2, and timestamps the signature. */
  private async logAndTimestamp({ digest, signature }: Content, certificate: string) {
    const key = { rawBytes: certificate };
    const body = {
      apiVersion: "0.0.2",
      kind: "hashedrekord",
      spec: {
        hashedRekordV002: {
          data: { algorithm: "SHA2_256", digest: digest.toString("base64") },
          signature: {
            content: signature,
            verifier: { keyDetails: "PKIX_ECDSA_P256_SHA_256", x509Certificate: key },
          },
        },
      },
    };
    const answer = (await this.services.tlog.log(body)) as Record<string, RekorEntry>;
    const [entry] = Object.values(answer);
    if (entry === undefined) throw new Error("Rekor logged nothing.");
    const logged = { ...toTlogEntry(entry, "hashedrekord"), inclusionPromise: undefined };
    const stamp = await this.services.tsa.timestamp({
      artifactHash: sha256(Buffer.from(signature, "base64")),
      hashAlgorithmOID: "2.16.840.1.101.3.4.2.1",
      nonce: 1,
      policyOID: "1.3.6.1.4.1.57264.2",
    });
    return {
      tlogEntries: [{ ...logged, kindVersion: { kind: "hashedrekord", version: "0.0.2" }, integratedTime: "0" }],
      timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: base64(stamp) }] },
    };
  }
}

/** What is signed, in the form of the log and of the bundle. */
interface Content {
  readonly digest: Buffer;
  readonly signature: string;
  /** The envelope's payload. */
  readonly payload?: Buffer;
  readonly inBundle: Pick<Bundle, "messageSignature" | "dsseEnvelope">;
}

function alone(text: string, key: KeyObject): Content {
  const digest = sha256(Buffer.from(text));
  const signature = sign("sha256", Buffer.from(text), key).toString("base64");
  const messageDigest = { algorithm: "SHA2_256", digest: digest.toString("base64") };
  return { digest, signature, inBundle: { messageSignature: { messageDigest, signature } } };
}

/** https://github.com/secure-systems-lab/dsse/blob/master/protocol.md */
function inEnvelope(text: string, key: KeyObject): Content {
  const payload = Buffer.from(text);
  const payloadType = "application/vnd.in-toto+json";
  const encoded = Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} ${text}`);
  const signature = sign("sha256", encoded, key).toString("base64");
  const dsseEnvelope = {
    payload: payload.toString("base64"),
    payloadType,
    signatures: [{ sig: signature, keyid: "" }],
  };
  return { digest: sha256(payload), signature, payload, inBundle: { dsseEnvelope } };
}

/** Rekor's response: https://github.com/sigstore/rekor/blob/main/openapi.yaml */
interface RekorEntry {
  readonly body: string;
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  readonly verification: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: {
      readonly logIndex: number;
      readonly treeSize: number;
      readonly checkpoint: string;
      readonly rootHash: string;
    };
  };
}

/** https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_rekor.proto */
function toTlogEntry({ body, integratedTime, logID, logIndex, verification }: RekorEntry, kind: string) {
  const { inclusionProof: proof, signedEntryTimestamp } = verification;
  return {
    logIndex: String(logIndex),
    logId: { keyId: Buffer.from(logID, "hex").toString("base64") },
    kindVersion: { kind, version: "0.0.1" },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp },
    inclusionProof: {
      logIndex: String(proof.logIndex),
      treeSize: String(proof.treeSize),
      rootHash: Buffer.from(proof.rootHash, "hex").toString("base64"),
      hashes: [],
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: body,
  };
}

function pem(certificate: string): string {
  return `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`;
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
