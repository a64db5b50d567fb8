import assert from "node:assert/strict";

import type { Contents, ImageContents, Inventory, InventoryImage } from "../../../../commands/inventory/contents";
import { notes, packageRows, pullRows, render, toolRows } from "../../../../commands/inventory/tables";
import { catalogue } from "../../../../images/catalogue";

function contents(tools: Record<string, string>, packages: Record<string, string> = {}, hosts = ["yaml"]): Contents {
  return { tools, hosts, packages };
}

/** An image, and the previous one if it is given. */
function image(amd64?: Contents, arm64?: Contents, previous?: ImageContents): InventoryImage {
  const platforms = { ...(amd64 && { "linux/amd64": amd64 }), ...(arm64 && { "linux/arm64": arm64 }) };
  const own = { reference: "localhost/runner:v3.66.0@sha256:1", base: undefined, platforms };
  return previous === undefined ? own : { ...own, previous: { tag: "v3.64.0", ...previous } };
}

function inventory(images: Inventory["images"], tag = "v3.66.0"): Inventory {
  return { version: "3.66.0", tag, images, leftOut: { files: {}, languages: {} } };
}

describe("the tables of an inventory", () => {
  const pulumi = "3.66.0";
  const [git, both] = [{ git: "1" }, { git: "1", libc6: "2" }];
  const javascript = image(contents({ pulumi, node: "24.21.0" }, git), contents({ pulumi, node: "24.20.0" }, git));
  const python = image(contents({ pulumi, python: "3.13.5" }, both), contents({ pulumi }, both));

  it("show platforms that agree once, and where they differ", () => {
    assert.deepEqual(toolRows(inventory({ javascript, python })), [
      { tool: "pulumi", javascript: "3.66.0", python: "3.66.0" },
      { tool: "node", javascript: "24.21.0 (linux/amd64), 24.20.0 (linux/arm64)", python: "" },
      { tool: "python", javascript: "", python: "3.13.5 (linux/amd64), none (linux/arm64)" },
      { tool: "hosts", javascript: "yaml", python: "yaml" },
      { tool: "packages", javascript: "1", python: "2" },
    ]);
  });

  it("show changed, new and removed tools and hosts as old → new", () => {
    const before = contents({ pulumi: "3.64.0", git: "2.47.3", yarn: "1.22.22" }, { git: "1" });
    const now = contents({ pulumi: "3.66.0", git: "2.47.3", pnpm: "11" }, { git: "1" }, ["go", "yaml"]);
    assert.deepEqual(toolRows(inventory({ golang: image(now, undefined, image(before)) })), [
      { tool: "pulumi", golang: "3.64.0 → 3.66.0" },
      { tool: "git", golang: "2.47.3" },
      { tool: "yarn", golang: "1.22.22 → none" },
      { tool: "pnpm", golang: "none → 11" },
      { tool: "hosts", golang: "yaml → go, yaml" },
      { tool: "packages", golang: "1" },
    ]);
  });

  it("compare platforms that both have", () => {
    const [old, current] = [contents({ pulumi: "3.64.0" }), contents({ pulumi: "3.66.0" })];
    const [row] = toolRows(inventory({ yaml: image(old, current, image(old)) }));
    assert.deepEqual(row, { tool: "pulumi", yaml: "3.64.0 (linux/amd64), 3.66.0 (linux/arm64)" });
  });

  it("list changed packages with the languages in which they changed", () => {
    const [old, current] = [contents({}, { git: "1", bash: "5" }), contents({}, { git: "2", bash: "5" })];
    const [less, more] = [contents({}, { git: "2" }), contents({}, { git: "2", bash: "5", libc6: "2" })];
    const previous = image(old, old);
    const images = {
      javascript: image(current, current, previous),
      python: image(more, more, previous),
      yaml: image(less, current, previous),
    };
    assert.deepEqual(packageRows(inventory(images)), [
      { package: "bash", change: "5 → none (linux/amd64), 5 (linux/arm64)", images: "yaml" },
      { package: "git", change: "1 → 2", images: "all" },
      { package: "libc6", change: "none → 2", images: "python" },
    ]);
  });

  it("show the megabytes that are new since the previous release, and those of the whole image", () => {
    const layers = (own: Record<string, number>) => ({ ...contents({}), layers: own });
    const [old, current] = [layers({ base: 90e6, one: 10e6 }), layers({ base: 90e6, two: 12_340_000 })];
    const images = {
      javascript: image(current, current, image(old)),
      python: image(current),
      yaml: image(contents({})),
    };
    assert.deepEqual(pullRows(inventory(images)), [
      { platform: "linux/amd64", javascript: "12.3 of 102.3", python: "102.3", yaml: "" },
      { platform: "linux/arm64", javascript: "102.3", python: "", yaml: "" },
    ]);
  });

  it("do not compare the packages of an image that lists none", () => {
    const [alpine, debian] = [contents({ git: "1" }), contents({ git: "1" }, { git: "1:1-1" })];
    assert.deepEqual(packageRows(inventory({ yaml: image(debian, undefined, image(alpine)) })), []);
    assert.deepEqual(packageRows(inventory({ yaml: image(alpine, undefined, image(debian)) })), []);
  });

  it("name what each image is compared with, its base and its reference", () => {
    const alpine = image(contents({ pulumi: "3.64.0" }));
    const images = {
      javascript: { ...javascript, previous: { tag: "v3.64.0", ...alpine } },
      python: { ...python, previous: { tag: "v3.63.0", problem: "it cannot be run:\nno sh" } },
      golang: python,
      yaml: { ...alpine, base: "debian:13@sha256:2", previous: { tag: "v3", ...python, base: "debian:12@sha256:1" } },
    };
    const both = "localhost/runner:v3.66.0@sha256:1 for linux/amd64, linux/arm64";
    assert.deepEqual(notes(inventory(images)), [
      "javascript: compared with v3.64.0, which does not have linux/arm64, which lists no Debian packages",
      "python: not compared with v3.63.0: it cannot be run: no sh",
      "golang: first release",
      "yaml: compared with v3",
      "javascript, python, golang: base unknown, it has no label",
      "yaml: base debian:12@sha256:1 → debian:13@sha256:2",
      ...[both, both, both, "localhost/runner:v3.66.0@sha256:1 for linux/amd64"],
    ]);
    assert.equal(notes(inventory({ python, golang: python }))[0], "all: first release");
  });

  it("name what is left out, or why that is unknown", () => {
    const found = (leftOut: Inventory["leftOut"]) => notes({ ...inventory({ python }), leftOut }).slice(3);
    const files = { "pulumi-watch": "on purpose", "pulumi-language-rust": "unknown" };
    assert.deepEqual(found({ files, languages: { golang: "golang is left out." } }), [
      "files of Pulumi that no image has: pulumi-watch (on purpose), pulumi-language-rust (unknown)",
      "golang is left out.",
    ]);
    assert.deepEqual(found({ files: {}, languages: {} }), []);
    const problem = "Could not read it. Retry.";
    assert.deepEqual(found({ problem }), [`files of Pulumi that no image has: unknown. ${problem}`]);
  });

  it("name the version that latest is", () => {
    const [tagged, latest] = [inventory({ python }), inventory({ python }, "latest")];
    assert.match(render(tagged, "markdown"), /^## Inside v3\.66\.0\n\n\| tool \| python \|\n/);
    assert.match(render(latest, "text"), /^Inside latest, which is Pulumi 3\.66\.0\n\ntool +python\n/);
  });

  it("stay below GitHub's limit of release notes, however many packages have changed", () => {
    const packages = (version: string) =>
      Object.fromEntries([...Array(2000).keys()].map((index) => [`package-${index}`, `${version}.${index}`]));
    const [old, current] = ["1", "2"].map((version) => contents({ pulumi: "1" }, packages(version)));
    const one = image(current, current, image(old, old));
    const markdown = render(inventory(Object.fromEntries(catalogue.map(({ name }) => [name, one]))), "markdown");
    assert.match(markdown, /\| package-0 \| 1\.0 → 2\.0 \| all \|/);
    assert.match(markdown, /\nand 1980 more\.\n/);
    // https://docs.github.com/en/rest/releases/releases#create-a-release; a job's summary may have 1 MiB.
    assert.ok(markdown.length < 125_000);
  });
});
