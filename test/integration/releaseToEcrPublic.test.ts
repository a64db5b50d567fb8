import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

import { parse } from "yaml";

import { publish } from "../../commands/publish";
import { checkout } from "../../local/folder";
import { EcrPublic } from "../fakes/ecrPublic";
import { assertRefused, assertSucceeded } from "../helpers/assertRun";
import { findSecret } from "../helpers/canary";
import { captureLog } from "../helpers/captureLog";
import { type Edit, copyProgram, smallCatalogue } from "../helpers/programCopy";
import { pushImage } from "../helpers/repositoryWriter";
import { type Place, closePlace, openPlace } from "../helpers/scratch";
import { type Run, TestStack } from "../helpers/testStack";

// Every update asks for all of them: more would only take longer.
const languages = ["python", "golang", "yaml"];
/** The images that were published before this project. */
const live = ["golang", "python"];
// With characters that encodings change, so that each encoding of it is found.
const password = "canary/of+the=test";
/** Other secrets in a runner's environment. */
const secrets = {
  AWS_SECRET_ACCESS_KEY: "canary/of+the=aws key",
  AWS_SESSION_TOKEN: "canary/of+the=aws session",
  PULUMI_ACCESS_TOKEN: "pul-canary/of+the=backend",
  GITHUB_TOKEN: "ghs_canary/of+the=workflow",
};
const v66 = { pulumiVersion: "3.66.0", tag: "v3.66.0" };
const v64 = { pulumiVersion: "3.64.0", tag: "v3.64.0" };

