import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";

import { catalogue } from "../../../images/catalogue";
import { readConfig } from "../../../images/config";
import { openRegistry, requireLogin } from "../../../images/registry";
import { Fault } from "../../../lib/errors";
import { checkout } from "../../../local/folder";
import { serve } from "../../helpers/http";
import { Recorder, setConfig, valueOf } from "../../helpers/mocks";

const repositoryType = "aws:ecrpublic/repository:Repository";

/** The config of a committed stack file. */
function stackFile(stack: string): Record<string, unknown> {
  const text = readFileSync(join(checkout, `Pulumi.${stack}.yaml`), "utf8");
  const { config } = parse(text) as { config: Record<string, unknown> };
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace("runner-pulumi:", ""), value]));
}

/** Opens the registry of a stack with credentials of the AWS account that has this alias. */
async function open(stack: "dev" | "prod", account: string) {
  const recorder = new Recorder(
    { "aws:ecrpublic/getAuthorizationToken:getAuthorizationToken": { userName: "AWS", password: "canary" } },
    {
      [repositoryType]: (name) => ({
        repositoryUri: `public.ecr.aws/${account}/runner-pulumi-${name.replace("-repository", "")}`,
      }),
    },
  );
  await recorder.install(stack);
  setConfig({
    pulumiVersion: "3.66.0",
    tag: stack === "dev" ? "dev-v3.66.0" : "v3.66.0",
    platforms: ["linux/amd64", "linux/arm64"],
    pulumiReleases: "https://get.pulumi.com/releases/sdk",
    ...stackFile(stack),
  });
  return { recorder, registry: await openRegistry(readConfig()) };
}

describe("registry", () => {
  for (const [stack, ...published] of [
    [
      "prod",
      "public.ecr.aws/spacelift/runner-pulumi-dotnet",
      "public.ecr.aws/spacelift/runner-pulumi-golang",
      "public.ecr.aws/spacelift/runner-pulumi-javascript",
      "public.ecr.aws/spacelift/runner-pulumi-python",
    ],
    [
      "dev",
      "public.ecr.aws/spacelift-dev/runner-pulumi-dotnet",
      "public.ecr.aws/spacelift-dev/runner-pulumi-golang",
      "public.ecr.aws/spacelift-dev/runner-pulumi-javascript",
      "public.ecr.aws/spacelift-dev/runner-pulumi-python",
    ],
  ] as const) {
    it(`of stack ${stack} has the repositories that users pull from, and AWS's credentials`, async () => {
      const { registry } = await open(stack, "any");
      assert.deepEqual(["dotnet", "golang", "javascript", "python"].map(registry.expectedUri), published);
      assert.deepEqual(registry.credentials, { username: "AWS", password: "canary" });
    });
  }

  it("declares repositories that are never deleted", async () => {
    const { recorder, registry } = await open("prod", "spacelift");
    const uriOf = await registry.declareRepositories(catalogue);
    assert.equal(await valueOf(uriOf("python")), "public.ecr.aws/spacelift/runner-pulumi-python");
    const repositories = recorder.ofType(repositoryType);
    const options = [...repositories].map(([name, { protect, retainOnDelete, importId }]) => [
      name,
      protect,
      retainOnDelete,
      importId,
    ]);
    assert.deepEqual(
      options,
      catalogue.map(({ name }) => [`${name}-repository`, true, true, ""]),
    );
    const { catalogData, ...inputs } = repositories.get("golang-repository")?.inputs ?? {};
    assert.deepEqual(inputs, { region: "us-east-1", repositoryName: "runner-pulumi-golang", forceDestroy: false });
    assert.deepEqual(catalogData.architectures, ["x86-64", "ARM 64"]);
    assert.deepEqual(catalogData.operatingSystems, ["Linux"]);
  });

  it("refuses another environment's AWS account before any push", async () => {
    const { registry } = await open("prod", "spacelift-dev");
    const uriOf = await registry.declareRepositories(catalogue);
    // Pulumi prints one error object once, whatever number of outputs has it.
    const errors = new Set<unknown>();
    for (const { name } of catalogue) await valueOf(uriOf(name)).catch((error: unknown) => errors.add(error));
    const [error, ...others] = [...errors];
    assert.deepEqual(others, []);
    assert.ok(error instanceof pulumi.RunError);
    assert.equal(
      error.message,
      "These credentials belong to public.ecr.aws/spacelift-dev, and this stack publishes to public.ecr.aws/spacelift. " +
        "Nothing was pushed. Use the credentials of that AWS account, or check runner-pulumi:alias.",
    );
  });
});

describe("requireLogin", () => {
  const login = (url: string, password = "canary") =>
    requireLogin(url.replace("http://", ""), { username: "AWS", password }, () => Promise.resolve());

  const accepts = ({ headers }: IncomingMessage) =>
    headers.authorization === `Basic ${Buffer.from("AWS:canary").toString("base64")}`;

  it("accepts the right password", async () => {
    const challenge = { status: 401, headers: { "www-authenticate": 'Basic realm="Registry"' } };
    await login((await serve({ "/v2/": (request) => (accepts(request) ? {} : challenge) })).url);
  });

  it("accepts the right password for a token, as in ECR Public", async () => {
    const challenge = () => ({ "www-authenticate": `Bearer realm="${url}/token",service="s",scope="aws"` });
    const { url } = await serve({
      "/v2/": ({ headers }) => (headers.authorization === "Bearer given" ? {} : { status: 401, headers: challenge() }),
      "/token": (request) => (accepts(request) ? { body: '{"token":"given"}' } : { status: 401 }),
    });
    await login(url);
    await assert.rejects(login(url, "expired"), /rejected the credentials that AWS issued for AWS: /);
  });

  // What ECR Public answers is tested in refusals.test.ts.
  it("does not blame the credentials if the registry cannot be reached", () =>
    assert.rejects(login("127.0.0.1:9"), {
      constructor: Fault,
      message:
        /^Could not verify the credentials with \S+: Could not reach \S+: .*Nothing was pushed\. Check the network/,
    }));
});
