import { hash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";

import { pack } from "tar-stream";

import { type Platform, allPlatforms } from "../../images/platform";
import { archiveName, checksumsName } from "../../images/pulumiRelease";
import type { Answer } from "./http";

const ofEveryVersion = [
  ...["pulumi", "pulumi-language-dotnet", "pulumi-language-go", "pulumi-language-java", "pulumi-language-nodejs"],
  ...["pulumi-language-python", "pulumi-language-python-exec", "pulumi-language-yaml"],
  ...["pulumi-resource-pulumi-nodejs", "pulumi-resource-pulumi-python", "pulumi-watch"],
];

const newer = [...ofEveryVersion, "pulumi-language-bun", "pulumi-language-pcl"];

/** The files of Pulumi's archives: of two versions, of one without a host, and of one with an unknown host. */
export const archiveFiles = {
  "3.66.0": [...ofEveryVersion, "pulumi-analyzer-policy", "pulumi-analyzer-policy-python"],
  "3.259.0": newer,
  "3.300.0": newer.filter((name) => name !== "pulumi-language-go"),
  "3.301.0": [...newer, "pulumi-language-rust"],
} as const;

/** Packs a release's archive with empty files. */
export async function packArchive(files: readonly string[]): Promise<Buffer<ArrayBuffer>> {
  const archive = pack();
  archive.entry({ name: "pulumi/", type: "directory" });
  for (const name of files) archive.entry({ name: `pulumi/${name}` }, "");
  archive.finalize();
  return gzipSync(await buffer(archive));
}

/** The responses of a server with a release, and the checksum of each platform's archive. */
export async function serveRelease(version: string, files: Partial<Record<Platform, readonly string[]>>) {
  const answers: Record<string, Answer> = {};
  const sha256: Partial<Record<Platform, string>> = {};
  for (const platform of allPlatforms) {
    const body = await packArchive(files[platform] ?? []);
    sha256[platform] = hash("sha256", body);
    answers[`/${archiveName(version, platform)}`] = () => ({ body });
  }
  const lines = allPlatforms.map((platform) => `${sha256[platform]}  ${archiveName(version, platform)}\n`);
  answers[`/${checksumsName(version)}`] = lines.join("");
  return { answers, sha256 };
}
