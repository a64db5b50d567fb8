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
import { type Answer, type FullAnswer, serve } from "../../helpers/http";
import { Recorder, setConfig, valueOf } from "../../helpers/mocks";

const repositoryType = "aws:ecrpublic/repository:Repository";
const token = { userName: "AWS", password: "canary" };

/** The config of a committed stack file. */
function stackFile(stack: string): Record<string, unknown> {
  const text = readFileSync(join(checkout, `Pulumi.${stack}.yaml`), "utf8");
  const { config } = parse(text) as { config: Record<string, unknown> };
  const own = Object.entries(config).filter(([key]) => key.startsWith("runner-pulumi:"));
  return Object.fromEntries(own.map(([key, value]) => [key.replace("runner-pulumi:", ""), value]));
}

/** Opens the registry of a stack with credentials of the AWS account that has this alias. */
async function open(stack: "dev" | "prod", account: string) {
  const uri = (name: string) => ({
    repositoryUri: `public.ecr.aws/${account}/runner-pulumi-${name.replace("-repository", "")}`,
  });
  const recorder = new Recorder(
    { "aws:ecrpublic/getAuthorizationToken:getAuthorizationToken": token },
    { [repositoryType]: uri },
  );
  await recorder.install(stack);
  setConfig({
    pulumiVersion: "3.66.0",
    tag: stack === "dev" ? "dev-v3.66.0" : "v3.66.0",
    platforms: ["linux/amd64", "linux/arm64"],
    bases: {},
    pulumiReleases: "https://get.pulumi.com/releases/sdk",
    debianSnapshots: "",
    ...stackFile(stack),
  });
  return { recorder, registry: await openRegistry(readConfig()) };
}

describe("registry", () => {
  // The repositories from before this project, literally.
  const published = {
    prod: [
      "public.ecr.aws/spacelift/runner-pulumi-dotnet",
      "public.ecr.aws/spacelift/runner-pulumi-golang",
      "public.ecr.aws/spacelift/runner-pulumi-javascript",
      "public.ecr.aws/spacelift/runner-pulumi-python",
    ],
    dev: [
      "public.ecr.aws/spacelift-dev/runner-pulumi-dotnet",
      "public.ecr.aws/spacelift-dev/runner-pulumi-golang",
      "public.ecr.aws/spacelift-dev/runner-pulumi-javascript",
      "public.ecr.aws/spacelift-dev/runner-pulumi-python",
    ],
  };
  for (const [stack, uris] of Object.entries(published) as ["dev" | "prod", string[]][]) {
    it(`of stack ${stack} has the repositories that users pull from`, async () => {
      const { registry } = await open(stack, "any");
      const languages = ["dotnet", "golang", "javascript", "python"];
      assert.deepEqual(languages.map(registry.expectedUri), uris);
    });
  }

  it("declares repositories that are never deleted", async () => {
    const { recorder, registry } = await open("prod", "spacelift");
    const uriOf = await registry.declareRepositories(catalogue);
    assert.equal(await valueOf(uriOf("python")), "public.ecr.aws/spacelift/runner-pulumi-python");
    const repositories = recorder.ofType(repositoryType);
    assert.deepEqual(
      [...repositories.keys()],
      catalogue.map(({ name }) => `${name}-repository`),
    );
    for (const { name, protect, retainOnDelete, importId } of repositories.values()) {
      assert.deepEqual([name, protect, retainOnDelete, importId], [name, true, true, ""]);
    }
    const { catalogData, ...inputs } = repositories.get("golang-repository")?.inputs ?? {};
    assert.deepEqual(inputs, { region: "us-east-1", repositoryName: "runner-pulumi-golang", forceDestroy: false });
    assert.deepEqual(catalogData.architectures, ["x86-64", "ARM 64"]);
    assert.deepEqual(catalogData.operatingSystems, ["Linux"]);
  });

  it("refuses another environment's AWS account before any push, and names all repositories once", async () => {
    const { registry } = await open("prod", "spacelift-dev");
    const uriOf = await registry.declareRepositories(catalogue);
    const errors = new Set<unknown>();
    for (const { name } of catalogue) {
      await assert.rejects(valueOf(uriOf(name)), (error) => {
        // Pulumi prints one error object once, whatever number of outputs has it.
        errors.add(error);
        assert.ok(error instanceof pulumi.RunError);
        const pairs = catalogue.map(
          ({ name: other }) =>
            `public.ecr.aws/spacelift-dev/runner-pulumi-${other} is not public.ecr.aws/spacelift/runner-pulumi-${other}`,
        );
        assert.equal(
          error.message,
          `These repositories belong to another environment: ${pairs.join(", ")}. Nothing was pushed. ` +
            `Check the account of the AWS credentials, and runner-pulumi:alias.`,
        );
        return true;
      });
    }
    assert.equal(errors.size, 1);
  });

  it("has the credentials that AWS issues for ECR Public", async () => {
    const { registry } = await open("dev", "spacelift-dev");
    assert.deepEqual(registry.credentials, { username: "AWS", password: "canary" });
  });

  describe("requireLogin", () => {
    /** Logs in to a registry with this response. */
    async function logIn(answer: Answer): Promise<void> {
      const { url, server } = await serve({ "/v2/": answer });
      const login = requireLogin(url.replace("http://", ""), { username: "AWS", password: "canary" }, () =>
        Promise.resolve(),
      );
      await login.finally(() => server.close());
    }

    const accepts = ({ headers }: IncomingMessage): FullAnswer =>
      headers.authorization === `Basic ${Buffer.from("AWS:canary").toString("base64")}`
        ? { status: 200 }
        : { status: 401, headers: { "www-authenticate": 'Basic realm="Registry"' } };

    it("accepts the right password", () => logIn(accepts));

    it("accepts the right password for a token, as in ECR Public", async () => {
      const challenge = (url: string) => ({
        "www-authenticate": `Bearer realm="${url}/token",service="s",scope="aws"`,
      });
      const opened = await serve({
        "/v2/": ({ headers }) =>
          headers.authorization === "Bearer given" ? {} : { status: 401, headers: challenge(opened.url) },
        "/token": (request) => (accepts(request).status === 200 ? { body: '{"token":"given"}' } : { status: 401 }),
      });
      const login = (password: string) =>
        requireLogin(opened.url.replace("http://", ""), { username: "AWS", password }, () => Promise.resolve());
      try {
        await login("canary");
        await assert.rejects(login("expired"), /rejected the credentials that AWS issued for AWS: /);
      } finally {
        opened.server.close();
      }
    });

    for (const status of [401, 403]) {
      it(`reports rejected credentials, without the password: ${status}`, () =>
        assert.rejects(logIn(status), (error) => {
          assert.ok(error instanceof Fault);
          assert.match(
            error.message,
            /^127\S+ rejected the credentials that AWS issued for AWS: .*Log in to AWS again/,
          );
          assert.doesNotMatch(error.message, /canary/);
          return true;
        }));
    }

    it("does not blame the credentials for a server error", () =>
      assert.rejects(logIn(503), /^Error: Could not verify the credentials with 127\.\S+: \S+ answers 503\. /));

    it("does not blame the credentials if the registry cannot be reached", () =>
      assert.rejects(
        requireLogin("127.0.0.1:9", { username: "AWS", password: "canary" }),
        /^Error: Could not verify the credentials with \S+: Could not reach \S+: .*Nothing was pushed\. Check the network/,
      ));
  });
});
