// Layers as https://github.com/opencontainers/image-spec/blob/main/layer.md has them: tar archives, compressed or not.
import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";

import { type Header, extract } from "tar-stream";

import type { ImageSource } from "../../lib/oci/image";

/** How a layer's archive is compressed. */
export type Compression = "gzip" | "zstd" | "none";

/** The header of an entry, with its records of https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html */
export type EntryHeader = Header & { readonly pax?: Readonly<Record<string, string>> | null };

/** Looks at an entry of a layer. It has to read the content to its end. */
export type Visit = (header: EntryHeader, content: AsyncIterable<Buffer>) => Promise<void>;

/** Everything of a file that a layer says, as text that two files are compared by and shown with. */
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

/** What a layer holds. */
export interface Layer {
  readonly compression: Compression;
  /** sha256:… of the archive before it was compressed. */
  readonly diffId: string;
  /** Its files by their paths. That something of a lower layer is gone is a file too: `.wh.<name>`. */
  readonly files: ReadonlyMap<string, LayerFile>;
}

/** Reads a layer. Throws an Error where the source gives another blob than the digest names, or one that is no layer. */
export async function readLayerOf(source: ImageSource, digest: string): Promise<Layer> {
  const blob = await source.blob(digest);
  const found = `sha256:${createHash("sha256").update(blob).digest("hex")}`;
  if (found !== digest) throw new Error(`The registry gives ${found} for ${digest}: it has another blob in its place.`);
  return readLayer(blob).catch((error: unknown) => {
    throw new Error(`${digest} cannot be read as a layer: ${String(error)}.`);
  });
}

/** Reads a layer's files. Contents are hashed as they come by: none is kept. */
export async function readLayer(blob: Buffer): Promise<Layer> {
  const files = new Map<string, LayerFile>();
  const diffId = await visitEntries(blob, async (header, content) => {
    files.set(pathOf(header), await readFile(header, content));
  });
  return { compression: compressionOf(blob), diffId, files };
}

/** Goes through the entries of a layer, whatever it is compressed with. Gives its diff id. */
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
  // Both at once, so that the failure of one is not left unhandled while the other is waited for.
  await Promise.all([pipeline(decompress(blob), hashAll, entries), visitAll()]);
  return `sha256:${hash.digest("hex")}`;
}

/** By the first bytes: a media type is a claim about them, and old ones name no compression. */
function compressionOf(blob: Buffer): Compression {
  if (blob.readUInt16BE(0) === 0x1f8b) return "gzip"; // RFC 1952
  return blob.readUInt32LE(0) === 0xfd2fb528 ? "zstd" : "none"; // RFC 8878
}

async function* decompress(blob: Buffer): AsyncGenerator<Buffer> {
  const compression = compressionOf(blob);
  if (compression === "none") yield blob;
  if (compression === "gzip") yield* createGunzip().end(blob);
  if (compression !== "zstd") return;
  // Node's decompressor ends with the first frame, and a blob may be made of many.
  for (let rest = blob, read = 1; rest.length > 0 && read > 0; rest = rest.subarray(read)) {
    const frame = createZstdDecompress().end(rest);
    yield* frame;
    read = frame.bytesWritten;
  }
}

function pathOf({ name }: EntryHeader): string {
  return name.replace(/^\.?\//, "").replace(/\/$/, "");
}

async function readFile(header: EntryHeader, content: AsyncIterable<Buffer>): Promise<LayerFile> {
  const { mode, uid, gid, devmajor, devminor, pax } = header;
  // Null where there is none, whatever the types say.
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

/** To the nanosecond where a record has it: a header's own field has whole seconds. */
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
