import assert from "node:assert/strict";

import { execa } from "execa";

import { checkNeeds, checkOptions, insteadOfReleases } from "../../../../local/doctor/checks";
import { requireNeeds } from "../../../../local/doctor/doctor";
import { checkout } from "../../../../local/folder";
import { isFault } from "../../../helpers/isFault";
import { useFiles } from "../../../helpers/folderOfFiles";
import { withEnvironment } from "../../../helpers/withEnvironment";

describe("what make up needs", () => {
  const files = useFiles();
  /** Does something on a machine that only has the programs in the folder. */
  const without = <T>(work: () => Promise<T>) => withEnvironment({ PATH: files.path() }, work);
  const states = async (backend: "docker" | "native") =>
    Object.fromEntries(
      (await without(() => checkNeeds(backend, "build", "linux"))).map(({ part, state }) => [part, state]),
    );

  it("is neither root nor Go nor apt with Docker", async () => {
    files.writeProgram("git", "echo git version 2.50.0");
    assert.deepEqual(Object.keys(await states("docker")), ["git", "disk"]);
    assert.equal((await states("docker"))["git"], "there");
  });

  it("is apt without Docker, unless its programs are there", async () => {
    assert.equal((await states("native"))["apt-get"], "needed");
    for (const name of ["runc", "mmdebstrap"]) files.writeProgram(name, "");
    assert.equal((await states("native"))["apt-get"], "optional");
  });

  it("is named in a sentence each, at once", async () => {
    const { getuid } = process;
    process.getuid = () => 1000;
    try {
      const message =
        /^make status STACK=local cannot run with the native backend:\n {2}- git: Install git: .*\n.* {2}- root: BuildKit needs root, but this is uid 1000\. .*\n {2}- .*apt-get: Install runc and mmdebstrap/s;
      await assert.rejects(
        without(() => requireNeeds("native", "read", "make status STACK=local", "linux")),
        isFault(message),
      );
    } finally {
      process.getuid = getuid;
    }
  });

  it("has options, and says what is used instead", async () => {
    const options = await without(() => checkOptions());
    const pulumi = options.find(({ part }) => part === "Pulumi CLI");
    assert.deepEqual(pulumi, {
      part: "Pulumi CLI",
      state: "optional",
      text: "none on PATH. make up installs one into .local.",
    });
  });

  it("is Docker on macOS", async () => {
    const needs = await without(() => checkNeeds("native", "build", "darwin"));
    assert.deepEqual(needs.at(-1), { part: "Linux", state: "needed", text: "Use Docker instead." });
    assert.match(insteadOfReleases("darwin"), /only on Linux/);
  });

  it("is Go, if Pulumi's releases cannot be downloaded", async () => {
    assert.match(await without(() => Promise.resolve(insteadOfReleases("linux"))), /Go 1\.26, which is not on PATH/);
    const env = files.writeProgram("go", "");
    assert.match(await withEnvironment(env, () => Promise.resolve(insteadOfReleases("linux"))), /, with Go\.$/);
  });
});

describe("make doctor", () => {
  const files = useFiles();

  it("prints its table, then why make up cannot run, if that is because of Docker", async () => {
    const args = ["--require", "ts-node/register/transpile-only", "local/doctor/main.ts", "doctor"];
    const env = { PATH: files.path(), BACKEND: "docker" };
    const { exitCode, stdout, stderr } = await execa(process.execPath, args, { cwd: checkout, env, reject: false });
    assert.match(stdout, /^ {2}part +state +what\n {2}Docker +optional +Docker is not installed\. Install it: https/);
    assert.match(stderr, /^\nBACKEND is docker, but Docker is not installed\. Start or install Docker/m);
    assert.equal(exitCode, 1);
  });
});
