import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readPulumiReleases, readSignatures, readStackRegistry } from "../../../commands/stackFile";
import { signaturePolicies } from "../../../images/signature";
import { Fault } from "../../../lib/errors";
import { checkout } from "../../../local/folder";

describe("stackFile", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "stack-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Writes Pulumi.yaml and the file of stack prod. */
  function write(defaults: string, prod: string): void {
    writeFileSync(join(folder, "Pulumi.yaml"), `config: {${defaults}}`);
    writeFileSync(join(folder, "Pulumi.prod.yaml"), `config: {${prod}}`);
  }

  it("reads the stacks of this checkout", async () => {
    assert.deepEqual(await readStackRegistry(checkout, "prod"), { registry: undefined, alias: "spacelift" });
    assert.deepEqual(await readStackRegistry(checkout, "dev"), { registry: undefined, alias: "spacelift-dev" });
    assert.equal(await readPulumiReleases(checkout), "https://get.pulumi.com/releases/sdk");
    assert.equal(await readSignatures(checkout, "prod"), "required");
  });

  it("prefers the registry to the alias, and ignores an empty registry, as the program does", async () => {
    write("", "runner-pulumi:registry: localhost:5000/x");
    assert.deepEqual(await readStackRegistry(folder, "prod"), { registry: "localhost:5000/x", alias: "" });
    write("", "runner-pulumi:alias: some, runner-pulumi:registry: ''");
    assert.deepEqual(await readStackRegistry(folder, "prod"), { registry: undefined, alias: "some" });
  });

  it("refuses a stack that does not name where its images go", async () => {
    write("", "aws:region: us-east-1");
    await assert.rejects(readStackRegistry(folder, "prod"), {
      message: `${folder}/Pulumi.prod.yaml has neither runner-pulumi:registry nor runner-pulumi:alias. Set the one that images go to.`,
    });
  });

  it("reports a file that does not exist or that is not YAML, without a stack trace", async () => {
    const missing = (error: Error) =>
      error instanceof Fault && /Pulumi\.dev\.yaml cannot be read: ENOENT/.test(error.message);
    await assert.rejects(readStackRegistry(folder, "dev"), missing);
    write("", "{");
    await assert.rejects(readStackRegistry(folder, "prod"), Fault);
  });

  it("reads the URL of Pulumi's releases from the stack, else from Pulumi.yaml", async () => {
    write("pulumiReleases: {default: http://default}", "runner-pulumi:pulumiReleases: http://own");
    assert.equal(await readPulumiReleases(folder), "http://own");
    write("pulumiReleases: {default: http://default}", "");
    assert.equal(await readPulumiReleases(folder), "http://default");
    write("", "");
    await assert.rejects(readPulumiReleases(folder), {
      message: `${folder}/Pulumi.yaml has no default for pulumiReleases. Set the URL prefix of Pulumi's archives.`,
    });
  });

  it("reads the signature policy from the stack, else from Pulumi.yaml, else uses required", async () => {
    write("", "");
    assert.equal(await readSignatures(folder, "prod"), "required");
    for (const policy of signaturePolicies) {
      write(`signatures: {default: ${policy}}`, "");
      assert.equal(await readSignatures(folder, "prod"), policy);
    }
    write("signatures: {default: off}", "runner-pulumi:signatures: ifPresent");
    assert.equal(await readSignatures(folder, "prod"), "ifPresent");
  });

  it("refuses an unknown signature policy", async () => {
    write("", "runner-pulumi:signatures: never");
    await assert.rejects(readSignatures(folder, "prod"), {
      message: `signatures "never" of stack prod is not a policy. Use one of required, ifPresent, off in ${folder}/Pulumi.prod.yaml.`,
    });
  });
});
