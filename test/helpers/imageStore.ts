// Images that exist only in memory, for tests that compare them.
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";

import { type Header, pack } from "tar-stream";

import type { ImageSource } from "../../lib/oci/image";
import type { Manifest } from "../../lib/oci/repositoryClient";
import { digestOf } from "./repositoryWriter";

/** A file to put into a layer. */
export type Entry = Partial<Header> & { readonly name: string; readonly text?: string };

/** The modification time of every file that sets no other. */
export const epoch = new Date("2026-10-05T00:00:00Z");

/** A layer with a file of most types. */
export const baseLayer: readonly Entry[] = [
  { name: "etc/", type: "directory", mode: 0o755 },
  { name: "etc/passwd", text: "root\n" },
  { name: "usr/bin/tool", text: "#!/bin/sh\n", mode: 0o755 },
  { name: "usr/bin/alias", type: "symlink", linkname: "tool" },
  { name: "opt/.wh.gone" },
];

/** The base layer with one of its entries changed. */
export function changeEntry(name: string, change: Partial<Entry>): Entry[] {
  if (!baseLayer.some((entry) => entry.name === name)) throw new Error(`The base layer has no ${name}.`);
  return baseLayer.map((entry) => (entry.name === name ? { ...entry, ...change } : entry));
}

/** Writes a tar archive. */
export async function tar(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { text = "", ...header } of entries) archive.entry({ mtime: epoch, ...header }, text);
  archive.finalize();
  return buffer(archive);
}

/** What differs from the default image: one base layer in gzip, a true config, for linux/amd64. */
export interface Variant {
  readonly layers?: readonly (readonly Entry[])[];
  readonly compress?: (archive: Buffer) => Buffer;
  /** Keys of the container's config, and keys beside it. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly others?: Readonly<Record<string, unknown>>;
  readonly diffIds?: readonly string[];
  readonly architecture?: string;
}

/** A repository in memory. */
export class ImageStore implements ImageSource {
  private readonly blobs = new Map<string, Buffer>();

  blob(digest: string): Promise<Buffer> {
    return Promise.resolve(this.blobs.get(digest) ?? Buffer.from("nothing"));
  }

  manifest(digest: string): Promise<Manifest | undefined> {
    const bytes = this.blobs.get(digest);
    return Promise.resolve(bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as Manifest));
  }

  /** Replaces a blob without changing its digest. */
  corrupt(digest: string): void {
    this.blobs.set(digest, Buffer.from("something else"));
  }

  /** Stores JSON; returns its digest. */
  put(value: unknown): string {
    return this.putBytes(Buffer.from(JSON.stringify(value))).digest;
  }

  /** Stores an image; returns the digest of its manifest. */
  async image({ layers = [baseLayer], compress = gzipSync, config = {}, ...rest }: Variant = {}): Promise<string> {
    const archives = await Promise.all(layers.map(tar));
    const text = JSON.stringify({
      os: "linux",
      architecture: rest.architecture ?? "amd64",
      config: { Labels: { "org.opencontainers.image.version": "3.66.0" }, User: "spacelift", Env: ["A=1"], ...config },
      rootfs: { type: "layers", diff_ids: rest.diffIds ?? archives.map(digestOf) },
      history: layers.map((_, index) => ({ created_by: `RUN step ${index + 1} # buildkit` })),
      ...rest.others,
    });
    const blobs = archives.map((archive) => this.putBytes(compress(archive)));
    return this.put({ config: this.putBytes(Buffer.from(text)), layers: blobs });
  }

  /** Stores an index of images, each with the architecture that the index claims, if any; returns its digest. */
  index(...entries: (string | [digest: string, architecture: string])[]): string {
    const manifests = entries.map((entry) => {
      if (typeof entry === "string") return { digest: entry };
      const [digest, architecture] = entry;
      return { digest, platform: { os: architecture === "unknown" ? "unknown" : "linux", architecture } };
    });
    return this.put({ manifests });
  }

  private putBytes(bytes: Buffer): { digest: string; size: number } {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { digest, size: bytes.length };
  }
}
