import assert from "node:assert/strict";

import { decide, readUsed } from "../../../local/chooseBackend";
import { useFiles } from "../../helpers/folderOfFiles";
import { isFault } from "../../helpers/isFault";

describe("the backend of a checkout", () => {
  const absent = "Docker's daemon does not answer";

  for (const [name, inputs, expected] of [
    ["Docker if it is usable", [undefined, undefined, undefined], "docker: it answers, with compose and buildx"],
    ["processes if Docker is not usable, and why", [undefined, undefined, absent], `native: ${absent}`],
    ["the one in BACKEND", ["native", "docker", undefined], "native: BACKEND is native"],
    ["the one in BACKEND, Docker too", ["docker", "native", undefined], "docker: BACKEND is docker"],
    ["what the last set-up used", [undefined, "native", undefined], "native: this checkout was set up with it"],
    ["Docker again", [undefined, "docker", undefined], "docker: it answers, with compose and buildx"],
  ] as const) {
    it(`is ${name}`, () => {
      const { name: chosen, reason } = decide(...(inputs as Parameters<typeof decide>));
      assert.equal(`${chosen}: ${reason}`, expected);
    });
  }

  it("is refused if Docker has what was published, but does not answer", () => {
    const message =
      "This checkout's BuildKit and registry run in Docker, but Docker's daemon does not answer. " +
      "Start or install Docker (make doctor), or set BACKEND=native for others without Docker.";
    assert.throws(() => decide(undefined, "docker", absent), isFault(message));
  });

  it("is refused if BACKEND is Docker without Docker, or unknown", () => {
    assert.throws(() => decide("docker", undefined, absent), isFault(/^BACKEND is docker, but .* not answer\. Start/));
    assert.throws(
      () => decide("podman", undefined, absent),
      isFault(/^BACKEND "podman" is not a backend\. Use docker or/),
    );
  });
});

describe("the backend of the last set-up", () => {
  const files = useFiles();

  it("is the one whose name is stored; if that is damaged, the one that has files", () => {
    assert.equal(readUsed(files.path()), undefined);
    files.write("compose.env");
    assert.equal(readUsed(files.path()), "docker");
    files.write("tools/builder/registry");
    files.write("backend", "docker");
    assert.equal(readUsed(files.path()), "docker");
    files.write("backend", "");
    assert.equal(readUsed(files.path()), "native");
  });
});
