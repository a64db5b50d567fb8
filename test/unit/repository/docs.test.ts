import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { execaSync } from "execa";
import { parse } from "yaml";

import { catalogue } from "../../../images/catalogue";
import { repositoryUri } from "../../../images/repositoryUri";
import { checkout } from "../../../local/folder";

const read = (file: string) => readFileSync(join(checkout, file), "utf8");
const files = execaSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "--", "*.md"], {
  cwd: checkout,
})
  .stdout.split("\n")
  .filter((file) => existsSync(join(checkout, file)));

/** A file's Markdown without its code blocks, in which "#" and "](" mean something else. */
function proseOf(file: string): string {
  return read(file).replace(/^( *)(`{3,})[^]*?^\1\2$/gm, "");
}

/** The anchors of a file's headings: https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#section-links */
function anchorsOf(file: string): string[] {
  const headings = [...proseOf(file).matchAll(/^#+ (.+)$/gm)].map(([, text = ""]) => text);
  return headings.map((text) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** The links of a file to this repository: where they lead, relative to the checkout. */
function linksOf(file: string): { target: string; anchor: string }[] {
  const links = [...proseOf(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = "", anchor = ""] = link.split("#");
      return { target: path === "" ? file : join(dirname(file), path), anchor };
    });
}

/** Names of the first cells of Markdown table rows. */
function firstCells(text: string): string[] {
  return [...text.matchAll(/^\| `(\w+)` +\|/gm)].map(([, cell = ""]) => cell);
}

describe("documentation", () => {
  for (const file of files) {
    it(`${file} links only to files and headings that exist`, () => {
      for (const { target, anchor } of linksOf(file)) {
        assert.ok(existsSync(join(checkout, target)), `${file}: ${target} does not exist`);
        if (anchor === "") continue;
        assert.ok(anchorsOf(target).includes(anchor), `${file}: ${target} has no heading #${anchor}`);
      }
    });

    it(`${file} names only targets of the Makefile`, () => {
      const targets = [...read("Makefile").matchAll(/^([a-z-]+):/gm)].map(([, target]) => target);
      const named = [...read(file).matchAll(/(?:`|^|&& )make ([a-z][a-z-]*)/gm)].map(([, target]) => target);
      assert.deepEqual(
        named.filter((target) => !targets.includes(target)),
        [],
      );
    });
  }

  it("has a README of at most 120 lines", () => {
    const lines = read("README.md").trimEnd().split("\n").length;
    assert.ok(lines <= 120, `README.md has ${lines} lines. Move details to docs/.`);
  });

  it("lists every language with both repositories in README's table", () => {
    const rows = read("README.md").split("\n");
    for (const { name } of catalogue) {
      const [production, preProduction] = ["spacelift", "spacelift-dev"].map((alias) =>
        repositoryUri({ registry: undefined, alias }, name),
      );
      assert.ok(
        rows.some((row) => row.includes(`\`${production}\``) && row.includes(`\`${preProduction}\``)),
        `README.md has no row for ${name}. Add | … | \`${production}\` | \`${preProduction}\` | to its first table.`,
      );
    }
  });

  it("lists every config key of Pulumi.yaml in docs/configuration.md, and no other", () => {
    const { config } = parse(read("Pulumi.yaml")) as { config: object };
    const [, section = ""] = /^## Config of a stack$([^]*?)^## /m.exec(read("docs/configuration.md")) ?? [];
    assert.deepEqual(firstCells(section), Object.keys(config));
  });

  it("has every heading that a message refers to", () => {
    const sources = execaSync("git", ["ls-files", "--", "images/*.ts", "commands/*.ts", "local/*.ts"], {
      cwd: checkout,
    });
    const references = sources.stdout
      .split("\n")
      .filter((file) => existsSync(join(checkout, file)))
      .flatMap((file) =>
        [...read(file).matchAll(/(docs\/\w+\.md), "([^"]+)"/g)].map(([, doc, heading]) => ({ file, doc, heading })),
      );
    assert.ok(references.length > 0);
    for (const { file, doc = "", heading } of references) {
      assert.match(read(doc), new RegExp(`^#+ ${heading}$`, "m"), `${file}: ${doc} has no heading "${heading}"`);
    }
  });
});
