import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { listPublished } from "../../../commands/listPublished";
import type { Target } from "../../../commands/target";
import { Fault } from "../../../lib/errors";
import { captureLog } from "../../helpers/captureLog";
import { serve } from "../../helpers/http";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("listPublished", () => {
  let folder: string;
  let server: Server;
  let url: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "published-"));
    const image = () => ({
      headers: { "docker-content-digest": "sha256:a" },
      body: '{"config":{"digest":"c"},"layers":[]}',
    });
    ({ url, server } = await serve({
      "/v2/runner-pulumi-python/manifests/latest": image,
      "/v2/runner-pulumi-python/manifests/sha256:a": image,
      "/v2/runner-pulumi-python/blobs/c": '{"os":"linux","architecture":"amd64"}',
    }));
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  const target = (registry: string): Target => ({
    stack: "prod",
    resolve: assert.fail,
    registry: () => Promise.resolve({ registry: registry.replace("http://", ""), alias: "" }),
    prepare: assert.fail,
  });

  it("sets an output with every platform's image, and skips languages without the tag", async () => {
    const outputs = join(folder, "outputs");
    writeFileSync(outputs, "");
    const { log } = console;
    console.log = () => undefined;
    const { lines, error } = await withEnvironment({ GITHUB_OUTPUT: outputs }, () =>
      captureLog(() => listPublished(target(url), "latest")),
    ).finally(() => (console.log = log));
    assert.equal(error, undefined);
    assert.match(lines.join("\n"), / golang +skipped: \S+\/runner-pulumi-golang has no tag latest/);
    const reference = `${url.replace("http://", "")}/runner-pulumi-python@sha256:a`;
    assert.equal(
      readFileSync(outputs, "utf8"),
      `targets=${JSON.stringify([{ name: "python-linux/amd64", reference }])}\n`,
    );
  });

  it("refuses a tag that no language has", async () => {
    const { error } = await captureLog(() => listPublished(target(url), "v9.9.9"));
    assert.equal((error as Error).message, 'Stack prod publishes nothing under the tag "v9.9.9". Release it first.');
  });

  it("reports a registry that refuses to answer, without a stack trace", async () => {
    const { url: closed, server: other } = await serve(() => ({ status: 403, body: "Forbidden" }));
    const { error } = await captureLog(() => listPublished(target(closed), "latest"));
    other.close();
    assert.ok(error instanceof Fault);
    assert.match(error.message, /\/v2\/runner-pulumi-\w+\/manifests\/latest answers 403$/);
  });
});
