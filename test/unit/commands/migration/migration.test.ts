import assert from "node:assert/strict";

import type { Listing } from "../../../../commands/migration/comparison";
import { readChanges, withChanges } from "../../../../commands/migration/migration";
import { readDockerfile } from "../../../../images/dockerfile";
import { readFile } from "../../../helpers/checkoutFiles";

describe("docs/migrating.md", () => {
  const page = readFile("docs/migrating.md");

  it("has what make migration writes, so every command that is gone has a name", () =>
    assert.equal(withChanges(page, readChanges()), page, "Run make migration."));

  it("keeps the text around the markers", () => {
    assert.equal(withChanges(withChanges(page, "other"), readChanges()), page);
    assert.match(withChanges(page, "other"), /from here -->\n\nother\n\n<!-- to here/);
  });

  it("must have both markers", () => {
    assert.throws(() => withChanges("text", "other"), /must have the lines .* Restore them\.$/);
    assert.throws(() => withChanges(page.replace("<!-- to here -->", ""), "other"), /Restore them/);
  });
});

/** The environment variables that the stages of a published image set. */
function variablesOf(language: string): Record<string, string> {
  const stages = readDockerfile(language).split(/^FROM .* AS /m);
  const own = stages.filter((stage) => /^(base|runner)$/m.test(stage.split("\n", 1)[0] ?? ""));
  const instructions = own.flatMap((stage) => stage.replace(/\\\n/g, " ").match(/^ENV .*/gm) ?? []);
  const pairs = instructions.flatMap((text) => [...text.matchAll(/(\w+)=(\S+)/g)]);
  return Object.fromEntries(pairs.map(([, name = "", text = ""]) => [name, text]));
}

describe("docs/migrating/after", () => {
  for (const language of ["dotnet", "golang", "javascript", "python"]) {
    it(`has the environment of ${language}'s image`, () => {
      const { settings } = JSON.parse(readFile(`docs/migrating/after/${language}.json`)) as Listing;
      const found = Object.entries(settings).filter(([name]) => name.startsWith("ENV "));
      const listed = Object.fromEntries(found.map(([name, text]) => [name.replace("ENV ", ""), text]));
      // A Dockerfile adds to the value of PATH.
      const expected = { ...variablesOf(language), PATH: listed["PATH"] };
      assert.deepEqual(listed, expected, "Release the images with make up, then run make migration TAG=<their tag>.");
    });
  }
});
