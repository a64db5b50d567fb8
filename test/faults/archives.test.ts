import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { buildctl } from "../../commands/builder";
import type { Inventory } from "../../commands/inventory/contents";
import { inventory } from "../../commands/inventory/inventory";
import { preview } from "../../commands/preview";
import { release } from "../../commands/release";
import type { Target } from "../../commands/target";
import { catalogue } from "../../images/catalogue";
import { archiveName, checksumsName } from "../../images/pulumiRelease";
import { inFolder } from "../../local/folder";
import { ownPlatform } from "../../local/native/platforms";
import { says } from "../helpers/assertRun";
import { archiveFiles } from "../helpers/archives";
import { captureLog } from "../helpers/captureLog";
import { serve } from "../helpers/http";
import { filesOf, layersOf } from "../helpers/layers";
import { Scratch } from "../helpers/scratch";

const languages = ["javascript", "golang", "yaml"];
const pulumiVersion = "3.66.0";
/** Pulumi's archives of other versions: the real programs of 3.66.0, under the file names of the other version. */
const variants = { today: "3.66.0", tomorrow: "3.259.0", withoutGo: "3.300.0", withRust: "3.301.0" } as const;
type Variant = keyof typeof variants;
const sentence =
  "golang is left out: it needs pulumi-language-go, which Pulumi's archive of version 3.66.0 lacks. " +
  'Its tags stay as they are. See docs/maintaining.md, "A host is missing".';

