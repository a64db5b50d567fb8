import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { checkout } from "../../local/folder";
import { lint, runLinters } from "../../local/lint/lint";
import { type Linters, ensureLinters, installWheel } from "../../local/lint/linters";
import { useFiles } from "../helpers/folderOfFiles";
import { isFault } from "../helpers/isFault";
import { git } from "../helpers/scratchRepository";
import { withEnvironment } from "../helpers/withEnvironment";

const checkoutAction = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1";

/** A workflow, by default without findings. */
function workflow({ concurrency = "", job = "", uses = checkoutAction, command = "make check" } = {}): string {
  return `
name: test
on: issues
permissions: {}
concurrency:
  group: test
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

/** A composite action with this step. */
function action(step: string): string {
  return `name: test\ndescription: A test\nruns:\n  using: composite\n  steps:\n    - ${step}\n      shell: sh\n`;
}

const good = {
  ".github/workflows/good.yml": workflow(),
  ".github/workflows/queue.yaml": workflow({ concurrency: "  queue: max" }),
  ".github/actions/good/action.yml": action("run: make check"),
};
const bad = {
  ".github/workflows/concurrency.yml": workflow({ concurrency: "  queues: max" }),
  ".github/workflows/job.yml": workflow({ job: "timeout: 5" }),
  ".github/workflows/injection.yml": workflow({ command: "echo ${{ github.event.issue.title }}" }),
  ".github/workflows/unpinned.yaml": workflow({ uses: "actions/checkout@v4" }),
  ".github/actions/injection/action.yml": action("run: echo ${{ inputs.text }}"),
  ".github/actions/unpinned/action.yml": action("uses: actions/checkout@v4\n    - run: make check"),
};
const findings = {
  actionlint: [
    /concurrency\.yml:\d+:\d+: unexpected key "queues" for "concurrency" section/,
    /job\.yml:\d+:5: unexpected key "timeout" for "job" section/,
    /injection\.yml:\d+:\d+: "github\.event\.issue\.title" is potentially untrusted/,
  ],
  zizmor: [
    /^error\[template-injection\]: code injection via template expansion\n.*workflows\/injection\.yml:\d+:\d+/m,
    /^error\[unpinned-uses\]: unpinned action reference\n.*workflows\/unpinned\.yaml:\d+:\d+/m,
    /^\w+\[template-injection\]: .*\n.*actions\/injection\/action\.yml/m,
    /^error\[unpinned-uses\]: .*\n.*actions\/unpinned\/action\.yml/m,
  ],
};

describe("the linters", () => {
  const files = useFiles();
  const folder = () => files.path();
  let linters: Linters;

  before(async () => {
    linters = await ensureLinters();
  });
  beforeEach(() => git(folder(), "init", "--quiet"));

  /** Adds files to the repository in the folder. Returns what each linter prints. */
  async function lintFiles(added: Record<string, string>): Promise<string[]> {
    for (const [path, text] of Object.entries(added)) files.write(path, text);
    await git(folder(), "add", "--all");
    return (await lint(linters, folder())).map((verdict) => verdict.findings);
  }

  it("pass this repository", () => runLinters());

  it("pass good workflows and actions", async () => assert.deepEqual(await lintFiles(good), ["", ""]));

  it("refuse bad workflows and actions beside good ones, and name each finding's place", async () => {
    const printed = await lintFiles({ ...good, ...bad });
    for (const [index, expected] of [findings.actionlint, findings.zizmor].entries()) {
      for (const finding of expected) assert.match(printed[index] ?? "", finding);
      assert.doesNotMatch(printed[index] ?? "", /good[./]|queue\./);
    }
  });

  it("refuse a file that is not a workflow, and an action with an unknown key", async () => {
    const [actionlint = "", zizmor = ""] = await lintFiles({ ...good, ".github/workflows/b.yml": "name: b\n" });
    assert.match(actionlint, /b\.yml:1:1: "jobs" section is missing in workflow/);
    assert.match(zizmor, /failed to load .*b\.yml as workflow/);
    rmSync(files.path(".github/workflows/b.yml"));
    const [, broken = ""] = await lintFiles({ ".github/actions/test/action.yml": action("use: actions/checkout@v4") });
    assert.match(broken, /action\.yml as action.*'use' was unexpected/s);
  });

  it("refuse a shell script with findings, and name its line", async () => {
    const scripts = { "scripts/good": "#!/bin/sh\nexit 0\n", "scripts/bad": "#!/usr/bin/env bash\nrm $1\n" };
    const [, , shellcheck = ""] = await lintFiles({ ...good, ...scripts });
    assert.match(shellcheck, /^scripts\/bad:2:4: note: Double quote to prevent globbing.* \[SC2086\]$/);
  });

  it("end the command with the remedy for findings", async () => {
    await lintFiles({ ".github/workflows/a.yml": workflow({ uses: "actions/checkout@v4" }) });
    await assert.rejects(runLinters(folder()), {
      message:
        /^zizmor [\d.]+ found problems, listed above\. Fix them, or add an exception with its reason: to \.github\/actionlint\.yaml, to \.github\/zizmor\.yml, or as "# shellcheck disable=SC…" above the line\.$/,
    });
  });

  it("refuse a checkout without a workflow", () =>
    assert.rejects(lintFiles({}), {
      message: `${files.path(".github/workflows")} contains no workflow. Run this in a full checkout.`,
    }));

  it("are installed only once", async () => {
    const began = Date.now();
    await ensureLinters();
    assert.ok(Date.now() - began < 1000);
  });

  describe("from a wheel", () => {
    const requirements = join(checkout, "local", "lint", "zizmor", "requirements.txt");
    const output = () => files.path("zizmor");

    it("are installed again after an interruption", async () => {
      // A process that was killed leaves an unfinished folder, or a folder without a stamp.
      for (const left of ["zizmor.unfinished", "zizmor"]) files.write(`${left}/bin/zizmor`, "half");
      await installWheel("zizmor", requirements, output());
      assert.ok(readFileSync(join(output(), "bin", "zizmor")).length > 1_000_000);
      assert.equal(existsSync(`${output()}.unfinished`), false);
    });

    it("are refused with another hash", async () => {
      const text = readFileSync(requirements, "utf8").replace(/sha256:[0-9a-f]{64}/g, `sha256:${"0".repeat(64)}`);
      const tampered = files.write("requirements.txt", text);
      const sentence = /^Could not install zizmor from .*requirements\.txt.*DO NOT MATCH THE HASHES/s;
      await assert.rejects(installWheel("zizmor", tampered, output()), isFault(sentence));
      assert.equal(existsSync(output()), false);
    });

    it("name python3 or pip if it is missing", async () => {
      const message = "python3 with pip is not on PATH and is needed to install zizmor. Install python3-pip and retry.";
      const install = () => installWheel("zizmor", requirements, output());
      await assert.rejects(withEnvironment({ PATH: folder() }, install), { message });
      const withoutPip = files.writeProgram("python3", "echo No module named pip >&2; exit 1");
      await assert.rejects(withEnvironment(withoutPip, install), { message });
    });
  });
});
