import assert from "node:assert/strict";
import { mock } from "node:test";

import { listPublished } from "../../../commands/listPublished";
import { captureLog } from "../../helpers/captureLog";
import { useFiles } from "../../helpers/folderOfFiles";
import { type Answer, serve } from "../../helpers/http";
import { isFault } from "../../helpers/isFault";
import { targetWith } from "../../helpers/targets";
import { withEnvironment } from "../../helpers/withEnvironment";

/** The registry's answers for an image of two platforms with attestations: python, tag latest. */
function imageAnswers(): Record<string, Answer> {
  const path = "/v2/runner-pulumi-python";
  const platforms = { a: ["linux", "amd64"], b: ["linux", "arm64"], c: ["unknown", "unknown"] };
  const answers: Record<string, Answer> = {
    [`${path}/manifests/latest`]: () => ({ headers: { "docker-content-digest": "index" } }),
    [`${path}/manifests/index`]: JSON.stringify({ manifests: Object.keys(platforms).map((digest) => ({ digest })) }),
  };
  for (const [digest, [os, architecture]] of Object.entries(platforms)) {
    answers[`${path}/manifests/${digest}`] = JSON.stringify({ config: { digest }, layers: [] });
    answers[`${path}/blobs/${digest}`] = JSON.stringify({ os, architecture });
  }
  return answers;
}

describe("listPublished", () => {
  const files = useFiles();

  async function list(tag: string, registryAnswers: Parameters<typeof serve>[0]) {
    const registry = (await serve(registryAnswers)).url.replace("http://", "");
    const target = targetWith({ registry: () => Promise.resolve({ registry, alias: "" }) });
    return { registry, ...(await captureLog(() => listPublished(target, tag))) };
  }

  it("sets an output with every platform's image, without attestations, and skips languages without the tag", async () => {
    const print = mock.method(console, "log", () => undefined);
    const env = { GITHUB_OUTPUT: files.path("outputs") };
    const { registry, lines, error } = await withEnvironment(env, () => list("latest", imageAnswers()));
    print.mock.restore();
    assert.equal(error, undefined);
    assert.match(lines.join("\n"), / golang +skipped: \S+\/runner-pulumi-golang has no tag latest/);
    const target = (architecture: string, digest: string) => ({
      name: `python-linux/${architecture}`,
      reference: `${registry}/runner-pulumi-python@${digest}`,
    });
    const targets = [target("amd64", "a"), target("arm64", "b")];
    assert.equal(files.read("outputs"), `targets=${JSON.stringify(targets)}\n`);
  });

  it("refuses a tag that no language has", async () => {
    const { error } = await list("v9.9.9", imageAnswers());
    isFault('Stack prod publishes nothing under the tag "v9.9.9". Release it first.')(error);
  });

  it("reports a registry that refuses to answer", async () => {
    const { error } = await list("latest", () => ({ status: 403, body: "Forbidden" }));
    isFault(/\/v2\/runner-pulumi-\w+\/manifests\/latest answers 403$/)(error);
  });
});
