import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

import { parse } from "yaml";

import { catalogue } from "../../../images/catalogue";
import { repositoryUri } from "../../../images/repositoryUri";
import { checkout } from "../../../local/folder";
import { listFiles, readFile } from "../../helpers/checkoutFiles";

/** A file's Markdown without its code blocks, in which "#" and "](" mean something else. */
function proseOf(file: string): string {
  return readFile(file).replace(/^( *)(`{3,})[^]*?^\1\2$/gm, "");
}

/** The anchors of a file's headings: https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#section-links */
function anchorsOf(file: string): string[] {
  const headings = [...proseOf(file).matchAll(/^#+ (.+)$/gm)].map(([, text = ""]) => text.toLowerCase());
  return headings.map((text) => text.replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-"));
}

/** The first line that is wrong about a link of a file to this repository; undefined if it leads to a file or a heading. */
function problemOf(file: string, link: string): string | undefined {
  const [path = "", anchor = ""] = link.split("#");
  const target = path === "" ? file : join(dirname(file), path);
  if (!existsSync(join(checkout, target))) return `${target} does not exist`;
  return anchor === "" || anchorsOf(target).includes(anchor) ? undefined : `${target} has no heading #${anchor}`;
}

describe("documentation", () => {
  const targets = [...readFile("Makefile").matchAll(/^([a-z-]+):/gm)].map(([, target]) => target);
  for (const file of listFiles("*.md")) {
    it(`${file} links only to files and headings, and names only targets of the Makefile, that exist`, () => {
      const links = [...proseOf(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
      const own = links.filter((link) => !/^[a-z]+:/.test(link));
      const wrong = own.flatMap((link) => problemOf(file, link) ?? []);
      assert.deepEqual(wrong, []);
      const named = [...readFile(file).matchAll(/(?:`|^|&& )make ([a-z][a-z-]*)/gm)].map(([, target]) => target);
      const unknown = named.filter((target) => !targets.includes(target));
      assert.deepEqual(unknown, []);
    });
  }

  it("has a README of at most 120 lines", () => {
    const lines = readFile("README.md").trimEnd().split("\n").length;
    assert.ok(lines <= 120, `README.md has ${lines} lines. Move details to docs/.`);
  });

  it("lists every language with both repositories in README's table", () => {
    const rows = readFile("README.md").split("\n");
    for (const { name } of catalogue) {
      const uris = ["spacelift", "spacelift-dev"].map(
        (alias) => `\`${repositoryUri({ registry: undefined, alias }, name)}\``,
      );
      const hasRow = rows.some((row) => uris.every((uri) => row.includes(uri)));
      assert.ok(hasRow, `README.md has no row for ${name}. Add | … | ${uris.join(" | ")} | to its first table.`);
    }
  });

  it("lists every config key of Pulumi.yaml in docs/configuration.md, and no other", () => {
    const { config } = parse(readFile("Pulumi.yaml")) as { config: object };
    const [, section = ""] = /^## Config of a stack$([^]*?)^## /m.exec(readFile("docs/configuration.md")) ?? [];
    const listed = [...section.matchAll(/^\| `(\w+)` +\|/gm)].map(([, key]) => key);
    assert.deepEqual(listed, Object.keys(config));
  });

  it("has every heading that a message refers to", () => {
    const messages = listFiles("images/*.ts", "commands/*.ts", "local/*.ts").map(readFile).join("\n");
    const references = [...messages.matchAll(/(docs\/\w+\.md), "([^"]+)"/g)];
    assert.ok(references.length > 0);
    for (const [reference, doc = "", heading] of references) {
      assert.match(readFile(doc), new RegExp(`^#+ ${heading}$`, "m"), `No heading: ${reference}`);
    }
  });
});