// One story: each test starts from the registry and the state that the previous one leaves.
describe("release to ECR Public", () => {
  let place: Place;
  let ecr: EcrPublic;
  let program: string;
  let dev: TestStack;
  let prod: TestStack;
  /** All output of pulumi. */
  const outputs: string[] = [];

  before(async () => {
    place = await openPlace(["3.66.0", "3.64.0"], undefined, languages);
    program = copyProgram(join(place.folder, "program"), [smallCatalogue(...languages)]);
    ecr = await EcrPublic.start(place, password);
    dev = openStack("dev", "spacelift-dev");
    const repositories = Object.fromEntries(live.map((name) => [`runner-pulumi-${name}`, null]));
    prod = openStack("prod", "spacelift", { repositories });
    // Images from before this project: without labels, under two tags.
    for (const name of live) {
      for (const tag of ["latest", "v3.60.0"]) await pushImage(prod.repository(name), tag, {}, ecr.credentials);
    }
  });
  after(async () => {
    await ecr.stop();
    closePlace(place);
  });

  /** Opens a stack with its committed config and its own AWS account. */
  function openStack(name: string, alias: string, { repositories = {}, folder = name, state = "state" } = {}) {
    const { config } = parse(readFileSync(join(checkout, `Pulumi.${name}.yaml`), "utf8")) as { config: object };
    const backend = { PULUMI_BACKEND_URL: `file://${join(place.folder, state)}` };
    const env = { ...ecr.account(alias, repositories), ...secrets, ...backend };
    const stack = { name, env, folder: join(place.folder, folder), program };
    const own = { ...place.config, ...config, platforms: place.config["platforms"] };
    return new TestStack(stack, `public.ecr.aws/${alias}`, own, ecr.credentials, (output) => outputs.push(output));
  }

  /** Every tag and digest that was ever published, and whether each digest can still be pulled. */
  const published = new Map<string, { stack: TestStack; language: string; tag: string; digest: string }>();

  async function remember(stack: TestStack, tag: string, of = languages): Promise<void> {
    const served = await stack.served(tag);
    for (const language of of) {
      const digest = served[language];
      assert.ok(digest !== undefined, `${stack.repository(language)}:${tag} does not exist`);
      published.set(`${stack.repository(language)}:${tag}@${digest}`, { stack, language, tag, digest });
    }
  }

  /** Every published digest can be pulled completely, and every tag but `latest` is unchanged. */
  async function assertNothingIsLost(): Promise<void> {
    for (const [reference, { stack, language, tag, digest }] of published) {
      assert.ok(await stack.pulls(language, digest), `${reference} cannot be pulled any more`);
      if (tag !== "latest") assert.equal(await stack.client(language).digest(tag), digest, reference);
    }
  }

  afterEach(assertNothingIsLost);

  /** Releases as CI does. */
  async function release(stack: TestStack, config: Readonly<Record<string, unknown>> & { readonly tag: string }) {
    await stack.release(config);
    await remember(stack, config.tag);
  }

  describe("the first release on dev", () => {
    const dev66 = { ...v66, tag: "dev-v3.66.0" };

    it("previews what it would create, and creates nothing", async () => {
      assertSucceeded(await dev.preview(dev66), /aws:ecrpublic:Repository *python-repository *create/);
      assert.deepEqual(ecr.repositories("spacelift-dev"), {});
    });

    it("creates the repositories with their texts and publishes the digests in the outputs", async () => {
      await release(dev, dev66);
      for (const [language, { reference, digest }] of Object.entries(await dev.images())) {
        assert.equal(reference, `public.ecr.aws/spacelift-dev/runner-pulumi-${language}:dev-v3.66.0@${digest}`);
        assert.equal(await dev.client(language).digest("dev-v3.66.0"), digest);
      }
      const repositories = ecr.repositories("spacelift-dev");
      assert.deepEqual(Object.keys(repositories).sort(), languages.map((name) => `runner-pulumi-${name}`).sort());
      assert.match(JSON.stringify(repositories["runner-pulumi-golang"]), /Pulumi CLI with the Go toolchain/);
    });

    it("changes nothing the second time, even with another password", async () => {
      const changePassword = async (changed: string) => {
        ecr.givePassword("spacelift-dev", changed);
        await ecr.takePassword(changed);
      };
      await changePassword(`${password}2`);
      const run = await dev.up(dev66);
      await changePassword(password);
      assertSucceeded(run, /Resources:\n +\d+ unchanged\n/);
    });

    it("keeps it if another version is released", () => release(dev, { ...v64, tag: "dev-v3.64.0" }));
  });

  describe("the existing repositories on prod", () => {
    before(async () => {
      for (const tag of ["v3.60.0", "latest"]) await remember(prod, tag, live);
    });

    it("are imported in a preview, and the others created", async () => {
      const run = await prod.preview({ ...v66, adoptRepositories: true });
      const imports = live.map((name) => new RegExp(`aws:ecrpublic:Repository *${name}-repository *import`));
      assertSucceeded(run, ...imports, /aws:ecrpublic:Repository *yaml-repository *create/);
    });

    it("are adopted by the first release, unchanged", async () => {
      await release(prod, { ...v64, adoptRepositories: true });
      assert.equal(ecr.repositories("spacelift")["runner-pulumi-python"], null);
    });

    it("get their texts from the next release on", async () => {
      await release(prod, { ...v64, tag: "latest" });
      assert.match(JSON.stringify(ecr.repositories("spacelift")["runner-pulumi-python"]), /Pulumi CLI with Python/);
      assert.deepEqual(await prod.served("latest"), await prod.served("v3.64.0"));
    });
  });

  describe("a release on prod", () => {
    it("publishes the digests of dev, as latest and as the version", async () => {
      for (const tag of ["latest", "v3.66.0"]) {
        await release(prod, { ...v66, tag });
        assert.deepEqual(await prod.served(tag), await dev.served("dev-v3.66.0"));
      }
    });

    it("restores tags that were deleted or moved by hand, and a deleted manifest, by a plain pulumi up", async () => {
      const served = await prod.served("v3.66.0");
      await prod.remove("golang", "v3.66.0");
      await prod.remove("yaml", served["yaml"] ?? "");
      await prod.moveTag("python", "v3.66.0", (await prod.served("v3.64.0"))["python"] ?? "");
      const moved = /Tag v3\.66\.0 of \S+-python: Pulumi 3\.64\.0, sha256:\S+ → Pulumi 3\.66\.0, sha256:/;
      assertSucceeded(await prod.preview(v66), moved, /Tag v3\.66\.0 of \S+-golang: new/, /~ 4 to update/);
      assertSucceeded(await prod.up(v66), moved, /~ 4 updated/);
      assert.deepEqual(await prod.served("v3.66.0"), served);
      assertSucceeded(await prod.preview(v66), /Resources:\n +\d+ unchanged\n/);
      // The manifest was also that of latest.
      await release(prod, { ...v66, tag: "latest" });
      assert.deepEqual(await prod.served("latest"), served);
    });
  });

  describe("credentials", () => {
    it("stops in another environment's AWS account, before any push", async () => {
      mkdirSync(join(place.folder, "other-state"));
      const lost = openStack("prod", "someone-else", { folder: "other", state: "other-state" });
      const run = await lost.up(v66);
      // Once among the diagnostics: plain pulumi also shows it as progress.
      const sentence =
        /^ *error: These credentials belong to public\.ecr\.aws\/someone-else, and this stack publishes to public\.ecr\.aws\/spacelift\. Nothing was pushed\./gm;
      assertRefused(run);
      assert.equal(run.output.match(sentence)?.length, 1, run.output);
      assert.deepEqual(await lost.served("v3.66.0"), {});
    });

    it("refuses credentials that are invalid or expired, and changes nothing", async () => {
      ecr.givePassword("spacelift", "expired");
      const runs = [await prod.preview(v64), await prod.up(v64)];
      ecr.givePassword("spacelift", password);
      const sentence = /public\.ecr\.aws rejected the credentials that AWS issued for AWS: .*401/;
      for (const run of runs) assertRefused(run, sentence);
    });

    it("keeps every secret out of state, diff, export and logs", async () => {
      const logs = join(place.folder, "logs");
      mkdirSync(logs);
      await prod.configure(v66);
      const work = () => publish({ ...prod.project, logs });
      const { lines, error } = await captureLog(work);
      assert.equal(error, undefined);
      outputs.push(lines.join("\n"));
      assert.deepEqual(readdirSync(logs), ["pulumi.log"]);
      const log = readFileSync(join(logs, "pulumi.log"));
      assert.match(log.toString(), /python-tag/);
      await prod.preview(v64, "--diff");
      await prod.pulumi("stack", "export");
      await prod.pulumi("stack", "output", "--json");
      const state = readdirSync(join(place.folder, "state"), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
      assert.ok(state.length > 10);
      assert.ok(outputs.some((output) => output.includes("python-image")));
      for (const text of [log, ...outputs.map((output) => Buffer.from(output)), ...state])
        assertNoSecret(text, "a text");
    });

    it("keeps every secret out of every image: its index, manifests, configs and the files of all layers", async () => {
      // Languages share layers, and each is read once.
      const layers = new Set<string>();
      for (const language of languages) {
        const client = prod.client(language);
        const served = await client.manifest("v3.66.0");
        // An image of one platform has no index.
        for (const { digest } of served?.manifests ?? [{ digest: "v3.66.0" }]) {
          const manifest = await client.manifest(digest);
          assertNoSecret(Buffer.from(JSON.stringify([served, manifest])), `the manifests of ${language}`);
          assertNoSecret(await client.blob(manifest?.config?.digest ?? ""), `the config of ${language}`);
          const digests = (manifest?.layers ?? []).map((layer) => layer.digest);
          assert.ok(digests.length > 3, `${language} has ${digests.length} layers`);
          for (const layer of digests.filter((digest) => !layers.has(digest))) {
            assertNoSecret(gunzipSync(await client.blob(layer)), `layer ${layer} of ${language}`);
            layers.add(layer);
          }
        }
      }
      assert.ok(layers.size > languages.length, `${layers.size} layers`);
    });

    function assertNoSecret(bytes: Buffer, where: string): void {
      for (const [name, secret] of Object.entries({ password, ...secrets })) {
        assert.equal(findSecret(secret, bytes), undefined, `${name} is in ${where}`);
      }
    }
  });

  describe("changes that would lose images", () => {
    /** Releases with an edited program. */
    function upWith(folder: string, edit: Edit): Promise<Run> {
      return prod.up(v64, { program: copyProgram(join(place.folder, folder), [smallCatalogue(...languages), edit]) });
    }

    it("are refused if a language is removed from the catalogue", async () => {
      const edit = { file: "images/catalogue.ts", from: / {2}\{\s+name: "yaml",[^}]*\},\n/, to: "" };
      assertRefused(await upWith("removed", edit), /yaml-repository.*[\s\S]*protected/);
    });

    it("are refused if a repository is renamed", async () => {
      const edit = { file: "images/registry.ts", from: /-repository`/, to: "-store`" };
      assertRefused(await upWith("repository", edit), /RepositoryAlreadyExistsException|protected/);
    });

    it("keep everything if an Image is renamed", async () => {
      const run = await upWith("renamed", { file: "images/runnerImage.ts", from: /-image`/, to: "-picture`" });
      const deleted = /docker-build:index:Image golang-image deleted.*\[retain\]/;
      assertSucceeded(run, /docker-build:index:Image golang-picture created/, deleted);
    });

    it("keep everything if the provider's region changes", async () =>
      assertSucceeded(await prod.up({ ...v64, "aws:region": "eu-west-1" })));

    it("keep everything if the provider of the Images is replaced", async () => {
      // DOCKER_HOST is a part of the provider's config, and any change of that replaces the provider and its Images.
      const run = await prod.up(v64, { variables: { DOCKER_HOST: "tcp://192.0.2.1:2375" } });
      assertSucceeded(run, /\+-\d+ replaced/, /docker-build:index:Image golang-image.*\[retain\]/);
    });

    it("are refused if the stack is destroyed, and keep everything if that is forced", async () => {
      const destroy = () => prod.pulumi("destroy", "--yes", "--non-interactive");
      assertRefused(await destroy(), /protected/);
      await assertNothingIsLost();
      assertSucceeded(await prod.pulumi("state", "unprotect", "--all", "--yes"));
      assertSucceeded(await destroy());
      assert.equal(Object.keys(ecr.repositories("spacelift")).length, languages.length);
    });

    it("keep everything if the stack then adopts the repositories again", () =>
      release(prod, { ...v66, tag: "latest", adoptRepositories: true }));
  });
});
