import assert from "node:assert/strict";
import { hash, randomBytes } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";

import { pack } from "tar-stream";

import { readArchives } from "../../../images/archive";
import type { Platform } from "../../../images/platform";
import { archiveFiles, packArchive, serveRelease } from "../../helpers/archives";
import { type Answer, inOrder, serve } from "../../helpers/http";
import { isFault } from "../../helpers/isFault";
import { skipDelays } from "../../helpers/skipDelays";
import { useTemporaryFolder } from "../../helpers/temporaryFolder";

describe("readArchives", () => {
  skipDelays();
  const folder = useTemporaryFolder();
  const path = "/pulumi-v3.66.0-linux-x64.tar.gz";
  const files: Record<string, Answer> = {};
  let url: string;
  let requested: string[];
  let sha256: Partial<Record<Platform, string>>;

  before(async () => {
    const { url: address, server } = await serve(files);
    server.on("request", (request) => requested.push(request.url ?? ""));
    url = address;
  });

  beforeEach(async () => {
    requested = [];
    const lists = { "linux/amd64": archiveFiles["3.66.0"], "linux/arm64": archiveFiles["3.259.0"] };
    const release = await serveRelease("3.66.0", lists);
    Object.assign(files, release.answers);
    ({ sha256 } = release);
  });

  const read = async (sums = sha256) => (await readArchives({ version: "3.66.0", url, sha256: sums }, folder())).files;
  const sorted = (names: readonly string[]) => [...names].sort();

  /** Serves this archive for linux/amd64. Returns its checksum. */
  function change(body: Buffer<ArrayBuffer>): Partial<Record<Platform, string>> {
    files[path] = () => ({ body });
    return { "linux/amd64": hash("sha256", body) };
  }

  it("lists the files of each platform's archive, and downloads it once", async () => {
    const lists = {
      "linux/amd64": sorted(archiveFiles["3.66.0"]),
      "linux/arm64": sorted(archiveFiles["3.259.0"]),
    };
    for (let run = 0; run < 2; run++) assert.deepEqual(await read(), lists);
    assert.deepEqual(requested.sort(), [path.replace("x64", "arm64"), path]);
  });

  it("downloads it again if the cache is damaged, and for another checksum", async () => {
    await read();
    for (const name of readdirSync(folder())) writeFileSync(join(folder(), name), '["pulumi');
    assert.ok((await read())["linux/amd64"]?.includes("pulumi"));
    const sums = change(await packArchive(["pulumi-new"]));
    assert.deepEqual(await read(sums), { "linux/amd64": ["pulumi-new"] });
    assert.deepEqual(JSON.parse(readFileSync(join(folder(), `${sums["linux/amd64"]}.json`), "utf8")), ["pulumi-new"]);
  });

  it("lists only Pulumi's own files, without folders", async () => {
    const sums = change(await packArchive(["pulumi", "README.md", "bin/pulumi-other", "pulumi-folder/"]));
    assert.deepEqual(await read(sums), { "linux/amd64": ["pulumi"] });
  });

  it("retries a server that fails for a moment, and a connection that ends in the middle", async () => {
    const body = await packArchive(["pulumi"]);
    const sums = change(body);
    const length = { "content-length": String(body.length) };
    let attempts = 0;
    files[path] = (request) => {
      attempts++;
      if (attempts === 1) return { status: 503 };
      if (attempts === 2) setTimeout(() => request.socket.destroy(), 20);
      return { headers: length, body: attempts === 2 ? body.subarray(0, 50) : body };
    };
    assert.deepEqual(await read(sums), { "linux/amd64": ["pulumi"] });
    assert.equal(attempts, 3);
  });

  it("reports an archive that ends within a file", async () => {
    const archive = pack();
    archive.entry({ name: "pulumi/pulumi" }, randomBytes(200_000));
    archive.finalize();
    const body = gzipSync(await buffer(archive)).subarray(0, 100_000);
    const sums = change(body);
    let attempts = 0;
    files[path] = () => {
      attempts++;
      return { headers: { "content-length": "200000", connection: "close" }, body };
    };
    await assert.rejects(read(sums), isFault(/^Could not reach \S+: .*\. Nothing was built\. Check the network/));
    assert.equal(attempts, 4);
  });

  it("refuses an archive that is not the published one, and stores nothing", async () => {
    const [own, wrong] = [await packArchive(["pulumi"]), "0".repeat(64)];
    const sum = hash("sha256", own);
    change(own);
    const start = `${url}${path} is not the archive that Pulumi published: `;
    const end = ". Nothing was built. Check pulumiReleases, then retry.";
    const different = `${start}its SHA-256 is ${sum} instead of ${wrong}${end}`;
    await assert.rejects(read({ "linux/amd64": wrong }), isFault(different));
    const html = change(Buffer.from("<html>"));
    await assert.rejects(read(html), isFault(`${start}it begins with "<html>"${end}`));
    const truncated = change(own.subarray(0, 50));
    await assert.rejects(read(truncated), isFault(`${start}unexpected end of file${end}`));
    assert.deepEqual(readdirSync(folder()), []);
  });

  it("reports an archive that does not exist, and a server that cannot be reached", async () => {
    files[path] = inOrder({ status: 404 });
    const missing = `Could not read ${url}${path}: it answers 404. Nothing was built. Retry later.`;
    await assert.rejects(read(), isFault(missing));
    files[path] = ({ socket }) => void socket.destroy();
    const unreachable =
      /^Could not reach \S+: .*\. Nothing was built\. Check the network and pulumiReleases, then retry\.$/;
    await assert.rejects(read(), isFault(unreachable));
  });
});
