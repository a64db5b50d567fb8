import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Fault } from "../../lib/errors";
import { checkout } from "../../local/folder";
import { installWheel } from "../../local/install/wheel";
import { lint, runLinters } from "../../local/lint/lint";
import { type Linters, ensureLinters } from "../../local/lint/linters";
import { git } from "../helpers/scratchRepository";

const checkoutAction = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1";

/** A workflow without findings, with additional lines in some places. */
function workflow({ concurrency = "  group: test", job = "", uses = checkoutAction, command = "make check" } = {}) {
  return `
name: test
on: issues
permissions: {}
concurrency:
${concurrency}
jobs:
  test:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    ${job}
    steps:
      - uses: ${uses}
        with:
          persist-credentials: false
      - run: ${command}
`;
}

describe("the linters", () => {
  let linters: Linters;
  let folder: string;

  before(async () => {
    linters = await ensureLinters();
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "runner-pulumi-"));
    await git(folder, "init", "--quiet");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Adds files to the repository in the folder. */
  async function add(files: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      const file = join(folder, path);
      mkdirSync(join(file, ".."), { recursive: true });
      writeFileSync(file, text);
    }
    await git(folder, "add", "--all");
  }

  /** The findings in these files of .github, by linter. */
  async function findings(files: Record<string, string>): Promise<{ actionlint: string; zizmor: string }> {
    await add(Object.fromEntries(Object.entries(files).map(([path, text]) => [`.github/${path}`, text])));
    const [actionlint, zizmor] = await lint(linters, folder);
    assert.ok(actionlint && zizmor);
    for (const verdict of [actionlint, zizmor]) assert.equal(verdict.passed, verdict.findings === "");
    return { actionlint: actionlint.findings, zizmor: zizmor.findings };
  }

  it("pass this repository", () => runLinters());

  it("refuse a shell script with findings, and name its line", async () => {
    const files = { ".github/workflows/a.yml": workflow(), "scripts/good": "#!/bin/sh\nexit 0\n" };
    await add({ ...files, "scripts/bad": "#!/usr/bin/env bash\nrm $1\n" });
    const shellcheck = (await lint(linters, folder))[2];
    assert.equal(shellcheck?.passed, false);
    assert.match(shellcheck?.findings ?? "", /^scripts\/bad:2:4: note: Double quote to prevent globbing.* \[SC2086\]$/);
  });

  const good = { actionlint: "", zizmor: "" };
  it("pass a good workflow", async () => assert.deepEqual(await findings({ "workflows/a.yml": workflow() }), good));

  it("pass a workflow that queues", async () => {
    const concurrency = "  group: test\n  queue: max";
    assert.deepEqual(await findings({ "workflows/a.yaml": workflow({ concurrency }) }), good);
  });

  it("refuse any other unknown key of concurrency", async () => {
    const concurrency = "  group: test\n  queues: max";
    const { actionlint } = await findings({ "workflows/a.yml": workflow({ concurrency }) });
    assert.match(actionlint, /unexpected key "queues" for "concurrency" section/);
  });

  it("refuse an unknown key of a job", async () => {
    const { actionlint } = await findings({ "workflows/a.yml": workflow({ job: "timeout: 5" }) });
    assert.match(actionlint, /a\.yml:\d+:5: unexpected key "timeout" for "job" section/);
  });

  it("refuse a template injection", async () => {
    const command = "echo ${{ github.event.issue.title }}";
    const { actionlint, zizmor } = await findings({ "workflows/a.yml": workflow({ command }) });
    assert.match(actionlint, /"github\.event\.issue\.title" is potentially untrusted/);
    assert.match(zizmor, /^error\[template-injection\]: code injection via template expansion\n.*a\.yml:\d+:\d+/);
  });

  it("refuse an action that is not pinned", async () => {
    const { zizmor } = await findings({ "workflows/a.yml": workflow({ uses: "actions/checkout@v4" }) });
    assert.match(zizmor, /^error\[unpinned-uses\]: unpinned action reference\n.*a\.yml:\d+:\d+/);
  });

  it("refuse a bad workflow beside a good one", async () => {
    const bad = workflow({ uses: "actions/checkout@v4" });
    const { actionlint, zizmor } = await findings({ "workflows/a.yml": workflow(), "workflows/b.yaml": bad });
    assert.equal(actionlint, "");
    assert.match(zizmor, /unpinned-uses.*b\.yaml/s);
  });

  it("end the command with the remedy for findings", async () => {
    await findings({ "workflows/a.yml": workflow({ uses: "actions/checkout@v4" }) });
    await assert.rejects(runLinters(folder), {
      message:
        /^zizmor [\d.]+ found problems, listed above\. Fix them, or add an exception with its reason: to \.github\/actionlint\.yaml, to \.github\/zizmor\.yml, or as "# shellcheck disable=SC…" above the line\.$/,
    });
  });

  it("refuse a file that is not a workflow", async () => {
    const { actionlint, zizmor } = await findings({ "workflows/a.yml": workflow(), "workflows/b.yml": "name: b\n" });
    assert.match(actionlint, /b\.yml:1:1: "jobs" section is missing in workflow/);
    assert.match(zizmor, /failed to load .*b\.yml as workflow/);
  });

  const action = (more: string) =>
    `name: test\ndescription: A test\nruns:\n  using: composite\n  steps:\n    - ${more}\n      shell: sh\n`;
  it("pass a good composite action", async () => {
    const files = { "workflows/a.yml": workflow(), "actions/test/action.yml": action("run: make check") };
    assert.deepEqual(await findings(files), good);
  });

  const actions = [
    ["run: echo ${{ inputs.text }}", /template-injection.*action\.yml/s],
    ["uses: actions/checkout@v4\n    - run: make check", /unpinned-uses.*action\.yml/s],
    ["use: actions/checkout@v4", /action\.yml as action.*'use' was unexpected/s],
  ] as const;
  for (const [step, finding] of actions) {
    it(`refuse a composite action with ${step.replace(/\s+/g, " ")}`, async () => {
      const { zizmor } = await findings({ "workflows/a.yml": workflow(), "actions/test/action.yml": action(step) });
      assert.match(zizmor, finding);
    });
  }

  it("refuse a checkout without a workflow", () =>
    assert.rejects(findings({}), {
      message: `${join(folder, ".github/workflows")} contains no workflow. Run this in a full checkout.`,
    }));

  it("are installed only once", async () => {
    const began = Date.now();
    await ensureLinters();
    assert.ok(Date.now() - began < 1000);
  });

  describe("from a wheel", () => {
    const path = process.env["PATH"];
    const requirements = join(checkout, "local", "lint", "zizmor", "requirements.txt");
    let output: string;
    beforeEach(() => {
      output = join(folder, "zizmor");
    });
    afterEach(() => {
      process.env["PATH"] = path;
    });

    it("are installed again after an interruption", async () => {
      // A process that was killed leaves an unfinished folder, or a folder without a stamp.
      for (const left of [`${output}.unfinished`, output]) {
        mkdirSync(join(left, "bin"), { recursive: true });
        writeFileSync(join(left, "bin", "zizmor"), "half");
      }
      await installWheel({ title: "zizmor", requirements, output });
      assert.ok(readFileSync(join(output, "bin", "zizmor")).length > 1_000_000);
      assert.equal(existsSync(`${output}.unfinished`), false);
    });

    it("are refused with another hash", async () => {
      const tampered = join(folder, "requirements.txt");
      writeFileSync(
        tampered,
        readFileSync(requirements, "utf8").replace(/sha256:[0-9a-f]{64}/g, `sha256:${"0".repeat(64)}`),
      );
      await assert.rejects(installWheel({ title: "zizmor", requirements: tampered, output }), (error) => {
        assert.ok(error instanceof Fault);
        assert.match(error.message, /^Could not install zizmor from .*requirements\.txt.*DO NOT MATCH THE HASHES/s);
        return true;
      });
      assert.equal(existsSync(output), false);
    });

    const missing = {
      message: "python3 with pip is not on PATH and is needed to install zizmor. Install python3-pip and retry.",
    };
    it("name python3 if it is missing", async () => {
      process.env["PATH"] = folder;
      await assert.rejects(installWheel({ title: "zizmor", requirements, output }), missing);
    });

    it("name pip if it is missing", async () => {
      writeFileSync(join(folder, "python3"), "#!/bin/sh\necho No module named pip >&2\nexit 1\n", { mode: 0o755 });
      process.env["PATH"] = `${folder}:${path ?? ""}`;
      await assert.rejects(installWheel({ title: "zizmor", requirements, output }), missing);
    });
  });
});
