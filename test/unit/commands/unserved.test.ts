import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { release } from "../../../commands/release";
import { releaseUntilServed } from "../../../commands/unserved";
import { type FullAnswer, serve } from "../../helpers/http";

const digest = "sha256:a";

describe("a release", () => {
  let folder: string;
  let server: Server | undefined;
  let asked: string[];
  const outputFile = process.env["GITHUB_OUTPUT"];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "release-"));
    asked = [];
  });
  afterEach(() => {
    server?.close();
    rmSync(folder, { recursive: true });
    if (outputFile === undefined) delete process.env["GITHUB_OUTPUT"];
    else process.env["GITHUB_OUTPUT"] = outputFile;
  });

  /** A registry that wants a token, and serves one image of one platform in repositories a and b. */
  async function start(): Promise<string> {
    const opened = await serve((request): FullAnswer => {
      const path = (request.url ?? "").replace(/\?.*$/, "");
      asked.push(path);
      if (path === "/token") return { body: '{"token":"given"}' };
      if (request.headers.authorization !== "Bearer given") {
        return { status: 401, headers: { "www-authenticate": `Bearer realm="${opened.url}/token"` } };
      }
      if (path.includes("/blobs/")) return { body: '{"os":"linux","architecture":"amd64"}' };
      if (!/^\/v2\/[ab]\//.test(path)) return { status: 404 };
      return { headers: { "docker-content-digest": digest }, body: '{"config":{"digest":"c"},"layers":[]}' };
    });
    server = opened.server;
    return opened.url.replace("http://", "");
  }

  function images(registry: string, tag: string) {
    const image = (name: string) => ({ repository: `${registry}/${name}`, tag, digest, reference: "" });
    return { first: image("a"), second: image("b") };
  }

  it("asks one repository after another what it serves, each with one token", async () => {
    const published = images(await start(), "v1");
    await releaseUntilServed(() => Promise.resolve(published), assert.fail);
    const [a, b] = ["/v2/a/manifests/v1", "/v2/b/manifests/v1"];
    assert.deepEqual(asked, [a, "/token", a, b, "/token", b]);
  });

  it("pushes everything again where the registry serves something else, and says so where that does not help", async () => {
    const published = images(await start(), "v1");
    const other = { ...published, second: { ...published.second, digest: "sha256:b" } };
    const repairs: (string | undefined)[] = [];
    const said: string[] = [];
    const parseGitTag = (...outputs: (typeof published)[]) =>
      releaseUntilServed(
        (repair) => {
          repairs.push(repair);
          return Promise.resolve(outputs.shift() ?? assert.fail());
        },
        (sentence) => said.push(sentence),
      );
    assert.equal(await parseGitTag(other, published), published);
    assert.match(said.join(), /\/b:v1 is sha256:a instead of sha256:b\. Pushing it again\.$/);
    await assert.rejects(
      parseGitTag(other, other),
      /released, twice: \S+\/b:v1 is sha256:a instead of sha256:b\. Find out/,
    );
    assert.deepEqual(
      repairs.map((repair) => typeof repair),
      ["undefined", "string", "undefined", "string"],
    );
  });

  it("gives the output that images are attested from before it makes a table, which may fail", async () => {
    const registry = await start();
    const outputs = join(folder, "outputs");
    process.env["GITHUB_OUTPUT"] = outputs;
    const pulumi = [
      "#!/bin/sh",
      'case "$1" in',
      `config) echo '{"runner-pulumi:registry": {"value": "${registry}"}, "runner-pulumi:tag": {"value": "v1"}}' ;;`,
      `stack) echo '${JSON.stringify(images(registry, "v1"))}' ;;`,
      // The event log is named last.
      'up) for log; do :; done; stat --format=%a "$log" >mode; echo broken >"$log" ;;',
      "esac",
    ];
    writeFileSync(join(folder, "pulumi"), pulumi.join("\n"), { mode: 0o755 });
    const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` };
    // The table's seconds are read from the events.
    await assert.rejects(release({ folder, env, logs: folder }), /broken.*JSON/);
    // They hold the password: for this user alone while pulumi runs, and in no file after it.
    assert.equal(readFileSync(join(folder, "mode"), "utf8"), "600\n");
    assert.equal(existsSync(join(folder, "events.json")), false);
    const subject = (language: string, name: string) => ({
      language,
      ...{ repository: `${registry}/${name}`, digest, platforms: { "linux/amd64": digest } },
    });
    const expected = JSON.stringify([subject("first", "a"), subject("second", "b")]);
    assert.equal(readFileSync(outputs, "utf8"), `images=${expected}\n`);
  });
});
