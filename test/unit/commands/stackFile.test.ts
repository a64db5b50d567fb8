import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { readPulumiReleases, readSignatures, readStackRegistry } from "../../../commands/stackFile";
import { signaturePolicies } from "../../../images/signature";
import { checkout } from "../../../local/folder";
import { isFault } from "../../helpers/isFault";
import { useTemporaryFolder } from "../../helpers/temporaryFolder";

describe("stackFile", () => {
  const temporary = useTemporaryFolder();

  /** Writes the config in Pulumi.yaml and of stack prod, and returns the folder. */
  function write(defaults: string, prod: string): string {
    const folder = temporary();
    writeFileSync(join(folder, "Pulumi.yaml"), `config: {${defaults}}`);
    writeFileSync(join(folder, "Pulumi.prod.yaml"), `config: {${prod}}`);
    return folder;
  }

  it("reads the stacks of this checkout", async () => {
    assert.deepEqual(await readStackRegistry(checkout, "prod"), { registry: undefined, alias: "spacelift" });
    assert.deepEqual(await readStackRegistry(checkout, "dev"), { registry: undefined, alias: "spacelift-dev" });
    assert.equal(await readPulumiReleases(checkout), "https://get.pulumi.com/releases/sdk");
    assert.equal(await readSignatures(checkout, "prod"), "required");
  });

  it("reads a registry, and ignores an empty one, as the program does", async () => {
    const registry = write("", "runner-pulumi:registry: localhost:5000/x");
    assert.deepEqual(await readStackRegistry(registry, "prod"), { registry: "localhost:5000/x", alias: "" });
    const alias = write("", "runner-pulumi:alias: some, runner-pulumi:registry: ''");
    assert.deepEqual(await readStackRegistry(alias, "prod"), { registry: undefined, alias: "some" });
  });

  it("prefers the stack's values to the defaults in Pulumi.yaml", async () => {
    const own = "runner-pulumi:pulumiReleases: http://own, runner-pulumi:signatures: ifPresent";
    const defaults = "pulumiReleases: {default: http://default}, signatures: {default: off}";
    for (const [prod, ...expected] of [
      [own, "http://own", "ifPresent"],
      ["", "http://default", "off"],
    ] as const) {
      const folder = write(defaults, prod);
      assert.deepEqual([await readPulumiReleases(folder), await readSignatures(folder, "prod")], expected);
    }
  });

  it("accepts every signature policy, and uses required if there is none", async () => {
    assert.equal(await readSignatures(write("", ""), "prod"), "required");
    for (const policy of signaturePolicies) {
      assert.equal(await readSignatures(write(`signatures: {default: ${policy}}`, ""), "prod"), policy);
    }
  });

  it("refuses missing and unknown values", async () => {
    const folder = write("", "runner-pulumi:signatures: never");
    const file = `${folder}/Pulumi.prod.yaml`;
    const policies = `Use one of required, ifPresent, off in ${file}.`;
    for (const [read, message] of [
      [
        readStackRegistry,
        `${file} has neither runner-pulumi:registry nor runner-pulumi:alias. Set the one that images go to.`,
      ],
      [
        readPulumiReleases,
        `${folder}/Pulumi.yaml has no default for pulumiReleases. Set the URL prefix of Pulumi's archives.`,
      ],
      [readSignatures, `signatures "never" of stack prod is not a policy. ${policies}`],
    ] as const) {
      await assert.rejects(read(folder, "prod"), isFault(message));
    }
  });

  it("reports a file that does not exist or that is not YAML", async () => {
    const folder = write("", "{");
    await assert.rejects(readStackRegistry(folder, "dev"), isFault(/Pulumi\.dev\.yaml cannot be read: ENOENT/));
    await assert.rejects(readStackRegistry(folder, "prod"), isFault(/Pulumi\.prod\.yaml cannot be read: /));
  });
});
