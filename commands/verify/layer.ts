// Layers as defined by https://github.com/opencontainers/image-spec/blob/main/layer.md: tar archives, here always in gzip.
import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

import { type Header, extract } from "tar-stream";

import { Fault, messageOf } from "../../lib/errors";
import type { ImageSource } from "../../lib/oci/image";

/** An entry's header, with its pax records: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html */
export type EntryHeader = Header & { readonly pax?: Readonly<Record<string, string>> | null };

/** Visits an entry of a layer. It must read the content to its end. */
export type Visit = (header: EntryHeader, content: AsyncIterable<Buffer>) => Promise<void>;

/** Everything that a layer stores about a file, as text to compare and to print. */
export interface LayerFile {
  readonly type: string;
  readonly mode: string;
  readonly owner: string;
  readonly time: string;
  readonly link: string;
  readonly device: string;
  readonly attributes: string;
  readonly content: string;
}

/** The content of a layer. */
export interface Layer {
  /** sha256:… of the uncompressed archive. */
  readonly diffId: string;
  /** Its files by path. A file that it removes from a lower layer is one too: `.wh.<name>`. */
  readonly files: ReadonlyMap<string, LayerFile>;
}

/**
 * Downloads and reads a layer.
 * @throws {Fault} if the source has another blob under that digest, or if the blob is not a layer in gzip
 */
export async function downloadLayer(source: ImageSource, digest: string): Promise<Layer> {
  const blob = await source.blob(digest);
  const found = `sha256:${createHash("sha256").update(blob).digest("hex")}`;
  if (found !== digest) {
    throw new Fault(`The registry returned ${found} for ${digest}: its storage is corrupt. Release the tag again.`);
  }
  return readLayer(blob).catch((error: unknown) => {
    throw new Fault(
      `${digest} is not a layer in gzip, as releases write it: ${messageOf(error)}. Release the tag again.`,
    );
  });
}

/** Reads a layer's files. Hashes contents while they stream, so that none is kept. */
export async function readLayer(blob: Buffer): Promise<Layer> {
  const files = new Map<string, LayerFile>();
  const diffId = await visitEntries(blob, async (header, content) => {
    files.set(pathOf(header), await readFile(header, content));
  });
  return { diffId, files };
}

/**
 * Visits the entries of a layer one after another.
 * @returns its diff id
 */
export async function visitEntries(blob: Buffer, visit: Visit): Promise<string> {
  const hash = createHash("sha256");
  const entries = extract();
  const visitAll = async () => {
    for await (const entry of entries) await visit(entry.header as EntryHeader, entry as AsyncIterable<Buffer>);
  };
  const hashAll = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  // At the same time, so that an error of one is not left unhandled while the other is awaited.
  await Promise.all([pipeline(createGunzip().end(blob), hashAll, entries), visitAll()]);
  return `sha256:${hash.digest("hex")}`;
}

function pathOf({ name }: EntryHeader): string {
  return name.replace(/^\.?\//, "").replace(/\/$/, "");
}

async function readFile(header: EntryHeader, content: AsyncIterable<Buffer>): Promise<LayerFile> {
  const { mode, uid, gid, devmajor, devminor, pax } = header;
  // Null if there is none, whatever the types say.
  const type = (header.type as string | null) ?? "unknown";
  const link = (header.linkname as string | null) ?? "";
  const sum = await digestOf(content);
  return {
    type,
    mode: mode.toString(8).padStart(4, "0"),
    owner: `${pax?.["uid"] ?? uid}:${pax?.["gid"] ?? gid}`,
    time: timeOf(header),
    link,
    device: type.endsWith("-device") ? `${devmajor}:${devminor}` : "",
    attributes: attributesOf(pax ?? {}),
    content: type === "file" ? `${header.size} bytes, sha256:${sum}` : "",
  };
}

async function digestOf(content: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of content) hash.update(chunk);
  return hash.digest("hex");
}

/** In nanoseconds if a pax record has them: the header's own field has whole seconds. */
function timeOf({ mtime, pax }: EntryHeader): string {
  const [seconds = "", fraction] = (pax?.["mtime"] ?? "").split(".");
  const time = seconds === "" ? mtime : new Date(Number(seconds) * 1000);
  const text = time.toISOString().replace(".000Z", "Z");
  return fraction === undefined ? text : text.replace("Z", `.${fraction}Z`);
}

/** Extended attributes, as GNU tar and Go's archive/tar write them. */
function attributesOf(pax: Readonly<Record<string, string>>): string {
  const attributes = Object.entries(pax).filter(([key]) => key.startsWith("SCHILY.xattr."));
  return attributes
    .map(([key, value]) => `${key.replace("SCHILY.xattr.", "")}=${JSON.stringify(value)}`)
    .sort()
    .join(" ");
}