// One story: each test starts from the registry and the state that the previous one leaves.
describe("releases from archives with other files", () => {
  let scratch: Scratch;
  let mirror: string;
  /** What the releases with the files of 3.66 and of 3.259 published, by language. */
  let today: Record<string, string>;
  let tomorrow: Record<string, string>;
  /** What the stack knows of Go before the release without its host. */
  let known: unknown[];

  before(async () => {
    scratch = await Scratch.start([pulumiVersion], undefined, languages);
    const { folder } = scratch.place;
    const own = join(folder, "own");
    mkdirSync(own);
    const archive = archiveName(pulumiVersion, ownPlatform());
    await execa("tar", ["--extract", "--gzip", `--file=${inFolder("releases", archive)}`, `--directory=${own}`]);
    for (const [variant, version] of Object.entries(variants)) await repack(variant, archiveFiles[version]);
    ({ url: mirror } = await serve(({ url = "" }) => ({ body: readFileSync(join(folder, "mirror", url)) })));
  });
  after(() => scratch.stop());

  /** Packs the archive with these files, and writes its checksum file. */
  async function repack(variant: string, files: readonly string[]): Promise<void> {
    const { folder } = scratch.place;
    const [served, work] = [join(folder, "mirror", variant), join(folder, "work")];
    mkdirSync(served, { recursive: true });
    mkdirSync(join(work, "pulumi"), { recursive: true });
    for (const name of files) copyFileSync(join(folder, "own", "pulumi", programOf(name)), join(work, "pulumi", name));
    const archive = archiveName(pulumiVersion, ownPlatform());
    const args = ["--create", "--use-compress-program=gzip -1", `--file=${join(served, archive)}`];
    await execa("tar", [...args, `--directory=${work}`, "pulumi"]);
    const sum = hash("sha256", readFileSync(join(served, archive)));
    writeFileSync(join(served, checksumsName(pulumiVersion)), `${sum}  ${archive}\n`);
    rmSync(work, { recursive: true });
  }

  /** The program of 3.66.0 that has a file's name, or else one that stands for it: only its name is tested. */
  function programOf(file: string): string {
    const names: readonly string[] = archiveFiles["3.66.0"];
    return names.includes(file) && file !== "pulumi-watch" ? file : "pulumi-language-nodejs";
  }

  /** A target that releases Pulumi under an image tag, from the archive of a variant. */
  function targetOf(variant: Variant, tag: string): Target {
    return {
      stack: "local",
      resolve: () => Promise.resolve({ stack: "prod", pulumiVersion, tag }),
      registry: () => Promise.resolve({ registry: scratch.prefix, alias: "" }),
      releases: () => Promise.resolve({ pulumiReleases: `${mirror}/${variant}`, signatures: "off" }),
      prepare: async () => {
        await scratch.configure({ pulumiVersion, tag, languages, pulumiReleases: `${mirror}/${variant}` });
        return scratch.project;
      },
    };
  }

  /** Runs a command as make does. */
  async function run(command: typeof release | typeof preview, variant: Variant, tag: string) {
    const target = targetOf(variant, tag);
    const { lines, error } = await captureLog(() => command(target, `v${pulumiVersion}`, []));
    return { output: lines.join("\n"), message: error instanceof Error ? error.message : undefined };
  }

  async function released(variant: Variant, tag: string): Promise<{ output: string; served: Record<string, string> }> {
    const { output, message } = await run(release, variant, tag);
    assert.equal(message, undefined, output.slice(-3000));
    return { output, served: await scratch.served(tag) };
  }

  /** The names of Pulumi's files in an image. */
  async function hostsIn(language: string, reference: string): Promise<string[]> {
    const layers = (await layersOf(scratch.repository(language), reference)).slice(-2);
    const files = await Promise.all(layers.map((layer) => filesOf(scratch.repository(language), layer)));
    return files
      .flat()
      .flatMap(({ name }) => /^usr\/local\/bin\/(pulumi.*)$/.exec(name)?.[1] ?? [])
      .sort();
  }

  /** The resources of a language in the stack's state, as the engine stores them. */
  async function stateOf(language: string): Promise<unknown[]> {
    const { output } = await scratch.pulumi("stack", "export");
    const { deployment } = JSON.parse(output) as { deployment: { resources: { urn: string }[] } };
    return deployment.resources.filter(({ urn }) => urn.includes(`::${language}`));
  }

  it("take the hosts of 3.66, and name the file that no image has", async () => {
    const { output, served } = await released("today", "v3.66.0");
    today = served;
    assert.deepEqual(Object.keys(today).sort(), [...languages].sort());
    says(output, /No image has these files of Pulumi 3\.66\.0: pulumi-watch \(only `pulumi watch` needs it\)\./);
    const hosts = ["pulumi", "pulumi-analyzer-policy", "pulumi-language-nodejs", "pulumi-language-yaml"];
    assert.deepEqual(await hostsIn("javascript", "v3.66.0"), [...hosts, "pulumi-resource-pulumi-nodejs"]);
  });

  it("take the hosts of 3.259, which change only the layers of their language", async () => {
    const { output, served } = await released("tomorrow", "dev-v3.66.0");
    says(output, /pulumi-language-pcl \(a form between two languages of `pulumi convert`\), pulumi-watch \(/);
    tomorrow = served;
    const { javascript, ...others } = tomorrow;
    assert.deepEqual({ ...others, javascript: today["javascript"] }, today);
    assert.notEqual(javascript, today["javascript"]);
    const hosts = ["pulumi", "pulumi-language-bun", "pulumi-language-nodejs", "pulumi-language-yaml"];
    assert.deepEqual(await hostsIn("javascript", "dev-v3.66.0"), [...hosts, "pulumi-resource-pulumi-nodejs"]);
  });

  it("preview that a language without its host is left out, and would delete nothing of it", async () => {
    known = await stateOf("golang");
    assert.equal(known.length, 5);
    const { output, message } = await run(preview, "withoutGo", "latest");
    assert.equal(message, "pulumi preview failed, see above. Nothing was published.");
    assert.ok(output.includes(sentence), output.slice(-3000));
    assert.doesNotMatch(output, /golang-(image|smoke)|delete/);
    assert.deepEqual(await scratch.served("latest"), {});
  });

  it("release the other languages, then fail with a sentence", async () => {
    const { output, message } = await run(release, "withoutGo", "latest");
    assert.equal(message, `${sentence}\nReleased all the same, see above: javascript, yaml.`);
    assert.equal(output.split(sentence).length - 1, 2, "Pulumi prints it when it happens, and at its end.");
    assert.deepEqual(await scratch.served("latest"), { javascript: tomorrow["javascript"], yaml: today["yaml"] });
  });

  it("keep what the stack knows of that language, and the outputs of the others", async () => {
    assert.deepEqual(await stateOf("golang"), known);
    assert.equal((await scratch.served("v3.66.0"))["golang"], today["golang"]);
    assert.deepEqual(Object.keys(await scratch.images()).sort(), ["javascript", "yaml"]);
  });

  it("list in the inventory what no image has and who is left out, and the images of the others", async () => {
    const { environment, folder } = scratch.place;
    const builder = () => Promise.resolve(buildctl(environment.tools.buildctl, environment.buildKit));
    const selected = catalogue.filter(({ name }) => languages.includes(name));
    await inventory(targetOf("withoutGo", "latest"), "latest-v3.66.0", selected, builder, folder);
    const listed = JSON.parse(readFileSync(join(folder, "inventory-latest.json"), "utf8")) as Inventory;
    assert.deepEqual(Object.keys(listed.images), ["javascript", "yaml"]);
    const files = Object.keys("files" in listed.leftOut ? listed.leftOut.files : {});
    assert.deepEqual(files, ["pulumi-language-pcl", "pulumi-watch"]);
    const markdown = readFileSync(join(folder, "inventory-latest.md"), "utf8");
    says(markdown, /^- files of Pulumi that no image has: pulumi-language-pcl \(.*, pulumi-watch \(.*\)$/m);
    assert.ok(markdown.includes(`\n- ${sentence}\n`), markdown);
  });

  it("name a new host, and release a language again whose host is back", async () => {
    const { output, served } = await released("withRust", "latest");
    says(output, /: pulumi-language-pcl \(.*\), pulumi-language-rust \(unknown\), pulumi-watch \(/);
    assert.deepEqual(served, tomorrow);
    const { output: stack } = await scratch.pulumi("stack", "output", "--json");
    assert.deepEqual(Object.keys(JSON.parse(stack) as object), ["images"]);
  });
});
