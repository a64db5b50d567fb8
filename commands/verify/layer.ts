// Layers are tar archives, here always in gzip: https://github.com/opencontainers/image-spec/blob/main/layer.md
import { createHash, hash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

import { type Header, extract } from "tar-stream";

import { Fault, messageOf } from "../../lib/errors";
import type { ImageSource } from "../../lib/oci/image";

/** An entry's header, with its pax records: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html */
type EntryHeader = Header & { readonly pax?: Readonly<Record<string, string>> | null };

/** Everything that a layer stores about a file, as text to compare and to print. */
export type LayerFile = Readonly<
  Record<"type" | "mode" | "owner" | "time" | "link" | "device" | "attributes" | "content", string>
>;

/** A file that differs between two layers. */
export interface FileDifference {
  readonly path: string;
  /** What differs; nothing if only one layer has the file. */
  readonly aspects: readonly (keyof LayerFile)[];
  readonly description: string;
}

/** Downloads and reads a layer; throws a Fault if the blob has another digest or is not a layer in gzip. */
export async function downloadLayer(source: ImageSource, digest: string): ReturnType<typeof readLayer> {
  const blob = await source.blob(digest);
  const found = `sha256:${hash("sha256", blob)}`;
  if (found !== digest) {
    throw new Fault(`The registry returned ${found} for ${digest}: its storage is corrupt. Re-release the tag.`);
  }
  return readLayer(blob).catch((error: unknown) => {
    throw new Fault(`${digest} is not a layer in gzip, as releases write it: ${messageOf(error)}. Re-release the tag.`);
  });
}

/** Reads a layer's diff id and its files by path, among them `.wh.<name>` for a file that it removes from a lower one. */
export async function readLayer(blob: Buffer) {
  const files = new Map<string, LayerFile>();
  // Contents are hashed while they stream, so that none is kept.
  const diffId = await visitEntries(blob, async (header, content) => {
    files.set(header.name.replace(/^\.?\//, "").replace(/\/$/, ""), await readFile(header, content));
  });
  return { diffId, files };
}

/** Visits the entries of a layer one by one; each visit must read the content to its end. Returns the diff id. */
export async function visitEntries(
  blob: Buffer,
  visit: (header: EntryHeader, content: AsyncIterable<Buffer>) => Promise<void>,
): Promise<string> {
  const sum = createHash("sha256");
  const entries = extract();
  const visitAll = async () => {
    for await (const entry of entries) await visit(entry.header as EntryHeader, entry as AsyncIterable<Buffer>);
  };
  const hashAll = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      sum.update(chunk);
      yield chunk;
    }
  };
  // At the same time, so that an error of one is not left unhandled while the other is awaited.
  await Promise.all([pipeline(createGunzip().end(blob), hashAll, entries), visitAll()]);
  return `sha256:${sum.digest("hex")}`;
}

async function readFile(header: EntryHeader, content: AsyncIterable<Buffer>): Promise<LayerFile> {
  const { size, mode, uid, gid, mtime, devmajor, devminor } = header;
  const pax = header.pax ?? {};
  // Null if there is none, whatever the types say.
  const type = (header.type as string | null) ?? "unknown";
  const sum = createHash("sha256");
  for await (const chunk of content) sum.update(chunk);
  return {
    type,
    mode: mode.toString(8).padStart(4, "0"),
    owner: `${pax["uid"] ?? uid}:${pax["gid"] ?? gid}`,
    time: formatTime(pax["mtime"] ?? String(mtime.getTime() / 1000)),
    link: header.linkname ?? "",
    device: type.endsWith("-device") ? `${devmajor}:${devminor}` : "",
    // As GNU tar and Go's archive/tar write them.
    attributes: Object.entries(pax)
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      .flatMap((text) => /^SCHILY\.xattr\.(.*)$/s.exec(text)?.[1] ?? [])
      .sort()
      .join(" "),
    content: type === "file" ? `${size} bytes, sha256:${sum.digest("hex")}` : "",
  };
}

/** @param time in seconds. Pax records may have nanoseconds, more than a Date */
function formatTime(time: string): string {
  const [seconds, fraction] = time.split(".");
  return new Date(Number(seconds) * 1000).toISOString().replace(".000Z", fraction ? `.${fraction}Z` : "Z");
}
