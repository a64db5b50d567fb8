import assert from "node:assert/strict";

import type { Contents } from "../../../../commands/inventory/contents";
import type { ImageContents, Inventory, Previous } from "../../../../commands/inventory/inventory";
import { notes, packageRows, render, toolRows } from "../../../../commands/inventory/tables";
import { catalogue } from "../../../../images/catalogue";

const [amd64, arm64] = ["linux/amd64", "linux/arm64"] as const;
const digest = `sha256:${"0".repeat(64)}`;

function contents(tools: Record<string, string>, packages: Record<string, string> = {}, hosts = ["yaml"]): Contents {
  return { tools, hosts, packages };
}

function image(platforms: ImageContents["platforms"], base?: string): ImageContents {
  return { reference: `localhost/runner:v3.66.0@${digest}`, base, platforms };
}

function previous(platforms: ImageContents["platforms"], base?: string): Previous {
  return { tag: "v3.64.0", ...image(platforms, base) };
}

function inventoryOf(images: Inventory["images"], tag = "v3.66.0"): Inventory {
  return { version: "3.66.0", tag, images };
}

describe("the tables of an inventory", () => {
  const javascript = image({
    [amd64]: contents({ pulumi: "3.66.0", node: "24.21.0" }, { git: "1" }),
    [arm64]: contents({ pulumi: "3.66.0", node: "24.20.0" }, { git: "1" }),
  });
  const python = image({
    [amd64]: contents({ pulumi: "3.66.0", python: "3.13.5" }, { git: "1", libc6: "2" }),
    [arm64]: contents({ pulumi: "3.66.0" }, { git: "1", libc6: "2" }),
  });

  it("show platforms that agree once, and where they differ", () => {
    assert.deepEqual(toolRows(inventoryOf({ javascript, python })), [
      { tool: "pulumi", javascript: "3.66.0", python: "3.66.0" },
      { tool: "node", javascript: "24.21.0 (linux/amd64), 24.20.0 (linux/arm64)", python: "" },
      { tool: "python", javascript: "", python: "3.13.5 (linux/amd64), none (linux/arm64)" },
      { tool: "hosts", javascript: "yaml", python: "yaml" },
      { tool: "packages", javascript: "1", python: "2" },
    ]);
  });

  it("show changed, new and removed tools and hosts as old → new", () => {
    const before = previous({ [amd64]: contents({ pulumi: "3.64.0", git: "2.47.3", yarn: "1.22.22" }, { git: "1" }) });
    const now = image({
      [amd64]: contents({ pulumi: "3.66.0", git: "2.47.3", pnpm: "11" }, { git: "1" }, ["go", "yaml"]),
    });
    assert.deepEqual(toolRows(inventoryOf({ golang: { ...now, previous: before } })), [
      { tool: "pulumi", golang: "3.64.0 → 3.66.0" },
      { tool: "git", golang: "2.47.3" },
      { tool: "yarn", golang: "1.22.22 → none" },
      { tool: "pnpm", golang: "none → 11" },
      { tool: "hosts", golang: "yaml → go, yaml" },
      { tool: "packages", golang: "1" },
    ]);
  });

  it("compare platforms that both have", () => {
    const before = previous({ [amd64]: contents({ pulumi: "3.64.0" }) });
    const now = image({ [amd64]: contents({ pulumi: "3.64.0" }), [arm64]: contents({ pulumi: "3.66.0" }) });
    assert.deepEqual(toolRows(inventoryOf({ yaml: { ...now, previous: before } }))[0], {
      tool: "pulumi",
      yaml: "3.64.0 (linux/amd64), 3.66.0 (linux/arm64)",
    });
  });

  it("list changed packages with the languages in which they changed", () => {
    const before = previous({
      [amd64]: contents({}, { git: "1", bash: "5" }),
      [arm64]: contents({}, { git: "1", bash: "5" }),
    });
    const both = (packages: Record<string, string>) => ({
      [amd64]: contents({}, packages),
      [arm64]: contents({}, packages),
    });
    const images = {
      javascript: { ...image(both({ git: "2", bash: "5" })), previous: before },
      python: { ...image(both({ git: "2", bash: "5", libc6: "2" })), previous: before },
      yaml: {
        ...image({ [amd64]: contents({}, { git: "2" }), [arm64]: contents({}, { git: "2", bash: "5" }) }),
        previous: before,
      },
    };
    assert.deepEqual(packageRows(inventoryOf(images)), [
      { package: "bash", change: "5 → none (linux/amd64), 5 (linux/arm64)", images: "yaml" },
      { package: "git", change: "1 → 2", images: "all" },
      { package: "libc6", change: "none → 2", images: "python" },
    ]);
  });

  it("do not compare the packages of an image that lists none", () => {
    const [alpine, debian] = [contents({ git: "1" }), contents({ git: "1" }, { git: "1:1-1" })];
    const of = (before: Contents, now: Contents) =>
      packageRows(inventoryOf({ yaml: { ...image({ [amd64]: now }), previous: previous({ [amd64]: before }) } }));
    assert.deepEqual([of(alpine, debian), of(debian, alpine)], [[], []]);
  });

  it("name what each image is compared with, its base and its reference", () => {
    const images = {
      javascript: { ...javascript, previous: previous({ [amd64]: contents({ pulumi: "3.64.0" }) }) },
      python: { ...python, previous: { tag: "v3.63.0", problem: "it cannot be run:\nno sh" } },
      golang: python,
    };
    assert.deepEqual(notes(inventoryOf(images)).slice(0, 4), [
      "javascript: compared with v3.64.0, which does not have linux/arm64, which lists no Debian packages",
      "python: not compared with v3.63.0: it cannot be run: no sh",
      "golang: first release",
      "all: base unknown, it has no label",
    ]);
    assert.equal(notes(inventoryOf(images))[4], `localhost/runner:v3.66.0@${digest} for linux/amd64, linux/arm64`);
  });

  it("show a base that changed", () => {
    const all = { [amd64]: contents({}) };
    const images = { yaml: { ...image(all, "debian:13@sha256:2"), previous: previous(all, "debian:12@sha256:1") } };
    assert.equal(notes(inventoryOf(images))[1], "yaml: base debian:12@sha256:1 → debian:13@sha256:2");
  });

  it("name the version that latest is", () => {
    assert.match(render(inventoryOf({ python }), "markdown"), /^## Inside v3\.66\.0\n\n\| tool \| python \|\n/);
    assert.match(
      render(inventoryOf({ python }, "latest"), "text"),
      /^Inside latest, which is Pulumi 3\.66\.0\n\ntool +python\n/,
    );
  });

  it("stay below GitHub's limit of release notes, however many packages have changed", () => {
    const packages = (version: string) =>
      Object.fromEntries([...Array(2000).keys()].map((index) => [`package-${index}`, `${version}.${index}`]));
    const platforms = (version: string) => ({
      [amd64]: contents({ pulumi: "1" }, packages(version)),
      [arm64]: contents({ pulumi: "1" }, packages(version)),
    });
    const one = { ...image(platforms("2")), previous: previous(platforms("1")) };
    const images = Object.fromEntries(catalogue.map(({ name }) => [name, one]));
    const markdown = render(inventoryOf(images), "markdown");
    assert.match(markdown, /\| package-0 \| 1\.0 → 2\.0 \| all \|/);
    assert.match(markdown, /\nand 1980 more\.\n/);
    // https://docs.github.com/en/rest/releases/releases#create-a-release; a job's summary may have 1 MiB.
    assert.ok(markdown.length < 125_000);
  });
});
