import assert from "node:assert/strict";

import { readPulumiReleases, readSignatures, readStackRegistry } from "../../../commands/stackFile";
import { checkout } from "../../../local/folder";
import { useFiles } from "../../helpers/folderOfFiles";
import { isFault } from "../../helpers/isFault";

describe("stackFile", () => {
  const files = useFiles();

  /** Writes the config in Pulumi.yaml and of stack prod, and returns the folder. */
  function write(defaults: string, prod: string): string {
    files.write("Pulumi.yaml", `config: {${defaults}}`);
    files.write("Pulumi.prod.yaml", `config: {${prod}}`);
    return files.path();
  }

  it("reads the stacks of this checkout", async () => {
    assert.deepEqual(await readStackRegistry(checkout, "prod"), { registry: undefined, alias: "spacelift" });
    assert.deepEqual(await readStackRegistry(checkout, "dev"), { registry: undefined, alias: "spacelift-dev" });
    assert.equal(await readPulumiReleases(checkout, "prod"), "https://get.pulumi.com/releases/sdk");
    assert.equal(await readSignatures(checkout, "prod"), "required");
  });

  it("reads a registry, and ignores an empty one, as the program does", async () => {
    const read = (config: string) => readStackRegistry(write("", config), "prod");
    assert.deepEqual(await read("runner-pulumi:registry: host/x"), { registry: "host/x", alias: "" });
    const alias = await read("runner-pulumi:alias: some, runner-pulumi:registry: ''");
    assert.deepEqual(alias, { registry: undefined, alias: "some" });
  });

  it("prefers the stack's values to the defaults in Pulumi.yaml, and requires signatures if there is none", async () => {
    assert.equal(await readSignatures(write("", ""), "prod"), "required");
    const own = "runner-pulumi:pulumiReleases: http://own, runner-pulumi:signatures: ifPresent";
    const defaults = "pulumiReleases: {default: http://default}, signatures: {default: off}";
    for (const [prod, ...expected] of [
      [own, "http://own", "ifPresent"],
      ["", "http://default", "off"],
    ] as const) {
      const folder = write(defaults, prod);
      assert.deepEqual([await readPulumiReleases(folder, "prod"), await readSignatures(folder, "prod")], expected);
    }
  });

  it("refuses missing and unknown values", async () => {
    const folder = write("", "runner-pulumi:signatures: never");
    const file = files.path("Pulumi.prod.yaml");
    const registry = `${file} has neither runner-pulumi:registry nor runner-pulumi:alias. Set the one that images go to.`;
    await assert.rejects(readStackRegistry(folder, "prod"), isFault(registry));
    const releases = "Pulumi.yaml has no default for pulumiReleases. Set the URL prefix of Pulumi's archives.";
    await assert.rejects(readPulumiReleases(folder, "prod"), isFault(files.path(releases)));
    const policy = `signatures "never" of stack prod is not a policy. Use one of required, ifPresent, off in ${file}.`;
    await assert.rejects(readSignatures(folder, "prod"), isFault(policy));
  });

  it("reports a file that does not exist or that is not YAML", async () => {
    const folder = write("", "{");
    await assert.rejects(readStackRegistry(folder, "dev"), isFault(/Pulumi\.dev\.yaml cannot be read: ENOENT/));
    await assert.rejects(readStackRegistry(folder, "prod"), isFault(/Pulumi\.prod\.yaml cannot be read: /));
  });
});
