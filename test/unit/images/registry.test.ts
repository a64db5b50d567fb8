import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";

import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";

import { catalogue } from "../../../images/catalogue";
import { readConfig } from "../../../images/config";
import { declareRepositories, getCredentials, requireLogin } from "../../../images/registry";
import { repositoryUri } from "../../../images/repositoryUri";
import { inAwsAccount, password } from "../../helpers/awsAccount";
import { readFile } from "../../helpers/checkoutFiles";
import { type Answer, serve } from "../../helpers/http";
import { isFault } from "../../helpers/isFault";
import { setConfig, valueOf } from "../../helpers/mocks";
import { skipDelays } from "../../helpers/skipDelays";

/** Reads the config of a committed stack file, and gets credentials of the AWS account that has this alias. */
async function open(stack: "dev" | "prod", account: string) {
  const recorder = inAwsAccount(account);
  await recorder.install(stack);
  const file = parse(readFile(`Pulumi.${stack}.yaml`)) as { config: Record<string, unknown> };
  const own = Object.entries(file.config).map(([key, value]) => [key.replace("runner-pulumi:", ""), value] as const);
  setConfig({
    pulumiVersion: "3.66.0",
    tag: stack === "dev" ? "dev-v3.66.0" : "v3.66.0",
    platforms: ["linux/amd64", "linux/arm64"],
    pulumiReleases: "https://get.pulumi.com/releases/sdk",
    ...Object.fromEntries(own),
  });
  const config = readConfig();
  return { recorder, config, credentials: await getCredentials(config) };
}

describe("registry", () => {
  for (const [stack, prefix] of [
    ["prod", "public.ecr.aws/spacelift/runner-pulumi-"],
    ["dev", "public.ecr.aws/spacelift-dev/runner-pulumi-"],
  ] as const) {
    it(`of stack ${stack} has the repositories that users pull from, and AWS's credentials`, async () => {
      const { config, credentials } = await open(stack, "any");
      const languages = ["dotnet", "golang", "javascript", "python"];
      const published = languages.map((language) => `${prefix}${language}`);
      assert.deepEqual(
        languages.map((language) => repositoryUri(config, language)),
        published,
      );
      assert.deepEqual(credentials, { username: "AWS", password });
    });
  }

  it("declares repositories that are never deleted", async () => {
    const { recorder, config, credentials } = await open("prod", "spacelift");
    const uriOf = await declareRepositories(config, credentials);
    assert.equal(await valueOf(uriOf("python")), "public.ecr.aws/spacelift/runner-pulumi-python");
    const repositories = recorder.ofType("aws:ecrpublic/repository:Repository");
    assert.deepEqual(
      [...repositories.keys()],
      catalogue.map(({ name }) => `${name}-repository`),
    );
    for (const { protect, retainOnDelete, importId } of repositories.values()) {
      assert.deepEqual([protect, retainOnDelete, importId], [true, true, ""]);
    }
    const { catalogData, ...inputs } = repositories.get("golang-repository")?.inputs ?? {};
    assert.deepEqual(inputs, { region: "us-east-1", repositoryName: "runner-pulumi-golang", forceDestroy: false });
    assert.deepEqual(catalogData.architectures, ["x86-64", "ARM 64"]);
    assert.deepEqual(catalogData.operatingSystems, ["Linux"]);
  });

  // Printed once: see index.test.ts.
  it("refuses another environment's AWS account before any push", async () => {
    const { config, credentials } = await open("prod", "spacelift-dev");
    const uriOf = await declareRepositories(config, credentials);
    const message =
      "These credentials belong to public.ecr.aws/spacelift-dev, and this stack publishes to public.ecr.aws/spacelift. " +
      "Nothing was pushed. Use the credentials of that AWS account, or check runner-pulumi:alias.";
    for (const { name } of catalogue) {
      await assert.rejects(valueOf(uriOf(name)), { constructor: pulumi.RunError, message });
    }
  });
});

describe("requireLogin", () => {
  skipDelays();
  const login = (url: string, own = password) =>
    requireLogin(url.replace("http://", ""), { username: "AWS", password: own });

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
    await assert.rejects(login(url, "expired"), isFault(/rejected the credentials that AWS issued for AWS: /));
  });

  const rejected = /^\S+ rejected the credentials that AWS issued for AWS: .* Log in to AWS again and retry\.$/;
  const unverified = /^Could not verify the credentials with \S+: .* Check the network/;
  const unreachable =
    /^Could not verify the credentials with \S+: Could not reach \S+: .*Nothing was pushed\. Check the/;
  const refused: [name: string, Answer, RegExp][] = [
    ["blames the credentials for status 401", 401, rejected],
    ["blames the credentials for status 403", 403, rejected],
    ["does not blame them for status 503", 503, unverified],
    ["does not blame them for a broken connection", ({ socket }) => void socket.destroy(), unreachable],
  ];
  for (const [name, answer, message] of refused) {
    it(name, async () => assert.rejects(login((await serve({ "/v2/": answer })).url), isFault(message)));
  }
});
